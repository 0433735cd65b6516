"""A character's profile as prompts show it, cut at a sentence where the context is too small."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from functools import lru_cache

from ditto.characters.sentences import spans
from ditto.prompts.inert import inert
from ditto.records import Character, Message

Build = Callable[[Sequence[str]], tuple[Message, ...]]


def slots(character: Character, article: str, prefix: str = "") -> dict[str, str]:
    """What a prompt may say of a character (the slots of `ditto.prompts.PROFILE`).

    Text from the web cannot close the tags that fence it in, nor open a message.
    """
    values = {
        "label": character.label,
        "description": character.description,
        "aliases": ", ".join(character.aliases),
        "claims": "\n".join(f"- {claim.property}: {claim.value}" for claim in character.claims),
        "article": article,
    }
    return {prefix + name: inert(value) for name, value in values.items()}


def cut(text: str, size: int) -> str:
    """The whole sentences within the first `size` characters of `text`."""
    if len(text) <= size:
        return text
    stops = _stops(text)
    whole = bisect_right(stops, size)
    return text[: stops[whole - 1]] if whole else ""


@lru_cache(maxsize=64)  # a bisection cuts the same few articles again and again
def _stops(text: str) -> tuple[int, ...]:
    return tuple(stop for _, stop in spans(text))


def fit(
    build: Build, articles: Sequence[str], length: Callable[[Sequence[Message]], int], limit: int
) -> tuple[tuple[Message, ...], int]:
    """The messages with as much of each article as fits `limit` tokens, and how many were cut.

    All articles share one bound on their characters, found by bisection. Where not even the empty
    articles fit, the messages come back so, and the engine refuses them.
    """
    whole = build(articles)
    if length(whole) <= limit:
        return whole, 0
    low, high = 0, max(map(len, articles))
    while low < high:
        middle = (low + high + 1) // 2
        if length(build([cut(article, middle) for article in articles])) <= limit:
            low = middle
        else:
            high = middle - 1
    short = [cut(article, low) for article in articles]
    return build(short), sum(a != b for a, b in zip(articles, short, strict=True))
