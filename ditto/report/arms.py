"""The studies of an ablation beside each other: one value is varied, and every arm is compared with the first."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Final

import numpy as np

from ditto.evaluate.clustered import by_role, p_value
from ditto.evaluate.comparisons import adjusted
from ditto.evaluate.statistics import Scores, interval, means, over_replicates
from ditto.records import Metric
from ditto.report.matrix import ALL, Aggregation, Entry, Judged, Line, by_character, matrix, measured, replicates
from ditto.report.statements import REACH

SAME: Final = 1e-9
Arms = Mapping[str, Judged]


@dataclass(frozen=True, slots=True)
class ArmLine(Line):
    """One line of an ablation's `matrix.csv`."""

    arm: str


@dataclass(frozen=True, slots=True)
class Difference:
    """One line of `differences.csv`: the tuned model of `arm` less that of `against`, over the same roles.

    `effect` is in standard deviations of the roles' differences, NaN where they are all the same; `adjusted` is p after
    Holm over the file.
    """

    arm: str
    against: str
    seed: str
    supervisor: str
    language: str
    metric: Metric
    value: float
    ci_low: float
    ci_high: float
    effect: float
    p: float
    adjusted: float
    roles: int


def side_by_side(arms: Arms, aggregation: Aggregation = "corrected") -> list[ArmLine]:
    """The lines of every arm's matrix, in the arms' order."""
    return [ArmLine(**asdict(line), arm=arm) for arm, judged in arms.items() for line in matrix(judged, aggregation)]


def differences(arms: Arms) -> list[Difference]:
    """Every arm's tuned models against the first arm's, of all that both have scored for two roles at least."""
    first, *others = arms
    found = [x for arm in others for x in _against(arms, arm, first)]
    p_values = adjusted([x.p for x in found])
    return [replace(x, adjusted=p) for x, p in zip(found, p_values, strict=True)]


def _against(arms: Arms, arm: str, first: str) -> Iterator[Difference]:
    mine, theirs = (replicates(arms[name]) for name in (arm, first))
    verdicts = [v for judged in (arms[arm], arms[first]) for asked in judged.values() for v in asked]
    languages = sorted({v.lang for v in verdicts})
    for entry in mine:
        common = sorted(mine[entry].keys() & theirs.get(entry, {}).keys())
        if entry.row != "imitation" or not common:
            continue
        for language in (*languages, ALL) if len(languages) > 1 else (ALL,):
            for metric in measured(v.metric for v in verdicts):
                runs = [[side[entry][n] for n in common] for side in (mine, theirs)]
                scores = [[by_character(run, metric, language) for run in side] for side in runs]
                if all(len(one) > 1 for side in scores for one in side):
                    yield _difference(arm, first, entry, language, metric, scores)


def _difference(
    arm: str, first: str, entry: Entry, language: str, metric: Metric, scores: Sequence[Sequence[Scores]]
) -> Difference:
    """The first side of `scores` less the second, a set of scores a replicate."""
    n = len(scores[0])
    both = [one for side in scores for one in side]
    samples, roles = means(both), by_role(both)
    mean = interval(over_replicates(samples[:, :n] - samples[:, n:]))
    apart = (roles[:, :n] - roles[:, n:]).T
    spread = float(np.std(apart.mean(0), ddof=1))
    p = p_value(apart, 0.0, REACH[metric])
    return Difference(
        arm=arm,
        against=first,
        seed=entry.seed,
        supervisor=entry.supervisor,
        language=language,
        metric=metric,
        value=mean.value,
        ci_low=mean.low,
        ci_high=mean.high,
        effect=mean.value / spread if spread > SAME else math.nan,
        p=p,
        adjusted=p,
        roles=len(roles),
    )
