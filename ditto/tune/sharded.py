"""A seed that no rank holds whole: ZeRO-3 and FSDP divide it before it has weights, and rank 0 hands these out."""

import torch
from pytorch_lightning.utilities import rank_zero_only
from torch import Tensor, nn
from torch.distributed.tensor import DTensor, distribute_tensor
from transformers import AutoModelForCausalLM, PreTrainedModel
from transformers.initialization import no_init_weights

from ditto.models import Model, load_config, load_weights
from ditto.tune.fsdp import FSDP, divide
from ditto.tune.method import Method, prepared
from ditto.tune.module import CausalLM


class ShardedLM(CausalLM):
    """A `CausalLM` that is built when the strategy is there to divide it. Rank 0 alone reads the seed's weights."""

    def __init__(self, seed: Model, how: Method, *, fused: bool = True) -> None:
        super().__init__(nn.Module(), how.tuning, fused=fused)
        self._seed, self._how = seed, how
        self._weights = load_weights(seed, "cpu").state_dict() if rank_zero_only.rank == 0 else {}  # type: ignore[attr-defined]

    def configure_model(self) -> None:
        """Lightning calls this where modules that are made are divided at once, if the strategy is ZeRO-3."""
        if isinstance(self.trainer.strategy, FSDP):
            self._divide_by_fsdp(self.trainer.strategy)
        else:
            self._divide_by_zero()
        self._weights = {}

    def _divide_by_fsdp(self, strategy: FSDP) -> None:
        whole = _skeleton(self._seed)
        named = {module: name for name, module in whole.named_modules()}  # adapters will change the names
        network = prepared(whole, self._how)
        divide(network, strategy.device_mesh["data_parallel"])
        for module in network.modules():
            if module in named:
                for name, parameter in module.named_parameters(named[module], recurse=False):
                    _scatter(parameter, self._weights.get(name))
        self.hold(network)

    def _divide_by_zero(self) -> None:
        import deepspeed
        from deepspeed.runtime.zero.partition_parameters import restore_init_context, shutdown_init_context

        whole = _skeleton(self._seed)
        for name, parameter in whole.named_parameters():
            with deepspeed.zero.GatheredParameters([parameter], modifier_rank=0):
                if self._weights:
                    parameter.data.copy_(self._weights[name])
        shutdown_init_context()  # adapters set their first values by themselves
        self.hold(prepared(whole, self._how))
        restore_init_context()


def _skeleton(seed: Model) -> PreTrainedModel:
    """The seed without values: memory that nobody writes to is not taken."""
    with no_init_weights():
        made: PreTrainedModel = AutoModelForCausalLM.from_config(load_config(seed), dtype=torch.float32)
    made.tie_weights()
    return made


def _scatter(parameter: nn.Parameter, value: Tensor | None) -> None:
    """Give each rank its part of `value`, which rank 0 has."""
    assert isinstance(parameter, DTensor)
    mesh = parameter.device_mesh
    whole = torch.empty(parameter.shape, dtype=parameter.dtype) if value is None else value.to(parameter.dtype)
    with torch.no_grad():
        parameter.copy_(distribute_tensor(whole.to(mesh.device_type), mesh, parameter.placements))
