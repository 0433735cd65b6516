"""A model is known by its bytes and by how it is spoken to; one that cannot be used is told in a sentence."""

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from ditto.errors import ConfigError, ModelError
from ditto.models import Model, load_config, load_tokenizer, load_weights, parameters, pick_device, render
from ditto.records import Message

TALK: tuple[Message, ...] = (
    {"role": "system", "content": "tailor of Moonreach"},
    {"role": "user", "content": "where is your home?"},
)
PLAIN = "{% for m in messages %}{{ m['role'] + ': ' + m['content'] + eos_token }}{% endfor %}"


@pytest.fixture
def copy(model_folder: Path, tmp_path: Path) -> Path:
    """The random model once more, free to be changed."""
    return shutil.copytree(model_folder, tmp_path / "copy")


def at(folder: Path, **values: Any) -> Model:
    return Model(name="copy", path=str(folder), **({"max_length": 512} | values))


def change_json(file: Path, **values: Any) -> None:
    """Set keys of a JSON file, or take them away where the value is None."""
    merged = json.loads(file.read_text("utf-8")) | values
    file.write_text(json.dumps({key: value for key, value in merged.items() if value is not None}))


def flip(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)


def test_the_same_bytes_elsewhere_are_the_same_model(model: Model, copy: Path) -> None:
    (copy / "README.md").write_text("The same model, told about.")
    assert at(copy).identity == model.identity
    assert replace(at(copy), name="another").identity == model.identity


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: flip(folder / "model.safetensors"),
        lambda folder: (folder / "chat_template.jinja").write_text(PLAIN),
        lambda folder: change_json(folder / "config.json", rms_norm_eps=1e-5),
        lambda folder: change_json(folder / "generation_config.json", eos_token_id=[3, 4]),
        lambda folder: change_json(folder / "tokenizer_config.json", model_max_length=256),
        lambda folder: (folder / "model.safetensors").rename(folder / "other.safetensors"),
    ],
    ids=["weights", "chat template", "config", "ends of turn", "tokenizer", "name"],
)
def test_a_changed_file_is_another_model(change: Callable[[Path], object], model: Model, copy: Path) -> None:
    change(copy)
    assert at(copy).identity != model.identity


@pytest.mark.parametrize(
    "values", [{"dtype": "float32"}, {"max_length": 256}, {"template": {"enable_thinking": False}}], ids=str
)
def test_a_model_used_otherwise_is_another_model(values: dict[str, Any], model: Model) -> None:
    assert replace(model, **values).identity != model.identity


def test_switches_of_the_template_have_no_order(model: Model) -> None:
    a, b = (replace(model, template=dict(items)) for items in ([("x", 1), ("y", 2)], [("y", 2), ("x", 1)]))
    assert a.identity == b.identity


def test_a_hub_name_is_identified_by_its_revision() -> None:
    one = Model(name="hub", path="someone/something")
    assert one.identity == replace(one, revision="main").identity
    assert one.identity != replace(one, revision="abc123").identity
    assert one.identity != replace(one, path="someone/else").identity


@pytest.mark.parametrize(
    "values",
    [{"name": ""}, {"name": "a/b"}, {"name": "a b"}, {"dtype": "int8"}, {"max_length": 15}],
    ids=str,
)
def test_a_value_that_no_model_can_have_is_refused(values: dict[str, Any]) -> None:
    [value] = values.values()
    with pytest.raises(ConfigError, match=re.escape(repr(value))):
        Model(**({"name": "m", "path": "p"} | values))


@pytest.mark.parametrize("load", [load_config, load_tokenizer, lambda m: load_weights(m, "cpu"), parameters])
@pytest.mark.parametrize("path", ["{tmp}/nothing", "{tmp}", "~/no/such/model", "embedded:no_such_model"])
def test_a_path_without_a_model_is_named(path: str, load: Callable[[Model], object], tmp_path: Path) -> None:
    model = Model(name="m", path=path.format(tmp=tmp_path))
    with pytest.raises(ModelError, match=re.escape(model.source)):
        load(model)


@pytest.mark.parametrize("load", [load_config, load_tokenizer, lambda m: load_weights(m, "cpu")])
def test_a_hub_name_that_cannot_be_reached_is_named(load: Callable[[Model], object]) -> None:
    with pytest.raises(ModelError, match="nobody/nothing"):
        load(Model(name="m", path="nobody/nothing"))


