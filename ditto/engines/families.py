"""Prompts that begin alike, such as all the questions to one character under its profile."""

from collections.abc import Sequence
from dataclasses import dataclass

from ditto.engines.tokens import shared


@dataclass(frozen=True, slots=True)
class Family:
    """Rows whose prompts share their first `prefix` tokens, with at least one token left to each."""

    rows: tuple[int, ...]
    prefix: int


def families(rows: Sequence[int], prompts: Sequence[list[int]], *, by_length: bool = True) -> list[Family]:
    """Neighbours among `rows` that share at least half of the first one's prompt.

    Families come as their rows do, or with `by_length` those with the longest prompt first.
    """
    found: list[Family] = []
    for row in rows:
        if found and (joined := _join(found[-1], row, prompts)):
            found[-1] = joined
        else:
            found.append(Family((row,), len(prompts[row]) - 1))
    if by_length:
        found.sort(key=lambda family: -max(len(prompts[row]) for row in family.rows))
    return found


def tokens_saved(found: Sequence[Family]) -> int:
    """Prompt tokens that need not be computed again where each family's prefix is computed once."""
    return sum((len(family.rows) - 1) * family.prefix for family in found)


def _join(family: Family, row: int, prompts: Sequence[list[int]]) -> Family | None:
    first = prompts[family.rows[0]]
    prefix = min(family.prefix, shared(first, prompts[row]), len(prompts[row]) - 1)
    return Family((*family.rows, row), prefix) if 2 * prefix >= len(first) else None
