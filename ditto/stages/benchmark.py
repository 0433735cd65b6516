"""Stage `benchmark`: the questions put to the held-out characters."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from ditto.config import build
from ditto.evaluate.benchmark import Benchmark
from ditto.records import Session, read_jsonl, write_jsonl
from ditto.stages import characters
from ditto.store import Artifact, Recipe, Store

VERSION = 2


@dataclass(frozen=True, slots=True)
class Loaded:
    artifact: Artifact
    sessions: list[Session]


def run(cfg: DictConfig, store: Store, people: characters.Loaded) -> Loaded:
    benchmark: Benchmark = build(cfg.benchmark)
    settings = {"benchmark": benchmark.identity}
    recipe = Recipe("benchmark", cfg.study.name, VERSION, settings, {"characters": people.artifact.key})

    def produce(folder: Path) -> Mapping[str, Any]:
        sessions = benchmark.sessions(people.split)
        turns = sum(len(session.questions) for session in sessions)
        return {"sessions": write_jsonl(folder / "sessions.jsonl", sessions), "turns": turns}

    artifact = store.make(recipe, produce)
    return Loaded(artifact, read_jsonl(artifact.path / "sessions.jsonl", Session))
