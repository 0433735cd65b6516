"""Stage `characters`: who is trained on, and who is kept apart to be asked; with a datasheet."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

from omegaconf import DictConfig

from ditto.characters.curation import words
from ditto.characters.datasheet import datasheet
from ditto.config import build
from ditto.errors import ConfigError, DataError
from ditto.evaluate.benchmark import check_apart
from ditto.models import Model, load_tokenizer
from ditto.records import Character, Split, read_jsonl, write_jsonl
from ditto.store import Artifact, Recipe, Store

VERSION = 3
SHEET: Final = "characters.md"


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


def recipe(cfg: DictConfig, source: Source) -> Recipe:
    settings = {"source": source.identity, "tokenizer": cfg.characters.get("tokenizer")}
    return Recipe("characters", cfg.study.name, VERSION, settings)


def run(cfg: DictConfig, store: Store) -> Loaded:
    """The characters of a study.

    Raises:
        ConfigError: nobody is to be kept apart.
    """
    if not _keeps_apart(cfg.characters):
        raise ConfigError(
            "characters.n_test=0 keeps nobody apart, whom a study asks: give 4 or more; task=collect needs none."
        )
    return loaded(make(cfg, store))


def make(cfg: DictConfig, store: Store) -> Artifact:
    """The characters, whether or not some are to be kept apart.

    Raises:
        DataError: there is nobody to train on, or nobody to ask although some are.
    """
    source: Source = build(cfg.characters)

    def produce(folder: Path) -> Mapping[str, Any]:
        split = source.split()
        check_apart(split)
        if not split.train or (not split.test and _keeps_apart(cfg.characters)):
            raise DataError(
                f"{len(split.train)} characters to train on and {len(split.test)} to test: both are needed."
            )
        sheet = datasheet(split, source.identity.partition("/")[0], _tokens(cfg.characters.get("tokenizer")))
        (folder / SHEET).write_text(sheet, "utf-8")
        dropped = {"dropped": dict(sorted(split.dropped.items()))} if split.dropped else {}
        return {
            "train": write_jsonl(folder / "train.jsonl", split.train),
            "test": write_jsonl(folder / "test.jsonl", split.test),
            **dropped,
        }

    return store.make(recipe(cfg, source), produce)


def loaded(artifact: Artifact) -> Loaded:
    train, test = (tuple(read_jsonl(artifact.path / f"{part}.jsonl", Character)) for part in ("train", "test"))
    return Loaded(artifact, Split(train=train, test=test))


def _keeps_apart(source: DictConfig) -> bool:
    """Whether there will be characters to test; beside added ones to train on, the other source's."""
    while source.get("side") == "train":
        source = source.base
    return source.get("n_test") != 0 or bool(source.get("test_path"))


def _tokens(tokenizer: str | None) -> Callable[[str], int]:
    """What counts the tokens of a text: a model's tokenizer, or words."""
    if tokenizer is None:
        return words
    encode = load_tokenizer(Model(name=Path(tokenizer).name, path=tokenizer))
    return lambda text: len(encode(text, add_special_tokens=False)["input_ids"])
