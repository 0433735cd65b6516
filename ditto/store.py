"""Content-addressed artifacts: a folder per stage result, named by what defines it.

    <root>/<stage>/<label>-<key>/    a finished artifact; `manifest.json` in it was written last
    <root>/.work/<stage>/...         the same folder while it is being made; survives a kill
    <root>/.locks/                   one lock per artifact
    <root>/.damaged/                 what failed its check, put aside

An artifact appears by one rename, so a reader sees a whole one or none. Every read checks each file
against the manifest; what does not match is put aside and made again.
"""

import errno
import json
import logging
import os
import platform
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from hashlib import sha256
from importlib import metadata
from pathlib import Path
from typing import Any, Final

from filelock import FileLock, Timeout

from ditto.errors import StoreError

log = logging.getLogger(__name__)
MANIFEST: Final = "manifest.json"
PACKAGES: Final = ("ditto", "torch", "transformers", "tokenizers", "pytorch-lightning", "hydra-core", "numpy")
DISK: Final = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOTDIR}


@dataclass(frozen=True, slots=True)
class Recipe:
    """What defines an artifact: equal recipes make equal artifacts.

    `settings` are the configuration values that change the result (device, logger and the like stay
    out), `inputs` the keys of the artifacts it is made from, `version` grows when the stage's code
    changes its result.
    """

    stage: str
    label: str
    version: int
    settings: Mapping[str, Any]
    inputs: Mapping[str, str] = field(default_factory=dict)

    @property
    def key(self) -> str:
        return digest([self.stage, self.version, self.settings, self.inputs])

    @property
    def name(self) -> str:
        return f"{self.label}-{self.key}"


@dataclass(frozen=True, slots=True)
class Artifact:
    """A finished stage result."""

    path: Path
    key: str
    counts: dict[str, Any]
    cached: bool

    @property
    def stage(self) -> str:
        return self.path.parent.name


def digest(value: Any) -> str:
    """Twelve hex digits that stand for a value of JSON's kinds."""
    return sha256(json.dumps(value, sort_keys=True, ensure_ascii=False).encode()).hexdigest()[:12]


class Store:
    """The artifacts under one root folder. Any number of processes may share it."""

    def __init__(self, root: str | Path) -> None:
        self.root = Path(root).absolute()

    def make(self, recipe: Recipe, produce: Callable[[Path], Mapping[str, Any]]) -> Artifact:
        """Return the artifact of `recipe`, made by `produce(folder)` unless it is there already.

        `produce` writes its files into the folder and returns its counts. A killed one is called
        again with the same folder, so that it can take up what it finds there.

        Raises:
            StoreError: the disk is full, read-only or not ours to write.
        """
        try:
            if found := self._find(recipe, repair=False):
                return found
            with self._lock(recipe):
                return self._find(recipe, repair=True) or self._produce(recipe, produce)
        except OSError as error:
            if error.errno not in DISK:
                raise
            where = error.filename or self.root
            raise StoreError(
                f"Cannot write {where}: {error.strerror}. Free space there, or set paths.root to another folder."
            ) from error

    def path(self, recipe: Recipe) -> Path:
        return self.root / recipe.stage / recipe.name

    def promised(self, recipe: Recipe) -> Artifact:
        """What `make` would return, nothing made nor checked: `cached` says whether it is there; no counts."""
        path = self.path(recipe)
        return Artifact(path, recipe.key, {}, cached=(path / MANIFEST).is_file())

    def _find(self, recipe: Recipe, *, repair: bool) -> Artifact | None:
        """The finished artifact; a damaged one is put aside, but only under its lock (`repair`)."""
        path = self.path(recipe)
        if not path.exists():
            return None
        try:
            manifest = verified(path)
        except StoreError as error:
            if repair:
                log.warning("%s It is put aside and made again.", error)
                self._put_aside(path)
            return None
        log.info("%-11s %s  cached", recipe.stage, recipe.name)
        return Artifact(path, recipe.key, manifest["counts"], cached=True)

    def _produce(self, recipe: Recipe, produce: Callable[[Path], Mapping[str, Any]]) -> Artifact:
        work = self.root / ".work" / recipe.stage / recipe.name
        work.mkdir(parents=True, exist_ok=True)
        log.info("%-11s %s  ...", recipe.stage, recipe.name)
        start = time.perf_counter()
        counts = dict(produce(work))
        seconds = time.perf_counter() - start
        _write_manifest(work, recipe, counts, seconds)
        path = self.path(recipe)
        path.parent.mkdir(parents=True, exist_ok=True)
        work.rename(path)
        verified.cache_clear()
        log.info("%-11s %s  %.1f s  %s", recipe.stage, recipe.name, seconds, _shown(counts))
        return Artifact(path, recipe.key, counts, cached=False)

    def _lock(self, recipe: Recipe) -> FileLock:
        """The artifact's lock; says so when another process holds it."""
        folder = self.root / ".locks"
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / f"{recipe.stage}-{recipe.name}.lock")
        try:
            lock.acquire(timeout=0.05)
            lock.release()
        except Timeout:
            log.info("%-11s %s  another process is making it; waiting", recipe.stage, recipe.name)
        return lock

    def _put_aside(self, path: Path) -> None:
        aside = self.root / ".damaged" / f"{path.parent.name}-{path.name}-{time.time_ns()}"
        aside.parent.mkdir(parents=True, exist_ok=True)
        path.rename(aside)


