"""The matrix of a study: every row's metrics with their intervals, as `matrix.csv` holds them."""

import csv
import io
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, astuple, dataclass, fields, replace
from typing import Any, Final, Literal, TypeVar

from ditto.evaluate.aggregate import Table, corrected, faithful
from ditto.evaluate.statistics import Interval, Scores, interval, means, over_replicates
from ditto.records import Metric, Row, Verdict

METRICS: Final[tuple[Metric, ...]] = ("identity", "knowledge", "rejection")
Aggregation = Literal["corrected", "faithful"]
ALL: Final = "all"
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Entry:
    """What was judged: base has no supervisor, supervision no seed, and neither of them replicates."""

    row: Row
    seed: str
    supervisor: str
    replicate: int = 0


@dataclass(frozen=True, slots=True)
class Line:
    """One line of `matrix.csv`; `value` is NaN where nothing was scored."""

    row: str
    seed: str
    supervisor: str
    language: str
    metric: str
    value: float
    ci_low: float
    ci_high: float
    n_scored: int
    n_total: int


@dataclass(frozen=True, slots=True)
class ReplicateLine(Line):
    """One line of `replicates.csv`."""

    replicate: int


Judged = Mapping[Entry, Sequence[Verdict]]


def by_character(verdicts: Iterable[Verdict], metric: Metric, language: str = ALL) -> Scores:
    """The scores of a metric's turns by character; a character's languages belong together."""
    asked = [v for v in verdicts if v.metric == metric and language in (ALL, v.lang)]
    return corrected(asked).get(metric, {})


def matrix(judged: Judged, aggregation: Aggregation = "corrected") -> list[Line]:
    """All lines, in the entries' order: each language, then all languages together; replicates are averaged.

    The `faithful` means are upstream's (see `evaluate/aggregate.py`), which has no intervals.
    """
    languages = sorted({v.lang for verdicts in judged.values() for v in verdicts})
    metrics = measured(v.metric for verdicts in judged.values() for v in verdicts)
    return [
        line
        for entry, runs in replicates(judged).items()
        for tables in [[faithful(run) for run in runs.values()] if aggregation == "faithful" else []]
        for language in (*languages, ALL)
        for metric in metrics
        for line in [_line(entry, [*runs.values()], metric, language, tables)]
    ]


def by_replicate(judged: Judged, aggregation: Aggregation = "corrected") -> list[ReplicateLine]:
    """The lines of each replicate by itself, of entries that have several; their intervals are over roles alone."""
    several = [(entry, runs) for entry, runs in replicates(judged).items() if len(runs) > 1]
    return [
        ReplicateLine(**asdict(line), replicate=number)
        for entry, runs in several
        for number, run in runs.items()
        for line in matrix({entry: run}, aggregation)
    ]


def replicates(judged: Mapping[Entry, T]) -> dict[Entry, dict[int, T]]:
    """What belongs to each entry, whatever its replicate, by replicate."""
    found: dict[Entry, dict[int, T]] = {}
    for entry, one in judged.items():
        found.setdefault(replace(entry, replicate=0), {})[entry.replicate] = one
    return found


def measured(metrics: Iterable[str]) -> list[Metric]:
    """Those of the metrics that occur, in their order; MT-Bench's quality comes last."""
    there, known = set(metrics), (*METRICS, "quality")
    return [metric for metric in known if metric in there]


def to_csv(lines: Iterable[Any], kind: type = Line) -> str:
    """Lines of one dataclass as CSV, numbers with four decimals; an unscored value is left empty."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(field.name for field in fields(kind))
    for line in lines:
        writer.writerow(_shown(value) for value in astuple(line))
    return out.getvalue()


def _line(
    entry: Entry, runs: Sequence[Sequence[Verdict]], metric: Metric, language: str, tables: Sequence[Table]
) -> Line:
    mean = interval(over_replicates(means([by_character(run, metric, language) for run in runs])))
    if tables:
        values = [table.get(language, {}).get(metric, math.nan) for table in tables]
        mean = Interval(sum(values) / len(values), math.nan, math.nan)
    asked = [v for run in runs for v in run if v.metric == metric and language in (ALL, v.lang)]
    scored = sum(v.value is not None for v in asked)
    return Line(
        entry.row, entry.seed, entry.supervisor, language, metric, mean.value, mean.low, mean.high, scored, len(asked)
    )


def _shown(value: str | int | float) -> str:
    if isinstance(value, float):
        return "" if math.isnan(value) else f"{value:.4f}"
    return str(value)
