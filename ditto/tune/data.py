"""From dialogues to examples: chat template and loss mask."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from transformers import PreTrainedTokenizerBase

from ditto.errors import ModelError, StageError
from ditto.models import render
from ditto.records import Message


@dataclass(frozen=True, slots=True)
class Example:
    """One session as tokens; `supervised` marks those the loss counts, `line` tells where it was read."""

    ids: tuple[int, ...]
    supervised: tuple[bool, ...]
    line: int = 0


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
