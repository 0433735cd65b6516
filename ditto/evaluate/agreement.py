"""Whether raters agree beyond chance: Cohen's kappa for two, Krippendorff's alpha for any number."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from statsmodels.stats.inter_rater import cohens_kappa

from ditto.errors import DataError
from ditto.evaluate.statistics import Floats, Labels

Level = Literal["nominal", "interval"]


def kappa(one: Labels, other: Labels) -> float:
    """Cohen's kappa (1960) over the turns that both raters scored: 1 is agreement, 0 is chance.

    Raises:
        DataError: no turn in common, or but one value among them, where chance explains everything.
    """
    turns = one.keys() & other.keys()
    values, coded = np.unique([[one[t], other[t]] for t in turns], return_inverse=True)
    if len(values) < 2:
        raise DataError(_undefined("kappa", len(turns)))
    table = np.zeros((len(values), len(values)))
    np.add.at(table, tuple(coded.reshape(-1, 2).T), 1)
    return float(cohens_kappa(table, return_results=False))


def alpha(raters: Sequence[Labels], level: Level) -> float:
    """Krippendorff's alpha (2011): 1 is agreement, 0 is chance; a turn counts where two raters scored it.

    `level` says what a distance between values means: `nominal` equal or not, `interval` squared differences. The
    library of that name is under the GPL, hence these few lines.

    Raises:
        DataError: no turn with two raters, or but one value among such turns.
    """
    turns = sorted({turn for rater in raters for turn in rater})
    units = [np.array([rater[t] for rater in raters if t in rater]) for t in turns]
    units = [unit for unit in units if len(unit) > 1]
    values, counts = np.unique(np.concatenate(units or [np.empty(0)]), return_counts=True)
    if len(values) < 2:
        raise DataError(_undefined("alpha", len(units)))
    n = counts.sum()
    observed = sum(_distances(unit, level).sum() / (len(unit) - 1) for unit in units) / n
    expected = (np.outer(counts, counts) * _distances(values, level)).sum() / (n * (n - 1))
    return float(1 - observed / expected)


def _distances(values: Floats, level: Level) -> Floats:
    apart: Floats = values[:, None] - values[None]
    return apart**2 if level == "interval" else (apart != 0).astype(np.float64)


def _undefined(measure: str, turns: int) -> str:
    return (
        f"{measure} is undefined over {turns} turns scored by two raters: it needs turns that two raters scored, "
        "with two different values among them."
    )
