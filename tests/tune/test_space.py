"""What cannot be saved is not begun, and only a full disk is called one."""

from pathlib import Path

import pytest

from ditto.errors import StoreError
from ditto.tune.space import look_for_room, saving


def test_a_tuning_that_could_not_be_saved_does_not_begin(tmp_path: Path) -> None:
    look_for_room(tmp_path, 1024)
    with pytest.raises(StoreError, match=r"GiB free, and the tuning will write 9\.31e\+08 there\. Free space"):
        look_for_room(tmp_path, 1e18)


@pytest.mark.parametrize(
    "error", [OSError(28, "No space left on device"), RuntimeError("I/O error: No space left on device (os error 28)")]
)
def test_every_librarys_word_for_a_full_disk_is_understood(tmp_path: Path, error: Exception) -> None:
    with pytest.raises(StoreError, match="the disk is full"), saving(tmp_path):
        raise error


def test_other_failures_stay_what_they_are(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="shapes differ"), saving(tmp_path):
        raise RuntimeError("shapes differ")
