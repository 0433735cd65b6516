"""From examples to what each rank sees at each step: an order fixed by the seed, packed or padded rows."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any, Final

import pytorch_lightning as pl
import torch
from binpacking.to_constant_bin_number import to_constant_bin_number
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from ditto.tune.data import Example

IGNORED: Final = -100
PADDING: Final = 0.05  # of a packed part's tokens, at most
Batch = dict[str, Tensor]


def plan(n: int, batch_size: int, steps: int, seed: int) -> list[list[int]]:
    """Which examples each step sees: epochs in random order, laid end to end and cut into batches."""
    rng, order = Random(seed), list[int]()
    while len(order) < batch_size * steps:
        order += rng.sample(range(n), n)
    return [order[i * batch_size : (i + 1) * batch_size] for i in range(steps)]


def padded(examples: Sequence[Example], pad: int) -> Batch:
    """One example a row: right-padded `input_ids`, `attention_mask` and `labels`, each (examples, longest)."""
    batch = packed([[example] for example in examples], pad)
    lengths = torch.tensor([len(example.ids) for example in examples])
    del batch["position_ids"]
    return batch | {"attention_mask": (torch.arange(batch["labels"].shape[1]) < lengths[:, None]).long()}


def packed(rows: Sequence[Sequence[Example]], pad: int) -> Batch:
    """Several examples a row: `input_ids`, `position_ids` and `labels`, each (rows, longest).

    Positions begin again with each example. That is how transformers knows that one must not attend to
    another; the padding at a row's end is one more, which nobody learns from.
    """
    length = max(sum(len(example.ids) for example in row) for row in rows)
    batch = {
        "input_ids": torch.full((len(rows), length), pad),
        "position_ids": torch.zeros(len(rows), length, dtype=torch.long),
        "labels": torch.full((len(rows), length), IGNORED),
    }
    for i, row in enumerate(rows):
        start = 0
        for example in row:
            ids = torch.tensor(example.ids)
            end = start + len(ids)
            batch["input_ids"][i, start:end] = ids
            batch["position_ids"][i, start:end] = torch.arange(len(ids))
            batch["labels"][i, start:end] = torch.where(torch.tensor(example.supervised), ids, IGNORED)
            batch["labels"][i, start] = IGNORED  # nothing before it is its own
            start = end
        batch["position_ids"][i, start:] = torch.arange(length - start)
    return batch


@dataclass(frozen=True)
class MicroBatches(Dataset[Batch]):
    """The planned batches of one rank, each step in `accumulate` parts that carry the share of the loss they
    are due.

    A step sees the same examples and has the same loss however it is divided, packed or padded: `scale`
    is what a part's summed loss is divided by, so that the mean over a step's supervised tokens comes out
    (Lightning divides by `accumulate` once more, and takes the mean over the ranks).
    With `packing`, all parts get about as many tokens, in as many rows as can be filled: attention grows with the
    square of a row. Without, the examples of a part are about as long.
    """

    examples: Sequence[Example]
    batches: Sequence[Sequence[int]]
    accumulate: int
    pad: int
    packing: bool = False
    rank: int = 0
    ranks: int = 1

    def __len__(self) -> int:
        return len(self.batches) * self.accumulate

    def __getitem__(self, index: int) -> Batch:
        step, n = divmod(index, self.accumulate)
        examples = [self.examples[i] for i in self.batches[step]]
        parts = self.accumulate * self.ranks
        if not self.packing:
            part = _alike(examples, parts)[n * self.ranks + self.rank]
            batch = padded(part, self.pad)
        else:
            part = to_constant_bin_number(examples, parts, key=_length)[n * self.ranks + self.rank]
            batch = packed(_rows(part), self.pad)
        tokens = sum(sum(example.supervised[1:]) for example in examples)
        batch["scale"] = torch.tensor(tokens / parts)
        batch["tokens"] = torch.tensor(sum(map(_length, part)))
        batch["lines"] = torch.tensor([example.line for example in part])
        return batch


class DialogueData(pl.LightningDataModule):
    """Feeds the planned batches, in order, to whatever trainer asks; each rank its own.

    Its state in a checkpoint is how many steps have been made: a batch depends on its number alone.
    """

    def __init__(self, batches: MicroBatches) -> None:
        super().__init__()
        self._batches = batches
        self._steps_made = 0

    def state_dict(self) -> dict[str, Any]:
        assert self.trainer
        return {"steps": self.trainer.global_step}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self._steps_made = state_dict["steps"]

    def train_dataloader(self) -> DataLoader[Batch]:
        batches = self._batches
        if self.trainer:
            batches = replace(batches, rank=self.trainer.global_rank, ranks=self.trainer.world_size)
        return DataLoader(batches, batch_size=None, sampler=_Rest(batches, self._steps_made * batches.accumulate))


class _Rest(Sampler[int]):
    """What is left of the batches. It has the length of all of them, which Lightning counts from the first."""

    def __init__(self, batches: MicroBatches, start: int) -> None:
        self._start, self._end = start, len(batches)

    def __iter__(self) -> Iterator[int]:
        return iter(range(self._start, self._end))

    def __len__(self) -> int:
        return self._end


def _alike(examples: Sequence[Example], parts: int) -> list[list[Example]]:
    """The examples in the order of their lengths, cut into as many parts."""
    ordered = sorted(examples, key=_length)
    return [ordered[n * len(ordered) // parts : (n + 1) * len(ordered) // parts] for n in range(parts)]


def _rows(examples: Sequence[Example]) -> list[list[Example]]:
    """The examples spread over the most rows that leave little padding; a single one leaves none."""
    total = sum(map(_length, examples))
    for n in range(math.ceil(total / max(map(_length, examples))), 0, -1):
        rows: list[list[Example]] = to_constant_bin_number(examples, n, key=_length)
        if n * max(sum(map(_length, row)) for row in rows) <= (1 + PADDING) * total:
            break
    return rows


def _length(example: Example) -> int:
    return len(example.ids)
