"""Verdicts out of an LLM judge's replies that were to be one JSON object.

A wrong verdict is worse than none: what can be doubted is `Unparsed`, and the judge is asked again. A
reply may quote the answer it judges, and that answer may hold a verdict of its own, so all verdicts
that a reply states must agree, and a line is one only if it says nothing else.
"""

import json
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Literal, TypeVar

T = TypeVar("T")
Pairs = tuple[tuple[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Unparsed:
    """No verdict that could be counted, and why."""

    reason: Literal["no verdict", "several verdicts", "out of range", "unknown choice"]


NO_VERDICT: Final = Unparsed("no verdict")
SEVERAL: Final = Unparsed("several verdicts")
OUT_OF_RANGE: Final = Unparsed("out of range")
UNKNOWN_CHOICE: Final = Unparsed("unknown choice")
WORDS: Final = {"yes": True, "true": True, "是": True, "no": False, "false": False, "否": False}

# Objects stay pairs, so that a key given twice is seen twice; a `reason` may run over several lines.
DECODER: Final = json.JSONDecoder(object_pairs_hook=tuple, strict=False)
PLACEHOLDER: Final = re.compile(r"""\{[^{}"':]*\}""")
QUOTES: Final = ('"', "'", "`", "“", "”", "‘", "’", "«", "»", "「", "」", "『", "』")
# NFKC would make of these what ends a JSON string or escapes in it.
KEPT: Final = str.maketrans("＂＼﹨", "”∖∖")
ITEM: Final = re.compile(r"^(?:[-*+•]|#+)\s+")
EMPHASIS: Final = re.compile(r"[*_`]")
NUMBER: Final = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")


def _form(english: str, chinese: str, value: str) -> re.Pattern[str]:
    """A line that states `value` and nothing else, under one of the keywords or none."""
    said = rf"(?:(?:the|my) )?(?:(?:final|overall) )?(?:{english})(?: ?:| is ?:?| ) ?"
    # 是否 asks.
    written = rf"(?:我的?)?(?:最终的?|综合)?(?:{chinese}) ?(?:为|是(?!否))? ?:? ?"
    return re.compile(rf"(?:(?i:{said})|{written})?{value} ?[.。!]?")


SCORE: Final = _form(
    "score|rating|mark|grade|verdict",
    "评分|得分|分数|打分|判断",
    rf"(?P<value>{NUMBER.pattern})(?: ?/ ?10| (?i:out of) 10)?(?: ?分| (?i:points?))?",
)
CHOICE: Final = _form(
    "choice|answer|verdict",
    "选择|答案|判断|选",
    r"(?:(?i:option|candidate|role) |(?:选项|角色) ?)?(?P<open>\()?(?P<value>[A-Z])(?(open)\))",
)
# "The answer is false" speaks of the answer.
REFUSES: Final = _form(
    "refuses|refused|refusal|answer(?= ?:| is ?:)|verdict",
    "(?:是否)?拒(?:答|绝(?:回答)?)|答案|判断",
    r"(?P<value>(?i:yes|no|true|false)|是|否)",
)
SOUND: Final = _form(
    "sound|answer(?= ?:| is ?:)|verdict",
    "(?:是否)?合格|答案|判断",
    r"(?P<value>(?i:yes|no|true|false)|是|否)",
)


def score(reply: str) -> float | Unparsed:
    """The mark from 1 to 10."""
    return _verdict(reply, "score", SCORE, _mark)


def choice(reply: str, n: int) -> int | Unparsed:
    """The index of the chosen one among `n` candidates, whom the judge knows as A, B, C..."""
    return _verdict(reply, "choice", CHOICE, partial(_index, n=n))


def refuses(reply: str) -> bool | Unparsed:
    """Whether the judge says that the answer refuses."""
    return _verdict(reply, "refuses", REFUSES, _truth)


def sound(reply: str) -> bool | Unparsed:
    """Whether a response is said to be sound."""
    return _verdict(reply, "sound", SOUND, _truth)


def _verdict(reply: str, key: str, form: re.Pattern[str], read: Callable[[Any], T | Unparsed]) -> T | Unparsed:
    """What all objects with the key and all lines of the form agree on. Without an object the last line must be one."""
    text = unicodedata.normalize("NFKC", reply.translate(KEPT)).rpartition("</think>")[2]
    found = _objects(text)
    if found is None or "<think>" in text:
        return NO_VERDICT
    objects, prose = found
    values = [value for pairs in objects for name, value in pairs if name == key]
    lines = [form.fullmatch(line) for line in map(_bare, prose.splitlines()) if line]
    verdicts = {read(value) for value in [*values, *(line["value"] for line in lines if line)]}
    if len(verdicts) > 1:
        return SEVERAL
    final = bool(values) or bool(lines and lines[-1])
    return verdicts.pop() if final else NO_VERDICT


def _objects(text: str) -> tuple[list[Pairs], str] | None:
    """The JSON objects in a text and the text with {} in their places.

    None where one is quoted, or a brace opens no object: what follows may stand in a broken string.
    """
    objects, prose, at = list[Pairs](), "", 0
    while (start := text.find("{", at)) >= 0:
        prose += text[at:start] + "{}"
        if word := PLACEHOLDER.match(text, start):
            at = word.end()
            continue
        try:
            pairs, at = DECODER.raw_decode(text, start)
        except (ValueError, RecursionError):
            return None
        if _quoted(text[:start], text[at:]):
            return None
        objects.append(pairs)
    return objects, prose + text[at:]


def _quoted(before: str, after: str) -> bool:
    marked = before.endswith(QUOTES) and after.startswith(QUOTES) and not before.endswith("```")
    return marked or before.rpartition("\n")[2].lstrip().startswith(">")


def _bare(line: str) -> str:
    """A line without its markdown, words one space apart."""
    return " ".join(EMPHASIS.sub(" ", ITEM.sub("", line.strip())).split())


def _mark(value: Any) -> float | Unparsed:
    if isinstance(value, str) and NUMBER.fullmatch(value):
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return NO_VERDICT
    return float(value) if 1 <= value <= 10 else OUT_OF_RANGE


def _index(value: Any, n: int) -> int | Unparsed:
    if not isinstance(value, str) or not re.fullmatch("[A-Z]", value):
        return NO_VERDICT
    index = ord(value) - ord("A")
    return index if index < n else UNKNOWN_CHOICE


def _truth(value: Any) -> bool | Unparsed:
    if isinstance(value, bool):
        return value
    return WORDS.get(value.lower(), NO_VERDICT) if isinstance(value, str) else NO_VERDICT