@pytest.mark.parametrize(
    ("load", "spoil"),
    [
        pytest.param(load_tokenizer, lambda f: (f / "chat_template.jinja").unlink(), id="no chat template"),
        pytest.param(
            load_tokenizer, lambda f: change_json(f / "tokenizer_config.json", eos_token=None), id="no end of text"
        ),
        pytest.param(load_tokenizer, lambda f: (f / "tokenizer.json").unlink(), id="no tokenizer"),
        pytest.param(load_tokenizer, lambda f: (f / "tokenizer.json").write_text("{"), id="torn tokenizer"),
        pytest.param(load_config, lambda f: (f / "config.json").write_text("{"), id="torn config"),
        pytest.param(load_config, lambda f: change_json(f / "config.json", model_type="none"), id="unknown model"),
        pytest.param(
            load_config,
            lambda f: change_json(f / "config.json", num_attention_heads="one"),
            id="config of another type",
        ),
        pytest.param(lambda m: load_weights(m, "cpu"), lambda f: (f / "model.safetensors").unlink(), id="no weights"),
        pytest.param(
            lambda m: load_weights(m, "cpu"),
            lambda f: (f / "model.safetensors").rename(f / "pytorch_model.bin"),
            id="weights not in safetensors",
        ),
        pytest.param(
            lambda m: load_weights(m, "cpu"),
            lambda f: (f / "model.safetensors").write_bytes((f / "model.safetensors").read_bytes()[:-64]),
            id="torn weights",
        ),
        pytest.param(
            lambda m: load_weights(m, "cpu"),
            lambda f: change_json(f / "config.json", hidden_size=64),
            id="weights of another shape",
        ),
        pytest.param(
            lambda m: load_weights(m, "cpu"),
            lambda f: change_json(f / "config.json", num_hidden_layers=2),
            id="a layer without weights",
        ),
    ],
)
def test_a_folder_that_cannot_be_used_is_told_in_one_sentence(
    load: Callable[[Model], object], spoil: Callable[[Path], object], copy: Path
) -> None:
    spoil(copy)
    with pytest.raises(ModelError) as error:
        load(at(copy))
    told = str(error.value)
    assert str(copy) in told
    assert "\n" not in told
    assert told.endswith(".")


@pytest.mark.parametrize("template", ["{% for %}", "{{ raise_exception('System role not supported') }}"])
def test_a_chat_template_that_cannot_be_rendered_is_named(template: str, copy: Path) -> None:
    (copy / "chat_template.jinja").write_text(template)
    with pytest.raises(ModelError, match=re.escape(str(copy))):
        render(load_tokenizer(at(copy)), TALK, {}, prompt=True)


def test_a_tokenizer_without_a_pad_token_pads_with_its_end(copy: Path) -> None:
    assert load_tokenizer(at(copy)).pad_token == "<|pad|>"
    change_json(copy / "tokenizer_config.json", pad_token=None)
    tokenizer = load_tokenizer(at(copy))
    assert tokenizer.pad_token_id == tokenizer.eos_token_id == 3


def test_a_prompt_ends_where_the_reply_begins(model: Model) -> None:
    tokenizer = load_tokenizer(model)
    whole = render(tokenizer, [*TALK, {"role": "assistant", "content": "Aye."}], {})
    prompt = render(tokenizer, TALK, {}, prompt=True)
    assert whole.startswith(prompt)
    assert whole.removeprefix(prompt) == "Aye.<|im_end|>\n"
    assert prompt.startswith(render(tokenizer, TALK, {}))


def test_switches_reach_the_template(copy: Path) -> None:
    (copy / "chat_template.jinja").write_text("{{ 'thinks' if enable_thinking else 'speaks' }}")
    tokenizer = load_tokenizer(at(copy))
    assert [render(tokenizer, TALK, {"enable_thinking": on}) for on in (True, False)] == ["thinks", "speaks"]


def test_weights_come_ready_to_generate_in_their_type(model: Model) -> None:
    for dtype, loaded in (("auto", torch.float32), ("bfloat16", torch.bfloat16), ("float16", torch.float16)):
        weights = load_weights(replace(model, dtype=dtype), "cpu")
        assert {p.dtype for p in weights.parameters()} == {loaded}
        assert not weights.training


def test_parameters_are_counted_without_weights(model: Model, copy: Path) -> None:
    counted = load_weights(model, "cpu").num_parameters()
    (copy / "model.safetensors").unlink()
    assert parameters(model) == parameters(at(copy)) == counted


def test_the_default_device_is_one_that_is_there() -> None:
    assert torch.zeros(1, device=pick_device("auto")).device.type == pick_device("auto")
    assert pick_device("cpu") == "cpu"


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
@pytest.mark.parametrize("device", ["cuda", "cuda:1"])
def test_a_gpu_that_is_not_there_is_refused(device: str) -> None:
    with pytest.raises(ConfigError, match="GPU"):
        pick_device(device)
