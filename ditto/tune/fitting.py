"""Lightning's Trainer, as a tuning uses it."""

import logging
import signal
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import pytorch_lightning as pl
import torch
from omegaconf import DictConfig
from pytorch_lightning.loggers import Logger

from ditto.config import build
from ditto.errors import StageError
from ditto.tune.batches import DialogueData, MicroBatches
from ditto.tune.checkpoints import Checkpoints
from ditto.tune.module import CausalLM, Tuning
from ditto.tune.watch import Watch


def fit(
    job: DictConfig,
    tuning: Tuning,
    module: CausalLM,
    batches: MicroBatches,
    watch: Watch,
    checkpoints: Checkpoints,
    *others: pl.Callback,
    logger: Logger | None = None,
) -> None:
    if job.trainer.accelerator == "cpu":
        torch.set_num_threads(job.threads)
    logging.getLogger("pytorch_lightning").setLevel(logging.WARNING)
    with warnings.catch_warnings():
        # Lightning advises workers and other settings that the plan of batches makes pointless.
        warnings.filterwarnings("ignore", module=r"(pytorch_lightning|lightning_fabric)\..*")
        trainer: pl.Trainer = build(
            job.trainer,
            max_steps=tuning.steps,
            accumulate_grad_batches=tuning.accumulate,
            gradient_clip_val=tuning.clip,
            callbacks=[watch, *others, checkpoints],  # a checkpoint holds what the others found at its step
            logger=logger or False,
        )
        with _own_signals():
            trainer.fit(module.train(), datamodule=DialogueData(batches), ckpt_path=checkpoints.last())
    if len(watch.losses) != tuning.steps:
        raise StageError(f"The trainer made {len(watch.losses)} of {tuning.steps} steps; the model is not used.")


@contextmanager
def _own_signals() -> Iterator[None]:
    """Take the signals back from Lightning, and let Ctrl-C through, of which it makes a bare exit.

    Another exit is meant, such as that of a preempted job.
    """
    former = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    except SystemExit as error:
        if not isinstance(error.__context__, KeyboardInterrupt):
            raise
        raise KeyboardInterrupt from error
    finally:
        if threading.current_thread() is threading.main_thread():
            for number, handler in former.items():
                signal.signal(number, handler)
