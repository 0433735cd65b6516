"""LoRA: low-rank adapters on frozen weights, by PEFT."""

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from torch import Tensor
from transformers import PreTrainedModel

from ditto.errors import ConfigError, StageError

TOLERANCE = 1e-3  # of the largest logit, in float32


def adapted(model: PreTrainedModel, config: LoraConfig) -> PeftModel:
    """The model with trainable adapters on its linear layers, everything else frozen.

    Raises:
        ConfigError: no layer bears a name that `config.target_modules` asks for.
    """
    try:
        return get_peft_model(model, config)
    except ValueError as error:
        linear = {name.rsplit(".", 1)[-1] for name, m in model.named_modules() if isinstance(m, torch.nn.Linear)}
        raise ConfigError(
            f"tuning.adapter.target_modules={config.target_modules} cannot be used with {type(model).__name__}, "
            f"whose linear layers are {sorted(linear)}: {str(error).split('. ')[0]}."
        ) from None


def merged(model: PeftModel, probe: Tensor) -> PreTrainedModel:
    """The plain model with the adapters added to its weights; `probe` (1, length) are token ids to compare on.

    Raises:
        StageError: merged, it computes something else.
    """
    model = model.eval().cpu()
    with torch.inference_mode():
        before = model(probe).logits
    plain: PreTrainedModel = model.merge_and_unload()
    with torch.inference_mode():
        apart = (plain(probe).logits - before).abs().max()
    if not apart <= TOLERANCE * before.abs().max():
        raise StageError(f"The adapters, merged, move the logits by {apart:.3g}; the model is not used.")
    return plain
