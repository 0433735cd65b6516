"""What a reply must be before it may become training data. Everything else is counted by reason."""

import json
import re
import unicodedata
from typing import Final

from ditto.engines.base import Failure, Result

# The script a language is written in; every other language counts as written in Latin letters. This
# tells Chinese from English, not English from French.
SCRIPTS: Final[dict[str, str | tuple[str, ...]]] = {
    "zh": "CJK",
    "ja": ("CJK", "HIRAGANA", "KATAKANA"),
    "ko": "HANGUL",
    "ru": "CYRILLIC",
    "ar": "ARABIC",
    "el": "GREEK",
}
SHARE: Final = 0.5
WORD: Final = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]|[^\W\d_\u3040-\u30ff\u3400-\u9fff]+")


class Malformed(ValueError):
    """A reply that cannot be used; its text is the reason, short enough to be counted."""


def text_of(reply: Result, lang: str) -> str:
    """The reply's text.

    Raises:
        Malformed: it failed, ran over its length, is empty or in another language's script.
    """
    if isinstance(reply, Failure):
        raise Malformed(reply.reason)
    if reply.finish == "length":
        raise Malformed("over length")
    if not reply.text.strip():
        raise Malformed("empty")
    if not written_in(reply.text, lang):
        raise Malformed("other language")
    return reply.text.strip()


def questions_of(reply: Result, lang: str) -> list[str]:
    """The questions in a query-simulation reply: JSON, a list of objects with `question`.

    Raises:
        Malformed: see `text_of`; or it is not such JSON, or a question is empty or repeated.
    """
    try:
        items = json.loads(_inside(text_of(reply, lang)))
        questions = [item["question"] for item in items]
    except (json.JSONDecodeError, TypeError, KeyError):
        raise Malformed("not JSON") from None
    if not questions or not all(isinstance(q, str) and q.strip() for q in questions):
        raise Malformed("empty question")
    if len({q.strip() for q in questions}) < len(questions):
        raise Malformed("repeated question")
    if not all(written_in(q, lang) for q in questions):
        raise Malformed("other language")
    return [q.strip() for q in questions]


def written_in(text: str, lang: str) -> bool:
    """Whether at least half of the words are in the language's script. No words: it is not.

    A Chinese character counts as a word and so does a run of other letters, so that a foreign name
    in a Chinese sentence weighs one.
    """
    script = SCRIPTS.get(lang, "LATIN")
    words = WORD.findall(text)
    fitting = sum(unicodedata.name(word[0], "").startswith(script) for word in words)
    return bool(words) and fitting >= SHARE * len(words)


def _inside(text: str) -> str:
    """The JSON list without a code fence or a sentence around it."""
    start, end = text.find("["), text.rfind("]")
    return text[start : end + 1] if start >= 0 else text
