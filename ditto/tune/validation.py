"""A callback that measures the loss on sessions kept aside, and keeps the weights of the best step."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import pytorch_lightning as pl
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from ditto.tune.batches import Batch, padded
from ditto.tune.data import Example
from ditto.tune.gather import whole
from ditto.tune.module import CausalLM, summed_loss
from ditto.tune.space import saving

BEST: Final = "best"


class Validation(pl.Callback):
    """Every `every` steps and at the last one, the mean loss over the supervised tokens of `examples` goes to
    `folder`/validation.csv; of the `kept` steps with the lowest, the weights stay in `folder`/best, by rank 0.

    Raises:
        StoreError: the disk is full.
    """

    def __init__(self, examples: Sequence[Example], pad: int, every: int, size: int, folder: Path, kept: int) -> None:
        self.losses = dict[int, float]()
        self._every, self._folder, self._kept = every, folder, kept
        self._batches = [padded(examples[i : i + size], pad) for i in range(0, len(examples), size)]

    @property
    def best_step(self) -> int:
        return self._ranked()[0]

    def best(self) -> dict[str, Tensor]:
        return load_file(self._place(self.best_step))

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
        if step in self._ranked()[: self._kept]:
            weights = whole(pl_module.model, trainer.global_rank)
            if trainer.is_global_zero:
                self._save(step, weights)
        if trainer.is_global_zero:
            lines = [f"{at},{loss:.6f}\n" for at, loss in self.losses.items()]
            (self._folder / "validation.csv").write_text("step,loss\n" + "".join(lines))

    def _ranked(self) -> list[int]:
        return sorted(self.losses, key=lambda step: (self.losses[step], step))

    def _place(self, step: int) -> Path:
        return self._folder / BEST / f"step-{step:08d}.safetensors"

    def _save(self, step: int, weights: dict[str, Tensor]) -> None:
        place = self._place(step)
        place.parent.mkdir(parents=True, exist_ok=True)
        beside = place.with_suffix(".partial")
        with saving(self._folder):
            save_file({name: tensor.contiguous() for name, tensor in weights.items()}, beside)
        beside.rename(place)
        staying = {self._place(step) for step in self._ranked()[: self._kept]}
        for left in set(place.parent.iterdir()) - staying:
            left.unlink()

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
