"""A callback that saves a tuning on its way, so that a killed one goes on from its last checkpoint."""

import shutil
import signal
import threading
from pathlib import Path
from typing import Any

import pytorch_lightning as pl

from ditto.errors import Interrupted, StoreError
from ditto.tune.space import saving


class Checkpoints(pl.Callback):
    """Saves weights, optimiser, schedule and position to `folder`/step-<n> every `every` steps (0: never), and once
    more when SIGTERM asks the process to end.

    A checkpoint is written beside its place and appears by one rename; only then does the one before it go. There is
    none of the last step, whose weights the artifact holds. Random states are not in it: each part of a step
    draws from a seed of its own (`CausalLM.training_step`).

    Raises:
        StoreError: the disk is full; the former checkpoint stays.
        Interrupted: SIGTERM came; a checkpoint of the step it came in has been saved.
    """

    def __init__(self, folder: Path, every: int) -> None:
        self._folder, self._every = folder, every
        self._saved, self._asked_to_end = 0, False

    def last(self) -> Path | None:
        """The checkpoint to go on from, if there is one."""
        return max(self._folder.glob("step-*"), default=None)

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._saved = trainer.global_step
        if threading.current_thread() is threading.main_thread():
            # In place of Lightning's own, which ends at once and broadcasts in the middle of whatever goes on.
            signal.signal(signal.SIGTERM, self._ask_to_end)

    def on_train_batch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule, *_: Any) -> None:
        step = trainer.global_step
        if step == self._saved:
            return  # in the middle of an accumulated step
        ending = trainer.strategy.reduce_boolean_decision(self._asked_to_end, all=False)
        last = step == trainer.max_steps
        if not last and (ending or (self._every and step % self._every == 0)):
            self._save(trainer, step)
        self._saved = step
        if ending and not last:
            raise Interrupted(f"SIGTERM ended the tuning after step {step}, which is saved; the same command goes on.")

    def _save(self, trainer: pl.Trainer, step: int) -> None:
        place, beside = self._folder / f"step-{step:08d}", self._folder / "partial"
        if trainer.is_global_zero:
            _remove(beside)
        trainer.strategy.barrier()
        try:
            with saving(self._folder):
                trainer.save_checkpoint(beside)
        except StoreError:
            _remove(beside)  # or there is no room to say why
            raise
        trainer.strategy.barrier()
        if trainer.is_global_zero:
            former = list(self._folder.glob("step-*"))
            beside.rename(place)
            for path in former:
                _remove(path)

    def _ask_to_end(self, *_: Any) -> None:
        self._asked_to_end = True


def _remove(path: Path) -> None:
    """Delete what one strategy saves as a file and another as a folder."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
