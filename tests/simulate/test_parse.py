"""What can be read beyond doubt is read, each repair has its name, and nothing else passes."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ditto.simulate.parse import parse

WHO, WHERE = "Who is your mentor?", "Where's your home?"
LIST = json.dumps([{"explanation": "It is told.", "question": WHO}, {"question": WHERE}])


@pytest.mark.parametrize(
    ("text", "repairs"),
    [
        (LIST, []),
        (f"```json\n{LIST}\n```", ["code fence"]),
        (f"Sure!\n```\n{LIST}\n```\nAnything else?", ["code fence"]),
        (f"Here they are: {LIST} I hope they help.", ["text around"]),
        (f'{{"questions": {LIST}}}', ["wrapped list"]),
        (str(json.loads(LIST)), ["Python quotes"]),
        (f"```python\n{json.loads(LIST)}\n```", ["code fence", "Python quotes"]),
        (json.dumps([WHO, WHERE]), ["bare questions"]),
        (json.dumps([{"query": WHO}, {"Question": WHERE}]), ["wrong key"]),
        (json.dumps([{"问题": WHO}, {"question": WHERE}]), ["wrong key"]),
        (f"1. {WHO}\n2. {WHERE}", ["numbered list"]),
        (f"Questions for A:\n\n1) **{WHO}**\n2) {WHERE}\n", ["numbered list"]),
        (f"- {WHO}\n- {WHERE}", ["numbered list"]),
    ],
)
def test_a_reply_is_read_and_its_repairs_are_named(text: str, repairs: list[str]) -> None:
    assert parse(text) == ([WHO, WHERE], repairs)


@pytest.mark.parametrize(
    "text",
    [
        WHO,
        f"1. {WHO}",
        "1. He was born in 1815.\n2. She was not.",
        json.dumps({"question": WHO}),
        json.dumps([{"question": WHO, "explanation": "x"}, {"query": WHERE, "other question": WHO}]),
        json.dumps([{"question": 3}]),
        json.dumps([{"answer": WHO}]),
        json.dumps([[WHO]]),
        "__import__('os').getcwd()",
        "[" * 5000,
        "{" * 300 + "}" * 300,
    ],
)
def test_what_can_be_doubted_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="list"):
        parse(text)


@given(st.text(max_size=80))
def test_whatever_a_model_writes_it_is_read_or_refused(text: str) -> None:
    try:
        questions, _ = parse(text)
    except ValueError:
        return
    assert all(isinstance(question, str) for question in questions)
