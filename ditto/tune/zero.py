"""DeepSpeed's ZeRO under Lightning, on GPUs and, with gloo, on CPU processes."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from pytorch_lightning.strategies import DeepSpeedStrategy

from ditto.errors import ConfigError


class ZeRO(DeepSpeedStrategy):
    """Lightning's strategy, which asks for CUDA in three places, made to run without it as well.

    `options` are its own arguments. Our loader has no batch size for it to find, hence the one it is told.

    Raises:
        ConfigError: DeepSpeed is not installed, or a checkpoint was saved by another number of ranks.
    """

    def __init__(self, stage: int, **options: Any) -> None:
        if find_spec("deepspeed") is None:
            raise ConfigError(
                "trainer=zero... needs DeepSpeed, which is not installed: pip install -c constraints.txt "
                "'ditto-roleplay[deepspeed]'."
            )
        self._on_gpu = torch.cuda.is_available()
        backend = None if self._on_gpu else "gloo"
        super().__init__(stage=stage, logging_batch_size_per_gpu=1, process_group_backend=backend, **options)

    def setup_environment(self) -> None:
        if self._on_gpu:
            super().setup_environment()
        else:
            super(DeepSpeedStrategy, self).setup_environment()

    def setup_distributed(self) -> None:
        if self._on_gpu:
            super().setup_distributed()
        else:
            self.set_world_ranks()
            self._init_deepspeed_distributed()

    def load_checkpoint(self, checkpoint_path: Any, weights_only: bool | None = None) -> dict[str, Any]:
        ranks = len(list(Path(checkpoint_path).glob("checkpoint/*optim_states.pt")))
        if ranks != self.world_size:
            raise ConfigError(
                f"{checkpoint_path} was saved by {ranks} ranks, and ZeRO cannot go on with {self.world_size}: start as "
                "many as before, or delete it."
            )
        return super().load_checkpoint(checkpoint_path, weights_only)

    @property
    def root_device(self) -> torch.device:
        return super().root_device if self._on_gpu else torch.device("cpu", self.local_rank)
