"""What each rank of a tuning does: `python -m ditto.stages.rank <job.yaml>`, as torchrun or SLURM start it.

A single rank needs no process of its own: `stages/tune.py` then calls `train` itself.
"""

import json
import logging
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any, Final

import pytorch_lightning as pl
import torch
from omegaconf import DictConfig, OmegaConf
from peft import LoraConfig, PeftModel
from pytorch_lightning.loggers import WandbLogger
from torch import Tensor

from ditto.config import build, register_resolvers
from ditto.errors import DittoError, StageError
from ditto.models import Model, load_tokenizer, load_weights
from ditto.records import Dialogue, read_jsonl
from ditto.stages.forecast import UTILISATION, Forecast, forecast, ranks
from ditto.tune.adapter import adapted, merged
from ditto.tune.batches import DialogueData, MicroBatches, plan
from ditto.tune.card import card
from ditto.tune.checkpoints import Checkpoints
from ditto.tune.data import Example, examples_within
from ditto.tune.export import export
from ditto.tune.meter import Meter, matrix_rate
from ditto.tune.method import learner, method
from ditto.tune.module import CausalLM, Tuning
from ditto.tune.validation import Validation
from ditto.tune.watch import Watch

log = logging.getLogger(__name__)
CHECKPOINTS: Final = "checkpoints"
COUNTS: Final = "counts.json"
ERROR: Final = "error.txt"
LOSSES: Final = "loss.csv"
Counts = dict[str, Any]


