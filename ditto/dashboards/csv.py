"""`logger=csv`: plain files in `<folder>/<run id>/`, beside the figures that every logger leaves there."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pydantic import NonNegativeInt

from ditto.dashboards.base import Run, Table
from ditto.dashboards.figures import as_csv
from ditto.store import write_atomically


@dataclass(frozen=True, slots=True)
class Csv:
    folder: str
    samples: NonNegativeInt

    def open(self, run: Run) -> "CsvBoard":
        return CsvBoard(Path(self.folder) / run.id, run)


class CsvBoard:
    """`run.json`, `summary.json` and a CSV file for each table."""

    def __init__(self, folder: Path, run: Run) -> None:
        self._folder = folder
        self._write("run.json", asdict(run))

    def metrics(self, step: int, values: Mapping[str, float]) -> None:
        """Nothing: they are in `metrics.csv` already (`Figures`)."""

    def summary(self, step: int, values: Mapping[str, Any]) -> None:
        self._write("summary.json", values)

    def table(self, step: int, table: Table) -> None:
        write_atomically(self._folder / f"{table.name}.csv", as_csv([table.columns, *table.rows]))

    def image(self, step: int, file: Path) -> None:
        """Nothing: it is a file where it is."""

    def close(self, *, failed: bool) -> None:
        """Nothing is open."""

    def _write(self, name: str, content: Mapping[str, Any]) -> None:
        write_atomically(self._folder / name, json.dumps(content, indent=2, ensure_ascii=False) + "\n")
