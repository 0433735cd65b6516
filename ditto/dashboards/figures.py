"""The figures of a run as they come, a line a step: dashboards that go on with a run are told its past from here.

W&B loses what it has in memory of an offline run when the process is killed; these lines stay.
"""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

from ditto.store import write_atomically

Values = Mapping[str, float]


class Figures:
    """`file` has the column `step`, and one for each figure."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._stream: TextIO | None = None
        self._columns: Sequence[str] = ()

    def read(self) -> dict[int, Values]:
        """The figures of each step; half a line, of a process that was killed, is none."""
        if not self._file.exists():
            return {}
        whole, _, _ = self._file.read_text("utf-8").rpartition("\n")
        rows = [
            {name: float(value) for name, value in row.items() if value} for row in csv.DictReader(io.StringIO(whole))
        ]
        return {int(row.pop("step")): row for row in rows}

    def add(self, step: int, values: Values) -> None:
        """A line, out of this process when it returns; the first one takes the place of its step and all after it."""
        if self._stream is None or not set(values) <= set(self._columns):
            self.close()
            self._columns = self._write({at: v for at, v in self.read().items() if at < step}, values)
            self._stream = self._file.open("a", encoding="utf-8", newline="")
        self._stream.write(as_csv([_line(step, values, self._columns)]))
        self._stream.flush()

    def fill(self, figures: Mapping[int, Values]) -> Mapping[int, Values]:
        """Write down those of steps that have none yet; returns these."""
        there = self.read()
        lacking = {step: values for step, values in figures.items() if step not in there}
        if lacking:
            self.close()
            self._write(dict(sorted({**there, **lacking}.items())))
        return lacking

    def close(self) -> None:
        if self._stream:
            self._stream.close()
            self._stream = None

    def _write(self, figures: Mapping[int, Values], *more: Values) -> Sequence[str]:
        """Replace the file; returns its columns, those of `more` among them."""
        columns = ["step", *dict.fromkeys(name for values in (*figures.values(), *more) for name in values)]
        write_atomically(self._file, as_csv([columns, *(_line(at, v, columns) for at, v in figures.items())]))
        return columns


def as_csv(rows: Iterable[Sequence[Any]]) -> str:
    """None becomes an empty field."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue()


def _line(step: int, values: Values, columns: Sequence[str]) -> list[float | None]:
    return [step, *(values.get(name) for name in columns[1:])]
