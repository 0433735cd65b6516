"""Adapters that, merged, would say something else are never used."""

import pytest
import torch
from peft import LoraConfig

from ditto.errors import StageError
from ditto.models import Model, load_weights
from ditto.tune import adapter
from ditto.tune.gather import whole

PROBE = torch.arange(5, 25)[None]


def test_only_adapters_learn_and_merging_keeps_what_the_model_says(model: Model) -> None:
    config = LoraConfig(r=2, target_modules="all-linear", init_lora_weights=False, task_type="CAUSAL_LM")
    network = adapter.adapted(load_weights(model, "cpu"), config).eval()
    assert all("lora_" in name for name in whole(network, rank=0))
    assert not whole(network, rank=1)
    with torch.inference_mode():
        before = network(PROBE).logits
        assert torch.allclose(adapter.merged(network, PROBE)(PROBE).logits, before, atol=1e-4)


def test_a_merge_that_moves_the_logits_is_refused(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    config = LoraConfig(r=2, target_modules="all-linear", init_lora_weights=False, task_type="CAUSAL_LM")
    network = adapter.adapted(load_weights(model, "cpu"), config)
    other = load_weights(model, "cpu")
    monkeypatch.setattr(network, "merge_and_unload", lambda: other)
    with pytest.raises(StageError, match="move the logits"):
        adapter.merged(network, PROBE)
