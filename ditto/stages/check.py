"""Before anything runs: build every part of the configuration once, so that its errors come first."""

from typing import Final

import torch
from omegaconf import DictConfig, OmegaConf

from ditto.config import build, typed
from ditto.engines.base import Sampling
from ditto.errors import ConfigError
from ditto.models import Model, load_config, pick_device
from ditto.prompts import Prompts
from ditto.simulate.settings import Simulation
from ditto.stages.benchmark import check_benchmark
from ditto.stages.engine import engine_for, supervisors
from ditto.stages.filter import check_filter
from ditto.stages.forecast import divides_weights
from ditto.stages.judge import check_judge
from ditto.stages.push import check_push
from ditto.stages.report import check_report
from ditto.tune.method import Method, method

GROUPS: Final = {
    *("seed", "supervisor", "characters", "benchmark", "prompts", "simulate", "tuning", "trainer", "launch", "logger"),
    *("answer", "judge", "engine", "supervisor_engine", "report", "paths", "study", "hub", "validate", "hardware"),
    "filter",
}
VALUES: Final = {"task", "given", "threads", "preview", "checkpoint_every", "replicate", "plan", "rounds"}


def check(cfg: DictConfig) -> tuple[Model, Model]:
    """Check all that can be checked without weights; returns the seed and the supervisor.

    Raises:
        DittoError: the first thing that is wrong, in one sentence.
    """
    check_names(cfg)
    build(cfg.characters)
    check_benchmark(cfg.benchmark)
    check_judge(cfg.judge)
    typed(cfg.simulate, Simulation)
    check_filter(cfg)
    _check_ranks(cfg.trainer, method(cfg.tuning))
    if typed(cfg.answer, Sampling).n != 1:
        raise ConfigError(f"answer.n={cfg.answer.n}: one answer is judged for each question.")
    if not 1 <= cfg.threads <= 1024:
        raise ConfigError(f"threads={cfg.threads} cannot be meant: it must be from 1 to 1024.")
    if not isinstance(cfg.replicate, int) or cfg.replicate < 0:
        raise ConfigError(f"replicate={cfg.replicate} cannot be meant: it is a whole number from 0 on.")
    check_rounds(cfg)
    if str(cfg.trainer.precision) in ("bf16-true", "16-true"):
        raise ConfigError(f"trainer.precision={cfg.trainer.precision} would round the optimiser away: use bf16-mixed.")
    assert Prompts(cfg.prompts.pack, "en").texts
    if cfg.get("logger"):
        build(cfg.logger)
    check_push(cfg)
    check_report(cfg)
    seed, supervisor = models(cfg)
    _check_models(cfg, seed, supervisor)
    return seed, supervisor


def check_rounds(cfg: DictConfig) -> None:
    """See that a cell has as many rounds as can be meant.

    Raises:
        ConfigError: it has not.
    """
    if not isinstance(cfg.rounds, int) or isinstance(cfg.rounds, bool) or cfg.rounds < 1:
        raise ConfigError(f"rounds={cfg.rounds} cannot be meant: it is a whole number from 1 on.")


def check_names(cfg: DictConfig) -> None:
    """Nothing at the top that nobody reads, and no bare value where a choice is meant."""
    if unknown := sorted(set(map(str, cfg)) - GROUPS - VALUES):
        raise ConfigError(f"{unknown[0]} is unknown: there are {sorted(GROUPS | VALUES)}.")
    for name in sorted(GROUPS & set(map(str, cfg))):
        if cfg[name] is not None and not isinstance(cfg._get_node(name), DictConfig):
            group = {"seed": "model@seed", "supervisor": "model@supervisor"}.get(name, name)
            raise ConfigError(f"{name}={cfg[name]} is a bare value: choose with {group}=<choice>.")


def _check_ranks(trainer: DictConfig, how: Method) -> None:
    """Each rank needs a device, and a session of every part of a step."""
    tuning = how.tuning
    for name in ("devices", "num_nodes"):
        if not isinstance(trainer[name], int) or trainer[name] < 1:
            raise ConfigError(f"trainer.{name}={trainer[name]} cannot be meant: it must be a whole number from 1.")
    ranks = trainer.devices * trainer.num_nodes
    if ranks * tuning.accumulate > tuning.batch_size:
        raise ConfigError(
            f"tuning.batch_size={tuning.batch_size} sessions cannot be divided into tuning.accumulate="
            f"{tuning.accumulate} parts on each of {ranks} ranks: lower tuning.accumulate."
        )
    if trainer.accelerator == "gpu":
        pick_device("cuda")
        if trainer.devices > torch.cuda.device_count():
            raise ConfigError(f"trainer.devices={trainer.devices}, and {torch.cuda.device_count()} GPUs are here.")
    strategy = trainer.get("strategy")
    if isinstance(strategy, DictConfig):
        build(strategy)
        if how.quantization and divides_weights(trainer):
            raise ConfigError("tuning=qlora with trainer=zero3 or fsdp: 4 bits cannot be divided, use zero2 or ddp.")


def models(cfg: DictConfig) -> tuple[Model, Model]:
    """Seed and supervisor. With `model@seed=hf seed.path=...` alone, the seed supervises itself."""
    seed: Model = build(cfg.seed)
    alone = OmegaConf.is_missing(cfg.supervisor, "path")
    supervisor: Model = seed if alone else build(cfg.supervisor)
    if seed.name == supervisor.name and seed.identity != supervisor.identity:
        raise ConfigError(
            f"Seed and supervisor are two models with the name {seed.name!r}: set supervisor.name=<another>."
        )
    return seed, supervisor


def _check_models(cfg: DictConfig, seed: Model, supervisor: Model) -> None:
    """Build each engine with its tokenizer; weights come with the first request."""
    if seed.is_api:
        raise ConfigError(f"The seed {seed.name} has no weights here to tune: give a folder or a hub name.")
    for model, node in ((seed, cfg.engine), (supervisor, supervisors(cfg))):
        if not model.is_api:
            load_config(model)
        with engine_for(node, model):
            pass
    context = getattr(load_config(seed).get_text_config(), "max_position_embeddings", None)
    if context and cfg.tuning.max_length > context:
        raise ConfigError(
            f"tuning.max_length={cfg.tuning.max_length} is more than the {context} tokens of {seed.name}: give fewer."
        )
