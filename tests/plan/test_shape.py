"""Sizes of models from their configurations: the published Qwen2.5 ladder, and the analytic counts."""

import json
from pathlib import Path
from typing import Any, Final

import pytest
from hydra import compose, initialize_config_dir

from ditto.models import Model
from ditto.plan.shape import shape
from ditto.run import CONF
from ditto.stages.forecast import forecast, sizes
from ditto.tune.estimate import GIB
from ditto.tune.method import method

SHAPES: Final = Path(__file__).parent / "shapes"
# Parameters as the model cards' safetensors count them.
PUBLISHED: Final = {
    "qwen2_5_0_5b": 494_032_768,
    "qwen2_5_1_5b": 1_543_714_304,
    "qwen2_5_3b": 3_085_938_688,
    "qwen2_5_7b": 7_615_616_512,
    "qwen2_5_14b": 14_770_033_664,
    "qwen2_5_32b": 32_763_876_352,
    "qwen2_5_72b": 72_706_203_648,
}


def model(name: str) -> Model:
    return Model(name=name, path=str(SHAPES / name), dtype="bfloat16")


def measures(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((SHAPES / name / "config.json").read_text("utf-8"))
    return found


@pytest.mark.parametrize("name", PUBLISHED)
def test_parameters_are_counted_exactly(name: str) -> None:
    found = shape(model(name), on_cpu=False)
    assert (found.parameters, found.weights) == (PUBLISHED[name], 2 * PUBLISHED[name])


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_token_keeps_keys_and_values_of_every_layer(name: str) -> None:
    c = measures(name)
    head = c["hidden_size"] // c["num_attention_heads"]
    found = shape(model(name), on_cpu=False)
    assert found.layers == c["num_hidden_layers"]
    assert found.cache == 2 * c["num_hidden_layers"] * c["num_key_value_heads"] * head * 2


@pytest.mark.parametrize("name", PUBLISHED)
def test_memory_under_every_zero_stage_is_what_the_papers_formula_says(name: str) -> None:
    """ZeRO (Rajbhandari et al., 2020) in mixed precision: 2 + 4 bytes of weights, 4 of gradients, 8 of moments."""
    with initialize_config_dir(str(CONF), version_base="1.3"):
        cfg = compose("config", ["tuning=full", "trainer=zero3", "trainer.devices=8", "trainer.precision=bf16-mixed"])
    how, n = method(cfg.tuning), PUBLISHED[name]
    size = sizes(model(name), how)
    for zero, bytes_a_parameter in enumerate((18, 6 + 4 + 8 / 8, 6 + (4 + 8) / 8, (6 + 4 + 8) / 8)):
        found = forecast(size, how, cfg.trainer, [8192] * 4, zero).cost
        assert found.weights + found.gradients + found.moments == pytest.approx(n * bytes_a_parameter, rel=0.1)
    c = measures(name)
    kept = 8192 * c["num_hidden_layers"] * c["hidden_size"] * 2
    layer = 8192 * (8 * c["hidden_size"] + 4 * c["intermediate_size"]) * 2
    logits = 8192 * c["vocab_size"] * (2 + 8)
    assert found.activations / GIB == pytest.approx((kept + layer + logits) / GIB, rel=0.1)
