"""A study: the cells of one seed x supervisor matrix that were run with the same settings.

Each finished cell leaves `<root>/study/<name>-<key>/<seed>@<supervisor>.json`, which names the verdicts
of its three rows, and its later replicates `<seed>@<supervisor>+<replicate>.json`; the key stands for everything in
the configuration but the two models and the replicate. `arm.txt` beside them tells what an ablation varies.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar, Final

from hydra.experimental.callback import Callback
from omegaconf import DictConfig, ListConfig, OmegaConf

from ditto.config import defining, plain
from ditto.errors import ConfigError, StoreError
from ditto.store import digest, write_atomically

# Parts of the configuration that do not change a study's numbers; of the engines, see `defining`. Of the trainer, the
# precision alone does: large seeds may be tuned with ZeRO-3 beside small ones with DDP, in one matrix.
NUISANCE: Final = (
    "seed",
    "supervisor",
    "trainer",
    "paths",
    "report",
    "threads",
    "launch",
    "checkpoint_every",
    "logger",
    "preview",
    "hub",
    "task",
    "given",
    "replicate",
    "validate",
    "plan",
    "hardware",
)
# A job leaves this file in its folder once its cell is done; it names the study's folder.
CELL_DONE: Final = "study.txt"
ARM: Final = "arm.txt"


@dataclass(frozen=True, slots=True)
class Cell:
    """One finished cell; `rows` maps base, supervision and imitation to their verdict artifacts."""

    seed: str
    supervisor: str
    seed_parameters: int
    supervisor_parameters: int | None  # nobody tells, of a model behind an API
    rows: Mapping[str, str]
    replicate: int = 0


def key(cfg: DictConfig) -> str:
    """What the cells of one study have in common, as a digest."""
    cfg = OmegaConf.merge(cfg, {"replicate": 0})  # type: ignore[assignment]  # seeds follow it
    parts = {
        str(name): plain(cfg[name]) if isinstance(cfg[name], DictConfig) else cfg[name]
        for name in cfg
        if name not in (*NUISANCE, "study")
    }
    engines = {name: defining(cfg[name]) for name in ("engine", "supervisor_engine") if cfg.get(name)}
    same = {"study": {"name": cfg.study.name}, "trainer": {"precision": cfg.trainer.precision}}
    return digest(parts | engines | same)


def folder(cfg: DictConfig) -> Path:
    return Path(cfg.paths.root) / "study" / f"{cfg.study.name}-{key(cfg)}"


def file(cfg: DictConfig, seed: str, supervisor: str, replicate: int) -> Path:
    """Where a finished cell is told of."""
    again = f"+{replicate}" if replicate else ""
    return folder(cfg) / f"{seed}@{supervisor}{again}.json"


def save(cfg: DictConfig, cell: Cell) -> Path:
    path = file(cfg, cell.seed, cell.supervisor, cell.replicate)
    write_atomically(path, json.dumps(asdict(cell), indent=2) + "\n")
    write_atomically(path.parent / ARM, _said(cfg.study.arm))
    return path.parent


def arm(folder: Path) -> str:
    """The value that the study has of what its ablation varies; empty where it is in none."""
    return (folder / ARM).read_text("utf-8") if (folder / ARM).exists() else ""


def _said(arm: Any) -> str:
    if isinstance(arm, ListConfig):
        return "+".join(map(str, arm)) or "none"
    return "" if arm is None else str(arm)


def load(folder: Path) -> list[Cell]:
    """The study's cells, small seeds and small supervisors first.

    Raises:
        StoreError: a file is damaged, or another version's.
    """
    return sorted(
        map(_cell, folder.glob("*@*.json")),
        key=lambda c: (c.seed_parameters, c.seed, c.supervisor_parameters or math.inf, c.supervisor, c.replicate),
    )


def _cell(file: Path) -> Cell:
    try:
        return Cell(**json.loads(file.read_text("utf-8")))
    except (ValueError, TypeError):
        raise StoreError(
            f"{file} is damaged or of another version of ditto: remove it and run its cell again."
        ) from None


def named(root: Path, name: str) -> Path:
    """The folder of the study with this name, or whose folder has this name.

    Raises:
        ConfigError: there is none, or several with other settings each.
    """
    folders = sorted(f for f in (root / "study").glob("*") if name in (f.name, f.name.rpartition("-")[0]))
    if len(folders) != 1:
        there = f"are several: name one of {', '.join(f.name for f in folders)}" if folders else "is none: run it first"
        raise ConfigError(f"Of the study {name!r} there {there} ({root / 'study'}).")
    return folders[0]


class Launch(Callback):
    """What Hydra was asked to run, for the report after it: set in the process that launches the jobs."""

    current: ClassVar["Launch | None"] = None

    cfg: DictConfig
    folder: Path

    def on_run_start(self, config: DictConfig, **_: Any) -> None:
        self._start(config, config.hydra.run.dir)

    def on_multirun_start(self, config: DictConfig, **_: Any) -> None:
        self._start(config, config.hydra.sweep.dir)

    def _start(self, config: DictConfig, folder: str) -> None:
        self.cfg, self.folder = config, Path(folder)
        Launch.current = self
