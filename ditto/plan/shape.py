"""How large a model is, from its configuration alone."""

from dataclasses import dataclass
from functools import cache
from typing import Any

from ditto.models import Model, load_config, parameters


@dataclass(frozen=True, slots=True)
class Shape:
    """Parameters, layers, bytes of the weights, and of the keys and values of one token."""

    name: str
    parameters: int
    layers: int
    weights: int
    cache: int


@cache
def _shape(name: str, path: str, revision: str | None, width: int) -> Shape:
    source = Model(name=name, path=path, revision=revision)
    text: Any = load_config(source).get_text_config()
    head = getattr(text, "head_dim", None) or text.hidden_size // text.num_attention_heads
    heads = getattr(text, "num_key_value_heads", None) or text.num_attention_heads
    n = parameters(source)
    return Shape(name, n, text.num_hidden_layers, width * n, 2 * text.num_hidden_layers * heads * head * width)


def shape(model: Model, *, on_cpu: bool) -> Shape:
    """Counted exactly, by building the model without weights.

    Raises:
        ModelError: the configuration cannot be had.
    """
    width = 4 if model.dtype == "float32" or (on_cpu and model.dtype == "auto") else 2
    return _shape(model.name, model.path, model.revision, width)
