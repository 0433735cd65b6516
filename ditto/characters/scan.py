"""A dump read once from one end to the other, on all cores, with what was found kept in SQLite.

Blocks are cut anywhere, so each worker reads the whole units (lines, pages) of its block and hands back the pieces of
units at both ends; two such pieces make one unit, which is read here. What a block gave is committed together with the
place behind it: a killed scan goes on there. Memory holds a few blocks for each worker, whatever the file's size.
"""

import os
import socket
import sqlite3
import subprocess
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from queue import SimpleQueue
from types import TracebackType
from typing import Any, Final, Generic, Protocol, Self, TypeVar

from ditto.characters.blocks import Block, Place, blocks, damaged
from ditto.errors import ConfigError, DataError, StageError
from ditto.progress import Progress

R = TypeVar("R")
MIB: Final = 1 << 20
LONGEST: Final = 1 << 28  # bytes a line or page may have; Wikidata's longest lines have some MiB
SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS scans (
    name TEXT PRIMARY KEY, offset INTEGER, skip INTEGER, rest BLOB, lines INTEGER, ended INTEGER
)"""


class Job(Protocol[R]):
    """What is done with a dump. It is sent to workers, so it can be pickled."""

    @property
    def end(self) -> bytes:
        """What every unit ends with."""

    def read(self, units: bytes) -> R:
        """In a worker: what there is of use in some whole units."""

    def store(self, work: sqlite3.Connection, found: R, line: int) -> None:
        """Keep it; `line` is the number of lines in front of those units."""

    def finish(self, work: sqlite3.Connection, rest: bytes, line: int) -> None:
        """At the end of the file, with what is behind the last unit.

        Raises:
            DataError: the dump cannot end so.
        """


@dataclass(frozen=True, slots=True)
class Parts(Generic[R]):
    """A block's text: the end of a unit, whole ones (already read) with the number of their lines, and a beginning.

    `whole` is false where no unit ends in it: all of it is in `rest`.
    """

    whole: bool
    first: bytes
    found: R | None
    lines: int
    rest: bytes


def work_file(path: Path) -> sqlite3.Connection:
    """The database that scans keep their finds in. A kill leaves it as it was after some block."""
    path.parent.mkdir(parents=True, exist_ok=True)
    work = sqlite3.connect(path)
    work.execute("PRAGMA journal_mode=WAL")
    work.execute("PRAGMA synchronous=NORMAL")
    work.execute(SCHEMA)
    return work


def scan(path: Path, job: Job[Any], work: sqlite3.Connection, name: str, workers: int, title: str) -> None:
    """Read a dump to its end, from where the scan of that name was left; a finished one is not repeated.

    Raises:
        ConfigError: no such number of workers.
        DataError: the file cannot be read, is damaged or truncated, or the job refuses it.
    """
    if workers < 1:
        raise ConfigError(f"characters.workers={workers} cannot be meant: give 1 or more.")
    place, rest, line, ended = _begun(work, name)
    if ended:
        return
    with Workers(path, job, workers) as pool, _progress(path, place, title) as progress:
        told = place.offset // 8 // MIB
        for place, read, parts in pool.read(blocks(path, place)):  # noqa: B020  (where the next block begins)
            if parts.whole:
                line, rest = _store(job, work, rest, parts, line), b""
            rest += parts.rest
            if len(rest) > LONGEST:
                raise DataError(f"{path} has {LONGEST // MIB} MiB without {job.end!r} in them: it is no such dump.")
            _keep(work, name, place, rest, line)
            if read // MIB > told:
                progress.advance(read // MIB - told)
                told = read // MIB
    job.finish(work, rest, line)
    _keep(work, name, place, rest, line, ended=True)


def _store(job: Job[R], work: sqlite3.Connection, rest: bytes, parts: Parts[R], line: int) -> int:
    seam = rest + parts.first
    job.store(work, job.read(seam), line)
    line += seam.count(b"\n")
    if parts.found is not None:
        job.store(work, parts.found, line)
    return line + parts.lines


def _begun(work: sqlite3.Connection, name: str) -> tuple[Place, bytes, int, bool]:
    row = work.execute("SELECT offset, skip, rest, lines, ended FROM scans WHERE name = ?", (name,)).fetchone()
    return (Place(row[0], row[1]), row[2], row[3], bool(row[4])) if row else (Place(), b"", 0, False)


def _keep(work: sqlite3.Connection, name: str, place: Place, rest: bytes, line: int, *, ended: bool = False) -> None:
    row = (name, place.offset, place.skip, rest, line, ended)
    work.execute("INSERT OR REPLACE INTO scans VALUES (?, ?, ?, ?, ?, ?)", row)
    work.commit()


def _progress(path: Path, place: Place, title: str) -> Progress:
    """Of what is left of the file, so that the estimate holds after a kill."""
    return Progress(f"{title} (MiB of {path.name})", max((path.stat().st_size - place.offset // 8) // MIB, 1))


def parted(text: bytes, job: Job[R]) -> Parts[R]:
    """A block's text in its parts, the whole units read."""
    first, last = text.find(job.end), text.rfind(job.end)
    if first < 0:
        return Parts(whole=False, first=b"", found=None, lines=0, rest=text)
    first, last = first + len(job.end), last + len(job.end)
    units = text[first:last]
    return Parts(
        whole=True,
        first=text[:first],
        found=job.read(units) if units else None,
        lines=units.count(b"\n"),
        rest=text[last:],
    )


