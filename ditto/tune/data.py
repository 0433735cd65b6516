"""From dialogues to examples: chat template and loss mask."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from transformers import PreTrainedTokenizerBase

from ditto.engines.tokens import spoken
from ditto.errors import ModelError
from ditto.models import render
from ditto.records import Message

ASKED: Final = ("first words asked", "next words asked")
TOLD: Final = ("first words told", "next words told")


@dataclass(frozen=True, slots=True)
class Example:
    """A session, or a part of one, as tokens; `supervised` marks those the loss counts, `line` where it was read."""

    ids: tuple[int, ...]
    supervised: tuple[bool, ...]
    line: int = 0


@dataclass(frozen=True, slots=True)
class Speech:
    """What a chat template writes around a reply: after the words that invite it, and to end its turn."""

    lead: str
    end: str


class Hidden(ModelError):
    """The chat template does not show a message as it is."""


def examples_within(
    messages: Sequence[Message], tokenizer: PreTrainedTokenizerBase, template: Mapping[str, Any], max_length: int
) -> tuple[list[Example], bool]:
    """The session as one example, or as many of its first turns as `max_length` tokens hold; and whether it was cut.

    Some templates write a conversation in another way when it ends with a reply than when they ask for one (Mistral
    moves the system message along with the last question). Then each reply is an example, behind the prompt it
    will have to answer.
    """
    messages = [_as_spoken(message) for message in messages]
    try:
        return _longest(messages, tokenizer, template, max_length)
    except Hidden:
        each = [encode_reply(messages[: i + 1], tokenizer, template) for i in _replies(messages)]
    fitting = [example for example in each if len(example.ids) <= max_length]
    return fitting, len(fitting) < len(each)


def _longest(
    messages: Sequence[Message], tokenizer: PreTrainedTokenizerBase, template: Mapping[str, Any], max_length: int
) -> tuple[list[Example], bool]:
    for end in range(len(messages), 2, -2):
        example = encode(messages[:end], tokenizer, template)
        if len(example.ids) <= max_length:
            return [example], end < len(messages)
    return [], True


def encode(messages: Sequence[Message], tokenizer: PreTrainedTokenizerBase, template: Mapping[str, Any]) -> Example:
    """Tokens of a session, with the assistant's words and the end of each of its turns supervised.

    The mask is found in the rendered text, by position: it works with any chat template, and with a
    pad token that equals the end-of-turn token.

    Raises:
        Hidden: the template does not show the messages as they are.
        ModelError: the mask is empty or full.
    """
    text = render(tokenizer, messages, template)
    return _masked(text, _reply_spans(messages, text, tokenizer, template), tokenizer)


def encode_reply(
    messages: Sequence[Message], tokenizer: PreTrainedTokenizerBase, template: Mapping[str, Any]
) -> Example:
    """Tokens of the last reply behind the prompt that asks for it; only the reply is supervised.

    Raises:
        Hidden: the prompt does not show the messages before it.
    """
    *before, reply = messages
    prompt, position = render(tokenizer, before, template, prompt=True), 0
    for message in before:
        if message["role"] == "system":
            _find(message, prompt, 0)  # wherever the template puts it
        else:
            position = _find(message, prompt, position)
    around = speech(messages, tokenizer, template)
    start = len(prompt) + len(around.lead)
    text = prompt + around.lead + reply["content"].strip() + around.end
    return _masked(text, [(start, len(text))], tokenizer)


def speech(messages: Sequence[Message], tokenizer: PreTrainedTokenizerBase, template: Mapping[str, Any]) -> Speech:
    """How the template surrounds replies under the session's system message, told by a conversation about nothing.

    Raises:
        Hidden: the template does not show the reply, or writes nothing behind it, so that no turn would end.
    """
    system = [message for message in messages[:1] if message["role"] == "system"]
    talk: list[Message] = [*system]
    for asked, told in zip(ASKED, TOLD, strict=True):
        talk += [{"role": "user", "content": asked}, {"role": "assistant", "content": told}]
    whole = render(tokenizer, talk, template)
    first = render(tokenizer, talk[:-2], template)
    _find(talk[-3], first, 0)
    prompt = render(tokenizer, talk[:-3], template, prompt=True)
    between = first.partition(ASKED[0])[2].partition(TOLD[0])[0]
    lead = between.removeprefix(prompt.partition(ASKED[0])[2])
    end = _common(first.partition(TOLD[0])[2], whole.partition(TOLD[0])[2], tokenizer).rstrip()
    if not end:
        raise Hidden(f"The chat template of {tokenizer.name_or_path} does not mark the end of a reply.")
    return Speech(lead if lead != between else "", end)


def _common(one: str, other: str, tokenizer: PreTrainedTokenizerBase) -> str:
    """The tokens with which both texts begin, as text."""
    a, b = (tokenizer(text, add_special_tokens=False, return_offsets_mapping=True) for text in (one, other))
    end = 0
    for x, y, (_, stop) in zip(a["input_ids"], b["input_ids"], a["offset_mapping"], strict=False):
        if x != y:
            break
        end = stop
    return one[:end]


def _masked(text: str, spans: Sequence[tuple[int, int]], tokenizer: PreTrainedTokenizerBase) -> Example:
    encoded = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
    inside = [any(start < e and s < end for s, e in spans) for start, end in encoded["offset_mapping"]]
    if not any(inside) or all(inside):
        share = "no" if not any(inside) else "every"
        raise ModelError(f"The loss mask of {text[:60]!r} covers {share} token: check the chat template.")
    return Example(tuple(encoded["input_ids"]), tuple(inside))


def _reply_spans(
    messages: Sequence[Message], text: str, tokenizer: PreTrainedTokenizerBase, template: Mapping[str, Any]
) -> list[tuple[int, int]]:
    """Where each reply stands in the rendered text, from its first word to the end of its turn."""
    spans, position = list[tuple[int, int]](), 0
    around = speech(messages, tokenizer, template) if _replies(messages) else None
    for i, message in enumerate(messages):
        if message["role"] == "assistant" and i:
            before = render(tokenizer, messages[:i], template, prompt=True)
            position = len(before) if text.startswith(before) else position
        position = _find(message, text, position)
        if message["role"] == "assistant":
            assert around
            start = position - len(message["content"].strip())
            if not text.startswith(around.end, position):
                after = text[position : position + 20]
                raise Hidden(f"The chat template ends a turn with {around.end!r}, but goes on with {after!r} here.")
            position += len(around.end)
            spans.append((start, position))
    return spans


def _find(message: Message, text: str, position: int) -> int:
    """Where the message's words end in the text, at or after `position`."""
    content = message["content"].strip()
    start = text.find(content, position)
    if start < 0:
        raise Hidden(
            f"The chat template does not show the message {content[:60]!r} as it is: no loss mask can be made."
        )
    return start + len(content)


def _replies(messages: Sequence[Message]) -> list[int]:
    return [i for i, message in enumerate(messages) if message["role"] == "assistant"]


def _as_spoken(message: Message) -> Message:
    """The message without the thinking before a reply, which is never learnt from."""
    if message["role"] != "assistant":
        return message
    return {"role": "assistant", "content": spoken(message["content"])}
