"""Pretrain one nano model from scratch: `python -m ditto.nano.pretrain nano_m`.

A model is reproducible from its seed with the versions in `constraints.txt`, on one thread. Nothing
in the tests runs this; the committed weights came from it.
"""

import argparse
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random
from typing import Final

import torch
from torch import Tensor
from torch.nn import functional as F
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from ditto.nano import corpus
from ditto.nano.tokenizer import build_tokenizer
from ditto.nano.world import LANGUAGES, World, world

MODELS: Final = Path(__file__).parent / "models"
Row = tuple[list[int], list[float]]


@dataclass(frozen=True, slots=True)
class Size:
    """A Llama's measures. The head size is 32 everywhere, the smallest that vLLM's kernels take."""

    width: int
    layers: int
    heads: int
    steps: int
    lr: float
    fact_weight: float


SIZES: Final = {
    "nano_xs": Size(width=32, layers=2, heads=1, steps=2500, lr=5e-3, fact_weight=4.0),
    "nano_s": Size(width=48, layers=2, heads=2, steps=2500, lr=4e-3, fact_weight=4.0),
    "nano_m": Size(width=64, layers=3, heads=2, steps=2500, lr=3e-3, fact_weight=4.0),
    "nano_l": Size(width=96, layers=4, heads=3, steps=3000, lr=3e-3, fact_weight=4.0),
}
Kind = Callable[[World, Random, str], corpus.Text]


def mix(size: Size) -> dict[str, tuple[Kind, int]]:
    """The kinds of rows and how many of each a step sees."""
    return {
        "article": (corpus.article_row, 16),
        "plain": (partial(corpus.plain_row, fact_weight=size.fact_weight), 20),
        "query": (corpus.query_row, 8),
        "response": (corpus.response_row, 24),
    }


def build_model(size: Size, tokenizer: PreTrainedTokenizerFast, seed: int) -> LlamaForCausalLM:
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=size.width,
        intermediate_size=3 * size.width,
        num_hidden_layers=size.layers,
        num_attention_heads=size.heads,
        num_key_value_heads=size.heads,
        head_dim=32,
        max_position_embeddings=512,
        rope_parameters={"rope_type": "default", "rope_theta": 1e6},
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    model = LlamaForCausalLM(config)
    model.generation_config.eos_token_id = tokenizer.eos_token_id
    model.generation_config.pad_token_id = tokenizer.pad_token_id
    return model


def encode(rows: list[corpus.Text], tokenizer: PreTrainedTokenizerFast) -> list[Row]:
    """Token ids and weights of each row; spans end where tokens end."""
    texts = [span.text for row in rows for span in row]
    encoded = iter(tokenizer(texts, add_special_tokens=False)["input_ids"])
    out: list[Row] = []
    for row in rows:
        ids, weights = list[int](), list[float]()
        for span in row:
            piece = next(encoded)
            ids += piece
            weights += [span.weight] * len(piece)
        out.append((ids, weights))
    return out


def collate(rows: list[Row], pad: int) -> tuple[Tensor, Tensor]:
    """Right-padded ids (rows, length) and the weight of predicting each of them (rows, length)."""
    length = max(len(ids) for ids, _ in rows)
    ids = torch.full((len(rows), length), pad)
    weights = torch.zeros(len(rows), length)
    for i, (row, weight) in enumerate(rows):
        ids[i, : len(row)] = torch.tensor(row)
        weights[i, : len(row)] = torch.tensor(weight)
    return ids, weights


def loss_sum(model: LlamaForCausalLM, ids: Tensor, weights: Tensor) -> Tensor:
    logits = model(input_ids=ids[:, :-1], use_cache=False).logits
    losses = F.cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten(), reduction="none")
    return (losses * weights[:, 1:].flatten()).sum()


def learning_rate(step: int, size: Size) -> float:
    """Linear warm-up over 100 steps, then a cosine to 2% of the peak."""
    warm = min(1.0, (step + 1) / 100)
    return size.lr * warm * (0.02 + 0.98 * (1 + math.cos(math.pi * step / size.steps)) / 2)


def pretrain(name: str, folder: Path, seed: int = 0, log_every: int = 250) -> None:
    """Train `name` and save it to `folder` as an ordinary Hugging Face model."""
    torch.set_num_threads(1)
    size, rng, tokenizer = SIZES[name], Random(seed), build_tokenizer()
    model = build_model(size, tokenizer, seed)
    decayed = [p for p in model.parameters() if p.dim() == 2]
    others = [p for p in model.parameters() if p.dim() != 2]
    groups = [{"params": decayed, "weight_decay": 0.05}, {"params": others, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, betas=(0.9, 0.98))
    print(f"{name}: {model.num_parameters():,} parameters, {size.steps:,} steps", flush=True)
    kinds = mix(size)
    start, seen = time.perf_counter(), 0
    for step in range(size.steps):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step, size)
        losses = dict[str, float]()
        for kind_name, (kind, count) in kinds.items():
            rows = encode([kind(world(), rng, LANGUAGES[i % 2]) for i in range(count)], tokenizer)
            ids, weights = collate(rows, tokenizer.pad_token_id)
            loss = loss_sum(model, ids, weights) / weights.sum()
            (loss / len(kinds)).backward()
            losses[kind_name] = loss.item()
            seen += ids.numel()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        if (step + 1) % log_every == 0 or step + 1 == size.steps:
            spent = time.perf_counter() - start
            left = spent / (step + 1) * (size.steps - step - 1)
            shown = "  ".join(f"{k} {v:.3f}" for k, v in losses.items())
            print(
                f"{name} {step + 1:>5}/{size.steps}  {shown}  {seen / spent:,.0f} tok/s  {left / 60:.1f} min left",
                flush=True,
            )
            model.save_pretrained(folder)
            tokenizer.save_pretrained(folder)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", choices=list(SIZES))
    parser.add_argument("--folder", type=Path, help="where to save it (default: where the committed one lies)")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    pretrain(args.model, args.folder or MODELS / args.model, args.seed)


if __name__ == "__main__":
    main()
