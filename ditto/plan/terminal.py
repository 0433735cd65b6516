"""A plan as a terminal shows it."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from ditto.plan.compare import TOTAL, Line
from ditto.plan.hardware import Hardware
from ditto.plan.step import Expected, Memory, Step

Rows = Sequence[tuple[Step, Expected]]


def show(name: str, hardware: Hardware, rows: Rows, memory: Sequence[Memory], notes: Sequence[str]) -> None:
    """Print the stages, the memory of tunings, the sums and what they rest on."""
    console = Console(width=None if Console().is_terminal else 120, highlight=False)
    console.print(_stages(name, hardware, rows))
    console.print(_memory(memory, hardware))
    console.print(total([row for step, row in rows if not step.cached], hardware))
    for note in notes:
        console.print(f"- {note}")


def show_compared(lines: Sequence[Line]) -> None:
    """Print planned against measured, a stage summed over its artifacts."""
    console = Console(width=None if Console().is_terminal else 120, highlight=False)
    table = Table(title="planned / measured", title_style="bold")
    table.add_column("stage")
    for column in ("artifacts", "requests", "prompt tokens", "reply tokens", "seconds"):
        table.add_column(column, justify="right")
    for stage in dict.fromkeys(line.stage for line in lines):
        of = [line for line in lines if line.stage == stage]
        sums = [_both(of, what) for what in ("requests", "prompt_tokens", "reply_tokens", "seconds")]
        table.add_row(stage, str(len(lines) - 1 if stage == TOTAL else len(of)), *sums)
    console.print(table)


def _both(lines: Sequence[Line], what: str) -> str:
    planned, measured = (sum(getattr(line, f"{what}_{which}") for line in lines) for which in ("planned", "measured"))
    return f"{planned:,.0f} / {measured:,.0f}"


def total(rows: Sequence[Expected], hardware: Hardware) -> str:
    """All that is to do, in a line."""
    known = [row.dollars for row in rows if row.dollars is not None]
    cost = f"${sum(known):,.2f}" if len(known) == len(rows) else f"${sum(known):,.2f} and what has no price"
    gpu = "" if hardware.is_cpu else f", {sum(row.gpu_seconds for row in rows) / 3600:,.3g} GPU hours"
    requests, prompt, reply = (
        sum(getattr(row, name) for row in rows) for name in ("requests", "prompt_tokens", "reply_tokens")
    )
    return (
        f"To do: {len(rows)} stages, {requests:,} requests, {prompt:,} prompt and {reply:,} reply tokens, "
        f"{duration(sum(row.seconds for row in rows))} on {hardware}{gpu}, API cost {cost}."
    )


def duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:,.1f} h"


def _stages(name: str, hardware: Hardware, rows: Rows) -> Table:
    table = Table(title=f"plan of {name} on {hardware}", title_style="bold")
    for column in ("stage", "what", "state"):
        table.add_column(column)
    for column in ("requests", "prompt", "reply", "time", "cost"):
        table.add_column(column, justify="right")
    for step, row in sorted(rows, key=lambda r: _order(r, rows)):
        state = "[green]cached[/]" if step.cached else "to do"
        cost = "" if row.dollars == 0 else "no price" if row.dollars is None else f"${row.dollars:,.2f}"
        told = [f"{n:,}" if n else "" for n in (row.requests, row.prompt_tokens, row.reply_tokens)]
        table.add_row(step.stage, step.label, state, *told, duration(row.seconds) if row.seconds else "", cost)
    return table


def _order(row: tuple[Step, Expected], rows: Rows) -> int:
    return list(dict.fromkeys(step.stage for step, _ in rows)).index(row[0].stage)


def _memory(memory: Sequence[Memory], hardware: Hardware) -> Table:
    table = Table(title=f"GiB a device that tuning takes, of {hardware.memory:g}", title_style="bold")
    for column in ("seed", "ZeRO"):
        table.add_column(column)
    for column in ("ranks", "weights", "gradients, moments", "activations", "in all"):
        table.add_column(column, justify="right")
    table.add_column("")
    for m in memory:
        fits = "" if m.total <= hardware.memory else "[red]does not fit[/]"
        mark = "[bold]<- trainer[/] " if m.chosen else ""
        sizes = (f"{gib:,.3g}" for gib in (m.weights, m.states, m.activations, m.total))
        table.add_row(m.name, str(m.zero) if m.zero else "none", str(m.ranks), *sizes, mark + fits)
    return table
