"""Stage `tune`: the seed LLM learns from the dialogues, with the profile hidden (paper, section 3.3)."""

import shutil
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf
from rich.console import Console

from ditto.config import plain
from ditto.dashboards.base import Run
from ditto.dashboards.telling import Telling
from ditto.models import Model, load_tokenizer
from ditto.progress import Progress
from ditto.records import Dialogue, read_jsonl
from ditto.stages import rank
from ditto.stages.ranks import run_ranks
from ditto.store import Artifact, Recipe, Store
from ditto.tune.data import examples_within
from ditto.tune.preview import preview

VERSION = 3


def recipe(
    cfg: DictConfig, dialogues: Artifact, seed: Model, supervisor: Model, tuned: Artifact | None = None
) -> Recipe:
    identity = None if tuned else seed.identity
    settings = {"seed": identity, "tuning": plain(cfg.tuning), "precision": cfg.trainer.precision}
    inputs = {dialogues.stage: dialogues.key} | ({"tune": tuned.key} if tuned else {})
    return Recipe("tune", _name(seed, supervisor, tuned), VERSION, settings, inputs)


def run(
    cfg: DictConfig,
    store: Store,
    dialogues: Artifact,
    seed: Model,
    supervisor: Model,
    tuned: Artifact | None = None,
    told: Telling | None = None,
) -> Artifact:
    """What `seed` learns from the dialogues; it may be the model of an earlier round (`tuned`). `told` hears of it."""
    if cfg.preview:
        show_example(cfg, dialogues, seed)
    made_by = recipe(cfg, dialogues, seed, supervisor, tuned)

    def produce(folder: Path) -> Mapping[str, Any]:
        job = job_in(folder, cfg, dialogues, seed, told.run if told else None)
        with Progress(f"tune {made_by.label}", cfg.tuning.steps) as progress:
            if cfg.trainer.devices * cfg.trainer.num_nodes == 1:
                counts = rank.train(job, lambda step, loss: progress.advance(note=f"loss {loss:.3f}"), told)
            else:
                counts = run_ranks(job, progress)
        shutil.rmtree(folder / rank.CHECKPOINTS, ignore_errors=True)
        return counts

    return store.make(made_by, produce)


def show_example(cfg: DictConfig, dialogues: Artifact, seed: Model) -> None:
    tokenizer = load_tokenizer(seed)
    session = read_jsonl(dialogues.path / "dialogues.jsonl", Dialogue)[0]
    examples, _ = examples_within(session.messages, tokenizer, seed.template, cfg.tuning.max_length)
    for example in examples:
        Console().print(preview(example, tokenizer))


def job_in(folder: Path, cfg: DictConfig, dialogues: Artifact, seed: Model, run: Run | None = None) -> DictConfig:
    """All that a rank has to know; see `rank.train`."""
    return OmegaConf.create(
        {
            "seed": {"_target_": "ditto.models.Model", **asdict(seed)},
            "tuning": plain(cfg.tuning),
            "trainer": plain(cfg.trainer),
            "launch": plain(cfg.launch),
            "logger": plain(cfg.logger) if run else None,
            "run": asdict(run) if run else None,
            "threads": cfg.threads,
            "checkpoint_every": cfg.checkpoint_every,
            "dialogues": str(dialogues.path / "dialogues.jsonl"),
            "folder": str(folder),
        }
    )


def tuned_model(artifact: Artifact, seed: Model, supervisor: Model, tuned: Artifact | None = None) -> Model:
    """The tuned model, spoken to like its seed."""
    return Model(
        name=_name(seed, supervisor, tuned),
        path=str(artifact.path / "model"),
        dtype=seed.dtype,
        max_length=seed.max_length,
        template=seed.template,
    )


def _name(seed: Model, supervisor: Model, tuned: Artifact | None) -> str:
    return f"{seed.name}-again" if tuned else f"{seed.name}-on-{supervisor.name}"
