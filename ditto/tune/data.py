"""From dialogues to batches: chat template, loss mask, and an order fixed by the seed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Final

import pytorch_lightning as pl
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset
from transformers import PreTrainedTokenizerBase

from ditto.errors import ModelError, StageError
from ditto.models import render
from ditto.records import Message

IGNORED: Final = -100
Batch = dict[str, Tensor]


@dataclass(frozen=True, slots=True)
class Example:
    """One session as tokens; `supervised` marks those the loss counts."""

    ids: tuple[int, ...]
    supervised: tuple[bool, ...]


def encode(messages: Sequence[Message], tokenizer: PreTrainedTokenizerBase, template: Mapping[str, Any]) -> Example:
    """Tokens of a session, with the assistant's words and the end of each of its turns supervised.

    The mask is found in the rendered text, by position: it works with any chat template, and with a
    pad token that equals the end-of-turn token.

    Raises:
        ModelError: the template does not show the replies as they are, or the mask is empty or full.
    """
    text = render(tokenizer, messages, template)
    spans = _reply_spans(messages, text, tokenizer, template)
    encoded = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
    inside = [any(start < e and s < end for s, e in spans) for start, end in encoded["offset_mapping"]]
    if not any(inside) or all(inside):
        share = "no" if not any(inside) else "every"
        raise ModelError(
            f"The loss mask of {messages[0]['content'][:60]!r} covers {share} token: check the chat template."
        )
    return Example(tuple(encoded["input_ids"]), tuple(inside))


def encode_within(
    messages: Sequence[Message], tokenizer: PreTrainedTokenizerBase, template: Mapping[str, Any], max_length: int
) -> Example | None:
    """The session, or as many of its first turns as `max_length` tokens hold; None if not even one."""
    for end in range(len(messages), 2, -2):
        example = encode(messages[:end], tokenizer, template)
        if len(example.ids) <= max_length:
            return example
    return None


def collate(examples: Sequence[Example], pad: int) -> Batch:
    """Right-padded `input_ids`, `attention_mask` and `labels`, each (examples, longest)."""
    length = max(len(example.ids) for example in examples)
    batch = {
        "input_ids": torch.full((len(examples), length), pad),
        "attention_mask": torch.zeros(len(examples), length, dtype=torch.long),
        "labels": torch.full((len(examples), length), IGNORED),
    }
    for i, example in enumerate(examples):
        ids = torch.tensor(example.ids)
        batch["input_ids"][i, : len(ids)] = ids
        batch["attention_mask"][i, : len(ids)] = 1
        batch["labels"][i, : len(ids)] = torch.where(torch.tensor(example.supervised), ids, IGNORED)
    return batch


def plan(n: int, batch_size: int, steps: int, seed: int) -> list[list[int]]:
    """Which examples each step sees: epochs in random order, laid end to end and cut into batches."""
    rng, order = Random(seed), list[int]()
    while len(order) < batch_size * steps:
        order += rng.sample(range(n), n)
    return [order[i * batch_size : (i + 1) * batch_size] for i in range(steps)]


class MicroBatches(Dataset[Batch]):
    """The planned batches, each in `accumulate` parts that carry the share of the loss they are due.

    `scale` is what a part's summed loss is divided by, so that the mean over a step's supervised
    tokens comes out, however the step is divided (Lightning divides by `accumulate` once more).
    """

    def __init__(
        self, examples: Sequence[Example], batches: Sequence[Sequence[int]], accumulate: int, pad: int
    ) -> None:
        self._examples, self._batches, self._accumulate, self._pad = examples, batches, accumulate, pad

    def __len__(self) -> int:
        return len(self._batches) * self._accumulate

    def __getitem__(self, index: int) -> Batch:
        step, part = divmod(index, self._accumulate)
        examples = [self._examples[i] for i in self._batches[step]]
        tokens = sum(sum(example.supervised[1:]) for example in examples)
        batch = collate(examples[part :: self._accumulate], self._pad)
        batch["scale"] = torch.tensor(tokens / self._accumulate)
        return batch


class DialogueData(pl.LightningDataModule):
    """Feeds the planned batches, in order, to whatever trainer asks."""

    def __init__(self, batches: MicroBatches) -> None:
        super().__init__()
        self._batches = batches

    def train_dataloader(self) -> DataLoader[Batch]:
        return DataLoader(self._batches, batch_size=None, shuffle=False)


def _reply_spans(
    messages: Sequence[Message], text: str, tokenizer: PreTrainedTokenizerBase, template: Mapping[str, Any]
) -> list[tuple[int, int]]:
    """Where each reply stands in the rendered text, from its first word to the end of its turn."""
    spans, position = list[tuple[int, int]](), 0
    for i, message in enumerate(messages):
        content = message["content"].strip()
        if message["role"] == "assistant" and i:
            before = render(tokenizer, messages[:i], template, prompt=True)
            position = len(before) if text.startswith(before) else position
        start = text.find(content, position)
        if start < 0:
            raise ModelError(
                f"The chat template does not show the message {content[:60]!r} as it is: no loss mask can be made."
            )
        position = start + len(content)
        if message["role"] == "assistant":
            position += len(_turn_end(messages[: i + 1], text, position, tokenizer, template))
            spans.append((start, position))
    return spans


def _turn_end(
    messages: Sequence[Message],
    text: str,
    position: int,
    tokenizer: PreTrainedTokenizerBase,
    template: Mapping[str, Any],
) -> str:
    """What the template writes behind the last reply, without white space: the end-of-turn mark."""
    shown, content = render(tokenizer, messages, template), messages[-1]["content"].strip()
    start = position if shown.startswith(text[:position]) else shown.rindex(content) + len(content)
    end = shown[start:].rstrip()
    if not end or not text.startswith(end, position):
        after = text[position : position + 20]
        raise StageError(f"The chat template ends a turn with {end!r}, but the session goes on with {after!r}.")
    return end
