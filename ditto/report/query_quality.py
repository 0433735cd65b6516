"""How good supervisors' queries are, and whether the largest one's are better (paper, figure 4).

A query belongs to the role it was written for: put to that role and to its partner, it is the same text, so both
stay together where roles are resampled.
"""

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from ditto.evaluate.clustered import by_role, p_value
from ditto.evaluate.comparisons import adjusted
from ditto.evaluate.query_quality import GRADES, Checked, Grade
from ditto.evaluate.statistics import Scores, interval, means
from ditto.records import Kind
from ditto.report.findings import LEVEL
from ditto.report.matrix import ALL
from ditto.simulate.settings import KINDS

WORDS: Final[Mapping[Kind, str]] = {"specific": "role-specific", "contrastive": "contrastive"}


@dataclass(frozen=True, slots=True)
class Supervisor:
    """A model that wrote queries; of one behind an API nobody tells the size."""

    name: str
    parameters: int | None


@dataclass(frozen=True, slots=True)
class Line:
    """One line of `quality.csv`: shares of the queries with bounds at 95%, NaN for a size that nobody tells."""

    supervisor: str
    parameters: float
    language: str
    kind: str
    queries: int
    roles: int
    correct: float
    correct_low: float
    correct_high: float
    unsure: float
    unsure_low: float
    unsure_high: float
    incorrect: float
    incorrect_low: float
    incorrect_high: float


@dataclass(frozen=True, slots=True)
class Difference:
    """One line of `differences.csv`: the largest supervisor's share of correct queries less the smallest one's.

    Over all languages; `adjusted` is p after Holm over the file.
    """

    supervisor: str
    against: str
    kind: Kind
    value: float
    ci_low: float
    ci_high: float
    p: float
    adjusted: float
    roles: int

    @property
    def sentence(self) -> str:
        p = f"p {f'= {self.adjusted:.3f}' if self.adjusted >= 0.001 else '< 0.001'}"
        numbers = f"{self.value:+.2f} [{self.ci_low:+.2f}, {self.ci_high:+.2f}], {p}"
        said = f"{self.supervisor} writes more correct ones than {self.against} ({numbers})"
        verdict = "it holds" if self.value > 0 else "it does not hold"
        if self.adjusted > LEVEL:
            verdict = f"{self.roles} roles cannot tell"
        return f"Of {WORDS[self.kind]} queries {verdict}: {said}."


Asked = Mapping[Supervisor, Sequence[Checked]]


def by_size(supervisors: Sequence[Supervisor]) -> list[Supervisor]:
    """From the smallest on; those of no known size come last."""
    return sorted(supervisors, key=lambda s: (s.parameters or math.inf, s.name))


def quality(asked: Asked) -> list[Line]:
    """The lines of every supervisor by size: each language and all of them, each kind and both."""
    languages = sorted({c.lang for queries in asked.values() for c in queries})
    return [
        _line(supervisor, language, kind, mine)
        for supervisor in by_size([*asked])
        for language in (*languages, ALL)
        for kind in (*KINDS, ALL)
        if (mine := [c for c in asked[supervisor] if language in (ALL, c.lang) and kind in (ALL, c.kind)])
    ]


def differences(asked: Asked) -> list[Difference]:
    """The largest supervisor against the smallest, by kind, where both wrote such queries for two roles at least."""
    sized = by_size([s for s in asked if s.parameters])
    if not sized or sized[0].parameters == sized[-1].parameters:
        return []
    found = list(_differences(sized[-1], sized[0], asked))
    p_values = adjusted([x.p for x in found])
    return [replace(x, adjusted=p) for x, p in zip(found, p_values, strict=True)]


def _line(supervisor: Supervisor, language: str, kind: str, queries: Sequence[Checked]) -> Line:
    scores = [_by_source(queries, grade) for grade in GRADES]
    shares = [interval(samples) for samples in means(scores).T]
    bounds = [number for share in shares for number in (share.value, share.low, share.high)]
    size = math.nan if supervisor.parameters is None else supervisor.parameters
    return Line(supervisor.name, size, language, kind, len(queries), len(scores[0]), *bounds)


def _differences(large: Supervisor, small: Supervisor, asked: Asked) -> Iterator[Difference]:
    for kind in KINDS:
        sides = [_by_source([c for c in asked[s] if c.kind == kind], "correct") for s in (large, small)]
        if min(map(len, sides)) > 1:
            samples, roles = means(sides), by_role(sides)
            apart = interval(samples[:, 0] - samples[:, 1])
            p = p_value(roles[:, 0] - roles[:, 1], 0.0, 1.0)
            yield Difference(large.name, small.name, kind, apart.value, apart.low, apart.high, p, p, len(roles))


def _by_source(queries: Sequence[Checked], grade: Grade) -> Scores:
    """1 for each query with this verdict and 0 for the others, by the role it was written for."""
    scores = defaultdict[str, list[float]](list)
    for query in queries:
        scores[query.source].append(float(query.verdict == grade))
    return scores
