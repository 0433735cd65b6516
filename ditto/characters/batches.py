"""How many things MediaWiki's APIs take in one request."""

from collections.abc import Iterable
from typing import Final

MOST: Final = 50  # of those who are not logged in, https://www.mediawiki.org/wiki/API:Query


def in_batches(names: Iterable[str]) -> list[tuple[str, ...]]:
    """The names in their order, each once, in as few requests as can be."""
    each = tuple(dict.fromkeys(names))
    return [each[start : start + MOST] for start in range(0, len(each), MOST)]
