"""Several ranks of a tuning, in processes that torchrun or SLURM start with a resolved job.

They never see the command of the run, so that none of them starts the sweep again.
"""

import ctypes
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from omegaconf import DictConfig, OmegaConf

from ditto.errors import DittoError, StageError, StoreError
from ditto.progress import Progress
from ditto.stages.rank import COUNTS, ERROR, LOSSES, Counts
from ditto.tune.space import full, no_room

PDEATHSIG = 1  # of prctl(2)


def run_ranks(job: DictConfig, progress: Progress) -> Counts:
    """Start `job.launch.command` with the ranks' own, wait for it, and return what rank 0 counted.

    Raises:
        StoreError: the disk is full.
        StageError: a rank ended badly; the sentence is its own, or points to the log.
    """
    folder = Path(job.folder)
    file, log = folder / "job.yaml", folder / "ranks.log"
    for left in (COUNTS, ERROR, LOSSES):
        (folder / left).unlink(missing_ok=True)
    OmegaConf.save(job, file)
    command = [sys.executable if word == "python" else word for word in job.launch.command]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, "-m", "ditto.stages.rank", str(file)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=_end_with_parent,  # noqa: PLW1509 - no thread of ours holds a lock here
        )
    try:
        _follow(process, folder / LOSSES, progress)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait()
    if process.returncode or not (folder / COUNTS).exists():
        raise _failure(folder, log, process.returncode)
    counts: Counts = json.loads((folder / COUNTS).read_text())
    for used in (file, log, folder / COUNTS):
        used.unlink()
    return counts


def _follow(process: subprocess.Popen[bytes], losses: Path, progress: Progress) -> None:
    """Show the steps that rank 0 writes down until the ranks have ended."""
    shown = 0
    while process.poll() is None:
        time.sleep(0.1)
        steps = losses.read_text().splitlines()[1:] if losses.exists() else []
        if len(steps) > shown:
            progress.advance(len(steps) - shown, note=f"loss {steps[-1].partition(',')[2]}")
            shown = len(steps)


def _failure(folder: Path, log: Path, status: int) -> DittoError:
    if full(folder):  # which may also be why a rank could not write down its sentence
        return StoreError(no_room(folder))
    if (folder / ERROR).exists():
        return StageError((folder / ERROR).read_text())
    return StageError(f"The ranks of the tuning ended with status {status}; what they said last is in {log}.")


def _end_with_parent() -> None:
    """Have the kernel end the launcher, and it the ranks, when this process is killed."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PDEATHSIG, signal.SIGTERM)
