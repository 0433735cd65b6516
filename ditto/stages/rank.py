"""What each rank of a tuning does: `python -m ditto.stages.rank <job.yaml>`, as torchrun or SLURM start it.

A single rank needs no process of its own: `stages/tune.py` then calls `train` itself.
"""

import json
import logging
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytorch_lightning as pl
import torch
from omegaconf import DictConfig, OmegaConf
from peft import LoraConfig, PeftModel
from torch import Tensor

from ditto.config import build, plain, register_resolvers
from ditto.dashboards.base import Run
from ditto.dashboards.live import Live
from ditto.dashboards.telling import Telling, telling
from ditto.errors import DittoError
from ditto.models import Model, load_tokenizer, load_weights
from ditto.stages.forecast import UTILISATION, Forecast, divides_weights, forecast, ranks, sizes
from ditto.tune.adapter import adapted, merged
from ditto.tune.batches import MicroBatches, plan
from ditto.tune.card import card
from ditto.tune.checkpoints import Checkpoints
from ditto.tune.data import Example
from ditto.tune.export import export
from ditto.tune.fitting import fit
from ditto.tune.material import material
from ditto.tune.meter import Meter, matrix_rate
from ditto.tune.method import Method, learner, method
from ditto.tune.module import CausalLM
from ditto.tune.sharded import ShardedLM
from ditto.tune.space import look_for_room, saving
from ditto.tune.validation import BEST, Validation
from ditto.tune.watch import Watch

log = logging.getLogger(__name__)
CHECKPOINTS: Final = "checkpoints"
COUNTS: Final = "counts.json"
ERROR: Final = "error.txt"
LOSSES: Final = "loss.csv"
Counts = dict[str, Any]


def train(job: DictConfig, told: Callable[[int, float], None], run: Telling | None = None) -> Counts:
    """Tune `job.seed` on `job.dialogues`, and on rank 0 save it to `job.folder`; returns its counts there.

    `told` hears of every step and its loss, `run` of all figures.
    """
    seed: Model = build(job.seed)
    how = method(job.tuning)
    tuning = how.tuning
    tokenizer = load_tokenizer(seed)
    found = material(Path(job.dialogues), tokenizer, seed, tuning)
    examples, aside = found.learnt, found.aside
    expected = forecast(sizes(seed, how), how, job.trainer, [len(example.ids) for example in examples])
    _announce(expected, job)
    order = plan(len(examples), tuning.batch_size, tuning.steps, tuning.seed)
    batches = MicroBatches(examples, order, tuning.accumulate, tokenizer.pad_token_id, tuning.packing)
    pl.seed_everything(tuning.seed, verbose=False)
    folder = Path(job.folder)
    watch = Watch(folder / LOSSES, told)
    checkpoints = Checkpoints(folder / CHECKPOINTS, job.checkpoint_every)
    if not checkpoints.last():
        look_for_room(folder, expected.disk(checkpoints=bool(job.checkpoint_every)))
    meter = Meter(expected.cost, watch)
    size = max(1, tuning.batch_size // (tuning.accumulate * ranks(job.trainer)))
    kept = max(tuning.best, tuning.keep == "best")
    validation = Validation(aside, tokenizer.pad_token_id, tuning.validate_every, size, folder, kept)
    module = _module(seed, how, job)
    logger = Live(run) if run else None
    fit(job, tuning, module, batches, watch, checkpoints, meter, *([validation] if aside else []), logger=logger)
    if not watch.trained:
        return {}
    trained = validation.best() if tuning.keep == "best" else watch.trained
    with saving(folder):
        parameters = save(trained, seed, how.adapter, examples[0], folder)
    if not tuning.best:
        shutil.rmtree(folder / BEST, ignore_errors=True)
    counts = {
        "parameters": parameters,
        "trained": sum(p.numel() for p in trained.values()),
        **found.counts,
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


def _module(seed: Model, how: Method, job: DictConfig) -> CausalLM:
    fused = job.trainer.precision != "16-mixed"
    if divides_weights(job.trainer):
        return ShardedLM(seed, how, fused=fused)
    network = learner(seed, how, job.trainer.accelerator, frozen_as_stored="mixed" in str(job.trainer.precision))
    return CausalLM(network, how.tuning, fused=fused)


def _announce(expected: Forecast, job: DictConfig) -> None:
    """Say what is coming, where it takes longer than a coffee is hot; into the ranks' log where there are several."""
    device = torch.device("cuda" if job.trainer.accelerator == "gpu" else "cpu")
    minutes = expected.seconds(matrix_rate(device, bf16="bf16" in str(job.trainer.precision)), ranks(job.trainer)) / 60
    log.log(
        logging.INFO if minutes > 1 else logging.DEBUG,
        "tune         %s; %.3g tokens, about %.3g min at %.0f%% of the speed of a matrix product",
        *(expected.cost, expected.tokens, minutes, 100 * UTILISATION),
    )


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


def main() -> int:
    register_resolvers()
    job = OmegaConf.load(sys.argv[1])
    assert isinstance(job, DictConfig)
    try:
        with telling(job.get("logger"), lambda: Run(**plain(job.run))) as run:
            counts = train(job, lambda step, loss: None, run)
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
