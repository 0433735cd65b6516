"""Which answers a judge's verdicts are about, and what was asked and answered by whom."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ditto.errors import StoreError
from ditto.store import MANIFEST, verified


@dataclass(frozen=True, slots=True)
class Judged:
    """The artifact of a row's verdicts with the ones it was made from."""

    path: Path
    answers: Path
    benchmark: Path

    @property
    def name(self) -> str:
        """Row and model, such as `imitation-nano_s-on-nano_l`."""
        return str(verified(self.path)["label"])

    @property
    def answered(self) -> dict[str, Any]:
        """What the answers were made with."""
        settings: dict[str, Any] = verified(self.answers)["settings"]
        return settings

    @property
    def model(self) -> tuple[Any, str | None]:
        """What identifies the model that answered: itself, or the tuning that made it."""
        return self.answered["model"], verified(self.answers)["inputs"].get("tune")


def judged(root: Path, name: str) -> Judged:
    """The verdicts in the folder `name`.

    Raises:
        StoreError: an artifact is damaged, or one that it was made from is no longer there.
    """
    path = root / "judge" / name
    answers = origin(root, path, "answer")
    return Judged(path, answers, origin(root, answers, "benchmark"))


def origin(root: Path, path: Path, stage: str) -> Path:
    """The artifact of `stage` that the one at `path` was made from."""
    key = verified(path)["inputs"][stage]
    found = next((root / stage).glob(f"*-{key}"), None)
    if found is None:
        raise StoreError(f"{path} was made from {stage} {key}, which is not in {root / stage}: run its study again.")
    verified(found)
    return found


def ancestors(root: Path, judged: Iterable[str]) -> Iterable[Path]:
    """The artifacts of a cell, the first made first; those that are no longer there are left out."""
    seen: dict[Path, None] = {}

    def visit(path: Path) -> None:
        for stage, key in manifest(path)["inputs"].items():
            if found := next((root / stage).glob(f"*-{key}"), None):
                visit(found)
        seen.setdefault(path)

    for name in judged:
        visit(root / "judge" / name)
    return seen


def manifest(path: Path) -> dict[str, Any]:
    """An artifact's manifest. Its files are not checked: those of a tuning may be hundreds of gigabytes."""
    found: dict[str, Any] = json.loads((path / MANIFEST).read_text("utf-8"))
    return found
