"""The matrix of a study: every row's metrics with their intervals, as `matrix.csv` holds them."""

import csv
import io
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from typing import Final

from ditto.evaluate.statistics import interval, means
from ditto.records import Metric, Row, Verdict

METRICS: Final[tuple[Metric, ...]] = ("identity", "knowledge", "rejection")
ALL: Final = "all"


@dataclass(frozen=True, slots=True)
class Entry:
    """What was judged: base has no supervisor, supervision no seed."""

    row: Row
    seed: str
    supervisor: str


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


Judged = Mapping[Entry, Sequence[Verdict]]


def by_character(verdicts: Iterable[Verdict], metric: Metric, language: str = ALL) -> dict[str, list[float]]:
    """The scored values of a metric by character; a character's languages belong together."""
    values: dict[str, list[float]] = defaultdict(list)
    for verdict in verdicts:
        if verdict.metric == metric and verdict.value is not None and language in (ALL, verdict.lang):
            values[verdict.character].append(verdict.value)
    return values


def matrix(judged: Judged) -> list[Line]:
    """All lines, in the entries' order: each language, then all languages together."""
    languages = sorted({v.lang for verdicts in judged.values() for v in verdicts})
    return [
        _line(entry, verdicts, metric, language)
        for entry, verdicts in judged.items()
        for language in (*languages, ALL)
        for metric in METRICS
    ]


def to_csv(lines: Iterable[Line]) -> str:
    """The lines as CSV, numbers with four decimals; an unscored value is left empty."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(field.name for field in fields(Line))
    for line in lines:
        writer.writerow(_shown(value) for value in astuple(line))
    return out.getvalue()


def _line(entry: Entry, verdicts: Sequence[Verdict], metric: Metric, language: str) -> Line:
    mean = interval(means([by_character(verdicts, metric, language)])[:, 0])
    asked = [v for v in verdicts if v.metric == metric and language in (ALL, v.lang)]
    scored = sum(v.value is not None for v in asked)
    return Line(
        entry.row, entry.seed, entry.supervisor, language, metric, mean.value, mean.low, mean.high, scored, len(asked)
    )


def _shown(value: str | int | float) -> str:
    if isinstance(value, float):
        return "" if math.isnan(value) else f"{value:.4f}"
    return str(value)
