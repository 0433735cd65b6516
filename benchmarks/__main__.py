"""`python -m benchmarks [name ...]`: run all of them, or those named, and print their ratios."""

import os
import sys
from collections.abc import Callable, Mapping, Sequence

import torch
from rich.console import Console
from rich.table import Table
from transformers.utils import logging

from benchmarks import characters, generation, gpu, journal, judging, latency, many, prefixes, trl, tuning
from benchmarks.timing import machine

Rates = Sequence[tuple[str, float]]


def main() -> None:
    logging.disable_progress_bar()
    console = Console(width=100)
    for name in sys.argv[1:] or BENCHMARKS:
        BENCHMARKS[name](console)
    console.print(machine())


def show(console: Console, title: str, unit: str, rates: Rates) -> None:
    """A table of rates, ours first, each with our ratio over it."""
    table = Table("", title=title, title_style="bold")
    for column in (unit, "ours over it"):
        table.add_column(column, justify="right")
    for name, rate in rates:
        table.add_row(name, f"{rate:,.1f}", f"{rates[0][1] / rate:.2f}")
    console.print(table)


def _prefixes(console: Console) -> None:
    for title, rates in prefixes.run():
        show(console, f"shared prefixes: {title}", "requests/s", rates)


def _memory(title: str, rows: Sequence[journal.Row], console: Console) -> None:
    table = Table("", "seconds", "MiB more", title=title, title_style="bold")
    for name, seconds, mib in rows:
        table.add_row(name, f"{seconds:.1f}", f"{mib:.0f}")
    console.print(table)


def _trl(console: Console) -> None:
    rows = trl.run()
    table = Table("", title="tuning 44 million parameters, non-pad tokens", title_style="bold")
    for column in ("tokens/s", "peak MiB", "our best over it"):
        table.add_column(column, justify="right")
    best = max(rate for name, rate, _ in rows if name.startswith("ours"))
    for name, rate, mib in rows:
        table.add_row(name, f"{rate:,.0f}", f"{mib:,.0f}", f"{best / rate:.2f}")
    console.print(table)


def _characters(console: Console) -> None:
    for what, rows, memory in characters.run():
        table = Table("", title=f"{what} of dumps, {os.cpu_count()} cores", title_style="bold")
        for column in (f"{what}/s", "per core", "ours per core over it"):
            table.add_column(column, justify="right")
        for row in rows:
            table.add_row(
                row.name, f"{row.each:,.0f}", f"{row.per_core:,.0f}", f"{rows[0].per_core / row.per_core:.2f}"
            )
        console.print(table)
        peaks = Table("", "seconds", "peak MiB", title=f"memory, {what}: all processes", title_style="bold")
        for name, seconds, mib in memory:
            peaks.add_row(name, f"{seconds:.1f}", f"{mib:.0f}")
        console.print(peaks)


def _gpu(console: Console) -> None:
    if not torch.cuda.is_available():
        table = Table("", "expected GiB", title="tuning on a GPU: none here; with one, ours and TRL's, packed to 4,096")
        for case in gpu.cases():
            table.add_row(f"Qwen2.5-{case.shape}, random weights, tuning={case.tuning}", f"{case.cost().gib:.0f}")
    else:
        table = Table("", "", "tokens/s", "peak GiB", "utilisation", title="tuning on a GPU, packed to 4,096")
        for row in gpu.rows():
            table.add_row(*row)
    console.print(table)


BENCHMARKS: Mapping[str, Callable[[Console], None]] = {
    "generation": lambda c: show(c, "simulation, engine=transformers", "requests/s", generation.run()),
    "tuning": lambda c: show(c, "tuning, trainer=cpu", "tokens/s", tuning.run()),
    "trl": _trl,
    "gpu": _gpu,
    "prefixes": _prefixes,
    "latency": lambda c: show(
        c, f"engine=openai, {latency.CONCURRENCY} in flight, {latency.LATENCY} s a reply", "requests/s", latency.run()
    ),
    "judging": lambda c: show(c, f"judge=llm, {judging.LATENCY} s a reply", "roles a minute", judging.run()),
    "journal": lambda c: _memory(f"journal of {journal.RECORDS:,} replies", journal.run(), c),
    "characters": _characters,
    "many": lambda c: _memory(f"simulation, articles of {many.ARTICLE:,} characters", many.run(), c),
}


if __name__ == "__main__":
    main()
