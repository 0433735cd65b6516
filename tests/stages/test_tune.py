"""The tuning stage: any precision of the seed comes out as it went in, and works."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from huggingface_hub import ModelCard
from omegaconf import DictConfig
from peft import PeftModel
from transformers import AutoModelForCausalLM

from ditto.errors import ConfigError
from ditto.models import Model
from ditto.stages import tune
from ditto.store import Artifact, Store
from ditto.tune.method import learner, method
from tests.stages.conftest import composed


@pytest.fixture
def cfg(tmp_path: Path) -> DictConfig:
    return composed(tmp_path)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_a_seed_is_tuned_and_saved_in_its_own_precision(
    cfg: DictConfig, simulated: Artifact, model: Model, dtype: str
) -> None:
    seed = Model(name=model.name, path=model.path, dtype=dtype, max_length=512)
    made = tune.run(cfg, Store(cfg.paths.root), simulated, seed, model)
    tuned = AutoModelForCausalLM.from_pretrained(made.path / "model")
    base = AutoModelForCausalLM.from_pretrained(model.path)
    assert tuned.dtype == getattr(torch, dtype)
    assert not torch.equal(tuned.lm_head.weight.float(), base.lm_head.weight)
    losses = [float(line.split(",")[1]) for line in (made.path / "loss.csv").read_text().splitlines()[1:]]
    assert len(losses) == 3
    assert losses[-1] < losses[0]
    assert tune.tuned_model(made, seed, model).dtype == dtype


@pytest.mark.parametrize("option", ["use_rslora", "use_dora", "lora_alpha"])
def test_lora_leaves_an_adapter_and_a_merged_model_that_say_the_same(
    tmp_path: Path, simulated: Artifact, model: Model, option: str
) -> None:
    cfg = composed(tmp_path, "tuning=lora", "tuning.lr=0.01", "tuning.min_lr=0", f"tuning.adapter.{option}=1")
    made = tune.run(cfg, Store(cfg.paths.root), simulated, model, model)
    base, plain = (AutoModelForCausalLM.from_pretrained(path) for path in (model.path, made.path / "model"))
    asked = torch.arange(5, 25)[None]
    before = base(asked).logits
    tuned = PeftModel.from_pretrained(base, str(made.path / "adapter"))
    assert torch.allclose(tuned(asked).logits, plain(asked).logits, atol=1e-4)
    assert not torch.allclose(before, plain(asked).logits, atol=1e-2)
    assert torch.equal(plain.get_input_embeddings().weight, base.get_input_embeddings().weight)
    assert 0 < made.counts["trained"] < made.counts["parameters"]
    assert (made.path / "adapter" / "adapter_model.safetensors").stat().st_size < 100_000


def test_in_mixed_precision_a_frozen_seed_takes_the_memory_it_is_stored_in(
    tmp_path: Path, simulated: Artifact, model: Model
) -> None:
    seed = replace(model, dtype="bfloat16")
    cfg = composed(tmp_path, "tuning=lora", "tuning.lr=0.01", "tuning.min_lr=0", "trainer.precision=bf16-mixed")
    held = learner(seed, method(cfg.tuning), "cpu", frozen_as_stored=True)
    assert {(p.dtype, p.requires_grad) for p in held.parameters()} == {(torch.bfloat16, False), (torch.float32, True)}
    made = tune.run(cfg, Store(cfg.paths.root), simulated, seed, model)
    losses = [float(line.split(",")[1]) for line in (made.path / "loss.csv").read_text().splitlines()[1:]]
    assert losses[-1] < losses[0]


def test_adapters_on_layers_that_are_not_there_are_one_sentence(
    tmp_path: Path, simulated: Artifact, model: Model
) -> None:
    cfg = composed(tmp_path, "tuning=lora", "tuning.adapter.target_modules=[nothing]")
    with pytest.raises(ConfigError, match=r"target_modules=.*nothing.*'down_proj'") as error:
        tune.run(cfg, Store(cfg.paths.root), simulated, model, model)
    assert "\n" not in str(error.value)


def test_qlora_holds_the_seed_in_four_bits_and_leaves_it_whole(
    tmp_path: Path, simulated: Artifact, model: Model
) -> None:
    pytest.importorskip("bitsandbytes", reason="bitsandbytes is not installed: pip install -e '.[qlora]'")
    cfg = composed(tmp_path, "tuning=qlora", "tuning.lr=0.01", "tuning.min_lr=0", "tuning.steps=10")
    held = learner(model, method(cfg.tuning), "cpu")
    assert {p.dtype for name, p in held.named_parameters() if "proj.base_layer" in name} == {torch.uint8}
    made = tune.run(cfg, Store(cfg.paths.root), simulated, model, model)
    losses = [float(line.split(",")[1]) for line in (made.path / "loss.csv").read_text().splitlines()[1:]]
    assert losses[-1] < losses[0]
    base, plain = (AutoModelForCausalLM.from_pretrained(path) for path in (model.path, made.path / "model"))
    assert torch.equal(plain.get_input_embeddings().weight, base.get_input_embeddings().weight)
    asked = torch.arange(5, 25)[None]
    tuned = PeftModel.from_pretrained(base, str(made.path / "adapter"))
    assert torch.allclose(tuned(asked).logits, plain(asked).logits, atol=1e-4)


def test_a_card_tells_what_the_model_was_made_from(tmp_path: Path, simulated: Artifact) -> None:
    cfg = composed(tmp_path, "tuning=lora", "tuning.accumulate=1", "tuning.max_length=64")
    seed = Model(name="nano_xs", path="embedded:nano_xs", max_length=512)
    made = tune.run(cfg, Store(cfg.paths.root), simulated, seed, seed)
    card = ModelCard.load(made.path / "model" / "README.md")
    assert card.data.license == "apache-2.0"
    assert card.data.base_model == "nano_xs"
    assert "| tuned | LoRA, merged;" in card.text
    assert "| dialogues | 6, of which 0 were too long |" in card.text


def test_a_preview_colours_what_is_learnt(
    cfg: DictConfig,
    simulated: Artifact,
    model: Model,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    cfg.preview = True
    tune.run(cfg, Store(cfg.paths.root), simulated, model, model)
    shown = capsys.readouterr().out
    assert "\x1b[1;32mAh, it is Keren.<|im_end|>\x1b[0m" in shown
    assert "You are number 0." in shown