@cache
def verified(path: Path) -> dict[str, Any]:
    """The manifest of the artifact at `path`, once all its files match it (checked once a process).

    Raises:
        StoreError: the manifest cannot be read, or a file is missing, truncated or altered.
    """
    try:
        manifest: dict[str, Any] = json.loads((path / MANIFEST).read_text("utf-8"))
        files: dict[str, Any] = manifest["files"] | {}
        manifest["counts"] | {}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StoreError(f"The artifact {path} is damaged: its {MANIFEST} cannot be read ({error}).") from None
    for name, expected in files.items():
        file = path / name
        if not file.is_file() or _fingerprint(file) != expected:
            raise StoreError(f"The artifact {path} is damaged: {name} does not match its {MANIFEST}.")
    return manifest


def _fingerprint(file: Path) -> dict[str, Any]:
    hasher = sha256()
    with file.open("rb") as stream:
        while chunk := stream.read(1 << 22):
            hasher.update(chunk)
    return {"sha256": hasher.hexdigest(), "bytes": file.stat().st_size}


def _write_manifest(folder: Path, recipe: Recipe, counts: Mapping[str, Any], seconds: float) -> None:
    files = sorted(f for f in folder.rglob("*") if f.is_file() and f.name != MANIFEST)
    manifest = {
        **asdict(recipe),
        "key": recipe.key,
        "counts": counts,
        "seconds": round(seconds, 3),
        "made": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "git": _git_revision(),
        "python": platform.python_version(),
        "packages": _package_versions(),
        "files": {f.relative_to(folder).as_posix(): _fingerprint(f) for f in files},
    }
    write_atomically(folder / MANIFEST, json.dumps(manifest, indent=2, ensure_ascii=False) + "\n")


def write_atomically(path: Path, text: str) -> None:
    """Write `text` beside `path` and rename it there, so that no reader sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    with beside.open("w", encoding="utf-8", newline="\n") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def _shown(counts: Mapping[str, Any]) -> str:
    """The counts on a line, those of several reasons in brackets; what was spent has a line of its own."""
    parts = []
    for name, value in counts.items():
        if isinstance(value, Mapping) and value and name != "usage":
            nested = any(isinstance(one, Mapping) for one in value.values())
            parts.append(f"{name} ({_shown(value)})" if nested else f"{name} {sum(value.values())} ({_shown(value)})")
        elif value and not isinstance(value, Mapping):
            parts.append(f"{name} {value}")
    return ", ".join(parts)


@cache
def _package_versions() -> dict[str, str]:
    found = {}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


@cache
def _git_revision() -> str | None:
    """The revision of the checkout this package runs from; None for an installed wheel."""
    if shutil.which("git") is None:
        return None
    command = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty", "--abbrev=12"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    return result.stdout.strip() or None
