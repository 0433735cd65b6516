"""The tuned model as an ordinary Hugging Face folder, proved by loading it again."""

from pathlib import Path

import torch
from torch import Tensor
from transformers import AutoModelForCausalLM, PreTrainedModel, PreTrainedTokenizerBase

from ditto.errors import StageError


def export(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, folder: Path, probe: Tensor) -> None:
    """Save model and tokenizer to `folder`; `probe` (1, length) are token ids to compare logits on.

    Raises:
        StageError: the folder, loaded again, does not give the logits of the model in memory.
    """
    model = model.eval().cpu()
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    again = AutoModelForCausalLM.from_pretrained(folder, dtype=model.dtype, use_safetensors=True).eval()
    with torch.inference_mode():
        if not torch.equal(model(probe).logits, again(probe).logits):
            raise StageError(
                f"The model saved to {folder} does not compute what the tuned one computes; it is not used."
            )
