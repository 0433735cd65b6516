"""From the configuration to objects, each value checked on the way."""

import os
import re
from inspect import signature
from pathlib import Path
from typing import Any, Final, TypeVar, cast

from hydra.errors import InstantiationException
from hydra.utils import get_class, instantiate
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from pydantic import TypeAdapter, ValidationError

from ditto.errors import ConfigError, DittoError
from ditto.records import UNKNOWN

T = TypeVar("T")


def register_resolvers() -> None:
    """What the files under `conf/` may compute.

    `${basename:path}` is the last part of a path or hub name, `${run_id:}` one id for a whole sweep,
    `${gpu_precision:}` bfloat16 where the GPU has it, `${accelerator:}` the GPU where there is one,
    `${compute_dtype:}` what it computes in, `${replicates:<n>}` a sweep over `n` replicates.
    """
    OmegaConf.register_new_resolver("basename", lambda path: Path(path).name, replace=True)
    OmegaConf.register_new_resolver("replicates", _replicates, replace=True)
    OmegaConf.register_new_resolver("accelerator", lambda: "gpu" if _has_gpu() else "cpu", replace=True)
    OmegaConf.register_new_resolver("gpu_precision", _gpu_precision, replace=True)
    OmegaConf.register_new_resolver("precision", lambda: _gpu_precision() if _has_gpu() else "32-true", replace=True)
    OmegaConf.register_new_resolver("compute_dtype", _compute_dtype, replace=True)
    OmegaConf.register_new_resolver("run_id", lambda: os.environ.get("DITTO_RUN_ID", "run"), replace=True)


def _replicates(n: int | None) -> str:
    """A sweep over as many replicates, in Hydra's words."""
    if n is not None and (not isinstance(n, int) or n < 1):
        raise ConfigError(f"study.replicates={n} cannot be meant: give a whole number from 1 on")
    return f"range({n or 1})"


def _has_gpu() -> bool:
    import torch

    return torch.cuda.is_available()


def _gpu_precision() -> str:
    import torch

    return "bf16-mixed" if not torch.cuda.is_available() or torch.cuda.is_bf16_supported() else "16-mixed"


def _compute_dtype() -> str:
    if not _has_gpu():
        return "float32"
    return "bfloat16" if _gpu_precision() == "bf16-mixed" else "float16"


# The extra of ours that installs a package.
EXTRAS: Final = {"openai": "openai", "aiolimiter": "openai", "tenacity": "openai", "vllm": "vllm"}


def build(node: DictConfig, **more: Any) -> Any:
    """The object that `node._target_` names: one of our dataclasses, its values checked against their
    types, or a library's own class through Hydra's `instantiate`.

    Raises:
        ConfigError: a value is missing, unknown, of another type, or refused.
    """
    try:
        kind = get_class(node._target_)
        if _takes_its_fields(kind):
            return typed(node, kind)
        # A partial, because Hydra would turn objects passed to it into configuration.
        return instantiate(node, _partial_=True, _convert_="all")(**more)
    except (InstantiationException, OmegaConfBaseException, TypeError, ImportError, ValueError) as error:
        if isinstance(error.__cause__, DittoError):
            raise error.__cause__ from None
        if isinstance(error.__cause__, ModuleNotFoundError) and (extra := EXTRAS.get(error.__cause__.name or "")):
            raise ConfigError(
                f"{node._target_} needs {error.__cause__.name}, which is not installed: "
                f"pip install -c constraints.txt -e '.[{extra}]'."
            ) from None
        raise ConfigError(f"{node._target_} cannot be built: {one_line(error.__cause__ or error)}") from None


def _takes_its_fields(kind: type) -> bool:
    """Whether it is a dataclass whose fields are its arguments; some have others."""
    fields = getattr(kind, "__dataclass_fields__", {})
    return bool(fields) and set(signature(kind).parameters) <= set(fields)


def typed(node: DictConfig, kind: type[T]) -> T:
    """The values under `node` as the frozen dataclass `kind`.

    Raises:
        ConfigError: a value is missing, unknown, of another type, or refused by `kind`.
    """
    where = node._get_full_key(None) or kind.__name__.lower()
    values = plain(node)
    values.pop("_target_", None)
    try:
        return TypeAdapter(kind).validate_python(values, extra="forbid")
    except ValidationError as error:
        first = min(error.errors(), key=lambda e: e["type"] not in UNKNOWN)
        field = ".".join([where, *(str(part) for part in first["loc"])])
        if first["type"] in UNKNOWN:
            known = sorted(kind.__dataclass_fields__)  # type: ignore[attr-defined]
            raise ConfigError(f"{field} is unknown: {where} has {known}.") from None
        if first["type"] in ("missing", "missing_argument"):
            raise ConfigError(f"{field} has no value: add {field}=<value> to the command.") from None
        raise ConfigError(f"{field}={first['input']!r} cannot be used: {first['msg'].lower()}.") from None


def defining(node: DictConfig) -> dict[str, Any]:
    """Which class `node` builds, and those of its settings that change results (its `DEFINES`).

    A folder, such as an adapter's, counts by what is in it.
    """
    from ditto.models import content

    kind: Any = get_class(node._target_)
    values = plain(node)
    named = {name: values.get(name) for name in kind.DEFINES}
    folders = {name: content(Path(v)) for name, v in named.items() if isinstance(v, str) and Path(v).is_dir()}
    return {"class": kind.__name__, **named, **folders}


def plain(node: DictConfig) -> dict[str, Any]:
    """`node` as plain lists and dictionaries, interpolations resolved.

    Raises:
        ConfigError: a mandatory value is missing, or an interpolation cannot be resolved.
    """
    try:
        return cast(dict[str, Any], OmegaConf.to_container(node, resolve=True, throw_on_missing=True))
    except OmegaConfBaseException as error:
        raise ConfigError(one_line(error)) from None


def one_line(error: BaseException) -> str:
    """An error's message as one sentence."""
    if missing := re.search(r"Missing mandatory value: (\S+)", str(error)):
        name = getattr(error, "full_key", None) or missing[1]
        name = missing[1] if "resolving interpolation" in str(error) else name
        return f"{name} has no value: add {name}=<value> to the command."
    text, _, _ = str(error).partition("Config search path:")
    lines = [
        line.strip()
        for line in text.splitlines()
        if line.strip() and not line.strip().startswith(("full_key", "object_type"))
    ]
    return (" ".join(lines) or type(error).__name__).rstrip(".") + "."
