"""Questions out of a query-simulation reply that was to be a JSON list of objects with `question`.

Models without enforced JSON wrap it, quote it their own way or write a numbered list instead. What can
be read beyond doubt is read, and every repair has a name, so that it can be counted.
"""

import ast
import json
import re
from collections.abc import Iterator
from typing import Any, Final

NUMBERED: Final = re.compile(r"^\s*(?:\d+\s*[.):、]|[-*•])\s*(.+?)\s*$", re.MULTILINE)
FENCE: Final = re.compile(r"```\w*\n(.*?)```", re.DOTALL)
UNREADABLE: Final = (ValueError, SyntaxError, RecursionError, MemoryError)


def parse(text: str) -> tuple[list[str], list[str]]:
    """The questions, and the names of the repairs it took to read them.

    Raises:
        ValueError: there are none to be read.
    """
    for repairs, candidate in _candidates(text):
        for reader, repair in ((json.loads, []), (ast.literal_eval, ["Python quotes"])):
            try:
                questions, more = _questions(reader(candidate))
            except UNREADABLE:
                continue
            return questions, [*repairs, *repair, *more]
    if len(lines := NUMBERED.findall(text)) > 1 and all(line.rstrip("\"'*”").endswith(("?", "？")) for line in lines):
        return [line.strip("\"'*“” ") for line in lines], ["numbered list"]
    raise ValueError("no list of questions")


def _candidates(text: str) -> Iterator[tuple[list[str], str]]:
    """Where the list may be: the reply itself, what is fenced in it, what its brackets enclose."""
    yield [], text
    for fenced in FENCE.findall(text):
        yield ["code fence"], fenced.strip()
    start, end = text.find("["), text.rfind("]")
    if 0 <= start < end:
        yield ["text around"], text[start : end + 1]


def _questions(value: Any) -> tuple[list[str], list[str]]:
    """The questions in what was read; ValueError where it is no list of them."""
    repairs = set[str]()
    if isinstance(value, dict) and len(value) == 1 and isinstance(next(iter(value.values())), list):
        (value,) = value.values()
        repairs.add("wrapped list")
    if not isinstance(value, list):
        raise ValueError("no list")  # noqa: TRY004 - of what a model wrote, not of our types
    questions = list[str]()
    for item in value:
        question, repair = _question(item)
        questions.append(question)
        repairs |= repair
    return questions, sorted(repairs)


def _question(item: Any) -> tuple[str, set[str]]:
    if isinstance(item, str):
        return item.strip(), {"bare questions"}
    if isinstance(item, dict) and isinstance(item.get("question"), str):
        return item["question"].strip(), set()
    if isinstance(item, dict):
        close = [v for k, v in item.items() if isinstance(v, str) and re.search("(?i)quer|quest|问", str(k))]
        if len(close) == 1:
            return close[0].strip(), {"wrong key"}
    raise ValueError("no question")
