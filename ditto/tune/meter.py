"""A callback that measures a training: tokens a second, share of the device's arithmetic, memory."""

import resource
import sys
import time
from pathlib import Path
from typing import Any, Final

import pytorch_lightning as pl
import torch
from torch import Tensor

from ditto.tune.batches import Batch
from ditto.tune.estimate import GIB, Cost
from ditto.tune.watch import Watch

WARM_UP: Final = 3  # steps that do not count: memory is found, kernels are chosen


class Meter(pl.Callback):
    """Tells the trainer's logger each step's loss (which `watch` has by then), learning rate, gradient norm, non-pad
    tokens per second over all ranks, model FLOP utilisation (see `Cost.flop_per_token`) and peak memory of rank 0;
    `summary` has the whole.
    """

    def __init__(self, cost: Cost, watch: Watch) -> None:
        self.summary: dict[str, float] = {}
        self._cost, self._watch, self._rate = cost, watch, 0.0
        self._tokens, self._step, self._norm = 0, 0, 0.0
        self._since = 0.0
        self._counted, self._seconds = 0.0, 0.0

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._step = trainer.global_step
        if trainer.logger:
            self._rate = matrix_rate(pl_module.device, bf16="bf16" in str(trainer.precision))
        self._since = time.perf_counter()

    def on_before_optimizer_step(self, trainer: pl.Trainer, pl_module: pl.LightningModule, optimizer: Any) -> None:
        if trainer.logger:
            gradients = [p.grad for p in pl_module.parameters() if p.grad is not None]
            # DeepSpeed keeps gradients of its own and tells their norm after the step.
            self._norm = float(torch.nn.utils.get_total_norm(gradients)) if gradients else 0.0

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Batch, batch_idx: int
    ) -> None:
        self._tokens += int(batch["tokens"])
        if trainer.global_step == self._step:
            return
        self._step = trainer.global_step
        now = time.perf_counter()
        tokens, seconds = self._tokens * trainer.world_size, now - self._since  # the ranks' parts are about equal
        if self._step > WARM_UP:
            self._counted, self._seconds = self._counted + tokens, self._seconds + seconds
        if trainer.logger:
            trainer.logger.log_metrics(self._metrics(trainer, tokens / seconds), self._step)
        self._tokens, self._since = 0, now

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self.summary = {"peak GiB": round(peak_memory(pl_module.device) / GIB, 3)}
        if self._seconds:
            self.summary["tokens a second"] = round(self._counted / self._seconds)

    def _metrics(self, trainer: pl.Trainer, tokens_per_second: float) -> dict[str, float]:
        engine = getattr(trainer.model, "get_global_grad_norm", None)
        norm = (engine() or 0.0) if engine else self._norm
        flops = tokens_per_second * self._cost.flop_per_token / trainer.world_size
        return {
            "loss": self._watch.losses[-1],
            "learning_rate": trainer.optimizers[0].param_groups[0]["lr"],
            "gradient_norm": float(norm),
            "tokens_per_second": tokens_per_second,
            "flop_utilisation": flops / self._rate,
            "peak_gib": peak_memory(trainer.strategy.root_device) / GIB,
        }


def matrix_rate(device: torch.device, *, bf16: bool, seconds: float = 0.2) -> float:
    """Floating-point operations a second of the device in a large matrix product, measured."""
    size = 8192 if device.type == "cuda" else 1024
    a: Tensor = torch.randn(size, size, device=device, dtype=torch.bfloat16 if bf16 else torch.float32)
    best, end = 0.0, time.perf_counter() + seconds
    while best == 0.0 or time.perf_counter() < end:
        start = _now(device)
        a @ a
        best = max(best, 2 * size**3 / (_now(device) - start))
    return best


def peak_memory(device: torch.device) -> int:
    """Bytes: what torch held of the GPU, or what the whole process held of the memory."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    status = Path("/proc/self/status")
    if status.exists():  # `getrusage` would begin with the parent's peak
        return 1024 * int(next(line.split()[1] for line in status.read_text().splitlines() if line.startswith("VmHWM")))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def _now(device: torch.device) -> float:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter()
