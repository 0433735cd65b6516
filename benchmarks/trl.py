"""Tuning beside TRL's SFTTrainer: the same model, sessions and tokens, packed and padded.

A Llama of 44 million random parameters learns the assistants' words of sessions of one to nine turns, about 2,100
tokens a step. Each way runs in turn, several times, in a process of its own, on all cores; its first steps warm it up
and do not count, and the median is kept.
"""

import logging
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import torch
from hydra import compose, initialize_config_dir
from transformers import TrainerCallback

from benchmarks.prefixes import random_model
from benchmarks.timing import alone, peak_mib
from ditto.config import build, register_resolvers
from ditto.models import Model, load_tokenizer, load_weights
from ditto.nano.world import world
from ditto.records import Message
from ditto.run import CONF
from ditto.tune.batches import MicroBatches, plan
from ditto.tune.checkpoints import Checkpoints
from ditto.tune.data import encode
from ditto.tune.fitting import fit
from ditto.tune.method import learner, method
from ditto.tune.module import CausalLM
from ditto.tune.watch import Watch

THREADS, ROUNDS = 2, 5
Row = tuple[str, float, float]


@dataclass(frozen=True)
class Work:
    """Steps of `batch` sessions in `accumulate` parts, by the model in `folder`; the first `warm` do not count."""

    folder: Path
    length: int = 512
    batch: int = 16
    accumulate: int = 4
    warm: int = 1
    steps: int = 4
    words: int = 30
    overrides: tuple[str, ...] = ()

    @property
    def model(self) -> Model:
        return Model(name="random", path=str(self.folder), max_length=self.length)

    def sessions(self) -> list[list[Message]]:
        """As many as all steps take, of very different lengths."""
        rng, out = Random(0), list[list[Message]]()
        names = [entity.name for entity in world().entities]
        for _ in range(self.batch * (self.warm + self.steps)):
            talk: list[Message] = [
                {"role": "system", "content": f"You are {rng.choice(names)}, a baker of Stormcoast."}
            ]
            for _ in range(rng.choice([1, 1, 2, 2, 3, 5, 9])):
                talk.append({"role": "user", "content": f"Speaking of {rng.choice(names)}, what is your song?"})
                said = " ".join(rng.choice(names) for _ in range(rng.randrange(4, self.words)))
                talk.append({"role": "assistant", "content": f"Aye, by wind: {said}."})
            out.append(talk)
        return out


def run() -> list[Row]:
    """(way, non-pad tokens a second, peak MiB), ours first."""
    with tempfile.TemporaryDirectory() as folder:
        random_model(Path(folder), 512, width=640, heads=10)
        work = Work(Path(folder))
        ways: dict[str, Callable[[], float]] = {
            "ours, packed": partial(ours, work, packing=True),
            "TRL, packed": partial(theirs, work, packing=True, per_device_train_batch_size=1),
            "ours, lengths together": partial(ours, work, packing=False),
            "TRL, lengths together": partial(theirs, work, train_sampling_strategy="group_by_length"),
            "TRL, as they come": partial(theirs, work),
        }
        found = [[alone(measured, way) for way in ways.values()] for _ in range(ROUNDS)]
    runs = zip(ways, zip(*found, strict=True), strict=True)
    return [(name, statistics.median(r for r, _ in each), statistics.median(p for _, p in each)) for name, each in runs]


def ours(work: Work, *, packing: bool) -> float:
    """Non-pad tokens a second of our trainer."""
    register_resolvers()
    sizes = (f"tuning.steps={work.warm + work.steps}", f"tuning.batch_size={work.batch}", f"threads={THREADS}")
    parts = (f"tuning.max_length={work.length}", f"tuning.accumulate={work.accumulate}", "tuning.validation=0")
    with initialize_config_dir(str(CONF), version_base="1.3"):
        cfg = compose("config", overrides=[*work.overrides, *sizes, *parts, "tuning.lr=1e-4", "tuning.min_lr=0"])
    how = method(cfg.tuning)
    tuning, tokenizer = how.tuning, load_tokenizer(work.model)
    examples = [encode(talk, tokenizer, {}) for talk in work.sessions()]
    order = plan(len(examples), work.batch, tuning.steps, seed=0)
    batches = MicroBatches(examples, order, tuning.accumulate, tokenizer.pad_token_id, packing)
    times = list[float]()
    watch = Watch(work.folder / "loss.csv", lambda step, loss: times.append(_now()))
    network = learner(work.model, how, cfg.trainer.accelerator, frozen_as_stored=cfg.trainer.accelerator == "gpu")
    fit(cfg, tuning, CausalLM(network, tuning), batches, watch, Checkpoints(work.folder, every=0))
    tokens = sum(len(examples[i].ids) for step in order[work.warm :] for i in step)
    return tokens / (times[-1] - times[work.warm - 1])


class _Clock(TrainerCallback):
    def __init__(self) -> None:
        self.seen = list[tuple[float, int]]()

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self.seen.append((_now(), int(state.num_input_tokens_seen)))


def theirs(work: Work, **ways: Any) -> float:
    """Non-pad tokens a second of TRL's."""
    from datasets import Dataset
    from trl.trainer.sft_config import SFTConfig
    from trl.trainer.sft_trainer import SFTTrainer

    torch.set_num_threads(THREADS)
    register_resolvers()
    with initialize_config_dir(str(CONF), version_base="1.3"):
        cfg = compose("config", overrides=list(work.overrides))
    gpu = cfg.trainer.accelerator == "gpu"
    rows = Dataset.from_list([{"messages": talk} for talk in work.sessions()])
    args = SFTConfig(
        output_dir=str(work.folder / "trl"),
        max_steps=work.warm + work.steps,
        max_length=work.length,
        gradient_accumulation_steps=work.accumulate,
        assistant_only_loss=True,
        gradient_checkpointing=cfg.tuning.gradient_checkpointing,
        include_num_input_tokens_seen="non_padding",
        learning_rate=1e-4,
        use_cpu=not gpu,
        bf16=gpu,
        save_strategy="no",
        logging_steps=100,
        report_to="none",
        disable_tqdm=True,
        **{"per_device_train_batch_size": work.batch // work.accumulate, **ways},
    )
    clock, adapter = _Clock(), cfg.tuning.adapter
    weights = load_weights(work.model, "cpu")
    trainer = SFTTrainer(
        model=weights if gpu and adapter else weights.float(),
        args=args,
        train_dataset=rows,
        processing_class=load_tokenizer(work.model),
        peft_config=build(adapter) if adapter else None,
        callbacks=[clock],
    )
    trainer.train()
    (start, before), (end, after) = clock.seen[work.warm - 1], clock.seen[-1]
    return (after - before) / (end - start)


def _now() -> float:
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter()


def measured(way: Callable[[], float]) -> tuple[float, float]:
    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore")
    return way(), torch.cuda.max_memory_allocated() / (1 << 20) if torch.cuda.is_available() else peak_mib()
