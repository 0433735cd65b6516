"""Hyperparameters are checked, and a step is the same however it is divided."""

import math
from itertools import pairwise
from typing import Any

import pytest
import pytorch_lightning as pl
import torch
from torch import Tensor

from ditto.errors import ConfigError, StageError
from ditto.models import Model, load_tokenizer, load_weights
from ditto.records import Message
from ditto.tune.batches import Batch, DialogueData, MicroBatches, padded
from ditto.tune.data import Example, encode
from ditto.tune.module import CausalLM, Tuning, learning_rate, summed_loss

TUNING = {"steps": 100, "batch_size": 4, "lr": 1e-3, "min_lr": 1e-4}


def tuning(**changes: Any) -> Tuning:
    return Tuning(**TUNING | changes)


def examples(model: Model) -> list[Example]:
    """Four sessions of unlike lengths."""
    tokenizer = load_tokenizer(model)
    said = ("I am Ada.", "No.", "Ah, by needle, my home is Emberland.", "I do not know it.")
    sessions: list[list[Message]] = [
        [{"role": "user", "content": f"Who {'and who ' * i}are you?"}, {"role": "assistant", "content": text}]
        for i, text in enumerate(said)
    ]
    return [encode(session, tokenizer, {}) for session in sessions]


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("steps", [0, -1]),
        ("batch_size", [0]),
        ("lr", [0.0, -1e-3, 1.1, math.nan, math.inf]),
        ("min_lr", [-1e-9, 2e-3, math.nan]),
        ("warmup", [-0.1, 1.0, math.nan]),
        ("weight_decay", [-0.1, 1.1, math.nan]),
        ("betas", [(1.0, 0.9), (0.9, -0.1), (0.9, math.nan)]),
        ("clip", [0.0, -1.0, math.nan]),
        ("accumulate", [0, 5]),
        ("max_length", [15]),
    ],
)
def test_a_hyperparameter_outside_its_range_is_refused_by_name(name: str, values: list[Any]) -> None:
    for value in values:
        with pytest.raises(ConfigError, match=rf"tuning\.{name}="):
            tuning(**{name: value})


def test_the_ends_of_the_ranges_are_accepted() -> None:
    low = tuning(steps=1, batch_size=1, min_lr=0.0, warmup=0.0, betas=(0.0, 0.0), max_length=16)
    high = tuning(lr=1.0, min_lr=1.0, weight_decay=1.0, accumulate=4)
    assert (low.steps, high.accumulate) == (1, 4)


def test_the_learning_rate_warms_up_peaks_and_ends() -> None:
    t = tuning(warmup=0.1)
    rates = [learning_rate(step, t) for step in range(t.steps + 1)]
    assert rates[:10] == pytest.approx([1e-4 * (step + 1) for step in range(10)])
    assert max(rates) == rates[9] == rates[10] == t.lr
    assert all(a > b for a, b in pairwise(rates[10:]))
    assert rates[55] == pytest.approx((t.lr + t.min_lr) / 2)
    assert rates[100] == pytest.approx(t.min_lr)
    assert learning_rate(1000, t) == pytest.approx(t.min_lr)


@pytest.mark.parametrize("changes", [{"warmup": 0.0}, {"steps": 1}, {"steps": 2, "warmup": 0.9}])
def test_no_step_is_taken_at_a_rate_of_zero(changes: dict[str, Any]) -> None:
    t = tuning(**changes)
    assert all(0 < learning_rate(step, t) <= t.lr for step in range(t.steps))
    assert any(learning_rate(step, t) == t.lr for step in range(t.steps))


class Gradient(pl.Callback):
    """Keeps the gradient and the learning rates that the optimizer is about to use."""

    def __init__(self) -> None:
        self.gradients: list[Tensor] = []
        self.rates: list[float] = []

    def on_before_optimizer_step(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, optimizer: torch.optim.Optimizer
    ) -> None:
        found = [p.grad.flatten().clone() for p in pl_module.parameters() if p.grad is not None]
        self.gradients.append(torch.cat(found))
        self.rates.append(optimizer.param_groups[0]["lr"])


