"""Run `python -m ditto.run` as a person would, on the smallest study that still has every stage."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

TINY: Final = ("characters.n_train=6", "characters.n_test=4", "tuning.steps=3", "engine.batch_size=16")
CELL: Final = ("model@seed=nano_xs", *TINY)


def start(root: Path, *arguments: str, cwd: Path | None = None) -> subprocess.Popen[str]:
    options = [word for word in arguments if word.startswith("-")]
    overrides = [word for word in arguments if not word.startswith("-")]
    command = [sys.executable, "-m", "ditto.run", *options, f"paths.root={root}", *overrides]
    environment = {k: v for k, v in os.environ.items() if k != "DITTO_RUN_ID"}
    return subprocess.Popen(
        command, cwd=cwd, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def ditto(root: Path, *arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run to the end; fails the test with the command's output when it fails."""
    process = start(root, *arguments, cwd=cwd)
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, f"{out}\n{err}"
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def matrix(root: Path, study: str = "default") -> str:
    return (root / "report" / study / "matrix.csv").read_text("utf-8")


def made(log: str) -> list[str]:
    """The artifacts that a run's log says it made."""
    return [" ".join(line.split()[:2]) for line in log.splitlines() if line.endswith("  ...")]
