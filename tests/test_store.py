"""An artifact is made once, appears whole or not at all, and is never served damaged."""

import errno
import json
import logging
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from ditto.errors import StoreError
from ditto.store import MANIFEST, Recipe, Store, digest, write_atomically

RECIPE = Recipe("stage", "label", 1, {"a": 1, "b": {"c": [1, 2], "d": None}}, {"up": "0123"})
# What other processes run: they share nothing with this one but the store's folder. A warning holds them
# up for as long as the last file exists.
CHILD = """
import logging, sys, time
from pathlib import Path
from ditto.store import Recipe, Store

root, said, sleep, hold = Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3]), Path(sys.argv[4])

class Hold(logging.Handler):
    def emit(self, record):
        hold.with_name("held").touch()
        while hold.exists():
            time.sleep(0.01)

logging.getLogger("ditto.store").addHandler(Hold(logging.WARNING))

def produce(folder):
    (folder / "half.txt").write_text("half")
    with said.open("a") as file:
        file.write("producing\\n")
    time.sleep(sleep)
    (folder / "whole.txt").write_text("whole")
    return {"n": 1}

print(Store(root).make(Recipe("stage", "label", 1, {"a": 1}), produce).cached)
"""
CHILDS = Recipe("stage", "label", 1, {"a": 1})


class Producer:
    """Writes two files, keeps the folders it was given, and fails as often as it is told."""

    def __init__(self, *failures: BaseException) -> None:
        self.folders: list[Path] = []
        self.found: list[list[str]] = []
        self._failures = list(failures)

    def __call__(self, folder: Path) -> Mapping[str, Any]:
        self.folders.append(folder)
        self.found.append(sorted(f.name for f in folder.iterdir()))
        (folder / "journal.jsonl").write_text("done so far\n")
        if self._failures:
            raise self._failures.pop(0)
        (folder / "sub").mkdir(exist_ok=True)
        (folder / "sub" / "weights.bin").write_bytes(bytes(range(256)))
        return {"rows": 3, "failed": {"empty": 1}}


