"""The journal at a million requests: written in batches, opened again, read, with the memory it takes."""

import multiprocessing
import tempfile
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

from benchmarks.timing import peak_mib
from ditto.engines.base import Completion, Request, Sampling
from ditto.journal import Journal

RECORDS = 1_000_000
BATCH = 1_000
Row = tuple[str, float, float]


def run() -> list[Row]:
    """(what, seconds, growth of its process in MiB at most) of each step, each in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "journal.jsonl"
        return [alone(name, step, path) for name, step in (("write", _write), ("open", _open), ("compact", _compact))]


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


def alone(name: str, step: Callable[[Path], None], path: Path) -> Row:
    """Time `step(path)` in a process of its own, and how much its memory grows."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_measured, args=(step, path, theirs))
    process.start()
    seconds, mib = ours.recv()
    process.join()
    return name, seconds, mib


def _measured(step: Callable[[Path], None], path: Path, pipe: Connection) -> None:
    start, before = time.perf_counter(), peak_mib()
    step(path)
    pipe.send((time.perf_counter() - start, peak_mib() - before))
