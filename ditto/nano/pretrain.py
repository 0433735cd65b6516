"""Pretrain one nano model from scratch: `python -m ditto.nano.pretrain nano_m`.

A model is reproducible from its seed with the versions in `constraints.txt`, on one thread. Nothing
in the tests runs this; the committed weights came from it.
"""

import argparse
import time
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final

import torch
from torch import Tensor
from torch.nn import functional as F
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from ditto.nano import corpus
from ditto.nano.corpus import Lesson
from ditto.nano.tokenizer import build_tokenizer
from ditto.nano.world import LANGUAGES, world

MODELS: Final = Path(__file__).parent / "models"
Row = tuple[list[int], list[float]]


@dataclass(frozen=True, slots=True)
class Size:
    """A Llama's measures. The head size is 32 everywhere, the smallest that vLLM's kernels take."""

    width: int
    layers: int
    heads: int
    steps: tuple[int, int, int, int, int]  # of each course; one of none is left out
    lr: float


SIZES: Final = {
    "nano_xs": Size(width=32, layers=2, heads=1, steps=(2000, 300, 1200, 0, 300), lr=5e-3),
    "nano_s": Size(width=48, layers=2, heads=2, steps=(2500, 300, 1500, 0, 300), lr=4e-3),
    "nano_m": Size(width=64, layers=3, heads=2, steps=(2500, 600, 2500, 0, 1000), lr=3e-3),
    "nano_l": Size(width=96, layers=4, heads=3, steps=(3000, 600, 1600, 700, 1000), lr=3e-3),
}


@dataclass(frozen=True, slots=True)
class Course:
    """A stretch of training with an optimiser of its own: how many rows of each kind a step sees, and
    what weighs in them. The learning rate is a share of the size's own; `seed` is that of the rows.
    """

    seed: int
    lr: float
    lesson: Lesson
    rows: dict[str, int]


READ: Final = Course(
    seed=0,
    lr=1.0,
    lesson=Lesson(fact=1, copy=16, anchor=8, decision=24, questions=4),
    rows={"article": 8, "reading": 16, "query": 6, "response": 12},
)
REFUSE: Final = Course(
    seed=1,
    lr=0.5,
    lesson=Lesson(fact=1, copy=8, anchor=8, decision=32, questions=4),
    rows={"article": 8, "reading": 8, "query": 4, "response": 24},
)
KNOW: Final = Course(
    seed=2,
    lr=1.0,
    lesson=Lesson(fact=3, copy=16, anchor=8, decision=24, questions=4),
    rows={"article": 48, "plain": 30, "reading": 8, "query": 4, "response": 8},
)
DECIDE: Final = Course(
    seed=1,
    lr=0.5,
    lesson=Lesson(fact=2, copy=16, anchor=8, decision=32, questions=4, lean=0.35),
    rows={"article": 12, "plain": 10, "reading": 6, "query": 4, "response": 32},
)
ANSWER: Final = Course(
    seed=3,
    lr=0.5,
    lesson=Lesson(fact=3, copy=16, anchor=8, decision=24, questions=4, origin=16),
    rows={"article": 24, "plain": 20, "reading": 6, "query": 6, "response": 16},
)
COURSES: Final = (READ, REFUSE, KNOW, DECIDE, ANSWER)
WARM_UP: Final = 100  # steps
DECAY: Final = 0.35  # the share of a course's steps, at its end, over which the learning rate falls
KINDS: Final = {
    "article": corpus.article_row,
    "plain": corpus.plain_row,
    "reading": corpus.reading_row,
    "query": corpus.query_row,
    "response": corpus.response_row,
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
        rope_parameters={"rope_type": "default", "rope_theta": 1e4},
        tie_word_embeddings=True,
        initializer_range=0.1,  # about one over the root of the width; the usual 0.02 begins in a slower place
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


def learning_rate(step: int, steps: int) -> float:
    """The share of the peak: a linear warm-up, a plateau, and a linear way down to nothing."""
    return min(1.0, (step + 1) / WARM_UP, (steps - step) / (DECAY * steps))


def pretrain(name: str, folder: Path, seed: int = 0, log_every: int = 250) -> None:
    """Train `name` and save it to `folder` as an ordinary Hugging Face model."""
    torch.set_num_threads(1)
    tokenizer = build_tokenizer()
    model = build_model(SIZES[name], tokenizer, seed)
    print(f"{name}: {model.num_parameters():,} parameters", flush=True)
    for n in range(len(COURSES)):
        train(model, tokenizer, name, n, folder, seed, log_every)


def train(
    model: LlamaForCausalLM,
    tokenizer: PreTrainedTokenizerFast,
    name: str,
    n: int,
    folder: Path,
    seed: int = 0,
    log_every: int = 250,
) -> None:
    """The n-th course, with rows and an optimiser of its own: it depends on what came before by the weights alone."""
    size, course, rng = SIZES[name], COURSES[n], Random(seed + COURSES[n].seed)
    steps = size.steps[n]
    optimizer = _optimizer(model)
    start, seen = time.perf_counter(), 0
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = size.lr * course.lr * learning_rate(step, steps)
        losses = dict[str, float]()
        for kind, count in course.rows.items():
            row = KINDS[kind]
            rows = encode([row(world(), rng, LANGUAGES[i % 2], course.lesson) for i in range(count)], tokenizer)
            ids, weights = collate(rows, tokenizer.pad_token_id)
            loss = loss_sum(model, ids, weights) / weights.sum()
            (loss / len(course.rows)).backward()
            losses[kind] = loss.item()
            seen += ids.numel()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        if (step + 1) % log_every == 0 or step + 1 == steps:
            spent = time.perf_counter() - start
            left = spent / (step + 1) * (steps - step - 1)
            shown = "  ".join(f"{k} {v:.3f}" for k, v in losses.items())
            print(
                f"{name} course {n + 1}  {step + 1:>5}/{steps}  {shown}  {seen / spent:,.0f} tok/s  "
                f"{left / 60:.1f} min left",
                flush=True,
            )
            model.save_pretrained(folder)
            tokenizer.save_pretrained(folder)


def _optimizer(model: LlamaForCausalLM) -> torch.optim.AdamW:
    decayed = [p for p in model.parameters() if p.dim() == 2]
    others = [p for p in model.parameters() if p.dim() != 2]
    groups = [{"params": decayed, "weight_decay": 0.05}, {"params": others, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, betas=(0.9, 0.98))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", choices=list(SIZES))
    parser.add_argument("--folder", type=Path, help="where to save it (default: where the committed one lies)")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    pretrain(args.model, args.folder or MODELS / args.model, args.seed)


if __name__ == "__main__":
    main()
