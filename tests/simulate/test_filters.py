"""What may not become training data is turned away under a reason that can be counted."""

import json
from collections import Counter

import pytest

from ditto.engines.base import Completion, Failure, Result
from ditto.simulate.filters import Malformed, questions_of, text_of

WHO, WHERE = "Who is your mentor?", "Where do you live?"
LIST = json.dumps([{"explanation": "It is told.", "question": WHO}, {"question": f" {WHERE}\n"}])


def said(text: str) -> Completion:
    return Completion(text, "stop", 1, 1)


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (Failure("prompt too long"), "prompt too long"),
        (Completion("I am the king of", "length", 1, 4), "over length"),
        (Completion(LIST, "length", 1, 4), "over length"),
        (said(""), "empty"),
        (said(" \n\t"), "empty"),
    ],
)
def test_a_reply_that_did_not_come_to_its_end_has_its_reason(reply: Result, reason: str) -> None:
    for read in (text_of, questions_of):
        with pytest.raises(Malformed) as error:
            read(reply, "en")
        assert str(error.value) == reason


@pytest.mark.parametrize("text", ["我是国王。", "1066.", "..."])
def test_a_reply_in_no_or_another_script_is_in_another_language(text: str) -> None:
    with pytest.raises(Malformed) as error:
        text_of(said(text), "en")
    assert str(error.value) == "other language"


def test_a_good_reply_loses_the_white_space_around_it() -> None:
    assert text_of(said("\n I am\nthe king. "), "en") == "I am\nthe king."


@pytest.mark.parametrize(
    "text",
    [
        LIST,
        f"```json\n{LIST}\n```",
        f"```\n{LIST}\n```",
        f"Here are the questions:\n{LIST}\nI hope they help!",
        json.dumps({"questions": json.loads(LIST)}),
        json.dumps(json.loads(LIST), indent=2),
    ],
)
def test_questions_are_found_in_fences_and_among_other_words(text: str) -> None:
    assert questions_of(said(text), "en") == [WHO, WHERE]


def test_repairs_are_counted_of_what_is_used_and_of_nothing_else() -> None:
    repaired = Counter[str]()
    questions_of(said(LIST), "en", repaired)
    questions_of(said(f"```json\n{LIST}\n```"), "en", repaired)
    with pytest.raises(Malformed, match="other language"):
        questions_of(said(f"```json\n{LIST}\n```"), "zh", repaired)
    assert repaired == {"code fence": 1}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("What is your name?", "not JSON"),
        ('{"question": "What is your name?"}', "not JSON"),
        ('"What is your name?"', "not JSON"),
        ("null", "not JSON"),
        ('[{"question": "What is your name?"}', "not JSON"),
        ('[{"question": "What is your name?"}, null]', "not JSON"),
        ('See [1]: [{"question": "What is your name?"}]', "not JSON"),
        ("1066", "not JSON"),
        ('[{"question": ["What is your name?"]}]', "not JSON"),
        ('[{"question": null}]', "not JSON"),
        ("[]", "empty question"),
        ("No questions: []", "empty question"),
        ('[{"question": ""}]', "empty question"),
        ('[{"question": "What is your name?"}, {"question": " "}]', "empty question"),
        ('[{"question": "What is your name?"}, {"question": "What is your name? "}]', "repeated question"),
        ('[{"question": "What is your name?"}, {"question": "你的名字是什么？"}]', "other language"),
        ('[{"question": "What is your name?"}, {"question": "1 + 1?"}]', "other language"),
    ],
)
def test_a_list_of_questions_that_cannot_be_used_has_its_reason(text: str, reason: str) -> None:
    with pytest.raises(Malformed) as error:
        questions_of(said(text), "en")
    assert str(error.value) == reason


def test_the_language_is_the_questions_and_not_that_of_what_stands_around_them() -> None:
    item = {"explanation": "A was there and B was born a hundred years later.", "question": "谁？"}
    assert questions_of(said(f"Here is the list you asked for: [{json.dumps(item)}]"), "zh") == ["谁？"]


def test_one_english_question_turns_a_chinese_list_away() -> None:
    good = [{"question": "你的师父是谁？"}, {"question": "说到 Bade，你的家乡是哪里？"}]
    assert len(questions_of(said(json.dumps(good, ensure_ascii=False)), "zh")) == 2
    with pytest.raises(Malformed, match="other language"):
        questions_of(said(json.dumps([*good, {"question": WHO}], ensure_ascii=False)), "zh")


@pytest.mark.parametrize("value", ["[" * 9000 + "1]", "1" * 5000])
def test_json_that_python_refuses_to_read_is_not_json(value: str) -> None:
    with pytest.raises(Malformed, match="not JSON"):
        questions_of(said(f'[{{"question": {value}}}]'), "en")


def test_half_a_character_is_not_a_question() -> None:
    with pytest.raises(Malformed):
        questions_of(said(r'[{"question": "Who is \ud83d there?"}]'), "en")
