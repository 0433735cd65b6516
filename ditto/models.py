"""A model as the configuration names it: where it lies, what identifies it, how it is loaded.

Weights come from safetensors only, and code from a model repository is never run.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import torch
from jinja2 import TemplateError
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoTokenizer,
    BitsAndBytesConfig,
    PreTrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from ditto.errors import ConfigError, ModelError
from ditto.records import Message

EMBEDDED: Final = "embedded:"
API: Final = "api:"
EMBEDDED_FOLDER: Final = Path(__file__).parent / "nano" / "models"
WHOLE_HASH_BYTES: Final = 1 << 26
DTYPES: Final = ("auto", "float32", "bfloat16", "float16")


@dataclass(frozen=True, slots=True)
class Model:
    """One causal language model with a chat template.

    `path` is a folder, a hub name, `embedded:<name>` for a nano model, or `api:<name>` for one of which
    only a server knows the weights; `template` holds switches for the chat template (such as
    `enable_thinking: false`).

    Raises:
        ConfigError: a value that no model can have.
    """

    name: str
    path: str
    revision: str | None = None
    dtype: str = "auto"
    max_length: int = 8192
    template: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.name or not set(self.name) <= set(_NAME):
            raise ConfigError(f"The model name {self.name!r} cannot name a folder: use letters, digits, '.', '_', '-'.")
        if self.dtype not in DTYPES:
            raise ConfigError(f"dtype={self.dtype!r} of the model {self.name} is unknown: choose from {list(DTYPES)}.")
        if self.max_length < 16:
            raise ConfigError(
                f"max_length={self.max_length} of the model {self.name} holds no dialogue: give 16 or more."
            )

    @property
    def source(self) -> str:
        """The folder or hub name that transformers loads from."""
        if self.path.startswith(EMBEDDED):
            return str(EMBEDDED_FOLDER / self.path.removeprefix(EMBEDDED))
        return self.path

    @property
    def is_api(self) -> bool:
        """Whether there is nothing but a name: no weights, no tokenizer."""
        return self.path.startswith(API)

    @property
    def on_hub(self) -> bool:
        """Whether the Hugging Face hub has it, and no folder here."""
        return not self.is_api and _is_on_hub(self.source)

    @property
    def served_as(self) -> str:
        """What a server that runs it would call it."""
        return self.path.removeprefix(EMBEDDED).removeprefix(API)

    @property
    def identity(self) -> str:
        """What identifies the weights and how they are spoken to, wherever they lie."""
        dtype = [] if self.dtype == "auto" else [self.dtype]
        parts = [
            fingerprint(self.source, self.revision),
            *dtype,
            str(self.max_length),
            str(sorted(self.template.items())),
        ]
        return sha256("\0".join(parts).encode()).hexdigest()[:16]


_NAME: Final = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"


@cache
def fingerprint(source: str, revision: str | None) -> str:
    """A hash of a model folder's files, or the hub name with its revision.

    Files over 64 MiB enter with their size and their first and last MiB: telling two models apart
    needs no more, and a 70B model is not read twice for it.

    Raises:
        ModelError: a folder without a model in it.
    """
    if source.startswith(API):
        return source
    folder = Path(source).expanduser()
    if _is_on_hub(source):
        return f"{source}@{revision or 'main'}"
    if not (folder / "config.json").is_file():
        raise ModelError(
            f"{source} is not a model folder: it has no config.json. Give a Hugging Face folder or hub name."
        )
    return content(folder)


def content(folder: Path) -> str:
    """A hash of the files in `folder` that make a model, or an adapter, what it is; see `fingerprint`."""
    hasher = sha256()
    for file in sorted(
        f for f in folder.iterdir() if f.suffix in {".json", ".safetensors", ".jinja", ".model", ".txt"}
    ):
        hasher.update(f"{file.name}\0{file.stat().st_size}\0".encode())
        with file.open("rb") as stream:
            if file.stat().st_size <= WHOLE_HASH_BYTES:
                hasher.update(stream.read())
            else:
                hasher.update(stream.read(1 << 20))
                stream.seek(-(1 << 20), 2)
                hasher.update(stream.read())
    return hasher.hexdigest()


def load_tokenizer(model: Model) -> PreTrainedTokenizerBase:
    """The tokenizer, with a chat template and a pad token.

    Raises:
        ModelError: there is none, or it has no chat template or no end-of-text token.
    """
    _needs_files(model)
    try:
        tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(
            model.source, revision=model.revision or "main"
        )
    except Exception as error:  # each tokenizer class raises its own
        raise ModelError(f"The tokenizer of {model.source} cannot be loaded: {_first_line(error)}") from None
    if not tokenizer.chat_template:
        raise ModelError(
            f"The tokenizer of {model.source} has no chat template: use an instruct model, or add one to it."
        )
    if tokenizer.eos_token_id is None:
        raise ModelError(f"The tokenizer of {model.source} has no end-of-text token, so no reply could end.")
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def load_config(model: Model) -> PreTrainedConfig:
    """The model's configuration, without its weights.

    Raises:
        ModelError: it cannot be found or read.
    """
    _needs_files(model)
    try:
        config: PreTrainedConfig = AutoConfig.from_pretrained(model.source, revision=model.revision or "main")
    except Exception as error:  # the hub checks types with errors of its own
        raise ModelError(f"The model {model.source} cannot be loaded: {_first_line(error)}") from None
    return config


def load_weights(model: Model, device: str, quantization: BitsAndBytesConfig | None = None) -> PreTrainedModel:
    """The model on `device`, ready to generate or to be trained; with `quantization`, held in fewer bits.

    Raises:
        ModelError: the weights are missing, damaged or not in safetensors.
    """
    load_config(model)
    dtype = model.dtype if model.dtype == "auto" else getattr(torch, model.dtype)
    try:
        loading: Any = AutoModelForCausalLM.from_pretrained(
            model.source,
            revision=model.revision or "main",
            dtype=dtype,
            use_safetensors=True,
            output_loading_info=True,
            quantization_config=quantization,
            device_map={"": device} if quantization else None,
        )
    except Exception as error:  # safetensors, torch and the hub raise each their own; all mean this
        raise ModelError(f"The weights of {model.source} cannot be loaded: {_first_line(error)}") from None
    loaded, report = loading
    if missing := sorted(report["missing_keys"]):
        # transformers would fill them with random numbers and go on
        raise ModelError(f"The weights of {model.source} lack {len(missing)} tensors, the first is {missing[0]}.")
    ready: PreTrainedModel = loaded if quantization else loaded.to(device)
    ready.eval()
    return ready


def render(
    tokenizer: PreTrainedTokenizerBase,
    messages: Sequence[Message],
    template: Mapping[str, Any],
    *,
    prompt: bool = False,
) -> str:
    """The conversation as the chat template writes it; with `prompt`, up to where the reply begins.

    Raises:
        ModelError: the template is broken, or refuses such a conversation.
    """
    conversation = [{"role": str(m["role"]), "content": m["content"]} for m in messages]
    try:
        text = tokenizer.apply_chat_template(conversation, tokenize=False, add_generation_prompt=prompt, **template)
    except TemplateError as error:
        raise ModelError(f"The chat template of {tokenizer.name_or_path} fails: {_first_line(error)}") from None
    return str(text)


def parameters(model: Model) -> int:
    """How many parameters the model has, counted from its configuration without its weights."""
    with torch.device("meta"):
        return int(AutoModelForCausalLM.from_config(load_config(model)).num_parameters())


def pick_device(device: str) -> str:
    """`auto` is the first GPU where there is one.

    Raises:
        ConfigError: a GPU is asked for and there is none.
    """
    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if device.startswith("cuda") and not torch.cuda.is_available():
        raise ConfigError("A GPU is asked for, but torch sees none here: use engine.device=cpu and trainer=cpu.")
    return device


def _needs_files(model: Model) -> None:
    if model.is_api:
        raise ModelError(
            f"{model.path} is only a name that a server knows: use engine=openai for it, or give a folder or hub name."
        )
    fingerprint(model.source, model.revision)


def _is_on_hub(source: str) -> bool:
    a_name = source.count("/") <= 1 and not source.startswith((".", "/", "~"))
    return a_name and not Path(source).exists()


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".") + "."
