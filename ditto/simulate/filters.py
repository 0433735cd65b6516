"""What a reply must be before it may become training data. Everything else is counted by reason."""

import re
import unicodedata
from collections import Counter
from typing import Final

from ditto.engines.base import Failure, Result
from ditto.simulate.parse import parse

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
    text = whole(reply)
    if not written_in(text, lang):
        raise Malformed("other language")
    return text


def questions_of(reply: Result, lang: str, repaired: Counter[str] | None = None) -> list[str]:
    """The questions in a query-simulation reply; what had to be repaired is counted in `repaired`.

    Raises:
        Malformed: it failed, ran over its length or holds no list of questions; or a question is
            empty, repeated or in another language's script.
    """
    try:
        questions, repairs = parse(whole(reply))
    except ValueError as error:
        raise error if isinstance(error, Malformed) else Malformed("not JSON") from None
    if not all(questions) or not questions:
        raise Malformed("empty question")
    if len(set(questions)) < len(questions):
        raise Malformed("repeated question")
    if not all(written_in(question, lang) for question in questions):
        raise Malformed("other language")
    if repaired is not None:
        repaired.update(repairs)
    return questions


def written_in(text: str, lang: str) -> bool:
    """Whether at least half of the words are in the language's script. No words: it is not.

    A Chinese character counts as a word and so does a run of other letters, so that a foreign name
    in a Chinese sentence weighs one.
    """
    script = SCRIPTS.get(lang, "LATIN")
    if any("\ud800" <= c <= "\udfff" for c in text):
        return False  # half a character, which no file can hold
    words = WORD.findall(text)
    fitting = sum(unicodedata.name(word[0], "").startswith(script) for word in words)
    return bool(words) and fitting >= SHARE * len(words)


def whole(reply: Result) -> str:
    """The text of a reply that came to its end.

    Raises:
        Malformed: it failed, ran over its length or is empty.
    """
    if isinstance(reply, Failure):
        raise Malformed(reply.reason)
    if reply.finish == "length":
        raise Malformed("over length")
    if not reply.text.strip():
        raise Malformed("empty")
    return reply.text.strip()
