"""From examples to what each rank sees at each step: an order fixed by the seed, packed or padded rows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from random import Random
from typing import Any, Final

import pytorch_lightning as pl
import torch
from binpacking.to_constant_bin_number import to_constant_bin_number
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader, Dataset, Sampler

from ditto.tune.data import Example

IGNORED: Final = -100
Batch = dict[str, Tensor]


def plan(n: int, batch_size: int, steps: int, seed: int) -> list[list[int]]:
    """Which examples each step sees: epochs in random order, laid end to end and cut into batches."""
    rng, order = Random(seed), list[int]()
    while len(order) < batch_size * steps:
        order += rng.sample(range(n), n)
    return [order[i * batch_size : (i + 1) * batch_size] for i in range(steps)]


def padded(examples: Sequence[Example], pad: int) -> Batch:
    """One example a row: right-padded `input_ids`, `attention_mask` and `labels`, each (examples, longest)."""
    ids = [torch.tensor(example.ids) for example in examples]
    return {
        "input_ids": pad_sequence(ids, batch_first=True, padding_value=pad),
        "attention_mask": pad_sequence([torch.ones_like(row) for row in ids], batch_first=True),
        "labels": pad_sequence([_labels(e) for e in examples], batch_first=True, padding_value=IGNORED),
    }


def packed(examples: Sequence[Example]) -> Batch:
    """All examples in one row, none padded: `input_ids`, `position_ids` and `labels`, each (1, tokens), and the
    `bounds` between which each example lies.

    Positions begin again with each example, which is how transformers knows that one must not attend to another.
    """
    lengths = [_length(example) for example in examples]
    return {
        "input_ids": torch.tensor([[token for example in examples for token in example.ids]]),
        "position_ids": torch.cat([torch.arange(length) for length in lengths])[None],
        "labels": torch.cat([_labels(example) for example in examples])[None],
        "bounds": torch.tensor([0, *accumulate(lengths)]),
    }


def _labels(example: Example) -> Tensor:
    """The supervised tokens; nothing before the first is its own."""
    labels = torch.where(torch.tensor(example.supervised), torch.tensor(example.ids), IGNORED)
    labels[0] = IGNORED
    return labels


@dataclass(frozen=True)
class MicroBatches(Dataset[Batch]):
    """The planned batches of one rank, each step in `accumulate` parts that carry the share of the loss they
    are due.

    A step sees the same examples and has the same loss however it is divided, packed or padded: `scale`
    is what a part's summed loss is divided by, so that the mean over a step's supervised tokens comes out
    (Lightning divides by `accumulate` once more, and takes the mean over the ranks).
    With `packing`, a part is one row, and all parts have about as many tokens; without, the examples of a part are
    about as long.
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
            batch = packed(part)
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


def _length(example: Example) -> int:
    return len(example.ids)
