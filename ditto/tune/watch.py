"""A callback that writes down each step's loss and, at the end, gathers what was trained."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor

from ditto.tune.zero import whole


class Watch(pl.Callback):
    """`file` gets a line a step (step, loss), `told` is called with the same, both on rank 0 alone; `trained` is
    there at the end, on rank 0 as well.
    """

    def __init__(self, file: Path, told: Callable[[int, float], None]) -> None:
        self.losses: list[float] = []
        self.trained: dict[str, Tensor] = {}
        self._file, self._told = file, told
        self._parts: list[float] = []

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if trainer.is_global_zero:
            self._file.write_text("step,loss\n")

    def on_train_batch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, *_: Any) -> None:
        # Lightning hands over the loss divided by the number of accumulated parts.
        self._parts.append(float(outputs["loss"]))
        if trainer.global_step == len(self.losses):
            return
        mean = torch.tensor(sum(self._parts), device=pl_module.device.type)
        self._parts.clear()
        self.losses.append(float(trainer.strategy.reduce(mean, reduce_op="mean")))
        if trainer.is_global_zero:
            step, loss = len(self.losses), self.losses[-1]
            with self._file.open("a") as file:
                file.write(f"{step},{loss:.6f}\n")
            self._told(step, loss)

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self.trained = whole(pl_module.get_submodule("model"), trainer.global_rank)
