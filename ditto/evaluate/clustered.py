"""A mean over roles tested against a value, roles being the clusters.

A statement may be about several cells. They are the ones at hand, not drawn from others, and the same roles were
asked in all of them, so what moves a role in every cell is one event: the cells are averaged within each role, and
the test is of the mean of these numbers, one a role.
"""

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import numpy as np
from scipy.special import stdtr, stdtrit

from ditto.evaluate.statistics import LEVEL, Floats, Interval, Scores

RESAMPLES: Final = 9999
SAME: Final = 1e-9  # of a spread: what rounding leaves of none


def by_role(scores: Sequence[Scores]) -> Floats:
    """What each role says of the mean of each set: (roles, sets); a column's mean is its set's, over turns.

    A set's mean is a ratio, of sums to counts, so a role's number is the mean moved by the role's residuals
    (linearisation). It is the role's own mean where all roles have as many turns; NaN for a set without scores.
    """
    roles = sorted({who for one in scores for who in one})
    sums = np.array([[math.fsum(one.get(who, ())) for one in scores] for who in roles]).reshape(-1, len(scores))
    counts = np.array([[float(len(one.get(who, ()))) for one in scores] for who in roles]).reshape(-1, len(scores))
    with np.errstate(invalid="ignore"):
        mean = sums.sum(0) / counts.sum(0)
        found: Floats = mean + (sums - mean * counts) / counts.mean(0)
    return found


def p_value(values: Floats, null: float, reach: float) -> float:
    """Two-sided p of the mean of `values` being `null`, one number a role, or a row of them a replicate.

    It is the larger of two tests' p.

    Student's t holds where the numbers lie evenly around `null`, as they do where the two sides are alike. Of 40 roles
    with accuracies near 1, tested against a margin, it rejects a true null in up to 11% where 2.5% are meant, and
    so do sign flips, which need the same evenness. The bootstrap t (Hall 1992, section 3.6) rejects in 3%: roles are
    drawn anew, each sample's distance from the mean is divided by that sample's own spread, and p is twice the
    smaller tail. By itself it rejects somewhat too often of few roles with even numbers (6% for 5%).

    Where all roles say the same there is no spread. A role could have said anything up to `reach` the other
    way, and p is twice the chance that no such role is among these, if there are as many as make `null` true (the
    rule of three: Hanley and Lippman-Hand 1983).

    Replicates add the variance of their mean to that of the roles', and Student's degrees of freedom become
    Satterthwaite's, which are few where it is mostly three replicates that differ.
    """
    error, freedom = _error(np.atleast_2d(values))
    mean, roles = float(values.mean()), np.atleast_2d(values).mean(0)
    n, same = len(roles), SAME * max(1.0, abs(mean))
    if error <= same:
        return min(1.0, 2 * (1 - contrary(mean, null, reach)) ** n)
    t = (mean - null) / error
    student = 2 * float(stdtr(freedom, -abs(t)))
    if roles.std() <= same:
        return student
    drawn = _t(roles - mean, _draws(n)) * math.sqrt(n - 1)
    tail = min(np.count_nonzero(drawn <= t), np.count_nonzero(drawn >= t))
    return min(1.0, max(2 * (1 + int(tail)) / (1 + RESAMPLES), student))


def spread(values: Floats) -> float:
    """The standard deviation of one role's number at which as many roles alone would leave the mean as unsure."""
    values = np.atleast_2d(values)
    return _error(values)[0] * math.sqrt(values.shape[1])


def _error(values: Floats) -> tuple[float, float]:
    """The standard error of the mean of (replicates, roles), with its degrees of freedom."""
    again, n = values.shape
    roles = float(np.var(values.mean(0), ddof=1)) / n
    runs = float(np.var(values.mean(1), ddof=1)) / again if again > 1 else 0.0
    if not runs:
        return math.sqrt(roles), n - 1.0
    return math.sqrt(roles + runs), (roles + runs) ** 2 / (roles**2 / (n - 1) + runs**2 / (again - 1))


def contrary(mean: float, null: float, reach: float) -> float:
    """The share of roles that it takes to bring `mean` to `null`, each as far the other way as it can."""
    if mean == null:
        return 0.0
    extreme = math.copysign(reach, null - mean)
    return min(1.0, abs(null - mean) / max(abs(extreme - mean), abs(null - mean)))


def ratio(over: Floats, under: Floats) -> Interval:
    """The mean of `over` to that of `under`, paired by role (and replicate, a row each), with Fieller's bounds (1954).

    They hold the ratios r at which the mean of over - r * under is not told from 0; NaN where that is no interval,
    because the mean of `under` itself is not told from 0.
    """
    over, under = np.atleast_2d(over), np.atleast_2d(under)
    a, b, (again, n) = float(over.mean()), float(under.mean()), over.shape
    covariance = np.cov(over.mean(0), under.mean(0)) / n
    if again > 1:
        covariance = covariance + np.cov(over.mean(1), under.mean(1)) / again
    freedom = min(_error(over)[1], _error(under)[1])
    reach = float(stdtrit(freedom, (1 + LEVEL) / 2)) ** 2
    (aa, ab), (_, bb) = covariance
    square, half, rest = b * b - reach * bb, a * b - reach * ab, a * a - reach * aa
    if square <= 0:
        return Interval(a / b if b else math.nan, math.nan, math.nan)
    root = math.sqrt(max(0.0, half * half - square * rest))
    return Interval(a / b, (half - root) / square, (half + root) / square)


def _t(apart: Floats, draws: Floats) -> Floats:
    """The resampled means over the resampled spreads; without a spread they are infinitely far."""
    means = draws @ apart
    variances = draws @ apart**2 - means**2
    with np.errstate(divide="ignore", invalid="ignore"):
        found = means / np.sqrt(np.where(variances > SAME * np.max(apart**2), variances, 0.0))
    return np.nan_to_num(found, nan=0.0, posinf=np.inf, neginf=-np.inf)  # type: ignore[no-any-return]


@lru_cache(maxsize=2)
def _draws(n: int) -> Floats:
    """The shares that each of `n` roles has in each resample, the same in every test."""
    draws: Floats = np.random.default_rng(0).multinomial(n, np.full(n, 1 / n), size=RESAMPLES) / n
    return draws
