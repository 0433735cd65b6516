"""Progress of long work: a bar with an estimate on a terminal, a line now and then elsewhere."""

import sys
import time
from types import TracebackType
from typing import Final, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

SECONDS_BETWEEN_LINES: Final = 15.0


class Progress:
    """Counts towards a total; `note` adds a few words such as the loss."""

    def __init__(self, title: str, total: int) -> None:
        self._title, self._total, self._done = title, total, 0
        self._start = self._told = time.monotonic()
        self._bar = _bar() if sys.stderr.isatty() else None

    def __enter__(self) -> Self:
        if self._bar:
            self._bar.start()
            self._task = self._bar.add_task(self._title, total=self._total, note="")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar:
            self._bar.stop()

    def advance(self, steps: int = 1, note: str = "") -> None:
        self._done += steps
        if self._bar:
            self._bar.update(self._task, advance=steps, note=note)
        elif time.monotonic() - self._told > SECONDS_BETWEEN_LINES:
            self._told = time.monotonic()
            left = (self._told - self._start) / self._done * (self._total - self._done)
            print(
                f"  {self._title} {self._done}/{self._total}, about {left:.0f} s left {note}",
                file=sys.stderr,
                flush=True,
            )


def _bar() -> Bar:
    return Bar(
        TextColumn("  {task.description}"),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
        console=Console(stderr=True),
        transient=True,
    )
