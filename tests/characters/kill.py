"""Work that kills its own process outright behind a certain block, and the count of the blocks that were read."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from signal import SIGKILL

import pytest

from ditto.characters import blocks as reader
from ditto.characters import scan
from ditto.characters.blocks import Block, Place, blocks

BEHIND = """
import os, sys
from signal import SIGKILL
from ditto.characters import blocks, scan
blocks.SIZE, blocks.READ = {size}, {size}
keep, left = scan._keep, {behind}
def kept(*arguments, **more):
    global left
    keep(*arguments, **more)
    left -= 1
    if left == 0:
        os.kill(os.getpid(), SIGKILL)
scan._keep = kept
{work}
"""


def killed(work: str, arguments: list[str], behind: int, size: int) -> bool:
    """Whether `work`, Python, was killed behind the block of that number, and not at its end before."""
    code = BEHIND.format(work=work, behind=behind, size=size)
    process = subprocess.run(
        [sys.executable, "-c", code, *arguments], check=False, capture_output=True, text=True, timeout=100
    )
    assert process.returncode in {0, -SIGKILL}, process.stderr
    return process.returncode == -SIGKILL


def cut(path: Path, size: int, monkeypatch: pytest.MonkeyPatch) -> list[Place]:
    """The places behind each block, of `size` bytes of text from now on."""
    monkeypatch.setattr(reader, "SIZE", size)
    monkeypatch.setattr(reader, "READ", size)
    places = [block.after for block in blocks(path)]
    assert len(places) > 3
    return places


def counted(monkeypatch: pytest.MonkeyPatch) -> list[Place]:
    """The places behind the blocks that scans read from now on."""
    places = list[Place]()

    def watched(path: Path, start: Place | None = None) -> Iterator[Block]:
        for block in blocks(path, start):
            places.append(block.after)
            yield block

    monkeypatch.setattr(scan, "blocks", watched)
    return places
