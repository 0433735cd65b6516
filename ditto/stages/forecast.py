"""What a tuning will take, told before it begins."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from omegaconf import DictConfig
from transformers import AutoModelForCausalLM

from ditto.models import Model, load_config
from ditto.tune.adapter import adapted
from ditto.tune.data import Example
from ditto.tune.estimate import Cost, cost
from ditto.tune.method import Method

UTILISATION = 0.4  # the share of a matrix product's speed that tuning reaches


@dataclass(frozen=True, slots=True)
class Forecast:
    """Cost of a device, and tokens (without padding) of the whole tuning."""

    cost: Cost
    tokens: int

    def seconds(self, rate: float, ranks: int) -> float:
        """At `rate` floating-point operations a second in a matrix product on each of `ranks` devices."""
        return self.tokens * self.cost.flop_per_token / (ranks * rate * UTILISATION)


def ranks(trainer: DictConfig) -> int:
    return int(trainer.devices * trainer.num_nodes)


def forecast(seed: Model, how: Method, trainer: DictConfig, examples: Sequence[Example]) -> Forecast:
    """Computed from the seed's configuration alone; no weight is loaded."""
    config, tuning = load_config(seed), how.tuning
    with torch.device("meta"):
        network = AutoModelForCausalLM.from_config(config)
        whole = adapted(network, how.adapter) if how.adapter else network
    lengths = [len(example.ids) for example in examples]
    step = tuning.batch_size * sum(lengths) / len(lengths)
    part = max(step / (tuning.accumulate * ranks(trainer)), tuning.max_length if tuning.packing else max(lengths))
    strategy = trainer.get("strategy")
    zero = strategy.get("stage", 0) if isinstance(strategy, DictConfig) else 0
    return Forecast(
        cost(
            config,
            parameters=network.num_parameters(),
            trainable=sum(p.numel() for p in whole.parameters() if p.requires_grad),
            tokens=round(part),
            zero=zero,
            ranks=ranks(trainer),
            mixed="mixed" in str(trainer.precision),
            quantized=how.quantization is not None,
            recompute=tuning.gradient_checkpointing,
        ),
        tokens=round(step * tuning.steps),
    )
