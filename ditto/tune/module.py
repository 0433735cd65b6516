"""The LightningModule: a causal language model, its loss on the supervised tokens, AdamW, warm-up and cosine."""

import math
from dataclasses import dataclass
from random import Random
from typing import Any, Literal

import pytorch_lightning as pl
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim.lr_scheduler import LambdaLR

from ditto.errors import ConfigError, StageError
from ditto.tune.batches import IGNORED, Batch


@dataclass(frozen=True, slots=True)
class Tuning:
    """Hyperparameters of one tuning. Lengths are in tokens, `batch_size` in sessions a step.

    Raises:
        ConfigError: a value outside its range.
    """

    steps: int
    batch_size: int
    lr: float
    min_lr: float
    warmup: float = 0.1
    weight_decay: float = 0.0
    betas: tuple[float, float] = (0.9, 0.95)
    clip: float = 1.0
    accumulate: int = 1
    max_length: int = 8192
    packing: bool = False
    gradient_checkpointing: bool = False
    compile: bool = False
    liger: bool = False
    attention: Literal["sdpa", "flash_attention_2", "flex_attention", "eager"] = "sdpa"
    validation: float = 0.0
    validate_every: int = 50
    keep: Literal["last", "best"] = "last"
    best: int = 0
    seed: int = 0

    def __post_init__(self) -> None:
        for name, ok, range_ in (
            ("steps", self.steps >= 1, "at least 1"),
            ("batch_size", self.batch_size >= 1, "at least 1"),
            ("lr", 0 < self.lr <= 1, "above 0 and at most 1"),
            ("min_lr", 0 <= self.min_lr <= self.lr, "from 0 to lr"),
            ("warmup", 0 <= self.warmup < 1, "from 0 to below 1, a share of the steps"),
            ("weight_decay", 0 <= self.weight_decay <= 1, "from 0 to 1"),
            ("betas", all(0 <= beta < 1 for beta in self.betas), "two numbers from 0 to below 1"),
            ("clip", self.clip > 0, "above 0"),
            ("accumulate", 1 <= self.accumulate <= self.batch_size, "from 1 to batch_size"),
            ("max_length", self.max_length >= 16, "at least 16"),
            ("validation", 0 <= self.validation < 1, "from 0 to below 1, a share of the characters"),
            ("validate_every", self.validate_every >= 1, "at least 1"),
            ("best", not self.best or self.best > 0 < self.validation, "0, or more with tuning.validation"),
            ("keep", self.keep == "last" or self.validation > 0, "last, unless tuning.validation keeps some aside"),
        ):
            if not ok:
                raise ConfigError(f"tuning.{name}={getattr(self, name)} cannot be meant: it must be {range_}.")


class CausalLM(pl.LightningModule):
    """Tunes the trainable weights of `model` with the next-token loss of the supervised tokens.

    A `fused` AdamW takes a fifth of the time; float16's loss scaling cannot clip gradients under it.
    """

    model: nn.Module

    def __init__(self, model: nn.Module, tuning: Tuning, *, fused: bool = True) -> None:
        super().__init__()
        self._tuning, self._fused = tuning, fused
        self.hold(model)

    def hold(self, model: nn.Module) -> None:
        """Take `model` as the one to tune."""
        self.model = model
        parameters = dict(self.named_parameters(remove_duplicate=False))
        self._trainable = {name for name, parameter in parameters.items() if parameter.requires_grad}
        self.strict_loading = len(self._trainable) == len(parameters)

    def training_step(self, batch: Batch, index: int) -> Tensor:
        """The batch's share of its step's mean loss; see `MicroBatches` for `scale`.

        What dropout draws depends on the number of the part and of the rank alone: a resumed tuning draws the same.
        """
        torch.manual_seed(Random(f"{self._tuning.seed}/{index}/{self.global_rank}").getrandbits(63))
        loss = summed_loss(self.model, batch, fused=self._tuning.liger) / batch["scale"]
        if not torch.isfinite(loss):
            raise StageError(
                f"The loss is {loss.item()} at step {self.global_step + 1}, on {lines_in_words(batch)}: "
                f"lower tuning.lr={self._tuning.lr}, or look at them."
            )
        return loss

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Leave out what is frozen: a checkpoint of adapters needs no copy of the seed."""
        if not self.strict_loading:
            state = checkpoint["state_dict"]
            checkpoint["state_dict"] = {name: value for name, value in state.items() if name in self._trainable}

    def configure_optimizers(self) -> Any:
        tuning = self._tuning
        trainable = [p for p in self.model.parameters() if p.requires_grad]
        matrices = [p for p in trainable if p.dim() >= 2]
        vectors = [p for p in trainable if p.dim() < 2]
        groups = [{"params": matrices, "weight_decay": tuning.weight_decay}, {"params": vectors, "weight_decay": 0.0}]
        filled = [group for group in groups if group["params"]]  # LoRA has no vectors; DeepSpeed takes no empty group
        optimizer = torch.optim.AdamW(filled, lr=tuning.lr, betas=tuning.betas, fused=self._fused)
        # Without a scaler nothing is unscaled, but Lightning would refuse to clip under mixed precision.
        optimizer._step_supports_amp_scaling = False
        schedule = LambdaLR(optimizer, lambda step: learning_rate(step, tuning) / tuning.lr)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}


def summed_loss(model: nn.Module, batch: Batch, *, fused: bool = False) -> Tensor:
    """Cross-entropy summed over the batch's supervised tokens.

    Of a packed row, no logits are made where nothing is supervised; `fused` leaves the loss to the model, whose kernels
    make none at all.
    """
    names = ("input_ids", "attention_mask", "position_ids")
    inputs: dict[str, Any] = {name: batch[name] for name in names if name in batch}
    if "bounds" in batch:
        inputs["bounds"] = batch["bounds"].tolist()
    if fused:
        one = torch.ones((), device=batch["labels"].device)
        loss: Tensor = model(**inputs, labels=batch["labels"], num_items_in_batch=one, use_cache=False).loss
        return loss
    targets = batch["labels"][:, 1:]
    if "bounds" in batch:
        kept = (targets != IGNORED).any(dim=0).nonzero().squeeze(1)
        logits, targets = model(**inputs, use_cache=False, logits_to_keep=kept).logits, targets[:, kept]
    else:
        logits = model(**inputs, use_cache=False).logits[:, :-1]
    return F.cross_entropy(logits.flatten(0, 1).float(), targets.flatten(), ignore_index=IGNORED, reduction="sum")


def lines_in_words(batch: Batch, shown: int = 8) -> str:
    """Where the batch's sessions were read."""
    lines = sorted(batch["lines"].tolist())
    more = f" and {len(lines) - shown} more" if len(lines) > shown else ""
    return f"lines {', '.join(map(str, lines[:shown]))}{more} of dialogues.jsonl"


def learning_rate(step: int, tuning: Tuning) -> float:
    """Linear warm-up over the first `warmup` share of the steps, then a cosine down to `min_lr`."""
    warm = round(tuning.warmup * tuning.steps)
    if step < warm:
        return tuning.lr * (step + 1) / warm
    progress = min(1.0, (step - warm) / max(1, tuning.steps - warm))
    return tuning.min_lr + (tuning.lr - tuning.min_lr) * (1 + math.cos(math.pi * progress)) / 2
