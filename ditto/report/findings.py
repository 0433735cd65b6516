"""The paper's statements tested on a matrix: how far, how sure, and in a plain sentence.

Each statement is one hypothesis about one mean difference, with the value that parts it from its contrary: none, or
for "no more than marginally higher" the margin (a test of non-superiority). The tests are two-sided against that
value (`evaluate/clustered.py`), their p-values adjusted together by Holm, which holds the chance of one false
verdict in a study to `LEVEL` however the statements hang together. What is rejected decides: the side on which the
difference lies says whether the statement holds.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from ditto.evaluate.clustered import by_role, contrary, p_value, spread
from ditto.evaluate.comparisons import adjusted, roles_to_see
from ditto.evaluate.statistics import Floats, Interval, Scores, interval, means, over_replicates
from ditto.records import Metric
from ditto.report.matrix import Entry, Judged, by_character, measured, replicates
from ditto.report.statements import REACH, Pair, Statement, statements

LEVEL: Final = 0.05
MANY: Final = 100_000  # roles; nobody will ask more
Verdict = Literal["holds", "does not hold", "cannot tell"]
Asked = Mapping[Entry, Scores]


@dataclass(frozen=True, slots=True)
class Finding:
    """A statement with its verdict.

    `effect` is the difference in standard deviations of the roles' own differences (NaN where they are all the
    same), `null` what it was tested against, `adjusted` p after Holm over the study. `needed` is with how many
    roles one could tell, were the true difference the measured one; None where it is told or no number would do.
    """

    source: str
    statement: str
    metric: Metric
    difference: Interval
    effect: float
    null: float
    p: float
    adjusted: float
    roles: int
    replicates: int
    verdict: Verdict
    needed: int | None
    sentence: str


@dataclass(frozen=True, slots=True)
class Measured:
    """A statement with its difference, one number a role and replicate, and the p-value of its own."""

    statement: Statement
    difference: Interval
    values: Floats
    p: float


def findings(judged: Judged, seeds: Sequence[str], supervisors: Sequence[str]) -> list[Finding]:
    """Every statement that the matrix at hand can speak to; `seeds` and `supervisors` by size."""
    metrics = measured(v.metric for verdicts in judged.values() for v in verdicts)
    scores = {metric: {entry: by_character(v, metric) for entry, v in judged.items()} for metric in metrics}
    return assess(scores, seeds, supervisors)


def assess(scores: Mapping[Metric, Asked], seeds: Sequence[str], supervisors: Sequence[str]) -> list[Finding]:
    """The same from each metric's scores by role."""
    found = hypotheses(scores, seeds, supervisors)
    p_values = adjusted([x.p for x in found])
    made = [_finding(x, p, len(found)) for x, p in zip(found, p_values, strict=True)]
    return sorted(made, key=lambda f: f.source)


def hypotheses(scores: Mapping[Metric, Asked], seeds: Sequence[str], supervisors: Sequence[str]) -> list[Measured]:
    """All statements of a study, each tested by itself."""
    return [x for metric, asked in scores.items() for x in _measured(metric, asked, seeds, supervisors)]


def _measured(metric: Metric, asked: Asked, seeds: Sequence[str], supervisors: Sequence[str]) -> list[Measured]:
    """Each statement on one metric, over the entries that were scored for two roles at least."""
    scored = {entry: scores for entry, scores in asked.items() if len(scores) > 1}
    if not scored:
        return []
    columns = replicates({entry: i for i, entry in enumerate(scored)})
    values, samples = by_role([*scored.values()]), means([*scored.values()])
    made = []
    for statement in statements(metric, columns, seeds, supervisors):
        if runs := _runs(columns, statement.pairs):
            mine = np.stack([_apart(values, run) for run in runs])
            difference = interval(over_replicates(np.stack([_apart(samples, run) for run in runs], axis=1)))
            made.append(Measured(statement, difference, mine, p_value(mine, statement.null, REACH[metric])))
    return made


def _runs(columns: Mapping[Entry, Mapping[int, int]], pairs: Sequence[Pair]) -> list[list[tuple[int, int]]]:
    """The pairs' columns in each replicate that all the tuned models have; base and supervision have but one."""
    tuned = [columns[entry].keys() for pair in pairs for entry in pair if entry.row == "imitation"]
    common = sorted(set.intersection(*map(set, tuned)))
    return [
        [(columns[a][n], columns[b][n] if b.row == "imitation" else columns[b][0]) for a, b in pairs] for n in common
    ]


def _apart(of: Floats, pairs: Sequence[tuple[int, int]]) -> Floats:
    """The mean over pairs of columns of the first less the second."""
    one, other = zip(*pairs, strict=True)
    return np.mean(of[:, one] - of[:, other], axis=1)  # type: ignore[no-any-return]


def _finding(found: Measured, p: float, family: int) -> Finding:
    statement, d, wide = found.statement, found.difference, float(found.values.mean(0).std(ddof=1))
    again, roles = found.values.shape
    higher = d.value > statement.null
    verdict: Verdict = "holds" if higher == (statement.claimed == "above") else "does not hold"
    needed = None
    if p > LEVEL:
        verdict, needed = "cannot tell", _needed(found, LEVEL / family)
    return Finding(
        source=statement.source,
        statement=statement.text,
        metric=statement.metric,
        difference=d,
        effect=d.value / wide if wide > 1e-9 else math.nan,
        null=statement.null,
        p=found.p,
        adjusted=p,
        roles=roles,
        replicates=again,
        verdict=verdict,
        needed=needed,
        sentence=_sentence(statement, d, p, verdict, roles, again, needed),
    )


def _needed(found: Measured, level: float) -> int | None:
    """With how many roles the test could tell, at the level of the first of Holm's steps."""
    statement, mean = found.statement, found.difference.value
    distance = mean - statement.null
    if abs(distance) < 1e-9:
        return None
    if (wide := spread(found.values)) > 1e-9:
        needed = roles_to_see(distance, wide, level=level)
    else:
        needed = math.ceil(math.log(level / 2) / math.log1p(-contrary(mean, statement.null, REACH[statement.metric])))
    return max(needed, int(found.values.shape[1]) + 1)  # these have not told, which t's normal roles might have


def _sentence(
    statement: Statement, d: Interval, p: float, verdict: Verdict, roles: int, again: int, needed: int | None
) -> str:
    numbers = f"{d.value:+.2f} [{d.low:+.2f}, {d.high:+.2f}], p {f'= {p:.3f}' if p >= 0.001 else '< 0.001'}"
    margin = f" against a margin of {statement.null:g}" if statement.null else ""
    if verdict == "holds":
        return f"On {statement.metric} it holds: {statement.text} ({numbers}{margin})."
    if verdict == "does not hold":
        return f"On {statement.metric} it does not hold: {statement.text} ({numbers}{margin})."
    cannot = f"On {statement.metric} {roles} roles cannot tell: {statement.text} ({numbers}{margin})."
    return f"{cannot} {_would_take(needed, again)}"


def _would_take(needed: int | None, again: int) -> str:
    if needed is None:
        return "No number of roles could, were this the true difference."
    many = f"more than {MANY:,} roles" if needed > MANY else f"about {needed:,} roles"
    more = " (and replicates in proportion)" if again > 1 else ""
    return f"It would take {many}{more}, were this the true difference."
