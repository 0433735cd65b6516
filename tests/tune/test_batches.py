"""However a step is divided, packed or spread over ranks, it sees the same examples and has the same loss."""

from collections import Counter
from itertools import pairwise
from random import Random

import pytest
import torch
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedModel

from ditto.models import Model, load_weights
from ditto.tune.attention import NAME
from ditto.tune.batches import IGNORED, DialogueData, MicroBatches, packed, padded, plan
from ditto.tune.data import Example
from ditto.tune.module import summed_loss

PAD = 1
SMALL = {
    "vocab_size": 300,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
}


def test_every_example_is_seen_once_an_epoch() -> None:
    order = [i for batch in plan(10, 4, 10, seed=0) for i in batch]
    assert len(order) == 40
    epochs = [order[start : start + 10] for start in range(0, 40, 10)]
    assert all(sorted(epoch) == list(range(10)) for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) == 4


def test_a_plan_has_its_steps_and_is_fixed_by_its_seed() -> None:
    for n, size, steps in [(3, 8, 5), (100, 8, 5), (1, 1, 1)]:
        assert [len(batch) for batch in plan(n, size, steps, seed=1)] == [size] * steps
    assert plan(50, 8, 20, seed=1) == plan(50, 8, 20, seed=1) != plan(50, 8, 20, seed=2)
    assert plan(50, 8, 9, seed=1) == plan(50, 8, 20, seed=1)[:9]


def examples(n: int = 12) -> list[Example]:
    """Sessions of unlike lengths; their first token is supervised too, as a template without a head would have it."""
    rng, made = Random(0), list[Example]()
    for _ in range(n):
        ids = tuple(rng.randrange(5, 300) for _ in range(rng.randrange(4, 40)))
        made.append(Example(ids, tuple(i == 0 or rng.random() < 0.4 for i in range(len(ids)))))
    return made


def mean_loss(network: PreTrainedModel, some: list[Example]) -> float:
    """Of one example at a time: the definition."""
    with torch.inference_mode():
        losses = sum(summed_loss(network, padded([example], PAD)).item() for example in some)
    return losses / sum(sum(example.supervised[1:]) for example in some)


@pytest.mark.parametrize("packing", [False, True])
@pytest.mark.parametrize(("accumulate", "ranks"), [(1, 1), (3, 1), (1, 2), (2, 2), (4, 2)])
def test_the_parts_of_a_step_add_up_to_the_loss_of_the_whole(
    model: Model, accumulate: int, ranks: int, packing: bool
) -> None:
    network, some = load_weights(model, "cpu"), examples()
    batches = [[0, 2, 1, 5, 7, 11, 4, 6], [3, 4, 0, 2, 8, 9, 10, 5]]
    shares = [MicroBatches(some, batches, accumulate, PAD, packing, rank, ranks) for rank in range(ranks)]
    for step, batch in enumerate(batches):
        parts = [share[step * accumulate + n] for share in shares for n in range(accumulate)]
        with torch.inference_mode():
            # Lightning takes the mean over a step's parts and over the ranks.
            found = sum(summed_loss(network, part) / part["scale"] for part in parts) / len(parts)
        assert float(found) == pytest.approx(mean_loss(network, [some[i] for i in batch]), rel=1e-5)
        seen = Counter(int(i) for part in parts for i in part["input_ids"].flatten() if i != PAD)
        assert seen == Counter(i for j in batch for i in some[j].ids)


@pytest.mark.parametrize("packing", [False, True])
def test_the_loss_that_kernels_compute_inside_the_model_is_ours(model: Model, packing: bool) -> None:
    network, batch = load_weights(model, "cpu"), MicroBatches(examples(), [[0, 2, 1, 5]], 1, PAD, packing)[0]
    with torch.inference_mode():
        ours, inside = summed_loss(network, batch), summed_loss(network, batch, fused=True)
    assert float(inside) == pytest.approx(float(ours), rel=1e-5)


@pytest.mark.parametrize("attention", [NAME, "sdpa", "eager"])
@pytest.mark.parametrize("window", [None, 7])
def test_packed_examples_do_not_see_each_other(model: Model, attention: str, window: int | None) -> None:
    """Whole heads, shared key-value heads and sliding windows alike."""
    config = AutoConfig.for_model("mistral", **SMALL, sliding_window=window, attn_implementation="sdpa")
    network = AutoModelForCausalLM.from_config(config).eval()
    some = examples(3)
    alone = [network(input_ids=torch.tensor([example.ids])).logits[0] for example in some]
    network.set_attn_implementation(attention)
    batch = packed(some)
    bounds = batch.pop("bounds").tolist()
    del batch["labels"]
    logits = network(**batch, bounds=bounds, use_cache=False).logits[0]
    for expected, (start, end) in zip(alone, pairwise(bounds), strict=True):
        assert torch.allclose(logits[start:end], expected, atol=1e-5)


def test_a_packed_part_is_one_row_without_padding() -> None:
    some = examples(60)
    batch = MicroBatches(some, [list(range(60))], 1, PAD, packing=True)[0]
    assert batch["input_ids"].shape == (1, sum(len(example.ids) for example in some))
    assert batch["bounds"].tolist()[-1] == batch["input_ids"].numel()
    assert int((batch["labels"] != IGNORED).sum()) == sum(sum(example.supervised[1:]) for example in some)


def test_parts_are_about_as_long_and_packed_parts_hold_about_as_many_tokens() -> None:
    some = examples(40)
    loose = MicroBatches(some, [list(range(40))], 4, PAD)
    assert sum(part["input_ids"].numel() for part in (loose[n] for n in range(4))) < 1.3 * sum(
        len(example.ids) for example in some
    )
    tight = MicroBatches(some, [list(range(40))], 4, PAD, packing=True)
    sizes = [tight[n]["input_ids"].numel() for n in range(4)]
    assert max(sizes) < 1.1 * min(sizes)


def test_the_loader_hands_out_the_plan_in_its_order() -> None:
    parts = MicroBatches(examples(6), plan(6, 4, 3, seed=0), 2, PAD)
    handed = list(DialogueData(parts).train_dataloader())
    assert len(handed) == 6
    for one, other in zip(handed, (parts[i] for i in range(6)), strict=True):
        assert all(torch.equal(one[name], other[name]) for name in ("input_ids", "attention_mask", "labels", "scale"))
