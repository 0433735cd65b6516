"""The performance gap recovered by weak-to-strong cells (PGR; Burns et al. 2023, arXiv:2312.09390).

Of a cell whose supervisor is smaller than its seed: how much of the way from the weak floor, the supervisor tuned on
its own dialogues, to the strong ceiling, the seed tuned on its own, the seed goes on the weak one's dialogues.
1 is all of it, 0 none, and both can be passed.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from ditto.evaluate.clustered import by_role, ratio
from ditto.evaluate.statistics import Interval, interval, means, over_replicates
from ditto.records import Metric, Verdict
from ditto.report.matrix import Entry, Judged, by_character, measured, replicates

Runs = Mapping[int, Sequence[Verdict]]
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
    runs = replicates(judged)
    return [
        _line(runs, entry, metric)
        for entry in runs
        if entry.row == "imitation" and _weaker(parameters.get(entry.supervisor), parameters.get(entry.seed))
        for metric in metrics
    ]


def _weaker(one: int | None, other: int | None) -> bool:
    return one is not None and other is not None and one < other


def _line(runs: Mapping[Entry, Runs], cell: Entry, metric: Metric) -> Line:
    """Over the replicates that floor, cell and ceiling all have."""
    sides = Entry("imitation", cell.supervisor, cell.supervisor), cell, Entry("imitation", cell.seed, cell.seed)
    common = sorted(set.intersection(*(set(runs.get(side, {})) for side in sides)))
    scores = [[by_character(runs[side][n], metric) for n in common] for side in sides]
    gap = share = NOTHING
    means_of = np.full(3, math.nan)
    if lacking := [side for side, one in zip(sides, scores, strict=True) if not one or min(map(len, one)) < 2]:
        absent = [side for side in lacking if side not in runs] or lacking
        note = " and ".join(f"{e.seed}@{e.supervisor}" for e in absent) + " was not scored for two roles"
    else:
        flat = [one for side in scores for one in side]
        weak, own, strong = by_role(flat).T.reshape(3, len(common), -1)
        low, _, high = samples = np.split(means(flat), 3, axis=1)
        means_of = np.array([over_replicates(one)[0] for one in samples])
        gap = interval(over_replicates(high - low))
        share = ratio(own - weak, strong - weak)
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
