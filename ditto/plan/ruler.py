"""The lengths of conversations to a model that need not be there: its tokenizer, or a rule of thumb."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from ditto.engines.tokens import Tokens
from ditto.errors import ModelError
from ditto.models import Model
from ditto.records import Message

BYTES: Final = 3  # of UTF-8 for a token, which is rather too many tokens
MARKS: Final = 5  # tokens of a template around a message


class Ruler:
    """`ditto.engines.base.Measure` without an engine. `exact` is whether there is a tokenizer."""

    def __init__(self, model: Model) -> None:
        self.max_length = model.max_length
        self._tokens: Tokens | None = None
        if not model.is_api:
            with suppress(ModelError):  # a plan can do without
                self._tokens = Tokens(model)

    @property
    def exact(self) -> bool:
        return self._tokens is not None

    def count_tokens(self, messages: Sequence[Message]) -> int:
        if self._tokens:
            return len(self._tokens.prompt(messages))
        return sum(len(message["content"].encode()) // BYTES + MARKS for message in messages)
