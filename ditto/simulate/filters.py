"""What a reply must be before it may become training data. Everything else is counted by reason."""

from collections import Counter

from ditto.engines.base import Failure, Result
from ditto.simulate.parse import parse
from ditto.simulate.scripts import written_in


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
