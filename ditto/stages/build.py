"""Stage `draft`: a test set written by a strong model; `benchmark` takes it over with a person's corrections.

They are two artifacts, so that corrections ask the model nothing again.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from ditto.config import build, defining, typed
from ditto.errors import ConfigError, DataError, StageError
from ditto.evaluate.benchmark import check_named_apart
from ditto.evaluate.build import Builder, Building, Check
from ditto.evaluate.sheet import corrected, read_sheet, write_sheet
from ditto.journal import Journal
from ditto.models import Model
from ditto.prompts import Prompts
from ditto.records import Session, read_jsonl, write_jsonl
from ditto.stages import characters
from ditto.stages.engine import engine_for
from ditto.store import Artifact, Recipe, Store

VERSION = 1


@dataclass(frozen=True, slots=True)
class Author:
    """The model that writes a test set, and the sheet that corrects it."""

    model: Model
    engine: DictConfig
    settings: Building
    corrections: Path | None

    def writing(self, languages: Iterable[str]) -> dict[str, Prompts]:
        return {lang: Prompts(self.settings.prompts, lang) for lang in languages}

    def checking(self, languages: Iterable[str]) -> dict[str, Prompts]:
        return {lang: Prompts(self.settings.checks, lang, "building") for lang in languages}

    def identity(self, languages: Iterable[str]) -> dict[str, Any]:
        """What a draft in these languages is keyed by."""
        packs = {"writing": self.writing(languages), "checking": self.checking(languages)}
        return {
            "model": self.model.identity,
            "engine": defining(self.engine),
            "settings": asdict(self.settings),
            "prompts": {name: {lang: p.digest for lang, p in pack.items()} for name, pack in packs.items()},
        }

    def corrected(self) -> bytes | None:
        """What is in the corrected sheet.

        Raises:
            DataError: the file cannot be read.
        """
        try:
            return self.corrections.read_bytes() if self.corrections else None
        except OSError as error:
            raise DataError(f"benchmark.corrections={self.corrections} cannot be read: {error.strerror}.") from None


def author_of(node: DictConfig) -> Author:
    """The author that `node` configures.

    Raises:
        ConfigError: a value that cannot be meant.
    """
    settings = node.copy()
    settings._set_flag("struct", False)
    model: Model = build(settings.pop("model"))
    settings.pop("engine")
    corrections = settings.pop("corrections")
    if not isinstance(corrections, str | None):
        raise ConfigError(f"benchmark.corrections={corrections!r} must be a file.")
    return Author(model, node.engine, typed(settings, Building), Path(corrections) if corrections else None)


def check_build(node: DictConfig) -> None:
    """Build the author, with its engine but without weights.

    Raises:
        DittoError: what is wrong with it.
    """
    author = author_of(node)
    author.corrected()
    assert author.identity(["en"])
    with engine_for(author.engine, author.model):
        pass


def run(cfg: DictConfig, store: Store, people: characters.Loaded) -> Artifact:
    """The benchmark's artifact: `sessions.jsonl`, and `sheet.csv` with every question of the draft."""
    author = author_of(cfg.benchmark)
    sheet = author.corrected()
    drafted = _draft(author, store, people)

    def produce(folder: Path) -> Mapping[str, Any]:
        sessions = read_jsonl(drafted.path / "sessions.jsonl", Session)
        checks = read_jsonl(drafted.path / "checks.jsonl", Check)
        corrections = {} if sheet is None else read_sheet(sheet, str(author.corrections), sessions)
        kept = corrected(sessions, corrections)
        if not kept:
            raise DataError(f"{author.corrections} drops every question: keep some.")
        write_sheet(folder / "sheet.csv", sessions, checks, corrections)
        return {
            "sessions": write_jsonl(folder / "sessions.jsonl", kept),
            "turns": sum(len(session.questions) for session in kept),
            "dropped by hand": sum(bool(c.drop) for c in corrections.values()),
            "labels by hand": sum(c.reject is not None for c in corrections.values()),
            "evidence by hand": sum(c.evidence is not None for c in corrections.values()),
        }

    return store.make(recipe(cfg, sheet, drafted), produce)


def recipe(cfg: DictConfig, sheet: bytes | None, drafted: Artifact) -> Recipe:
    settings = {"corrections": None if sheet is None else sha256(sheet).hexdigest()}
    return Recipe("benchmark", cfg.study.name, VERSION, settings, {"draft": drafted.key})


def draft_recipe(author: Author, people: characters.Loaded) -> Recipe:
    identity = author.identity(_languages(people))
    return Recipe("draft", author.model.name, VERSION, identity, {"characters": people.artifact.key})


def _languages(people: characters.Loaded) -> list[str]:
    return sorted({c.lang for c in people.split.test})


def _draft(author: Author, store: Store, people: characters.Loaded) -> Artifact:
    languages = _languages(people)
    check_named_apart(people.split)

    def produce(folder: Path) -> Mapping[str, Any]:
        journal, prompts = Journal(folder / "journal.jsonl"), (author.writing(languages), author.checking(languages))
        with engine_for(author.engine, author.model) as engine:
            builder = Builder(engine, journal, author.settings, *prompts, author.model.name)
            sessions, checks = builder.build(people.split.test)
        counts = builder.counts()
        if not sessions:
            raise StageError(
                f"{author.model.name} wrote no usable question: {counts['rejected'] or counts['dropped']}. "
                f"Look at {folder / 'journal.jsonl'}."
            )
        journal.compact()
        write_jsonl(folder / "checks.jsonl", checks)
        return {"sessions": write_jsonl(folder / "sessions.jsonl", sessions), **counts, "usage": asdict(engine.usage)}

    return store.make(draft_recipe(author, people), produce)
