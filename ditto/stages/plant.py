"""Stage `plant`: answers with known verdicts, from the benchmark's references and from a file of people's."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from omegaconf import DictConfig

from ditto.errors import DataError
from ditto.evaluate.labels import labelled
from ditto.evaluate.planted import Planted, apart, plant
from ditto.records import Session, read_jsonl, write_jsonl
from ditto.stages import benchmark
from ditto.store import Artifact, Recipe, Store

VERSION: Final = 2


@dataclass(frozen=True, slots=True)
class Loaded:
    """`tests` asks the question of every planted answer in a turn of its own."""

    artifact: Artifact
    tests: benchmark.Loaded
    planted: list[Planted]


def run(cfg: DictConfig, store: Store, tests: benchmark.Loaded) -> Loaded:
    labels = Path(cfg.validate.labels) if cfg.validate.labels else None
    settings = {"seed": cfg.validate.seed, "labels": _content(labels)}
    recipe = Recipe("plant", cfg.study.name, VERSION, settings, {"benchmark": tests.artifact.key})

    def produce(folder: Path) -> Mapping[str, Any]:
        people = labelled(labels, tests.sessions) if labels else []
        sessions, planted = apart(tests.sessions, plant(tests.sessions, cfg.validate.seed) + people)
        write_jsonl(folder / "sessions.jsonl", sessions)
        write_jsonl(folder / "planted.jsonl", planted)
        kinds = Counter(one.kind for one in planted)
        return {"answers": write_jsonl(folder / "answers.jsonl", [one.answer for one in planted]), "kinds": dict(kinds)}

    made = store.make(recipe, produce)
    asked = benchmark.Loaded(made, read_jsonl(made.path / "sessions.jsonl", Session))
    return Loaded(made, asked, read_jsonl(made.path / "planted.jsonl", Planted))


def _content(path: Path | None) -> str | None:
    try:
        return sha256(path.read_bytes()).hexdigest() if path else None
    except OSError as error:
        raise DataError(f"validate.labels={path} cannot be read: {error.strerror}.") from None
