"""The matrix and its findings as a terminal shows them."""

import math
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from ditto.report.findings import Finding
from ditto.report.matrix import ALL, Line, measured

MARK = {
    "holds": "[green]holds[/]",
    "does not hold": "[red]does not hold[/]",
    "cannot tell": "[yellow]cannot tell[/]",
}
NONE_FOUND = (
    "This matrix can say nothing on the paper's statements: each takes two roles at least that are scored in both rows."
)


def show(lines: Sequence[Line], found: Sequence[Finding], title: str) -> None:
    """Print both tables to standard output."""
    console = Console(width=None if Console().is_terminal else 120, highlight=False)
    console.print(_matrix([line for line in lines if line.language == ALL], title))
    console.print(_findings(found) if found else NONE_FOUND)


def _matrix(lines: Sequence[Line], title: str) -> Table:
    table = Table(title=f"{title}: mean [95% interval], resampled by character", title_style="bold")
    for column in ("row", "seed", "supervisor"):
        table.add_column(column)
    metrics = measured(line.metric for line in lines)
    for metric in metrics:
        table.add_column(metric, justify="right")
    table.add_column("scored", justify="right")
    cells: dict[tuple[str, str, str], dict[str, Line]] = {}
    for line in lines:
        cells.setdefault((line.row, line.seed, line.supervisor), {})[line.metric] = line
    previous = None
    for (row, seed, supervisor), by_metric in cells.items():
        if previous not in (None, row):
            table.add_section()
        previous = row
        scored, total = (sum(getattr(x, n) for x in by_metric.values()) for n in ("n_scored", "n_total"))
        table.add_row(
            row, seed or "-", supervisor or "-", *(interval(by_metric[m]) for m in metrics), f"{scored}/{total}"
        )
    return table


def _findings(found: Sequence[Finding]) -> Table:
    table = Table(title="The paper's findings on this matrix, p adjusted over them", title_style="bold")
    for column in ("paper", "metric", "statement"):
        table.add_column(column)
    for column in ("difference", "effect", "p"):
        table.add_column(column, justify="right")
    table.add_column("verdict")
    table.add_column("needs", justify="right")
    for f in found:
        d = f.difference
        shown = f"{d.value:+.2f} [{d.low:+.2f}, {d.high:+.2f}]"
        effect = "-" if math.isnan(f.effect) else f"{f.effect:+.1f}"
        takes = f"{f.needed:,}" if f.needed else ""
        table.add_row(f.source, f.metric, f.statement, shown, effect, f"{f.adjusted:.3f}", MARK[f.verdict], takes)
    return table


def interval(line: Line) -> str:
    """A mean with its bounds, as a table's field."""
    if math.isnan(line.value):
        return "unscored"
    return f"{line.value:.2f}" + ("" if math.isnan(line.ci_low) else f" [{line.ci_low:.2f}, {line.ci_high:.2f}]")
