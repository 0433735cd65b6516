"""The main table as Markdown, and as a terminal shows it."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from rich import box
from rich.console import Console
from rich.table import Table

from ditto.report.main_table import PLAYED, WORTH, Cell, Column, Comparison, MainTable, published, rows
from ditto.report.matrix import ALL
from ditto.report.published import JUDGE

ABOUT: Final = (
    f"Published rows are the paper's table 2, all languages, judged by {JUDGE}: by another judge than here, "
    "and on another test set unless benchmark=wikirole."
)
COMPARED: Final = "Tuned less base, paired by role; p adjusted over this table (Holm)"
HEADS: Final = ("model", "metric", "difference [95%]", "p", "roles", "roles needed to see")


def notes(table: MainTable) -> list[str]:
    """What to know when reading the table."""
    found = [ABOUT]
    if table.questions:
        few = f"MT-Bench's role-play has {table.questions} questions here, which carry little: mind the intervals."
        found.append(few)
    tuned = {cell.model for cell in table.cells if cell.state == "tuned"}
    if alone := dict.fromkeys(cell.model for cell in table.cells if cell.model not in tuned):
        found.append(
            f"No cell has these models tuned on their own dialogues, so they stand as bases: {', '.join(alone)}."
        )
    measured = rows(table.cells)
    if unscored := [name for name, cells in measured.items() if all(math.isnan(c.value) for c in cells.values())]:
        found.append(f"Every verdict is unscored of {', '.join(unscored)}.")
    return found


def markdown(table: MainTable, title: str) -> str:
    """The table, its notes and its comparisons as a document."""
    columns = table.columns
    head = ["model", *(" ".join(_head(column)) for column in columns)]
    body = [[name, *_row(cells, columns, "{} [{}, {}]")] for name, cells in rows(table.cells).items()]
    body += [[f"{name} (published)", *_row(cells, columns)] for name, cells in rows(published()).items()]
    parts = [[f"# {title}"], _grid(head, body), [f"- {note}" for note in notes(table)]]
    if table.comparisons:
        parts += [[f"{COMPARED}."], _grid(HEADS, map(_compared, table.comparisons))]
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


def show(table: MainTable, title: str) -> None:
    """Print the table, the published rows below it, the notes and the comparisons to standard output."""
    console = Console(width=None if Console().is_terminal else 120, highlight=False)
    console.print(_measured(table, title), _published())
    for note in notes(table):
        console.print(note)
    if table.comparisons:
        shown = Table(title=COMPARED, title_style="bold")
        for head in HEADS:
            shown.add_column(head, justify="left" if head in HEADS[:2] else "right")
        for comparison in table.comparisons:
            shown.add_row(*_compared(comparison))
        console.print(shown)


def _measured(table: MainTable, title: str) -> Table:
    """Intervals stand below their means, so that the languages fit side by side."""
    shown = Table(title=title, title_style="bold", box=box.SIMPLE_HEAD, padding=0)
    shown.add_column("model")
    for column in table.columns:
        shown.add_column("\n".join(_head(column)), justify="right")
    for name, cells in rows(table.cells).items():
        shown.add_row(name.replace(" + ", "\n+ "), *_row(cells, table.columns, "{}\n{}–{}"))
    return shown


def _published() -> Table:
    """A model's base and, where there is one, its tuned version in one line, as "0.52 / 0.82"."""
    columns: list[Column] = [(ALL, metric) for metric in (*PLAYED, "quality")]
    shown = Table(title="published: base / + DITTO", title_style="bold", box=box.SIMPLE_HEAD, padding=0)
    shown.add_column("model")
    for column in columns:
        shown.add_column("\n".join(_head(column)), justify="right")
    models: dict[str, list[list[str]]] = {}
    for cells in rows(published()).values():
        models.setdefault(next(iter(cells.values())).model, []).append(_row(cells, columns))
    for model, states in models.items():
        shown.add_row(model, *(" / ".join(values) for values in zip(*states, strict=True)))
    return shown


def _head(column: Column) -> tuple[str, str]:
    language, metric = column
    return ("MT-Bench", "role-play") if metric == "quality" else (language, metric)


def _row(cells: Mapping[Column, Cell], columns: Sequence[Column], form: str = "{}") -> list[str]:
    return [_mean(cells[column], form) if column in cells else "-" for column in columns]


def _mean(cell: Cell, form: str) -> str:
    """The mean with its bounds in `form`; by itself where it has none."""
    if math.isnan(cell.value):
        return "-"
    bounded = form if not math.isnan(cell.ci_low) else "{}"
    return bounded.format(*(f"{x:.2f}" for x in (cell.value, cell.ci_low, cell.ci_high)))


def _compared(comparison: Comparison) -> list[str]:
    d, p = comparison.difference, comparison.adjusted
    return [
        comparison.model,
        comparison.metric,
        f"{d.value:+.2f} [{d.low:+.2f}, {d.high:+.2f}]",
        f"{p:.4f}" if p >= 0.0001 else "< 0.0001",
        str(d.roles),
        f"{comparison.needed} for {WORTH[comparison.metric]}",
    ]


def _grid(head: Sequence[str], body: Iterable[Sequence[str]]) -> list[str]:
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *body]
    return ["| " + " | ".join(cell.replace("|", r"\|") for cell in line) + " |" for line in lines]
