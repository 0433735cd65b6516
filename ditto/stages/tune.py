"""Stage `tune`: the seed LLM learns from the dialogues, with the profile hidden (paper, section 3.3)."""

import shutil
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf
from rich.console import Console

from ditto.config import plain
from ditto.models import Model, load_tokenizer
from ditto.progress import Progress
from ditto.records import Dialogue, read_jsonl
from ditto.stages import rank
from ditto.stages.ranks import run_ranks
from ditto.store import Artifact, Recipe, Store
from ditto.tune.data import examples_within
from ditto.tune.preview import preview

VERSION = 3


def recipe(cfg: DictConfig, simulated: Artifact, seed: Model, supervisor: Model) -> Recipe:
    settings = {"seed": seed.identity, "tuning": plain(cfg.tuning), "precision": cfg.trainer.precision}
    return Recipe("tune", f"{seed.name}-on-{supervisor.name}", VERSION, settings, {"simulate": simulated.key})


def run(cfg: DictConfig, store: Store, simulated: Artifact, seed: Model, supervisor: Model) -> Artifact:
    if cfg.preview:
        show_example(cfg, simulated, seed)
    made_by = recipe(cfg, simulated, seed, supervisor)

    def produce(folder: Path) -> Mapping[str, Any]:
        job = job_in(folder, cfg, simulated, seed)
        with Progress(f"tune {made_by.label}", cfg.tuning.steps) as progress:
            if cfg.trainer.devices * cfg.trainer.num_nodes == 1:
                counts = rank.train(job, lambda step, loss: progress.advance(note=f"loss {loss:.3f}"))
            else:
                counts = run_ranks(job, progress)
        shutil.rmtree(folder / rank.CHECKPOINTS, ignore_errors=True)
        return counts

    return store.make(made_by, produce)


def show_example(cfg: DictConfig, simulated: Artifact, seed: Model) -> None:
    tokenizer = load_tokenizer(seed)
    session = read_jsonl(simulated.path / "dialogues.jsonl", Dialogue)[0]
    examples, _ = examples_within(session.messages, tokenizer, seed.template, cfg.tuning.max_length)
    for example in examples:
        Console().print(preview(example, tokenizer))


def job_in(folder: Path, cfg: DictConfig, simulated: Artifact, seed: Model) -> DictConfig:
    """All that a rank has to know; see `rank.train`."""
    return OmegaConf.create(
        {
            "seed": {"_target_": "ditto.models.Model", **asdict(seed)},
            "tuning": plain(cfg.tuning),
            "trainer": plain(cfg.trainer),
            "launch": plain(cfg.launch),
            "logger": plain(cfg.logger) if cfg.get("logger") else None,
            "threads": cfg.threads,
            "checkpoint_every": cfg.checkpoint_every,
            "dialogues": str(simulated.path / "dialogues.jsonl"),
            "folder": str(folder),
        }
    )


def tuned_model(artifact: Artifact, seed: Model, supervisor: Model) -> Model:
    """The tuned model, spoken to like its seed."""
    return Model(
        name=f"{seed.name}-on-{supervisor.name}",
        path=str(artifact.path / "model"),
        dtype=seed.dtype,
        max_length=seed.max_length,
        template=seed.template,
    )
