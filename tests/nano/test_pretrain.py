"""A nano model follows from its seed alone."""

from dataclasses import replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest
import torch
from safetensors.torch import load_file
from transformers import LlamaForCausalLM

from ditto.models import Model, load_tokenizer, load_weights
from ditto.nano import corpus, pretrain
from ditto.nano.pretrain import COURSES, Size, build_model, collate, encode, learning_rate, loss_sum
from ditto.nano.tokenizer import build_tokenizer
from ditto.nano.world import world

LESSON = corpus.Lesson(fact=1, copy=1, anchor=1, decision=1)
TINY = Size(width=32, layers=1, heads=1, steps=(4, 2, 2, 2, 2), lr=1e-3)


@pytest.fixture(autouse=True)
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(pretrain.SIZES, "tiny", TINY)
    short = tuple(replace(course, rows=dict.fromkeys(course.rows, 2)) for course in COURSES)
    monkeypatch.setattr(pretrain, "COURSES", short)


def test_two_runs_from_one_seed_give_the_same_weights_and_another_seed_does_not(tmp_path: Path) -> None:
    weights = []
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        pretrain.pretrain("tiny", tmp_path / name, seed=seed, log_every=2)
        weights.append(load_file(tmp_path / name / "model.safetensors"))
    first, again, other = weights
    assert first.keys() == again.keys()
    assert all(torch.equal(first[key], again[key]) for key in first)
    assert any(not torch.equal(first[key], other[key]) for key in first)
    untrained = build_model(TINY, build_tokenizer(), seed=0).state_dict()
    assert all(not torch.equal(first[key], untrained[key]) for key in first)


def test_what_it_saves_is_an_ordinary_model_that_speaks(tmp_path: Path) -> None:
    pretrain.pretrain("tiny", tmp_path, log_every=1)
    model = Model(name="tiny", path=str(tmp_path))
    tokenizer, network = load_tokenizer(model), load_weights(model, "cpu")
    assert network.config.eos_token_id == network.generation_config.eos_token_id == tokenizer.eos_token_id
    assert network.get_input_embeddings().weight.shape == (len(tokenizer), TINY.width)


def test_every_token_carries_the_weight_of_its_span() -> None:
    tokenizer = build_tokenizer()
    row = [corpus.Span("<|im_start|>", 0.25), corpus.Span("weaver of", 2.0), corpus.Span("<|im_end|>", 1.0)]
    ((ids, weights),) = encode([row], tokenizer)
    assert tokenizer.decode(ids) == "<|im_start|>weaver of<|im_end|>"
    assert (weights[0], weights[-1], set(weights[1:-1])) == (0.25, 1.0, {2.0})


def test_padding_weighs_nothing_in_the_loss() -> None:
    tokenizer, rng = build_tokenizer(), Random(0)
    model = build_model(TINY, tokenizer, seed=0)
    rows = encode(
        [corpus.article_row(world(), rng, "en", LESSON), corpus.response_row(world(), rng, "zh", LESSON)], tokenizer
    )
    assert len(rows[0][0]) != len(rows[1][0])
    with torch.inference_mode():
        alone = sum(loss_sum(model, *collate([row], 1)).item() for row in rows)
        assert loss_sum(model, *collate(rows, 1)).item() == pytest.approx(alone, rel=1e-5)


def test_the_learning_rate_warms_up_stays_and_falls_to_nothing() -> None:
    rates = [learning_rate(step, 1000) for step in range(1000)]
    assert rates[0] == pytest.approx(0.01)
    assert rates[99:650] == [1.0] * 551
    assert all(a > b for a, b in pairwise(rates[650:]))
    assert 0 < rates[-1] < 0.01


def test_a_course_depends_on_what_came_before_by_the_weights_alone(tmp_path: Path) -> None:
    pretrain.pretrain("tiny", tmp_path / "whole", log_every=9)
    tokenizer = build_tokenizer()
    train = partial(pretrain.train, tokenizer=tokenizer, name="tiny", folder=tmp_path / "parts", log_every=9)
    train(build_model(TINY, tokenizer, seed=0), n=0)
    for n in range(1, len(pretrain.COURSES)):
        model = LlamaForCausalLM.from_pretrained(tmp_path / "parts")
        model.train()
        train(model, n=n)
    files = [(tmp_path / name / "model.safetensors").read_bytes() for name in ("whole", "parts")]
    assert files[0] == files[1]


def test_the_four_models_grow_from_one_to_the_next() -> None:
    sizes = [s for name, s in pretrain.SIZES.items() if name != "tiny"]
    counts = [build_model(size, build_tokenizer(), seed=0).num_parameters() for size in sizes]
    assert len(counts) == 4
    assert all(b > 1.4 * a for a, b in pairwise(counts))
