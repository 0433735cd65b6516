"""Means with intervals. Turns of one character share its profile, so characters are resampled, never turns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri, stdtrit

RESAMPLES: Final = 2000
LEVEL: Final = 0.95
Floats = NDArray[np.float64]
Scores = Mapping[str, Sequence[float]]
Labels = Mapping[tuple[str, int], float]  # one rater's scores by role and turn


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean and its bounds at 95%; NaN where nothing was scored."""

    value: float
    low: float
    high: float


def means(scores: Sequence[Scores], seed: int = 0) -> Floats:
    """Bootstrap means of several score sets over the same characters: (1 + RESAMPLES, sets).

    Row 0 holds the means themselves; every other row draws the characters anew, the same ones for all
    sets, so that differences between sets are paired. A set's mean is over its turns.
    """
    characters = sorted({who for one in scores for who in one})
    if not characters:
        return np.full((1 + RESAMPLES, len(scores)), np.nan)
    sums = np.array([[float(sum(one.get(who, ()))) for one in scores] for who in characters])
    counts = np.array([[len(one.get(who, ())) for one in scores] for who in characters])
    n = len(characters)
    draws = np.random.default_rng(seed).multinomial(_drawn(n), np.full(n, 1 / n), size=RESAMPLES)
    weights = np.vstack([np.ones(n, dtype=np.int64), draws])
    with np.errstate(invalid="ignore", divide="ignore"):
        found: Floats = (weights @ sums) / (weights @ counts)
    return found


def over_replicates(samples: Floats, seed: int = 0) -> Floats:
    """The mean over replicates of their bootstrap means, (1 + RESAMPLES, replicates), the replicates drawn anew too.

    The draws are the same for all that have as many replicates, so that differences between them stay paired. A
    single replicate stands for itself: how far another would lie, it cannot say.
    """
    n = samples.shape[1]
    if n == 1:
        return samples[:, 0]
    rng = np.random.default_rng((seed, n))
    drawn = rng.multinomial(_drawn(n), np.full(n, 1 / n), size=len(samples) - 1) / _drawn(n)
    weights = np.vstack([np.full(n, 1 / n), drawn])
    return np.sum(weights * samples, axis=1)  # type: ignore[no-any-return]


def interval(samples: Floats) -> Interval:
    """The mean in `samples[0]` with the percentile bounds of the resampled rest."""
    tail = 100 * (1 - LEVEL) / 2
    if np.isnan(samples[0]):
        return Interval(float("nan"), float("nan"), float("nan"))
    low, high = np.nanpercentile(samples[1:], [tail, 100 - tail])
    value = float(samples[0])
    # Equal scores resample to the mean but for its last digit, which must not fall outside.
    return Interval(value, min(float(low), value), max(float(high), value))


def _drawn(n: int) -> int:
    """How many of `n` characters make a resample whose percentiles cover as often as they claim.

    Resamples of all n vary by (n - 1) / n too little, and their percentiles reach as far as the normal's
    where Student's are due (Hesterberg 2015). Fewer draws widen them by both, and never beyond the scores.
    """
    tail = (1 - LEVEL) / 2
    return max(1, round((n - 1) * float(ndtri(tail) / stdtrit(max(n - 1, 1), tail)) ** 2))
