"""What a tuning will take, from stated formulas, before it begins.

Memory of a device, in bytes: 4 a parameter for its weights (2 more for the copies of mixed precision; frozen ones as
they are stored there) and, of those that learn, 4 for gradients and 8 for Adam's moments; ZeRO-1 divides the moments
over the ranks, ZeRO-2 the gradients as well, ZeRO-3 the weights as well. Activations: what a layer keeps for its way
back, for every token of the largest part of a step, and the logits with their gradient. Arithmetic: 2 operations a
parameter for the way forward, 2 for the way back through it, and 2 more if it learns (6 in full tuning, about 4 with
LoRA); attention itself is left out.
"""

from dataclasses import dataclass
from typing import Any, Final

from transformers import PreTrainedConfig

GIB: Final = 1 << 30
FLOAT32: Final = 4
NF4: Final = 0.56  # bytes a weight: 4 bits and their scales, quantised in turn


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one device: bytes, and operations for each token that passes through."""

    weights: float
    gradients: float
    moments: float
    activations: float
    flop_per_token: float

    @property
    def gib(self) -> float:
        return (self.weights + self.gradients + self.moments + self.activations) / GIB

    def __str__(self) -> str:
        parts = {n: getattr(self, n) / GIB for n in ("weights", "gradients", "moments", "activations")}
        return f"about {self.gib:.3g} GiB a device ({', '.join(f'{name} {gib:.3g}' for name, gib in parts.items())})"


def cost(
    config: PreTrainedConfig,
    *,
    parameters: int,
    trainable: int,
    tokens: int,
    zero: int = 0,
    ranks: int = 1,
    mixed: bool = False,
    frozen: float = FLOAT32,
    recompute: bool = False,
) -> Cost:
    """What tuning such a model takes, when the largest part of a step has `tokens` tokens, padding included.

    What does not learn takes `frozen` bytes a weight.
    """
    text: Any = config.get_text_config()
    unit = 2 if mixed else FLOAT32
    held = parameters if trainable < parameters else 0
    divided = [ranks if zero >= stage else 1 for stage in (1, 2, 3)]
    layer = (8 * text.hidden_size + 4 * text.intermediate_size) * unit
    kept = text.num_hidden_layers * (text.hidden_size * unit if recompute else layer) + (layer if recompute else 0)
    logits = text.vocab_size * (unit + 2 * FLOAT32)
    embedded = 0 if text.tie_word_embeddings else text.vocab_size * text.hidden_size
    return Cost(
        weights=(held * frozen + trainable * (FLOAT32 + (2 if mixed else 0))) / divided[2],
        gradients=trainable * FLOAT32 / divided[1],
        moments=trainable * 2 * FLOAT32 / divided[0],
        activations=tokens * (kept + logits),
        flop_per_token=4 * (parameters - embedded) + 2 * min(trainable, parameters - embedded),
    )
