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
from ditto.stages.build import check_build
from ditto.stages.build import run as written
from ditto.store import Artifact, Recipe, Store

VERSION = 2


@dataclass(frozen=True, slots=True)
class Loaded:
    artifact: Artifact
    sessions: list[Session]


def check_benchmark(node: DictConfig) -> None:
    """Build the benchmark, or the model that writes it but for its weights.

    Raises:
        DittoError: what is wrong with it.
    """
    if "model" in node:
        check_build(node)
    else:
        build(node)


def run(cfg: DictConfig, store: Store, people: characters.Loaded) -> Loaded:
    artifact = written(cfg, store, people) if "model" in cfg.benchmark else _made(cfg, store, people)
    return loaded(artifact)


def loaded(artifact: Artifact) -> Loaded:
    return Loaded(artifact, read_jsonl(artifact.path / "sessions.jsonl", Session))


def recipe(cfg: DictConfig, people: characters.Loaded, benchmark: Benchmark) -> Recipe:
    settings = {"benchmark": benchmark.identity}
    return Recipe("benchmark", cfg.study.name, VERSION, settings, {"characters": people.artifact.key})


def _made(cfg: DictConfig, store: Store, people: characters.Loaded) -> Artifact:
    benchmark: Benchmark = build(cfg.benchmark)

    def produce(folder: Path) -> Mapping[str, Any]:
        sessions = benchmark.sessions(people.split)
        turns = sum(len(session.questions) for session in sessions)
        return {"sessions": write_jsonl(folder / "sessions.jsonl", sessions), "turns": turns}

    return store.make(recipe(cfg, people, benchmark), produce)
