"""Weights out of however a strategy has divided them."""

from torch import Tensor, nn
from torch.distributed.tensor import DTensor


def whole(model: nn.Module, rank: int) -> dict[str, Tensor]:
    """What was trained, parameter by parameter, on the CPU of rank 0; nothing elsewhere.

    Under ZeRO-3 and FSDP every rank holds a shard of each parameter and must come along.
    """
    found = {}
    for name, parameter in model.named_parameters():
        if not parameter.requires_grad:
            continue
        if hasattr(parameter, "ds_id"):
            import deepspeed

            with deepspeed.zero.GatheredParameters([parameter]):
                if rank == 0:
                    found[name] = parameter.detach().cpu().clone()
        elif isinstance(parameter, DTensor):
            part: Tensor = parameter.detach().full_tensor()  # type: ignore[attr-defined]
            if rank == 0:
                found[name] = part.cpu()
        elif rank == 0:
            found[name] = parameter.detach().cpu().clone()
    return found