def child(tmp_path: Path, sleep: float) -> subprocess.Popen[str]:
    arguments = [tmp_path / "out", tmp_path / "said", sleep, tmp_path / "hold"]
    command = [sys.executable, "-c", CHILD, *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def wait_for(path: Path) -> None:
    while not path.exists():
        time.sleep(0.01)


def test_an_artifact_is_made_once(tmp_path: Path) -> None:
    produce = Producer()
    made = Store(tmp_path).make(RECIPE, produce)
    again = Store(tmp_path).make(RECIPE, produce)
    assert len(produce.folders) == 1
    assert (made.cached, again.cached) == (False, True)
    assert made.path == again.path == Store(tmp_path).path(RECIPE) == tmp_path / "stage" / f"label-{RECIPE.key}"
    assert made.counts == again.counts == {"rows": 3, "failed": {"empty": 1}}
    assert made.key == again.key == RECIPE.key


def test_the_manifest_says_what_the_artifact_is_and_holds(tmp_path: Path) -> None:
    made = Store(tmp_path).make(RECIPE, Producer())
    manifest = json.loads((made.path / MANIFEST).read_text("utf-8"))
    assert {name: manifest[name] for name in ("stage", "label", "version", "settings", "inputs", "key", "counts")} == {
        "stage": "stage",
        "label": "label",
        "version": 1,
        "settings": RECIPE.settings,
        "inputs": RECIPE.inputs,
        "key": RECIPE.key,
        "counts": made.counts,
    }
    weights = {"sha256": sha256(bytes(range(256))).hexdigest(), "bytes": 256}
    assert manifest["files"]["sub/weights.bin"] == weights
    assert set(manifest["files"]) == {"journal.jsonl", "sub/weights.bin"}


@pytest.mark.parametrize(
    "other",
    [
        Recipe("stages", "label", 1, RECIPE.settings, RECIPE.inputs),
        Recipe("stage", "label", 2, RECIPE.settings, RECIPE.inputs),
        Recipe("stage", "label", 1, {**RECIPE.settings, "a": 2}, RECIPE.inputs),
        Recipe("stage", "label", 1, {**RECIPE.settings, "b": {"c": [2, 1], "d": None}}, RECIPE.inputs),
        Recipe("stage", "label", 1, {**RECIPE.settings, "e": None}, RECIPE.inputs),
        Recipe("stage", "label", 1, RECIPE.settings, {"up": "0124"}),
        Recipe("stage", "label", 1, RECIPE.settings, {"down": "0123"}),
    ],
)
def test_whatever_defines_an_artifact_changes_its_key(other: Recipe) -> None:
    assert other.key != RECIPE.key


def test_the_order_of_settings_does_not_change_the_key() -> None:
    turned = Recipe("stage", "label", 1, {"b": {"d": None, "c": [1, 2]}, "a": 1}, {"up": "0123"})
    assert turned.key == RECIPE.key
    assert digest({"x": 1, "y": "ü"}) == digest({"y": "ü", "x": 1})


def test_nothing_is_visible_before_the_producer_has_finished(tmp_path: Path) -> None:
    store, seen = Store(tmp_path), list[bool]()

    def produce(folder: Path) -> Mapping[str, Any]:
        seen.extend([store.path(RECIPE).exists(), (folder / MANIFEST).exists()])
        return {}

    assert store.make(RECIPE, produce).path.exists()
    assert seen == [False, False]


def test_a_producer_that_failed_is_called_again_with_what_it_left(tmp_path: Path) -> None:
    store, produce = Store(tmp_path), Producer(RuntimeError("killed"), KeyboardInterrupt())
    for kind in (RuntimeError, KeyboardInterrupt):
        with pytest.raises(kind):
            store.make(RECIPE, produce)
        assert not store.path(RECIPE).exists()
    assert not store.make(RECIPE, produce).cached
    assert len(set(produce.folders)) == 1
    assert produce.found == [[], ["journal.jsonl"], ["journal.jsonl"]]
    assert not produce.folders[0].exists()


def rewrite(name: str, change: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    def damage(artifact: Path) -> None:
        (artifact / name).write_bytes(change((artifact / name).read_bytes()))

    return damage


def change_manifest(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], None]:
    return rewrite(MANIFEST, lambda data: json.dumps(change(json.loads(data))).encode())


def without(name: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda manifest: {key: value for key, value in manifest.items() if key != name}


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(rewrite("sub/weights.bin", lambda data: data[:-1]), id="truncated"),
        pytest.param(rewrite("sub/weights.bin", lambda data: b"\x01" + data[1:]), id="altered"),
        pytest.param(lambda artifact: (artifact / "sub/weights.bin").unlink(), id="missing"),
        pytest.param(lambda artifact: (artifact / MANIFEST).unlink(), id="no manifest"),
        pytest.param(rewrite(MANIFEST, lambda data: data[:-3]), id="manifest cut"),
        pytest.param(rewrite(MANIFEST, lambda data: bytes(len(data))), id="manifest of zeros"),
        pytest.param(rewrite(MANIFEST, lambda data: b"\xff" + data), id="manifest not UTF-8"),
        pytest.param(change_manifest(without("files")), id="manifest without files"),
        pytest.param(change_manifest(without("counts")), id="manifest without counts"),
        pytest.param(change_manifest(lambda _: None), id="manifest null"),
        pytest.param(change_manifest(lambda m: m | {"files": []}), id="manifest with a list"),
    ],
)
def test_a_damaged_artifact_is_put_aside_and_made_again(
    damage: Callable[[Path], None], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store, produce = Store(tmp_path), Producer()
    path = store.make(RECIPE, produce).path
    damage(path)
    with caplog.at_level(logging.WARNING, logger="ditto.store"):
        assert not store.make(RECIPE, produce).cached
    assert [str(path) in record.getMessage() for record in caplog.records] == [True]
    assert len(produce.folders) == 2
    assert (path / "sub/weights.bin").read_bytes() == bytes(range(256))
    assert [aside.name.startswith(f"stage-{path.name}") for aside in (tmp_path / ".damaged").iterdir()] == [True]
    assert store.make(RECIPE, produce).cached


def test_an_artifact_that_was_deleted_is_made_anew(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for n in (1, 2):
        assert not store.make(RECIPE, lambda _, n=n: {"n": n}).cached
        kept = store.make(RECIPE, lambda _: {"n": 3})
        assert (kept.cached, kept.counts) == (True, {"n": n})
        shutil.rmtree(kept.path)


@pytest.mark.timeout(60)
def test_two_processes_make_an_artifact_once(tmp_path: Path) -> None:
    first = child(tmp_path, sleep=1.5)
    wait_for(tmp_path / "said")
    second = child(tmp_path, sleep=0)
    outputs = [process.communicate()[0].strip() for process in (first, second)]
    assert outputs == ["False", "True"]
    assert (tmp_path / "said").read_text() == "producing\n"


@pytest.mark.timeout(60)
def test_a_killed_process_lets_the_next_one_finish(tmp_path: Path) -> None:
    with child(tmp_path, sleep=60) as killed:
        wait_for(tmp_path / "said")
        waiting = child(tmp_path, sleep=0)
        time.sleep(1.0)
        assert waiting.poll() is None
        killed.send_signal(signal.SIGKILL)
    assert waiting.communicate()[0].strip() == "False"
    made = Store(tmp_path / "out").make(CHILDS, Producer())
    assert made.cached
    assert {f.name for f in made.path.iterdir()} == {"half.txt", "whole.txt", MANIFEST}


@pytest.mark.timeout(60)
def test_two_processes_that_find_damage_put_it_aside_once(tmp_path: Path) -> None:
    child(tmp_path, sleep=0).communicate()
    (Store(tmp_path / "out").path(CHILDS) / "whole.txt").write_text("other")
    (tmp_path / "hold").touch()
    first = child(tmp_path, sleep=0)
    wait_for(tmp_path / "held")
    (tmp_path / "held").unlink()
    second = child(tmp_path, sleep=0)
    # Either it finds the same damage, or it waits for the first one.
    deadline = time.monotonic() + 3
    while not (tmp_path / "held").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    (tmp_path / "hold").unlink()
    assert [process.communicate()[0].strip() for process in (first, second)] == ["False", "True"]
    assert (first.returncode, second.returncode) == (0, 0)
    assert len(list((tmp_path / "out" / ".damaged").iterdir())) == 1
    assert (tmp_path / "said").read_text() == "producing\n" * 2


def test_a_root_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    root, produce = tmp_path / "file" / "out", Producer()
    with pytest.raises(StoreError, match=re.escape(str(root))):
        Store(root).make(RECIPE, produce)
    assert produce.folders == []


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES])
def test_a_disk_that_refuses_is_told_with_the_file(code: int, tmp_path: Path) -> None:
    store, full = Store(tmp_path), OSError(code, os.strerror(code), "/disk/full.bin")
    produce = Producer(full)
    with pytest.raises(StoreError, match=r"/disk/full\.bin") as error:
        store.make(RECIPE, produce)
    assert os.strerror(code) in str(error.value)
    assert error.value.__cause__ is full
    assert not store.make(RECIPE, produce).cached


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is always full")
def test_a_full_disk_is_told_with_the_root_where_no_file_is_known(tmp_path: Path) -> None:
    def produce(_: Path) -> Mapping[str, Any]:
        with Path("/dev/full").open("w") as file:
            file.write("x")
            file.flush()
        return {}

    with pytest.raises(StoreError, match=re.escape(str(tmp_path))):
        Store(tmp_path).make(RECIPE, produce)


def test_other_errors_of_a_producer_pass_unchanged(tmp_path: Path) -> None:
    missing = FileNotFoundError(errno.ENOENT, "no such file", "x")
    with pytest.raises(FileNotFoundError) as error:
        Store(tmp_path).make(RECIPE, Producer(missing))
    assert error.value is missing


def test_an_atomic_write_replaces_the_file_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "new" / "file.txt"
    for text in ("one\n", "zwei ü\n"):
        write_atomically(path, text)
        assert path.read_bytes() == text.encode()
    assert list(path.parent.iterdir()) == [path]
