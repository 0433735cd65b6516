import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ditto.characters import blocks, scan
from ditto.errors import ConfigError, DataError, StageError
from ditto.progress import Progress
from tests.characters.dumps import KINDS, packed

TEXT = b"".join(b"line %d %s\n" % (n, b"x" * (n % 97)) for n in range(3_000))


@dataclass(frozen=True)
class Numbered:
    """Keeps every line with its number; `log` is told which process read what."""

    log: Path | None = None
    seconds: float = 0.0
    dies: bool = False

    @property
    def end(self) -> bytes:
        return b"\n"

    def read(self, units: bytes) -> list[bytes]:
        if self.dies:
            os._exit(1)
        time.sleep(self.seconds)
        if self.log:
            with self.log.open("ab") as file:
                file.write(b"%d " % os.getpid() + units[: units.find(b"\n")] + b"\n")
        return units.split(b"\n")[:-1]

    def store(self, work: sqlite3.Connection, found: list[bytes], line: int) -> None:
        work.executemany("INSERT INTO lines VALUES (?, ?)", enumerate(found, start=line))

    def finish(self, work: sqlite3.Connection, rest: bytes, line: int) -> None:
        self.store(work, [rest] if rest else [], line)


def opened(folder: Path) -> sqlite3.Connection:
    work = scan.work_file(folder / "work" / "scan.sqlite")
    work.execute("CREATE TABLE IF NOT EXISTS lines (number INTEGER PRIMARY KEY, line BLOB)")
    return work


def scanned(path: Path, folder: Path, job: Numbered = Numbered(), workers: int = 2) -> list[tuple[int, bytes]]:
    work = opened(folder)
    scan.scan(path, job, work, "lines", workers, "reading")
    return work.execute("SELECT * FROM lines ORDER BY number").fetchall()


def expected(data: bytes) -> list[tuple[int, bytes]]:
    lines = data.split(b"\n")
    return list(enumerate(lines if lines[-1] else lines[:-1]))


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "SIZE", 5_000)
    monkeypatch.setattr(blocks, "READ", 1_000)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.usefixtures("small")
def test_every_line_is_read_once_with_its_number(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "file"
    path.write_bytes(packed(TEXT, kind))
    assert scanned(path, tmp_path) == expected(TEXT)


@given(data=st.lists(st.sampled_from([b"\n", b"a", b"bc" * 40, b"\r"]), max_size=60).map(b"".join))
@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_lines_longer_than_blocks_and_empty_ones(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, data: bytes
) -> None:
    monkeypatch.setattr(blocks, "SIZE", 7)
    folder = tmp_path_factory.mktemp("scan")
    (folder / "file").write_bytes(data)
    assert scanned(folder / "file", folder, workers=1) == expected(data)


@pytest.mark.usefixtures("small")
def test_a_finished_scan_is_not_repeated(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(TEXT)
    before = scanned(path, tmp_path)
    path.unlink()
    assert scanned(path, tmp_path) == before


def kill_when(path: Path, folder: Path, log: Path, told: Callable[[], bool]) -> None:
    """Scan in a process of its own, and kill it outright when something is so."""
    code = (
        "import sys; from pathlib import Path; from ditto.characters import blocks; blocks.SIZE = 5_000\n"
        "from tests.characters.test_scan import Numbered, scanned\n"
        "path, folder, log = map(Path, sys.argv[1:]); scanned(path, folder, Numbered(log, 0.02))"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(path), str(folder), str(log)])
    while process.poll() is None and not told():
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks for processes in /proc")
@pytest.mark.parametrize("kind", ["gzip", "streams"])
def test_a_killed_scan_goes_on_behind_the_last_stored_block(tmp_path: Path, small: None, kind: str) -> None:
    path, log = tmp_path / "file", tmp_path / "log"
    path.write_bytes(packed(TEXT, kind, pieces=30))
    kill_when(path, tmp_path, log, lambda: log.exists() and log.read_bytes().count(b"\n") > 9)
    pids = {int(line.split()[0]) for line in log.read_bytes().splitlines()}
    stored = {line for (line,) in opened(tmp_path).execute("SELECT line FROM lines")}
    log.unlink()
    assert 0 < len(stored) < len(expected(TEXT))
    assert scanned(path, tmp_path, Numbered(log)) == expected(TEXT)
    assert not stored & {line.split(b" ", 1)[1] for line in log.read_bytes().splitlines()}
    until = time.monotonic() + 20
    while any(map(alive, pids)) and time.monotonic() < until:
        time.sleep(0.01)
    assert not any(map(alive, pids))


def test_a_worker_that_ends_is_told(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(TEXT)
    with pytest.raises(StageError, match=r"process reading .* has ended: is there memory for characters\.workers=2"):
        scanned(path, tmp_path, Numbered(dies=True))


def test_a_block_that_is_damaged_is_told_and_those_before_are_kept(tmp_path: Path) -> None:
    data = bytearray(packed(TEXT, "streams"))
    data[len(data) // 2] ^= 0x55
    path = tmp_path / "file"
    path.write_bytes(data)
    with pytest.raises(DataError, match="damaged near byte"):
        scanned(path, tmp_path)
    kept = opened(tmp_path).execute("SELECT * FROM lines ORDER BY number").fetchall()
    assert kept
    assert kept == expected(TEXT)[: len(kept)]


def test_progress_is_of_what_is_left_and_comes_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, small: None
) -> None:
    totals, steps = [], []

    class Watched(Progress):
        def __init__(self, title: str, total: int) -> None:
            totals.append((title, total))
            super().__init__(title, total)

        def advance(self, steps_: int = 1, note: str = "") -> None:
            steps.append(steps_)

    monkeypatch.setattr(scan, "Progress", Watched)
    monkeypatch.setattr(scan, "MIB", 100)
    path = tmp_path / "file.gz"
    path.write_bytes(packed(TEXT, "gzip"))
    scanned(path, tmp_path)
    assert totals == [("reading (MiB of file.gz)", path.stat().st_size // 100)]
    assert sum(steps) == path.stat().st_size // 100
    assert len(steps) > 3


def test_a_file_without_any_end_of_a_line_is_refused_early(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "SIZE", 100)
    monkeypatch.setattr(scan, "LONGEST", 1_000)
    path = tmp_path / "file"
    path.write_bytes(b"x" * 5_000)
    with pytest.raises(DataError, match=r"has 0 MiB without b'\\n' in them: it is no such dump"):
        scanned(path, tmp_path)


def test_no_workers_cannot_be_meant(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"characters\.workers=0 cannot be meant"):
        scanned(tmp_path, tmp_path, workers=0)
