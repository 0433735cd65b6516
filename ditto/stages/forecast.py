"""What a tuning will take, told before it begins."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from omegaconf import DictConfig
from transformers import AutoModelForCausalLM, PreTrainedConfig

from ditto.models import Model, load_config
from ditto.tune.adapter import adapted
from ditto.tune.estimate import FLOAT32, NF4, Cost, cost
from ditto.tune.method import Method

UTILISATION = 0.4  # the share of a matrix product's speed that tuning reaches


@dataclass(frozen=True, slots=True)
class Forecast:
    """Cost of a device, tokens (without padding) of the whole tuning, and how many parameters it has and trains."""

    cost: Cost
    tokens: int
    parameters: int
    trainable: int

    def seconds(self, rate: float, ranks: int) -> float:
        """At `rate` floating-point operations a second in a matrix product on each of `ranks` devices."""
        return self.tokens * self.cost.flop_per_token / (ranks * rate * UTILISATION)

    def disk(self, *, checkpoints: bool) -> int:
        """Bytes: the model, in two bytes a parameter at least, and two checkpoints of weights and moments."""
        return 2 * self.parameters + (2 * 12 * self.trainable if checkpoints else 0)


def ranks(trainer: DictConfig) -> int:
    return int(trainer.devices * trainer.num_nodes)


def divides_weights(trainer: DictConfig) -> bool:
    """Whether no rank holds the weights whole: ZeRO-3 and FSDP."""
    strategy = trainer.get("strategy")
    return isinstance(strategy, DictConfig) and (strategy.get("stage") == 3 or strategy._target_.endswith("FSDP"))


def zero_stage(trainer: DictConfig) -> int:
    """What the trainer divides: 0 nothing; FSDP as much as ZeRO-3."""
    strategy = trainer.get("strategy")
    return int(strategy.get("stage", 3)) if isinstance(strategy, DictConfig) else 0


@dataclass(frozen=True, slots=True)
class Sizes:
    """A seed's configuration, how many parameters it has, and how many of them and its adapters learn."""

    config: PreTrainedConfig
    parameters: int
    trainable: int


def sizes(seed: Model, how: Method) -> Sizes:
    """Counted from the seed's configuration alone; no weight is loaded."""
    config = load_config(seed)
    with torch.device("meta"):
        network = AutoModelForCausalLM.from_config(config)
        parameters = network.num_parameters()
        whole = adapted(network, how.adapter) if how.adapter else network
    return Sizes(config, parameters, sum(p.numel() for p in whole.parameters() if p.requires_grad))


def forecast(
    seed: Sizes, how: Method, trainer: DictConfig, lengths: Sequence[int], zero: int | None = None
) -> Forecast:
    """Of a tuning on sessions of these lengths, under the trainer's or another ZeRO stage."""
    tuning, zero = how.tuning, zero_stage(trainer) if zero is None else zero
    step = tuning.batch_size * sum(lengths) / len(lengths)
    part = max(step / (tuning.accumulate * ranks(trainer)), *lengths)
    mixed = "mixed" in str(trainer.precision)
    return Forecast(
        cost(
            seed.config,
            parameters=seed.parameters,
            trainable=seed.trainable,
            tokens=round(part),
            zero=zero,
            ranks=ranks(trainer),
            mixed=mixed,
            frozen=NF4 if how.quantization else 2.0 if mixed and not divides_weights(trainer) else FLOAT32,
            recompute=tuning.gradient_checkpointing,
        ),
        tokens=round(step * tuning.steps),
        parameters=seed.parameters,
        trainable=seed.trainable,
    )
