"""`python -m benchmarks.power`: how often the findings err on matrices of known effects, and what they see.

Two seeds under two supervisors. A role is easier or harder for all models and more so for some (a Gaussian copula);
identity and rejection are right or wrong by turn, knowledge is a whole number from 1 to 10. Every statement's true
difference lies `apart` margins (5% of the metric's range) from the value it is tested against, on the side that is
claimed: at 0 each null holds at its boundary, and whatever verdict is given is false.
"""

import gc
from collections.abc import Iterator, Mapping
from typing import Final

import numpy as np
from rich.console import Console
from rich.table import Table
from scipy.special import ndtr
from scipy.stats import beta

from ditto.evaluate.comparisons import adjusted
from ditto.evaluate.statistics import Floats
from ditto.records import Metric
from ditto.report.findings import LEVEL, Asked, hypotheses
from ditto.report.matrix import METRICS, Entry
from ditto.report.statements import REACH

SEEDS: Final = ("xs", "l")
SUPERVISORS: Final = ("weak", "strong")
MATRICES: Final = 500
Matrix = Mapping[Metric, Asked]


def matrices(n: int, roles: int, turns: int, apart: float, seed: int = 0) -> Iterator[Matrix]:
    """`n` matrices as `assess` takes them."""
    rng = np.random.default_rng(seed)
    drawn = {metric: _drawn(metric, rng, (n, roles, turns), apart) for metric in METRICS}
    for i in range(n):
        yield {
            metric: {
                entry: {f"Q{who}": values for who, values in enumerate(scores[i].tolist())}
                for entry, scores in by_entry.items()
            }
            for metric, by_entry in drawn.items()
        }


def wrong(found: Matrix) -> bool:
    """Whether any verdict is given, of a matrix on which none can be."""
    return min(adjusted([x.p for x in hypotheses(found, SEEDS, SUPERVISORS)])) <= LEVEL


def power(roles: int, turns: int, apart: float) -> dict[tuple[str, str], float]:
    """How often each statement is found to hold, by source and metric."""
    hits: dict[tuple[str, str], int] = {}
    for matrix in matrices(MATRICES, roles, turns, apart):
        made = hypotheses(matrix, SEEDS, SUPERVISORS)
        for x, p in zip(made, adjusted([x.p for x in made]), strict=True):
            holds = (x.difference.value > x.statement.null) == (x.statement.claimed == "above")
            where = x.statement.source, x.statement.metric
            hits[where] = hits.get(where, 0) + (p <= LEVEL and holds)
    return {where: count / MATRICES for where, count in hits.items()}


def means(metric: Metric, apart: float) -> dict[Entry, float]:
    """The true mean of each entry, as a share of the metric's range."""
    shift, margin = 0.05 * apart, 0.05
    middle = {"identity": 0.9, "knowledge": 0.5, "rejection": 0.7}[metric]
    along_seeds = margin - shift if metric == "identity" else shift
    along_supervisors = margin - shift if metric == "knowledge" else 0.0
    above = shift if metric == "identity" else -shift
    found = {Entry("base", s, ""): middle - shift for s in SEEDS}
    found |= {Entry("supervision", "", t): middle - above for t in SUPERVISORS}
    for s, one in zip(SEEDS, (-0.5, 0.5), strict=True):
        for t, other in zip(SUPERVISORS, (-0.5, 0.5), strict=True):
            found[Entry("imitation", s, t)] = middle + one * along_seeds + other * along_supervisors
    return found


def _drawn(metric: Metric, rng: np.random.Generator, shape: tuple[int, int, int], apart: float) -> dict[Entry, Floats]:
    n, roles, turns = shape
    shared = rng.normal(size=(n, roles))
    found = dict[Entry, Floats]()
    for entry, mean in means(metric, apart).items():
        place = ndtr(np.sqrt(0.5) * shared + np.sqrt(0.5) * rng.normal(size=(n, roles)))
        easy = beta.ppf(place, 4 * mean, 4 * (1 - mean))[..., None]
        steps = 1 if REACH[metric] == 1 else int(REACH[metric])
        found[entry] = rng.binomial(steps, easy, size=(n, roles, turns)) + np.float64(steps > 1)
    return found


def main() -> None:
    gc.freeze()  # statsmodels collects garbage at every adjustment; what is here is none
    table = Table("roles", "apart", title="How often a statement is found to hold", title_style="bold")
    designs = [(roles, apart) for roles in (20, 40, 100) for apart in (0, 0.5, 1, 2, 4)]
    rows = [(roles, apart, power(roles, 6, apart)) for roles, apart in designs]
    for source, metric in rows[0][2]:
        table.add_column(f"{source} {metric}")
    for roles, apart, found in rows:
        table.add_row(str(roles), str(apart), *(f"{share:.2f}" for share in found.values()))
    Console(width=160).print(table)
    for roles in (20, 40, 100):
        share = np.mean([wrong(matrix) for matrix in matrices(MATRICES, roles, 6, 0, seed=1)])
        print(f"{roles} roles, nothing there: {share:.1%} of {MATRICES} matrices with a verdict")


if __name__ == "__main__":
    main()
