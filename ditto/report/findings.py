"""The paper's statements about the matrix, each as a difference with its interval.

Table 2: a tuned model plays better than its base. Section 6: (1) imitation beats supervision on
identity and stays below it on knowledge and rejection; (2) for a seed, knowledge grows only marginally
with a stronger supervisor; (3) for a supervisor, knowledge and rejection grow with the seed, identity
does not. A statement holds when the whole interval says so, fails when the whole interval says the
opposite, and cannot be told in between.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from ditto.evaluate.statistics import Floats, Interval, interval, means
from ditto.records import Metric
from ditto.report.matrix import Entry, Judged, by_character, measured

# A change smaller than this counts as none, on each metric's own scale: 5% of its range.
MARGINAL: Final[dict[Metric, float]] = {"identity": 0.05, "knowledge": 0.45, "rejection": 0.05, "quality": 0.45}
Claimed = Literal["above", "below", "flat"]


@dataclass(frozen=True, slots=True)
class Finding:
    """A statement, the difference it is about, and whether that difference bears it out."""

    source: str
    statement: str
    metric: Metric
    difference: Interval
    verdict: Literal["holds", "does not hold", "cannot be told"]


@dataclass(frozen=True, slots=True)
class Table:
    """Resampled means of every entry on one metric, for paired differences."""

    metric: Metric
    columns: dict[Entry, Floats]

    def mean(self, entries: Sequence[Entry]) -> Floats:
        return np.mean([self.columns[e] for e in entries], axis=0)  # type: ignore[no-any-return]


def findings(judged: Judged, seeds: Sequence[str], supervisors: Sequence[str]) -> list[Finding]:
    """Every statement that the matrix at hand can speak to; `seeds` and `supervisors` by size."""
    found = []
    for metric in measured(v.metric for verdicts in judged.values() for v in verdicts):
        samples = means([by_character(v, metric) for v in judged.values()])
        table = Table(metric, {entry: samples[:, i] for i, entry in enumerate(judged)})
        found += _tuned_over_base(table)
        if metric == "quality":
            continue  # the paper says no more of it
        found += _imitation_over_supervision(table)
        if len(supervisors) > 1 and metric == "knowledge":
            found += _along_supervisors(table, seeds, supervisors)
        if len(seeds) > 1:
            found += _along_seeds(table, seeds, supervisors)
    return sorted(found, key=lambda f: f.source)


def _tuned_over_base(table: Table) -> list[Finding]:
    pairs = [(e, Entry("base", e.seed, "")) for e in table.columns if e.row == "imitation"]
    return [_finding("table 2", "tuned models are above their bases", "above", table, pairs)]


def _imitation_over_supervision(table: Table) -> list[Finding]:
    claimed: Claimed = "above" if table.metric == "identity" else "below"
    pairs = [(e, Entry("supervision", "", e.supervisor)) for e in table.columns if e.row == "imitation"]
    return [_finding("section 6 (1)", f"imitation is {claimed} supervision", claimed, table, pairs)]


def _along_supervisors(table: Table, seeds: Sequence[str], supervisors: Sequence[str]) -> list[Finding]:
    ends = [(Entry("imitation", s, supervisors[-1]), Entry("imitation", s, supervisors[0])) for s in seeds]
    statement = f"for a seed, no more than marginally higher under {supervisors[-1]} than under {supervisors[0]}"
    return [_finding("section 6 (2)", statement, "flat", table, ends)]


def _along_seeds(table: Table, seeds: Sequence[str], supervisors: Sequence[str]) -> list[Finding]:
    claimed: Claimed = "flat" if table.metric == "identity" else "above"
    words = "no more than marginally higher" if claimed == "flat" else "higher"
    ends = [(Entry("imitation", seeds[-1], s), Entry("imitation", seeds[0], s)) for s in supervisors]
    statement = f"for a supervisor, {words} in {seeds[-1]} than in {seeds[0]}"
    return [_finding("section 6 (3)", statement, claimed, table, ends)]


def _finding(
    source: str, statement: str, claimed: Claimed, table: Table, pairs: Sequence[tuple[Entry, Entry]]
) -> Finding:
    there = [(a, b) for a, b in pairs if a in table.columns and b in table.columns]
    if not there:
        nothing = Interval(float("nan"), float("nan"), float("nan"))
        return Finding(source, statement, table.metric, nothing, "cannot be told")
    difference = interval(table.mean([a for a, _ in there]) - table.mean([b for _, b in there]))
    return Finding(source, statement, table.metric, difference, _verdict(claimed, difference, MARGINAL[table.metric]))


def _verdict(claimed: Claimed, d: Interval, marginal: float) -> Literal["holds", "does not hold", "cannot be told"]:
    holds: dict[Claimed, Callable[[], bool]] = {
        "above": lambda: d.low > 0,
        "below": lambda: d.high < 0,
        "flat": lambda: d.high < marginal,
    }
    fails: dict[Claimed, Callable[[], bool]] = {
        "above": lambda: d.high < 0,
        "below": lambda: d.low > 0,
        "flat": lambda: d.low > marginal,
    }
    return "holds" if holds[claimed]() else "does not hold" if fails[claimed]() else "cannot be told"