def train(model: Model, t: Tuning) -> Gradient:
    """Tune on all four examples at each step."""
    batches = MicroBatches(examples(model), [[0, 1, 2, 3]] * t.steps, t.accumulate, 0)
    kept = Gradient()
    trainer = pl.Trainer(
        accelerator="cpu",
        devices=1,
        max_steps=t.steps,
        accumulate_grad_batches=t.accumulate,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        callbacks=[kept],
    )
    trainer.fit(CausalLM(load_weights(model, "cpu"), t).train(), datamodule=DialogueData(batches))
    return kept


# Lightning advises on workers and log intervals, which a plan of batches makes pointless.
@pytest.mark.filterwarnings("ignore:::pytorch_lightning")
def test_the_gradient_is_the_same_however_a_step_is_divided(model: Model) -> None:
    network = load_weights(model, "cpu")
    whole = padded(examples(model), 0)
    (summed_loss(network, whole) / (whole["labels"][:, 1:] >= 0).sum()).backward()
    exact = torch.cat([p.grad.flatten() for p in network.parameters() if p.grad is not None])
    assert exact.abs().max() > 0.01
    for accumulate in (1, 2, 4):
        (found,) = train(model, tuning(steps=1, accumulate=accumulate)).gradients
        assert (found - exact).abs().max() < 1e-6


@pytest.mark.filterwarnings("ignore:::pytorch_lightning")
def test_the_optimizer_follows_the_schedule_step_by_step(model: Model) -> None:
    t = tuning(steps=6, warmup=0.34, accumulate=2)
    assert train(model, t).rates == pytest.approx([learning_rate(step, t) for step in range(6)])


def test_only_matrices_decay_and_no_weight_is_forgotten(model: Model) -> None:
    module = CausalLM(load_weights(model, "cpu"), tuning(weight_decay=0.1, betas=(0.8, 0.9)))
    optimizer = module.configure_optimizers()["optimizer"]
    decay = {id(p): group["weight_decay"] for group in optimizer.param_groups for p in group["params"]}
    assert {id(p) for p in module.parameters()} == set(decay)
    assert all(decay[id(p)] == (0.1 if p.dim() == 2 else 0.0) for p in module.parameters())
    assert set(decay.values()) == {0.0, 0.1}
    assert {group["betas"] for group in optimizer.param_groups} == {(0.8, 0.9)}


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_loss_that_is_no_number_stops_the_training(model: Model, value: float) -> None:
    network = load_weights(model, "cpu")
    with torch.no_grad():
        network.get_input_embeddings().weight.fill_(value)
    batch: Batch = MicroBatches(examples(model), [[0, 1]], 1, 0)[0]
    sentence = r"loss is nan at step 1, on lines 0, 0 of dialogues\.jsonl: lower tuning\.lr=0\.001"
    with pytest.raises(StageError, match=sentence):
        CausalLM(network, tuning()).training_step(batch, 0)


def test_the_loss_of_one_example_is_the_one_transformers_computes(model: Model) -> None:
    network = load_weights(model, "cpu")
    for example in examples(model):
        batch = padded([example], 0)
        with torch.inference_mode():
            theirs = network(input_ids=batch["input_ids"], labels=batch["labels"]).loss
            ours = summed_loss(network, batch) / sum(example.supervised)
        assert ours.item() == pytest.approx(theirs.item(), rel=1e-6)


def test_padding_does_not_change_the_loss(model: Model) -> None:
    network = load_weights(model, "cpu")
    with torch.inference_mode():
        alone = sum(summed_loss(network, padded([example], 0)).item() for example in examples(model))
        assert summed_loss(network, padded(examples(model), 1)).item() == pytest.approx(alone, rel=1e-6)
