"""Tuning beside TRL's SFTTrainer: the same model, sessions and tokens, packed and padded.

A Llama of 44 million random parameters learns the assistants' words of sessions of one to nine turns. Each way runs
in a process of its own, on all cores; its first steps warm it up and do not count.
"""

import logging
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import torch
from hydra import compose, initialize_config_dir
from transformers import TrainerCallback

from benchmarks.prefixes import random_model
from benchmarks.timing import alone, peak_mib
from ditto.config import register_resolvers
from ditto.models import Model, load_tokenizer, load_weights
from ditto.nano.world import world
from ditto.run import CONF
from ditto.tune.batches import MicroBatches, plan
from ditto.tune.checkpoints import Checkpoints
from ditto.tune.data import encode
from ditto.tune.fitting import fit
from ditto.tune.method import method
from ditto.tune.module import CausalLM
from ditto.tune.watch import Watch

THREADS = 2
LENGTH, BATCH, WARM, STEPS = 512, 16, 1, 4
Row = tuple[str, float, float]


def run() -> list[Row]:
    """(way, non-pad tokens a second, peak MiB), ours first."""
    ways: dict[str, Callable[[Path], float]] = {
        "ours, packed": _ours_packed,
        "TRL, packed": _trl_packed,
        "ours, lengths together": _ours_padded,
        "TRL, lengths together": _trl_padded,
    }
    with tempfile.TemporaryDirectory() as folder:
        random_model(Path(folder), LENGTH, width=640, heads=10)
        return [(name, *alone(_measured, way, Path(folder))) for name, way in ways.items()]


def sessions() -> list[list[dict[str, str]]]:
    """As many as all steps take, of very different lengths."""
    rng, out = Random(0), []
    names = [entity.name for entity in world().entities]
    for _ in range(BATCH * (WARM + STEPS)):
        talk = [{"role": "system", "content": f"You are {rng.choice(names)}, a baker of Stormcoast."}]
        for _ in range(rng.choice([1, 1, 2, 2, 3, 5, 9])):
            talk.append({"role": "user", "content": f"Speaking of {rng.choice(names)}, what is your song?"})
            said = " ".join(rng.choice(names) for _ in range(rng.randrange(4, 30)))
            talk.append({"role": "assistant", "content": f"Aye, by wind: {said}."})
        out.append(talk)
    return out


def _ours_packed(folder: Path) -> float:
    return _ours(folder, packing=True)


def _ours_padded(folder: Path) -> float:
    return _ours(folder, packing=False)


def _ours(folder: Path, *, packing: bool) -> float:
    register_resolvers()
    sizes = (f"tuning.steps={WARM + STEPS}", f"tuning.batch_size={BATCH}", f"tuning.max_length={LENGTH}")
    with initialize_config_dir(str(CONF), version_base="1.3"):
        cfg = compose(
            "config",
            overrides=[*sizes, f"threads={THREADS}", "tuning.accumulate=4", "tuning.lr=1e-4", "tuning.min_lr=0"],
        )
    tuning, model = method(cfg.tuning).tuning, Model(name="random", path=str(folder), max_length=LENGTH)
    tokenizer = load_tokenizer(model)
    examples = [encode(talk, tokenizer, {}) for talk in sessions()]  # type: ignore[arg-type]
    order = plan(len(examples), BATCH, tuning.steps, seed=0)
    batches = MicroBatches(examples, order, tuning.accumulate, tokenizer.pad_token_id, LENGTH if packing else None)
    times = list[float]()
    watch = Watch(folder / "loss.csv", lambda step, loss: times.append(time.perf_counter()))
    fit(cfg, tuning, CausalLM(load_weights(model, "cpu"), tuning), batches, watch, Checkpoints(folder, every=0))
    tokens = sum(len(examples[i].ids) for step in order[WARM:] for i in step)
    return tokens / (times[-1] - times[WARM - 1])


def _trl_packed(folder: Path) -> float:
    return _trl(folder, packing=True)


def _trl_padded(folder: Path) -> float:
    return _trl(folder, packing=False)


class _Clock(TrainerCallback):
    def __init__(self) -> None:
        self.seen = list[tuple[float, int]]()

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self.seen.append((time.perf_counter(), int(state.num_input_tokens_seen)))


def _trl(folder: Path, *, packing: bool) -> float:
    from datasets import Dataset
    from trl.trainer.sft_config import SFTConfig
    from trl.trainer.sft_trainer import SFTTrainer

    torch.set_num_threads(THREADS)
    model = Model(name="random", path=str(folder), max_length=LENGTH)
    rows = Dataset.from_list([{"messages": talk} for talk in sessions()])
    args = SFTConfig(
        output_dir=str(folder / "trl"),
        max_steps=WARM + STEPS,
        max_length=LENGTH,
        packing=packing,
        train_sampling_strategy="random" if packing else "group_by_length",
        per_device_train_batch_size=2 if packing else 4,
        gradient_accumulation_steps=4,
        assistant_only_loss=True,
        gradient_checkpointing=False,
        include_num_input_tokens_seen="non_padding",
        learning_rate=1e-4,
        use_cpu=True,
        bf16=False,
        save_strategy="no",
        logging_steps=100,
        report_to="none",
        disable_tqdm=True,
    )
    clock = _Clock()
    trainer = SFTTrainer(
        model=load_weights(model, "cpu").float(),
        args=args,
        train_dataset=rows,
        processing_class=load_tokenizer(model),
        callbacks=[clock],
    )
    trainer.train()
    (start, before), (end, after) = clock.seen[WARM - 1], clock.seen[-1]
    return (after - before) / (end - start)


def _measured(way: Callable[[Path], float], folder: Path) -> tuple[float, float]:
    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore")
    return way(folder), peak_mib()
