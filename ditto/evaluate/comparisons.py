"""Two models asked the same: how far one scores above the other, and how many roles it takes to tell.

Roles are resampled, swapped and counted, never turns.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

import numpy as np
from scipy.stats import norm, permutation_test
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.power import TTestPower

from ditto.errors import ConfigError, DataError
from ditto.evaluate.statistics import Scores, interval, means

SWAPS: Final = 9999  # where 2 ** roles is no more, every assignment is tried and p is exact
COUNTABLE: Final = 10_000
Method = Literal["bonferroni", "holm", "fdr_bh", "fdr_by"]


@dataclass(frozen=True, slots=True)
class Difference:
    """How far one mean lies above another: bounds at 95%, two-sided p, and the roles both are over."""

    value: float
    low: float
    high: float
    p: float
    roles: int


def paired(one: Scores, other: Scores, seed: int = 0) -> Difference:
    """The mean of `one` less that of `other`, over the turns of the roles that both have scores for.

    The bounds resample roles; p is the share of role-wise swaps of the two sides that differ as much.

    Raises:
        DataError: fewer than two roles in both, or a score that is no finite number.
    """
    mine, theirs = _shared(one, other)
    samples = means([mine, theirs], seed)
    found = interval(samples[:, 0] - samples[:, 1])
    return Difference(found.value, found.low, found.high, _p_value(mine, theirs, seed), len(mine))


def adjusted(p_values: Sequence[float], method: Method = "holm") -> list[float]:
    """The p-values of one family of comparisons, in their order, adjusted for there being several.

    Raises:
        ConfigError: an unknown method.
        DataError: a p-value outside 0 to 1.
    """
    if method not in get_args(Method):
        raise ConfigError(f"The adjustment {method!r} is unknown: give one of {', '.join(get_args(Method))}.")
    for p in p_values:
        if not 0 <= p <= 1:
            raise DataError(f"A p-value of {p} cannot be adjusted: it must lie between 0 and 1.")
    return [float(p) for p in multipletests(p_values, method=method)[1]] if p_values else []


def roles_needed(one: Scores, other: Scores, difference: float, power: float = 0.8, level: float = 0.05) -> int:
    """The roles that a paired t test needs to see a true `difference`, if roles vary as in these scores.

    The spread is that of the roles' differences in mean score, so it holds for as many turns a role.

    Raises:
        ConfigError: no difference to see, or power and level without 0 < level < 0.5 <= power < 1.
        DataError: fewer than two roles in both, or a score that is no finite number.
    """
    mine, theirs = _shared(one, other)
    spread = float(np.std([np.mean(mine[who]) - np.mean(theirs[who]) for who in mine], ddof=1))
    return roles_to_see(difference, spread, power, level)


def roles_to_see(difference: float, spread: float, power: float = 0.8, level: float = 0.05) -> int:
    """The roles that a t test needs to see a true `difference` in numbers of which one a role has this `spread`.

    Above `COUNTABLE` roles it is the normal distribution's answer, which differs by one or two.

    Raises:
        ConfigError: no difference to see, or power and level without 0 < level < 0.5 <= power < 1.
    """
    if difference == 0 or not math.isfinite(difference):
        raise ConfigError(f"A difference of {difference} cannot be planned for: give one that is worth seeing.")
    if not 0 < level < 0.5 <= power < 1:
        raise ConfigError(
            f"power={power} and level={level} must hold 0 < level < 0.5 <= power < 1, as 0.8 and 0.05 do."
        )
    effect = abs(difference) / max(spread, abs(difference) / 1000)
    # The normal's answer lies just below. Upwards from it, because the library's own search fails for large
    # effects and its power is NaN for some of them: NaN is passed over, at the cost of a role.
    roles = max(2, math.floor(float((norm.isf(level / 2) + norm.ppf(power)) / effect) ** 2))
    while roles < COUNTABLE and not TTestPower().power(effect, roles, level) >= power:
        roles += 1
    return roles


def _shared(one: Scores, other: Scores) -> tuple[dict[str, Sequence[float]], dict[str, Sequence[float]]]:
    """Both sides with only the roles that each has scores for, in one order."""
    roles = sorted(who for who in one if len(one[who]) and len(other.get(who, ())))
    if len(roles) < 2:
        raise DataError(
            f"The two sets of scores share {len(roles)} roles of {len(one)} and {len(other)}, a comparison needs two: "
            "ask both models the same characters."
        )
    sides = {who: one[who] for who in roles}, {who: other[who] for who in roles}
    for side in sides:
        for who, values in side.items():
            if not np.isfinite(values).all():
                raise DataError(f"The scores of {who} are {list(values)}: leave out what could not be scored.")
    return sides


def _p_value(one: Mapping[str, Sequence[float]], other: Mapping[str, Sequence[float]], seed: int) -> float:
    """Were the models alike, a role's answers could as well have come from the other one (Fisher's test)."""
    sets = [*one.values(), *other.values()]
    sums, counts = np.array([sum(values) for values in sets]), np.array([len(values) for values in sets])

    def difference(mine: Any, theirs: Any, axis: int) -> Any:
        return sums[mine].sum(axis) / counts[mine].sum(axis) - sums[theirs].sum(axis) / counts[theirs].sum(axis)

    sides = np.arange(len(sets)).reshape(2, -1)
    swapped = permutation_test(
        tuple(sides), difference, permutation_type="samples", vectorized=True, n_resamples=SWAPS, rng=seed
    )
    return float(swapped.pvalue)
