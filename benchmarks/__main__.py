"""`python -m benchmarks`: run all of them and print their ratios (a few minutes on a CPU)."""

from rich.console import Console
from rich.table import Table
from transformers.utils import logging

from benchmarks import generation, tuning
from benchmarks.timing import machine


def main() -> None:
    logging.disable_progress_bar()
    console = Console(width=100)
    for title, unit, rates in (
        ("simulation, engine=transformers", "requests/s", generation.run()),
        ("tuning, trainer=cpu", "tokens/s", tuning.run()),
    ):
        table = Table(title=title, title_style="bold")
        for column in ("", unit, "ours over it"):
            table.add_column(column, justify="right" if column else "left")
        ours = rates[0][1]
        for name, rate in rates:
            table.add_row(name, f"{rate:,.1f}", f"{ours / rate:.2f}")
        console.print(table)
    console.print(machine())


if __name__ == "__main__":
    main()
