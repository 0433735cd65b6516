"""What is exported loads like any model and computes what the tuned one computes, or it is refused."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaForCausalLM, PreTrainedModel

from ditto.errors import StageError
from ditto.models import Model, load_tokenizer, load_weights, render
from ditto.records import Message
from ditto.tune.export import export

TALK: list[Message] = [{"role": "user", "content": "Who are you?"}, {"role": "assistant", "content": "I am Ada."}]


@pytest.fixture
def tuned(model: Model) -> PreTrainedModel:
    """The seed with weights of its own, still in training mode."""
    network = load_weights(model, "cpu").train()
    with torch.no_grad():
        for weight in network.parameters():
            weight.add_(torch.randn(weight.shape, generator=torch.Generator().manual_seed(1)), alpha=0.01)
    return network


@pytest.fixture
def probe(model: Model) -> Tensor:
    tokenizer = load_tokenizer(model)
    return torch.tensor([tokenizer(render(tokenizer, TALK, {}))["input_ids"]])


def test_the_folder_loads_with_transformers_and_gives_the_same_logits(
    model: Model, tuned: PreTrainedModel, probe: Tensor, tmp_path: Path
) -> None:
    export(tuned, load_tokenizer(model), tmp_path / "out", probe)
    again = AutoModelForCausalLM.from_pretrained(tmp_path / "out").eval()
    seed = load_weights(model, "cpu")
    with torch.inference_mode():
        assert torch.equal(again(probe).logits, tuned.eval()(probe).logits)
        assert not torch.allclose(again(probe).logits, seed(probe).logits)
    assert again.generation_config.eos_token_id == seed.generation_config.eos_token_id
    assert not list((tmp_path / "out").glob("*.bin"))


def test_the_tokenizer_comes_along_with_its_chat_template(
    model: Model, tuned: PreTrainedModel, probe: Tensor, tmp_path: Path
) -> None:
    tokenizer = load_tokenizer(model)
    export(tuned, tokenizer, tmp_path / "out", probe)
    again = AutoTokenizer.from_pretrained(tmp_path / "out")
    assert render(again, TALK, {}) == render(tokenizer, TALK, {})
    assert again(render(again, TALK, {}))["input_ids"] == probe[0].tolist()
    assert (again.eos_token, again.pad_token) == (tokenizer.eos_token, tokenizer.pad_token)


def test_a_model_in_half_precision_stays_in_it(model: Model, probe: Tensor, tmp_path: Path) -> None:
    half = load_weights(replace(model, dtype="bfloat16"), "cpu")
    export(half, load_tokenizer(model), tmp_path / "out", probe)
    assert load_weights(Model(name="out", path=str(tmp_path / "out")), "cpu").dtype == torch.bfloat16


def test_a_folder_with_other_weights_than_the_tuned_ones_is_refused(
    model: Model, tuned: PreTrainedModel, probe: Tensor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    faithful = LlamaForCausalLM.save_pretrained

    def saves_the_seed(network: LlamaForCausalLM, folder: Path, **options: Any) -> None:
        assert network is tuned
        faithful(load_weights(model, "cpu"), folder, **options)

    monkeypatch.setattr(LlamaForCausalLM, "save_pretrained", saves_the_seed)
    with pytest.raises(StageError, match="does not compute what the tuned one computes"):
        export(tuned, load_tokenizer(model), tmp_path / "out", probe)


def test_a_folder_that_lost_one_small_weight_is_refused(
    model: Model, tuned: PreTrainedModel, probe: Tensor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    faithful = LlamaForCausalLM.save_pretrained

    def loses_a_norm(network: LlamaForCausalLM, folder: Path, **options: Any) -> None:
        state = dict(network.state_dict())
        state["model.norm.weight"] = torch.ones_like(state["model.norm.weight"])
        faithful(network, folder, state_dict=state, **options)

    monkeypatch.setattr(LlamaForCausalLM, "save_pretrained", loses_a_norm)
    with pytest.raises(StageError):
        export(tuned, load_tokenizer(model), tmp_path / "out", probe)