class Workers(Generic[R]):
    """Processes that read blocks. They end with their pipes: when this one closes them, or is killed."""

    def __init__(self, path: Path, job: Job[R], n: int) -> None:
        self._path, self._n = path, n
        self._idle = SimpleQueue[Connection]()
        self._threads = ThreadPoolExecutor(n)
        self._started = [_start(job) for _ in range(n)]
        for _, pipe in self._started:
            self._idle.put(pipe)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._threads.shutdown(cancel_futures=True)
        for process, pipe in self._started:
            pipe.close()
            process.wait()

    def read(self, these: Iterable[Block]) -> Iterator[tuple[Place, int, Parts[R]]]:
        """Each block's parts, with where the next block begins and the bytes read by then, in order; few are held.

        Raises:
            DataError: a block is damaged.
            StageError: a worker has ended.
        """
        window = deque[tuple[Place, int, Future[Parts[R]]]]()
        for block in these:
            window.append((block.after, block.read, self._threads.submit(self._ask, block)))
            if len(window) > self._n + 1:
                yield _first(window)
        while window:
            yield _first(window)

    def _ask(self, block: Block) -> Parts[R]:
        pipe = self._idle.get()
        try:
            pipe.send(block)
            answer: Parts[R] | None = pipe.recv()
        except (EOFError, OSError):
            raise StageError(
                f"A process reading {self._path} has ended: is there memory for characters.workers={self._n}?"
            ) from None
        finally:
            self._idle.put(pipe)
        if answer is None:
            raise damaged(self._path, block.after)
        return answer


def _first(window: deque[tuple[Place, int, Future[Parts[R]]]]) -> tuple[Place, int, Parts[R]]:
    after, read, answer = window.popleft()
    return after, read, answer.result()


def _start(job: Job[Any]) -> tuple[subprocess.Popen[bytes], Connection]:
    """A worker in a session of its own, so that Ctrl-C reaches this process alone."""
    ours, theirs = socket.socketpair()
    with theirs:
        command = [sys.executable, "-m", "ditto.characters.scan_worker", str(theirs.fileno())]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        process = subprocess.Popen(command, pass_fds=[theirs.fileno()], env=environment, start_new_session=True)
    pipe = Connection(ours.detach())
    pipe.send(job)
    return process, pipe
