"""What was planned, beside what it took."""

from collections.abc import Iterable
from dataclasses import astuple, dataclass
from typing import Final

from ditto.plan.manifests import Taken
from ditto.plan.step import Expected

TOTAL: Final = "all"


@dataclass(frozen=True, slots=True)
class Line:
    """One stage that was planned and is done by now; `TOTAL` is their sum."""

    stage: str
    label: str
    requests_planned: int
    requests_measured: int
    prompt_tokens_planned: int
    prompt_tokens_measured: int
    reply_tokens_planned: int
    reply_tokens_measured: int
    seconds_planned: float
    seconds_measured: float


def compared(planned: Iterable[Expected], found: Iterable[Taken]) -> list[Line]:
    """A line for each planned stage that is done, and their sum as the last; none where nothing is done."""
    done = {one.key: one for one in found}
    lines = [_line(p, done[p.key]) for p in planned if p.key in done]
    return [*lines, _total(lines)] if lines else []


def _line(p: Expected, m: Taken) -> Line:
    return Line(
        p.stage,
        p.label,
        p.requests,
        m.requests,
        p.prompt_tokens,
        m.prompt,
        p.reply_tokens,
        m.reply,
        round(p.seconds, 1),
        round(m.seconds, 1),
    )


def _total(lines: Iterable[Line]) -> Line:
    numbers = [astuple(line)[2:] for line in lines]
    return Line(TOTAL, "", *(round(sum(column), 1) for column in zip(*numbers, strict=True)))
