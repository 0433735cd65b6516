"""The performance gap recovered by weak-to-strong cells (PGR; Burns et al. 2023, arXiv:2312.09390).

Of a cell whose supervisor is smaller than its seed: how much of the way from the weak floor, the supervisor tuned on
its own dialogues, to the strong ceiling, the seed tuned on its own, the seed goes on the weak one's dialogues.
1 is all of it, 0 none, and both can be passed.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from ditto.evaluate.clustered import by_role, ratio
from ditto.evaluate.statistics import Interval, interval, means
from ditto.records import Metric
from ditto.report.matrix import Entry, Judged, by_character, measured

NOTHING: Final = Interval(math.nan, math.nan, math.nan)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of `pgr.csv`, over all languages; `note` says why there is no `pgr` where there is none."""

    seed: str
    supervisor: str
    metric: str
    weak: float
    weak_to_strong: float
    strong: float
    gap: float
    gap_low: float
    gap_high: float
    pgr: float
    ci_low: float
    ci_high: float
    note: str


def recovered(judged: Judged, parameters: Mapping[str, int | None]) -> list[Line]:
    """A line a weak-to-strong cell and metric; `parameters` are the models' sizes, None where nobody tells."""
    metrics = [m for m in measured(v.metric for verdicts in judged.values() for v in verdicts) if m != "quality"]
    return [
        _line(judged, entry, metric)
        for entry in judged
        if entry.row == "imitation" and _weaker(parameters.get(entry.supervisor), parameters.get(entry.seed))
        for metric in metrics
    ]


def _weaker(one: int | None, other: int | None) -> bool:
    return one is not None and other is not None and one < other


def _line(judged: Judged, cell: Entry, metric: Metric) -> Line:
    weak, strong = (Entry("imitation", model, model) for model in (cell.supervisor, cell.seed))
    scores = [by_character(judged.get(entry, ()), metric) for entry in (weak, cell, strong)]
    gap = share = NOTHING
    means_of = np.full(3, math.nan)
    if lacking := [e for e, one in zip((weak, cell, strong), scores, strict=True) if len(one) < 2]:
        note = " and ".join(f"{e.seed}@{e.supervisor}" for e in lacking) + " was not scored for two roles"
    else:
        values, samples = by_role(scores), means(scores)
        means_of, gap = samples[0], interval(samples[:, 2] - samples[:, 0])
        share = ratio(values[:, 1] - values[:, 0], values[:, 2] - values[:, 0])
        note = _why_not(gap, share)
    return Line(
        seed=cell.seed,
        supervisor=cell.supervisor,
        metric=metric,
        weak=float(means_of[0]),
        weak_to_strong=float(means_of[1]),
        strong=float(means_of[2]),
        gap=gap.value,
        gap_low=gap.low,
        gap_high=gap.high,
        pgr=math.nan if note else share.value,
        ci_low=math.nan if note else share.low,
        ci_high=math.nan if note else share.high,
        note=note,
    )


def _why_not(gap: Interval, share: Interval) -> str:
    """Why there is no gap to recover, or nothing."""
    if gap.high < 0:
        return "the strong ceiling lies below the weak floor"
    return "the gap cannot be told from none" if gap.low <= 0 or math.isnan(share.low) else ""
