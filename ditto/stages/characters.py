"""Stage `characters`: who is trained on, and who is kept apart to be asked."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from omegaconf import DictConfig

from ditto.config import build
from ditto.errors import DataError
from ditto.evaluate.benchmark import check_apart
from ditto.records import Character, Split, read_jsonl, write_jsonl
from ditto.store import Artifact, Recipe, Store

VERSION = 2


class Source(Protocol):
    """Where characters come from. `identity` is what its split is keyed by."""

    @property
    def identity(self) -> str: ...

    def split(self) -> Split: ...


@dataclass(frozen=True, slots=True)
class Loaded:
    """The artifact with its records read back."""

    artifact: Artifact
    split: Split

    @property
    def languages(self) -> list[str]:
        return sorted({c.lang for c in (*self.split.train, *self.split.test)})


def run(cfg: DictConfig, store: Store) -> Loaded:
    source: Source = build(cfg.characters)
    recipe = Recipe("characters", cfg.study.name, VERSION, {"source": source.identity})

    def produce(folder: Path) -> Mapping[str, Any]:
        split = source.split()
        check_apart(split)
        if not split.train or not split.test:
            raise DataError(
                f"{len(split.train)} characters to train on and {len(split.test)} to test: both are needed."
            )
        return {
            "train": write_jsonl(folder / "train.jsonl", split.train),
            "test": write_jsonl(folder / "test.jsonl", split.test),
        }

    artifact = store.make(recipe, produce)
    train, test = (tuple(read_jsonl(artifact.path / f"{part}.jsonl", Character)) for part in ("train", "test"))
    return Loaded(artifact, Split(train=train, test=test))
