"""Lightning's view of a run."""

from typing import Any

from pytorch_lightning.loggers import Logger
from pytorch_lightning.utilities import rank_zero_only

from ditto.dashboards.telling import Telling


class Live(Logger):
    """Hands each step's figures on, on rank 0."""

    def __init__(self, telling: Telling) -> None:
        super().__init__()
        self._telling = telling

    @property
    def name(self) -> str:
        return self._telling.run.name

    @property
    def version(self) -> str:
        return self._telling.run.id

    @rank_zero_only
    def log_metrics(self, metrics: dict[str, float], step: int | None = None) -> None:
        assert step is not None
        self._telling.metrics(step, metrics)

    def log_hyperparams(self, params: Any, *args: Any, **kwargs: Any) -> None:
        """Nothing: the run has its configuration."""
