"""Means with intervals. Turns of one character share its profile, so characters are resampled, never turns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

RESAMPLES: Final = 2000
LEVEL: Final = 0.95
Floats = NDArray[np.float64]
Scores = Mapping[str, Sequence[float]]


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
    draws = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=RESAMPLES)
    weights = np.vstack([np.ones(n, dtype=np.int64), draws])
    with np.errstate(invalid="ignore", divide="ignore"):
        found: Floats = (weights @ sums) / (weights @ counts)
    return found


def interval(samples: Floats) -> Interval:
    """The mean in `samples[0]` with the percentile bounds of the resampled rest."""
    tail = 100 * (1 - LEVEL) / 2
    if np.isnan(samples[0]):
        return Interval(float("nan"), float("nan"), float("nan"))
    low, high = np.nanpercentile(samples[1:], [tail, 100 - tail])
    value = float(samples[0])
    # Equal scores resample to the mean but for its last digit, which must not fall outside.
    return Interval(value, min(float(low), value), max(float(high), value))
