"""A callback that measures the loss on sessions kept aside, and keeps the weights of the best step."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from ditto.tune.batches import Batch, padded
from ditto.tune.data import Example
from ditto.tune.gather import whole
from ditto.tune.module import CausalLM, summed_loss


class Validation(pl.Callback):
    """Every `every` steps and at the last one, the mean loss over the supervised tokens of `examples` goes to
    `folder`/validation.csv; the weights with the lowest are kept in `best`, on rank 0.
    """

    def __init__(self, examples: Sequence[Example], pad: int, every: int, size: int, folder: Path) -> None:
        self.losses = dict[int, float]()
        self._every, self._folder = every, folder
        self._batches = [padded(examples[i : i + size], pad) for i in range(0, len(examples), size)]

    @property
    def best_step(self) -> int:
        return min(self.losses, key=lambda step: (self.losses[step], step))

    def best(self) -> dict[str, Tensor]:
        return load_file(self._best)

    def close(self) -> None:
        """Forget the best weights, once they are saved elsewhere."""
        self._best.unlink(missing_ok=True)

    def state_dict(self) -> dict[str, Any]:
        return {"losses": self.losses}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.losses = state_dict["losses"]

    def on_train_batch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule, *_: Any) -> None:
        step = trainer.global_step
        due = step % self._every == 0 or step == trainer.max_steps
        if step in self.losses or not step or not due:
            return
        assert isinstance(pl_module, CausalLM)
        self.losses[step] = self._loss(trainer, pl_module)
        if self.best_step == step:
            weights = whole(pl_module.model, trainer.global_rank)
            if trainer.is_global_zero:
                self._folder.mkdir(parents=True, exist_ok=True)
                beside = self._best.with_suffix(".partial")
                save_file({name: tensor.contiguous() for name, tensor in weights.items()}, beside)
                beside.rename(self._best)
        if trainer.is_global_zero:
            lines = [f"{at},{loss:.6f}\n" for at, loss in self.losses.items()]
            (self._folder / "validation.csv").write_text("step,loss\n" + "".join(lines))

    @property
    def _best(self) -> Path:
        return self._folder / "best.safetensors"

    def _loss(self, trainer: pl.Trainer, module: CausalLM) -> float:
        """Every rank computes as often as the others, because ZeRO-3 gathers weights from all of them."""
        total, device = torch.zeros(2), module.device
        module.eval()
        for start in range(0, len(self._batches), trainer.world_size):
            own = start + trainer.global_rank
            batch: Batch = {n: t.to(device) for n, t in self._batches[own % len(self._batches)].items()}
            with torch.no_grad(), trainer.precision_plugin.forward_context():
                loss = summed_loss(module.model, batch).cpu()
            if own < len(self._batches):
                total += torch.tensor([float(loss), float((batch["labels"][:, 1:] >= 0).sum())])
        module.train()
        summed = trainer.strategy.reduce(total.to(device), reduce_op="sum")
        assert isinstance(summed, Tensor)
        return float(summed[0] / summed[1])
