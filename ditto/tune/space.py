"""Room on the disk: looked for before a tuning begins, and named when a save fails for want of it."""

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from ditto.errors import DittoError, StoreError
from ditto.tune.estimate import GIB

FULL: Final = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
WORDS: Final = ("No space left", "Disk quota exceeded", "File too large")  # safetensors has no errno

ADVICE: Final = "Free space there, or set paths.root to another folder"


def look_for_room(folder: Path, needed: float) -> None:
    """Refuse to begin what cannot be saved.

    Raises:
        StoreError: fewer than `needed` bytes are free.
    """
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise StoreError(
            f"{folder} has {free / GIB:.3g} GiB free, and the tuning will write {needed / GIB:.3g} there. {ADVICE}; "
            "checkpoint_every=0 writes less."
        )


@contextmanager
def saving(folder: Path) -> Iterator[None]:
    """Turn what a library says about a full disk into one sentence; torch's writer speaks of positions alone.

    Raises:
        StoreError: the disk is full.
    """
    try:
        yield
    except (DittoError, KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # torch's distributed checkpoint has errors that are no Exception
        told = isinstance(error, OSError) and error.errno in FULL
        if not told and not any(word in str(error) for word in WORDS) and not full(folder):
            raise
        raise StoreError(no_room(folder)) from error


def full(folder: Path) -> bool:
    return shutil.disk_usage(folder).free < 1 << 20


def no_room(folder: Path) -> str:
    return f"Cannot write {folder}: the disk is full. {ADVICE}; what was saved before is kept."
