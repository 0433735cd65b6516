"""The quality of supervisors' queries as a terminal shows it."""

import math
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from ditto.report.matrix import ALL
from ditto.report.query_quality import Difference, Line


def show(lines: Sequence[Line], apart: Sequence[Difference], title: str) -> None:
    """Print the shares over all languages, and what is found of the largest supervisor, to standard output."""
    console = Console(width=None if Console().is_terminal else 120, highlight=False)
    console.print(_table([x for x in lines if x.language == ALL], title))
    for x in apart:
        console.print(x.sentence, soft_wrap=True, markup=False)


def _table(lines: Sequence[Line], title: str) -> Table:
    table = Table(title=f"{title}: share of the queries [95% interval], resampled by role", title_style="bold")
    for column in ("supervisor", "parameters", "kind", "correct", "unsure", "incorrect", "queries", "roles"):
        table.add_column(column, justify="left" if column in ("supervisor", "kind") else "right")
    for x in lines:
        size = "unknown" if math.isnan(x.parameters) else f"{x.parameters:,}"
        correct = f"{x.correct:.2f} [{x.correct_low:.2f}, {x.correct_high:.2f}]"
        unsure = f"{x.unsure:.2f} [{x.unsure_low:.2f}, {x.unsure_high:.2f}]"
        incorrect = f"{x.incorrect:.2f} [{x.incorrect_low:.2f}, {x.incorrect_high:.2f}]"
        table.add_row(x.supervisor, size, x.kind, correct, unsure, incorrect, f"{x.queries:,}", str(x.roles))
    return table