def train(job: DictConfig, told: Callable[[int, float], None]) -> Counts:
    """Tune `job.seed` on `job.dialogues`, and on rank 0 save it to `job.folder`; returns its counts there.

    `told` hears of every step and its loss.
    """
    seed: Model = build(job.seed)
    how = method(job.tuning)
    tuning = how.tuning
    tokenizer = load_tokenizer(seed)
    sessions = read_jsonl(Path(job.dialogues), Dialogue)
    within = [examples_within(s.messages, tokenizer, seed.template, tuning.max_length) for s in sessions]
    fitting = [replace(example, line=n) for n, (found, _) in enumerate(within, 1) for example in found]
    examples, aside = _kept_aside(fitting, sessions, tuning)
    if not examples:
        raise StageError(f"Not one dialogue fits tuning.max_length={tuning.max_length} tokens.")
    expected = forecast(seed, how, job.trainer, examples)
    _announce(expected, job)
    order = plan(len(examples), tuning.batch_size, tuning.steps, tuning.seed)
    row_length = tuning.max_length if tuning.packing else None
    batches = MicroBatches(examples, order, tuning.accumulate, tokenizer.pad_token_id, row_length)
    pl.seed_everything(tuning.seed, verbose=False)
    folder = Path(job.folder)
    watch = Watch(folder / LOSSES, told)
    checkpoints = Checkpoints(folder / CHECKPOINTS, job.checkpoint_every)
    meter = Meter(expected.cost)
    size = max(1, tuning.batch_size // (tuning.accumulate * ranks(job.trainer)))
    validation = Validation(aside, tokenizer.pad_token_id, tuning.validate_every, size, folder)
    module = CausalLM(learner(seed, how, job.trainer.accelerator), tuning, fused=job.trainer.precision != "16-mixed")
    fit(job, tuning, module, batches, watch, checkpoints, meter, *([validation] if aside else []))
    if not watch.trained:
        return {}
    trained = validation.best() if tuning.keep == "best" else watch.trained
    validation.close()
    counts = {
        "parameters": save(trained, seed, how.adapter, examples[0], folder),
        "trained": sum(p.numel() for p in trained.values()),
        "dialogues": len(sessions),
        "dialogues dropped": sum(not found for found, _ in within),
        "dialogues cut": sum(bool(found) and cut for found, cut in within),
        "supervised tokens": _supervised(examples),
        "steps": tuning.steps,
        "last loss": round(watch.losses[-1], 4),
        "estimated GiB": round(expected.cost.gib, 3),
        **meter.summary,
    }
    if aside:
        counts["kept aside"] = len(aside)
        counts["best step"] = validation.best_step
        counts["best loss"] = round(validation.losses[validation.best_step], 4)
    card(seed, how, counts).save(folder / "model" / "README.md")
    return counts


def _kept_aside(
    examples: Sequence[Example], sessions: Sequence[Dialogue], tuning: Tuning
) -> tuple[list[Example], list[Example]]:
    """What is learnt and what measures it, which share no character."""
    characters = sorted({session.character for session in sessions})
    n = round(tuning.validation * len(characters))
    chosen = set(Random(tuning.seed).sample(characters, n))
    aside = [example for example in examples if sessions[example.line - 1].character in chosen]
    if tuning.validation and not aside:
        raise StageError(f"tuning.validation={tuning.validation} keeps none of {len(characters)} characters aside.")
    return [example for example in examples if sessions[example.line - 1].character not in chosen], aside


def _announce(expected: Forecast, job: DictConfig) -> None:
    """Say what is coming, where it takes longer than a coffee is hot; into the ranks' log where there are several."""
    device = torch.device("cuda" if job.trainer.accelerator == "gpu" else "cpu")
    minutes = expected.seconds(matrix_rate(device, bf16="bf16" in str(job.trainer.precision)), ranks(job.trainer)) / 60
    log.log(
        logging.INFO if minutes > 1 else logging.DEBUG,
        "tune         %s; %.3g tokens, about %.3g min at %.0f%% of the speed of a matrix product",
        *(expected.cost, expected.tokens, minutes, 100 * UTILISATION),
    )


def fit(
    job: DictConfig,
    tuning: Tuning,
    module: CausalLM,
    batches: MicroBatches,
    watch: Watch,
    checkpoints: Checkpoints,
    *others: pl.Callback,
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
            callbacks=[watch, checkpoints, *others],
            logger=build(job.logger) if job.get("logger") else False,
        )
        with _own_signals():
            trainer.fit(module.train(), datamodule=DialogueData(batches), ckpt_path=checkpoints.last())
    if isinstance(trainer.logger, WandbLogger):
        trainer.logger.experiment.finish()  # or the next cell of a sweep would go on with the same run
    if len(watch.losses) != tuning.steps:
        raise StageError(f"The trainer made {len(watch.losses)} of {tuning.steps} steps; the model is not used.")


@contextmanager
def _own_signals() -> Iterator[None]:
    """Take the signals back from Lightning, and let Ctrl-C through, of which it makes a bare exit."""
    former = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    except SystemExit as error:
        raise KeyboardInterrupt from error
    finally:
        if threading.current_thread() is threading.main_thread():
            for number, handler in former.items():
                signal.signal(number, handler)


def save(trained: dict[str, Tensor], seed: Model, adapter: LoraConfig | None, example: Example, folder: Path) -> int:
    """Save the seed with its trained weights, and adapters by themselves as well; returns its size."""
    weights = load_weights(seed, "cpu")
    stored: torch.dtype = weights.dtype
    model = adapted(weights.float(), adapter) if adapter else weights.float()
    unknown = model.load_state_dict(trained, strict=False).unexpected_keys
    assert not unknown, unknown
    probe = torch.tensor([example.ids])
    if isinstance(model, PeftModel):
        model.save_pretrained(str(folder / "adapter"))
        model = merged(model, probe)
    for parameter in model.parameters():  # not the buffers: rotary frequencies stay in float32
        parameter.data = parameter.data.to(stored)
    export(model, load_tokenizer(seed), folder / "model", probe)
    return int(model.num_parameters())


def _supervised(examples: Sequence[Example]) -> int:
    return sum(sum(example.supervised) for example in examples)


def main() -> int:
    register_resolvers()
    job = OmegaConf.load(sys.argv[1])
    assert isinstance(job, DictConfig)
    try:
        counts = train(job, lambda step, loss: None)
    except DittoError as error:
        (Path(job.folder) / ERROR).write_text(str(error))
        return 1
    if counts:
        (Path(job.folder) / COUNTS).write_text(json.dumps(counts))
    if torch.distributed.is_initialized():
        torch.distributed.barrier()  # a rank that ends while rank 0 saves may take it along
        torch.distributed.destroy_process_group()
    return 0


if __name__ == "__main__":
    sys.exit(main())
