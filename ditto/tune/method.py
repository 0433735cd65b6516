"""How a seed learns: every weight, adapters beside it (LoRA), or adapters beside a seed held in 4 bits (QLoRA)."""

import os
from dataclasses import dataclass
from importlib.util import find_spec

from omegaconf import DictConfig, OmegaConf
from peft import LoraConfig, PeftModel, prepare_model_for_kbit_training
from transformers import BitsAndBytesConfig, PreTrainedModel
from transformers.integrations.liger import apply_liger_kernel

from ditto.config import build, typed
from ditto.errors import ConfigError
from ditto.models import Model, load_weights
from ditto.tune.adapter import adapted
from ditto.tune.attention import NAME
from ditto.tune.module import Tuning


@dataclass(frozen=True, slots=True)
class Method:
    """Hyperparameters, adapters where there are any, and the few bits the seed is held in, where it is."""

    tuning: Tuning
    adapter: LoraConfig | None = None
    quantization: BitsAndBytesConfig | None = None


def method(node: DictConfig) -> Method:
    """What the node `tuning` says.

    Raises:
        ConfigError: a value that cannot be meant, a missing package, or a quantised seed without adapters.
    """
    values = node.copy()
    OmegaConf.set_struct(values, False)
    adapter, quantization = values.pop("adapter"), values.pop("quantization")
    tuning = typed(values, Tuning)
    if tuning.liger and find_spec("liger_kernel") is None:
        raise ConfigError("tuning.liger=true needs Liger's kernels, which are not installed: pip install liger-kernel.")
    if quantization is None:
        return Method(tuning, None if adapter is None else build(adapter))
    if find_spec("bitsandbytes") is None:
        raise ConfigError(
            "tuning=qlora needs bitsandbytes, which is not installed: pip install -c constraints.txt "
            "'ditto-roleplay[qlora]'."
        )
    if adapter is None:
        raise ConfigError(
            "tuning.quantization without tuning.adapter: weights of 4 bits cannot learn, use tuning=qlora."
        )
    return Method(tuning, build(adapter), build(quantization))


def learner(
    seed: Model, how: Method, accelerator: str, *, frozen_as_stored: bool = False
) -> PreTrainedModel | PeftModel:
    """The seed as it learns: in float32, or frozen in fewer bits; with its adapters.

    What is `frozen_as_stored` takes the memory it takes on the disk; adapters are in float32 in any case.

    Raises:
        ConfigError: see `prepared`.
    """
    if how.quantization:
        # Its layout depends on the device; weights of other kinds are moved there by the trainer.
        device = f"cuda:{os.environ.get('LOCAL_RANK', '0')}" if accelerator == "gpu" else "cpu"
        weights = load_weights(seed, device, how.quantization)
        whole = prepare_model_for_kbit_training(weights, use_gradient_checkpointing=False)  # type: ignore[no-untyped-call]
    else:
        stored = load_weights(seed, "cpu")
        whole = stored if how.adapter and frozen_as_stored else stored.float()
    return prepared(whole, how)


def prepared(whole: PreTrainedModel, how: Method) -> PreTrainedModel | PeftModel:
    """The seed with its adapters, and with the attention, kernels and memory it is to learn with.

    Raises:
        ConfigError: the attention that was asked for is not to be had here.
    """
    try:
        by_session = how.tuning.packing and how.tuning.attention == "sdpa"
        whole.set_attn_implementation(NAME if by_session else how.tuning.attention)
    except (ImportError, ValueError) as error:
        reason = str(error).split(". ")[0].rstrip(".")
        raise ConfigError(f"tuning.attention={how.tuning.attention} cannot be used: {reason}.") from None
    if how.tuning.liger:
        apply_liger_kernel(whole, None)
    network = adapted(whole, how.adapter) if how.adapter else whole
    if how.tuning.gradient_checkpointing:
        network.gradient_checkpointing_enable({"use_reentrant": False})
        network.enable_input_require_grads()
    if how.tuning.compile:
        network.compile()
    return network
