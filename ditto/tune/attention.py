"""Attention over packed sessions, one session after the other: nothing is spent on pairs of tokens that must not meet.

`scaled_dot_product_attention` takes its fast causal kernel only without a mask, and a mask over a packed row grows with
the square of all its sessions together. transformers calls `attend` by its NAME; `bounds` comes through the model's
keyword arguments.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Final

import torch
from torch import Tensor, nn
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

NAME: Final = "sdpa_by_session"


def attend(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    *,
    bounds: Sequence[int] | None = None,
    sliding_window: int | None = None,
    **options: Any,
) -> tuple[Tensor, None]:
    """transformers' own `sdpa`, (rows, heads, tokens, dim) to (rows, tokens, heads, dim), within each session of a
    packed row; sessions begin and end at `bounds`, in tokens. Rows that are not packed come with a mask.
    """
    if bounds is None:
        return sdpa_attention_forward(module, query, key, value, attention_mask, **options)
    parts = list[Tensor]()
    for start, end in pairwise(bounds):
        q, k, v = (states[:, :, start:end] for states in (query, key, value))
        mask = _band(end - start, sliding_window, query.device)
        parts.append(sdpa_attention_forward(module, q, k, v, mask, **options)[0])
    return torch.cat(parts, dim=1), None


def _band(length: int, window: int | None, device: torch.device) -> Tensor | None:
    """What a sliding window lets a long session see; short ones need no mask."""
    if window is None or length <= window:
        return None
    return torch.ones(length, length, dtype=torch.bool, device=device).tril().triu(1 - window)


def _mask(*, attention_mask: Tensor | None = None, **options: Any) -> Tensor | None:
    return None if attention_mask is None else sdpa_mask(attention_mask=attention_mask, **options)


AttentionInterface.register(NAME, attend)
AttentionMaskInterface.register(NAME, _mask)
