"""An ablation as a terminal shows it."""

from collections.abc import Sequence
from typing import Final

from rich.console import Console
from rich.table import Table

from ditto.report.arms import ArmLine, Difference
from ditto.report.matrix import ALL, measured
from ditto.report.terminal import interval

NONE_APART: Final = (
    "No arm can be compared with the first: that takes a cell which both have, scored for two roles at least."
)


def show(lines: Sequence[ArmLine], apart: Sequence[Difference], title: str) -> None:
    """Print the tuned models over all languages, and how far each lies from the first arm's, to standard output."""
    console = Console(width=None if Console().is_terminal else 120, highlight=False)
    console.print(_arms([x for x in lines if x.row == "imitation" and x.language == ALL], title))
    console.print(_apart([x for x in apart if x.language == ALL]) if apart else NONE_APART)


def _arms(lines: Sequence[ArmLine], title: str) -> Table:
    table = Table(title=f"{title}: mean [95% interval] of the tuned models", title_style="bold")
    metrics = measured(x.metric for x in lines)
    for column in ("arm", "seed", "supervisor"):
        table.add_column(column)
    for metric in metrics:
        table.add_column(metric, justify="right")
    rows: dict[tuple[str, str, str], dict[str, ArmLine]] = {}
    for x in lines:
        rows.setdefault((x.arm, x.seed, x.supervisor), {})[x.metric] = x
    for row, by_metric in rows.items():
        table.add_row(*row, *(interval(by_metric[m]) for m in metrics))
    return table


def _apart(apart: Sequence[Difference]) -> Table:
    table = Table(title=f"Against {apart[0].against}, p adjusted over all languages", title_style="bold")
    for column in ("arm", "seed", "supervisor", "metric"):
        table.add_column(column)
    for column in ("difference", "p"):
        table.add_column(column, justify="right")
    for x in apart:
        shown = f"{x.value:+.2f} [{x.ci_low:+.2f}, {x.ci_high:+.2f}]"
        table.add_row(x.arm, x.seed, x.supervisor, x.metric, shown, f"{x.adjusted:.3f}")
    return table
