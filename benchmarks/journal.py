"""The journal at a million requests: written in batches, opened again, read, with the memory it takes."""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.timing import alone, peak_mib
from ditto.engines.base import Completion, Request, Sampling
from ditto.journal import Journal

RECORDS = 1_000_000
BATCH = 1_000
Row = tuple[str, float, float]


def run() -> list[Row]:
    """(what, seconds, growth of its process in MiB at most) of each step, each in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "journal.jsonl"
        steps = {"write": _write, "open": _open, "compact": _compact}
        return [(name, *alone(growth, step, path)) for name, step in steps.items()]


def _write(path: Path) -> None:
    journal, sampling = Journal(path), Sampling()
    for start in range(0, RECORDS, BATCH):
        journal.append(
            (
                f"{i * 0x9E3779B97F4A7C15 % (1 << 64):016x}",
                _request(i, sampling),
                Completion("Aye. " * 20, "stop", 90, 40),
            )
            for i in range(start, start + BATCH)
        )


def _request(i: int, sampling: Sampling) -> Request:
    return Request(({"role": "user", "content": f"question {i}"},), sampling)


def _open(path: Path) -> None:
    assert len(Journal(path)) == RECORDS


def _compact(path: Path) -> None:
    Journal(path).compact()


def growth(step: Callable[[Path], None], path: Path) -> tuple[float, float]:
    """Seconds of `step(path)`, and MiB by which the memory of this process grew."""
    start, before = time.perf_counter(), peak_mib()
    step(path)
    return time.perf_counter() - start, peak_mib() - before
