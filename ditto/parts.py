"""What the cells of a sweep share: jobs that run side by side make it first, each part once, and wait for no lock.

wave 1   benchmark                        the characters and the questions
wave 2   simulate, base, supervision      a supervisor's dialogues; the two rows that many cells show
wave 3   filter                           what is kept of them, where they are filtered
then     cell                             the tuning and its imitation row, and the cell's file
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from omegaconf import DictConfig, OmegaConf

from ditto import study
from ditto.config import plain
from ditto.errors import ConfigError
from ditto.store import digest

CELL: Final = "cell"
WAVES: Final = (("benchmark",), ("simulate", "base", "supervision"), ("filter",))

_ALL: Final = ("characters", "benchmark", "prompts", "engine")
_ANSWERED: Final = (*_ALL, "answer", "judge")
_SIMULATED: Final = (*_ALL, "supervisor_engine", "supervisor", "simulate")
# What each part is made of. A group too few here costs a wait, one too many a job that finds everything done.
_USES: Final[Mapping[str, tuple[str, ...]]] = {
    "benchmark": _ALL,
    "simulate": _SIMULATED,
    "filter": (*_SIMULATED, "filter"),
    "base": (*_ANSWERED, "seed"),
    "supervision": (*_ANSWERED, "supervisor_engine", "supervisor"),
}


@dataclass(frozen=True, slots=True)
class Shared:
    """A part that a cell may share with others: those with an equal `key`."""

    part: str
    name: str
    key: str


def check_study(node: DictConfig) -> None:
    """See that what is asked of a study can be meant.

    Raises:
        ConfigError: it cannot.
    """
    if node.part not in (CELL, *_USES):
        raise ConfigError(f"study.part={node.part} is unknown: it is one of {', '.join((CELL, *_USES))}.")
    if not isinstance(node.only_missing, bool):
        raise ConfigError(f"study.only_missing={node.only_missing} cannot be meant: it is true or false.")


def shared(cfg: DictConfig) -> list[Shared]:
    """The parts that the cell of `cfg` may share.

    Raises:
        DittoError: what is wrong with the configuration.
    """
    seed, supervisor = names(cfg)
    of = {"benchmark": cfg.study.name, "simulate": supervisor, "base": seed, "supervision": supervisor}
    of |= {"filter": supervisor} if cfg.get("filter") else {}
    return [Shared(part, f"{part} {who}", digest([part, who, _values(cfg, part)])) for part, who in of.items()]


def names(cfg: DictConfig) -> tuple[str, str]:
    """Seed and supervisor."""
    from ditto.stages.check import models  # torch, which `--help` does without

    seed, supervisor = models(cfg)
    return seed.name, supervisor.name


def cell(cfg: DictConfig) -> Path:
    """Where the cell's file is or will be.

    Raises:
        DittoError: what is wrong with the configuration.
    """
    return study.file(cfg, *names(cfg), cfg.replicate)


def _values(cfg: DictConfig, part: str) -> dict[str, Any]:
    alone = OmegaConf.is_missing(cfg.supervisor, "path")  # the supervisor is the seed
    chosen = {name: "seed" if alone and name == "supervisor" else name for name in _USES[part] if cfg.get(name)}
    return {name: plain(cfg[source]) for name, source in chosen.items()}
