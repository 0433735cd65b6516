"""A judge's validation as a terminal shows it."""

import math
from collections.abc import Mapping, Sequence
from string import ascii_uppercase

from rich.console import Console
from rich.table import Table

from ditto.evaluate.statistics import Interval
from ditto.evaluate.validation import Validation


def show(found: Validation, faults: Sequence[str], spent: Mapping[str, float], title: str) -> None:
    """Print the tables, what a thousand verdicts cost, and what speaks against the judge."""
    console = Console(width=None if Console().is_terminal else 120, highlight=False)
    console.print(_metrics(found, title))
    console.print(_kinds(found))
    if found.places:
        shares = ", ".join(
            f"{letter} {share.value:.0%}" for letter, share in zip(ascii_uppercase, found.places, strict=False)
        )
        console.print(f"Places chosen among the candidates: {shares}.")
    for words, d in (
        ("A long stretch moves the marks of right answers by", found.long_right),
        ("A long stretch moves the marks of wrong answers by", found.long_wrong),
        ("An instruction costs right verdicts", found.misled),
        ("Its own answers are marked above their worth, others' aside, by", found.own),
    ):
        if d:
            console.print(f"{words} {d.value:+.2f} [{d.low:+.2f}, {d.high:+.2f}].")
    if spent:
        dollars = f", ${spent['dollars']:.2f}" if spent["dollars"] else ""
        tokens = f"{spent['prompt_tokens']:,.0f} prompt and {spent['completion_tokens']:,.0f} reply tokens"
        console.print(f"A thousand verdicts take {tokens}{dollars}.")
    for fault in faults:
        console.print(f"[red]{fault}[/]")
    if not faults:
        console.print("[green]Nothing speaks against this judge here.[/]")


def _metrics(found: Validation, title: str) -> Table:
    table = Table(title=f"{title}: a judge against the truth", title_style="bold")
    for column in ("metric", "right verdicts", "kappa", "votes agree (alpha)", "spread of votes", "readable"):
        table.add_column(column, justify="left" if column == "metric" else "right")
    for m in found.metrics:
        numbers = (f"{x:.2f}" if x is not None else "-" for x in (m.kappa, m.alpha, m.spread))
        table.add_row(m.metric, _share(m.accuracy), *numbers, "-" if m.parsed is None else f"{m.parsed:.1%}")
    return table


def _kinds(found: Validation) -> Table:
    table = Table(title="By kind of planted answer", title_style="bold")
    for column in ("answer", "metric", "cases", "scored", "right verdicts", "mean vote"):
        table.add_column(column, justify="left" if column in ("answer", "metric") else "right")
    before = None
    for line in found.lines:
        if before not in (None, line.kind):
            table.add_section()
        name, before = ("" if line.kind == before else line.kind), line.kind
        mean = "-" if math.isnan(line.mean) else f"{line.mean:.2f}"
        table.add_row(name, line.metric, str(line.cases), str(line.scored), _share(line.accuracy), mean)
    return table


def _share(share: Interval) -> str:
    return "-" if math.isnan(share.value) else f"{share.value:.1%} [{share.low:.1%}, {share.high:.1%}]"
