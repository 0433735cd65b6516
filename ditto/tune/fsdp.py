"""PyTorch's fully sharded data parallelism (FSDP2) under Lightning, on GPUs and, with gloo, on CPU processes."""

from typing import Any

from pytorch_lightning.strategies import ModelParallelStrategy
from torch import nn
from torch.distributed.device_mesh import DeviceMesh
from torch.distributed.fsdp import fully_shard


class FSDP(ModelParallelStrategy):
    """Lightning's strategy with every rank in one data-parallel group. `options` are its own arguments.

    `CausalLM.configure_model` divides the weights.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(tensor_parallel_size=1, **options)

    def setup_environment(self) -> None:
        self._data_parallel_size = self.num_nodes * self.num_processes
        super().setup_environment()


def divide(model: nn.Module, mesh: DeviceMesh) -> None:
    """Shard each layer that transformers says must stay whole, then what is left of the model, over the mesh."""
    layers = set(getattr(model, "_no_split_modules", None) or ())
    for module in list(model.modules()):
        if type(module).__name__ in layers:
            fully_shard(module, mesh=mesh)
    fully_shard(model, mesh=mesh)
