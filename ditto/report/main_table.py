"""The paper's table 2 for any models: each as it was and tuned on its own dialogues, beside what was published."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from ditto.evaluate.comparisons import Difference, adjusted, paired, roles_needed
from ditto.evaluate.statistics import Scores
from ditto.records import Metric
from ditto.report.matrix import ALL, Aggregation, Entry, Judged, Line, by_character, matrix, measured
from ditto.report.published import TABLE_2

PLAYED: Final[tuple[Metric, ...]] = ("identity", "knowledge", "rejection")
# The differences that the table says how many roles it takes to see.
WORTH: Final[dict[Metric, float]] = {"identity": 0.05, "knowledge": 0.5, "rejection": 0.05, "quality": 0.5}
Column = tuple[str, str]  # a language, or "all" of them, and what is measured


@dataclass(frozen=True, slots=True)
class Cell:
    """One line of `main_table.csv`; what is published has no bounds, and NaN is what nobody scored."""

    source: Literal["measured", "published"]
    model: str
    state: Literal["base", "tuned"]
    language: str
    metric: str
    value: float
    ci_low: float
    ci_high: float

    @property
    def name(self) -> str:
        return self.model + (" + DITTO" if self.state == "tuned" else "")


@dataclass(frozen=True, slots=True)
class Comparison:
    """A model tuned less its base, over all languages.

    `adjusted` is p after Holm over the whole table; `needed` the roles it takes to see a difference of `WORTH`.
    """

    model: str
    metric: Metric
    difference: Difference
    adjusted: float
    needed: int


@dataclass(frozen=True, slots=True)
class MainTable:
    """The cells of the models at hand, how far tuning moved each, and the questions behind their quality."""

    cells: tuple[Cell, ...]
    comparisons: tuple[Comparison, ...]
    questions: int

    @property
    def columns(self) -> list[Column]:
        """All languages, then each by itself, and at the end MT-Bench's role-play."""
        languages = sorted({cell.language for cell in self.cells if cell.metric != "quality"} - {ALL})
        return [*((language, metric) for language in (ALL, *languages) for metric in PLAYED), (ALL, "quality")]


def main_table(judged: Judged, graded: Judged, aggregation: Aggregation = "corrected") -> MainTable:
    """The table of a study: roles played as in `judged`, MT-Bench's quality as in `graded`.

    Of the tuned models it takes those that supervised themselves. Quality is a mean of votes in either
    aggregation, because upstream has none.
    """
    played = _only(judged, PLAYED)
    quality = _only(graded, ("quality",))
    lines = [*matrix(played, aggregation), *(line for line in matrix(quality) if line.language == ALL)]
    order = list(dict.fromkeys(entry.seed for entry in (*played, *quality)))
    cells = sorted(map(_cell, lines), key=lambda cell: (order.index(cell.model), cell.state))
    questions = {v.character for verdicts in quality.values() for v in verdicts}
    return MainTable(tuple(cells), _comparisons(_pairs(played) + _pairs(quality)), len(questions))


def published() -> list[Cell]:
    """The paper's own rows, of which all languages together are known here."""
    nan = float("nan")
    return [
        Cell("published", model, "tuned" if tuned else "base", ALL, metric, value, nan, nan)
        for model, tuned, *values in TABLE_2
        for metric, value in zip((*PLAYED, "quality"), values, strict=True)
    ]


def rows(cells: Iterable[Cell]) -> Mapping[str, Mapping[Column, Cell]]:
    """The cells of each model by their column, in the cells' order."""
    found: dict[str, dict[Column, Cell]] = {}
    for cell in cells:
        found.setdefault(cell.name, {})[cell.language, cell.metric] = cell
    return found


def _only(judged: Judged, metrics: Sequence[Metric]) -> Judged:
    """Bases and self-aligned models, with their verdicts on these metrics."""
    return {
        entry: [v for v in verdicts if v.metric in metrics]
        for entry, verdicts in judged.items()
        if entry.row == "base" or (entry.row == "imitation" and entry.seed == entry.supervisor)
    }


def _cell(line: Line) -> Cell:
    state: Literal["base", "tuned"] = "base" if line.row == "base" else "tuned"
    return Cell("measured", line.seed, state, line.language, line.metric, line.value, line.ci_low, line.ci_high)


def _pairs(judged: Judged) -> list[tuple[str, Metric, Scores, Scores]]:
    """The scores of each model tuned and as it was, where both have scores for two roles at least."""
    metrics = measured(v.metric for verdicts in judged.values() for v in verdicts)
    found = [
        (model.seed, metric, by_character(verdicts, metric), by_character(judged.get(base, ()), metric))
        for model, verdicts in judged.items()
        if model.row == "imitation"
        for base in [Entry("base", model.seed, "")]
        for metric in metrics
    ]
    return [pair for pair in found if len(pair[2].keys() & pair[3].keys()) > 1]


def _comparisons(pairs: Sequence[tuple[str, Metric, Scores, Scores]]) -> tuple[Comparison, ...]:
    differences = [paired(tuned, base) for _, _, tuned, base in pairs]
    p_values = adjusted([difference.p for difference in differences])
    return tuple(
        Comparison(model, metric, difference, p, roles_needed(tuned, base, WORTH[metric]))
        for (model, metric, tuned, base), difference, p in zip(pairs, differences, p_values, strict=True)
    )
