"""`logger=wandb`: Weights & Biases, online with a key and offline without one."""

import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from netrc import NetrcParseError, netrc
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from pydantic import NonNegativeInt

from ditto.dashboards.base import Run, Table
from ditto.errors import ConfigError

if TYPE_CHECKING:
    import wandb

log = logging.getLogger(__name__)
HOSTS: Final = {"api.wandb.ai", "api.forge.coreweave.com"}  # W&B's own, before 2026 and since
PATIENCE: Final = 60.0  # seconds to begin a run, and to end it; what is not uploaded then stays in its folder


@dataclass(frozen=True, slots=True)
class Wandb:
    """Runs of `project`; with `offline` null, online where there is a key (`has_key`) and offline elsewhere.

    Raises:
        ConfigError: W&B is not installed.
    """

    folder: str
    samples: NonNegativeInt
    project: str
    offline: bool | None

    def __post_init__(self) -> None:
        if find_spec("wandb") is None:
            raise ConfigError("logger=wandb needs wandb, which is not installed: pip install 'ditto-roleplay[wandb]'.")

    def open(self, run: Run) -> "WandbBoard":
        import wandb

        Path(self.folder).mkdir(parents=True, exist_ok=True)  # W&B would take another one
        os.environ.setdefault("WANDB_DATA_DIR", f"{self.folder}/wandb")  # by itself it stages tables in the home
        opened = wandb.init(
            project=self.project,
            id=run.id,
            name=run.name,
            group=run.group,
            job_type=run.job_type,
            config=dict(run.config),
            allow_val_change=True,
            dir=self.folder,
            resume="allow",
            reinit="create_new",  # whatever other run there is in this process
            mode=self._mode(),
            settings=wandb.Settings(
                silent=True,
                console="off",
                disable_code=True,
                disable_git=True,
                init_timeout=PATIENCE,
                finish_timeout=PATIENCE,
                finish_timeout_raises=True,
                x_disable_machine_info=True,
                x_disable_meta=True,  # the command among it, which may hold a key
                x_disable_stats=True,
                x_save_requirements=False,
            ),
        )
        if opened.offline:
            _say_how_to_upload(Path(self.folder))
        return WandbBoard(opened)

    def _mode(self) -> Any:
        """None leaves it to W&B's own `WANDB_MODE`."""
        if self.offline is None and "WANDB_MODE" in os.environ:
            return None
        return "offline" if self.offline or (self.offline is None and not has_key()) else "online"


class WandbBoard:
    def __init__(self, run: "wandb.Run") -> None:
        self._run = run

    def metrics(self, step: int, values: Mapping[str, float]) -> None:
        """W&B itself drops the steps that it has of the run online."""
        self._run.log(dict(values), step=step)

    def summary(self, step: int, values: Mapping[str, Any]) -> None:
        self._run.summary.update(dict(values))

    def table(self, step: int, table: Table) -> None:
        import wandb

        rows = [list(row) for row in table.rows]
        self._log(step, table.name, wandb.Table(list(table.columns), rows, allow_mixed_types=True))

    def image(self, step: int, file: Path) -> None:
        import wandb

        self._log(step, file.stem, wandb.Image(str(file)))

    def close(self, *, failed: bool) -> None:
        self._run.finish(exit_code=int(failed))

    def _log(self, step: int, name: str, what: Any) -> None:
        """At that step or, where W&B has later ones of the run, at its next."""
        self._run.log({name: what}, step=max(step, self._run.step))


def has_key() -> bool:
    """Whether W&B would find a key in the environment or, for its host, in the netrc file of `wandb login`."""
    if os.environ.get("WANDB_API_KEY"):
        return True
    hosts = {urlsplit(url).netloc} if (url := os.environ.get("WANDB_BASE_URL")) else HOSTS
    try:
        return not hosts.isdisjoint(netrc(Path(os.environ.get("NETRC", "~/.netrc")).expanduser()).hosts)
    except (OSError, NetrcParseError):
        return False


@cache
def _say_how_to_upload(folder: Path) -> None:
    """Once a process."""
    log.info("%-11s offline; to upload the runs: wandb sync %s/wandb/offline-run-*", "wandb", folder)
