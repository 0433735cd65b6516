"""A study's plan, kept in `<root>/plan/<study>.jsonl` until its stages are done and can be compared."""

from collections.abc import Sequence
from pathlib import Path

from pydantic import TypeAdapter

from ditto.plan import terminal
from ditto.plan.compare import Line, compared
from ditto.plan.manifests import taken
from ditto.plan.step import Expected
from ditto.records import read_jsonl
from ditto.report.matrix import to_csv
from ditto.store import write_atomically


def keep(root: Path, study: str, rows: Sequence[Expected]) -> None:
    """Store what is expected of the stages to do, beside what was expected of those that are done by now."""
    path = _file(root, study)
    kept = {row.key: row for row in [*_read(path), *rows]}
    write_atomically(path, "".join(TypeAdapter(Expected).dump_json(row).decode() + "\n" for row in kept.values()))


def compare(root: Path, study: str, folder: Path) -> None:
    """Print planned against measured, and write it to `folder`/plan.csv, where the study was planned."""
    if lines := compared(_read(_file(root, study)), taken(root)):
        write_atomically(folder / "plan.csv", to_csv(lines, Line))
        terminal.show_compared(lines)


def _file(root: Path, study: str) -> Path:
    return root / "plan" / f"{study}.jsonl"


def _read(path: Path) -> list[Expected]:
    return read_jsonl(path, Expected) if path.is_file() and path.stat().st_size else []
