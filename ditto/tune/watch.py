"""A callback that writes down each step's loss and, at the end, gathers what was trained."""

from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytorch_lightning as pl
import torch
from torch import Tensor

from ditto.errors import StageError
from ditto.tune.gather import whole
from ditto.tune.module import lines_in_words

WINDOW: Final = 10  # steps
DIVERGED: Final = 1.0  # nat above the mean loss of the first steps


class Watch(pl.Callback):
    """`file` gets a line a step (step, loss), `told` is called with the same, both on rank 0 alone; `trained` is
    there at the end, on rank 0 as well.

    Raises:
        StageError: the loss runs away.
    """

    def __init__(self, file: Path, told: Callable[[int, float], None]) -> None:
        self.losses: list[float] = []
        self.trained: dict[str, Tensor] = {}
        self._file, self._told = file, told
        self._parts: list[float] = []
        self._lines = deque[str](maxlen=WINDOW)

    def state_dict(self) -> dict[str, Any]:
        return {"losses": self.losses}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.losses = state_dict["losses"]

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if trainer.is_global_zero:
            self._file.write_text("step,loss\n")
            for step, loss in enumerate(self.losses, 1):  # of a tuning that goes on from a checkpoint
                self._write(step, loss)

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        # Lightning hands over the loss divided by the number of accumulated parts.
        self._parts.append(float(outputs["loss"]))
        if trainer.global_step == len(self.losses):
            return
        mean = torch.tensor(sum(self._parts), device=pl_module.device.type)
        self._parts.clear()
        self.losses.append(float(trainer.strategy.reduce(mean, reduce_op="mean")))
        if trainer.is_global_zero:
            self._write(len(self.losses), self.losses[-1])
        self._lines.append(lines_in_words(batch))
        self._stop_when_diverged()

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self.trained = whole(pl_module.get_submodule("model"), trainer.global_rank)

    def _write(self, step: int, loss: float) -> None:
        with self._file.open("a") as file:
            file.write(f"{step},{loss:.6f}\n")
        self._told(step, loss)

    def _stop_when_diverged(self) -> None:
        first, last = self.losses[:WINDOW], self.losses[-WINDOW:]
        if len(self.losses) < 2 * WINDOW or sum(last) <= sum(first) + WINDOW * DIVERGED:
            return
        worst = max(range(len(self._lines)), key=lambda i: last[i - len(self._lines)])
        step = len(self.losses) - len(self._lines) + worst + 1
        raise StageError(
            f"The loss diverges: over the last {WINDOW} steps it is {sum(last) / WINDOW:.3g}, over the first "
            f"{sum(first) / WINDOW:.3g}; the worst, {self.losses[step - 1]:.3g}, is of step {step}, on "
            f"{self._lines[worst]}. Lower tuning.lr."
        )
