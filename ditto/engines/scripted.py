"""`engine=scripted`: replies from a function, for tests and for trying prompts without a model."""

import re
from collections.abc import Callable, Iterator, Sequence
from threading import Event
from typing import ClassVar

from ditto.engines.base import Batch, Completion, Failure, Request, Usage
from ditto.errors import StageError
from ditto.records import Message

Script = Callable[[Request], str | Failure]


class ScriptedEngine:
    """Answers with `script(request)`, `batch_size` requests at a time, and keeps what it was asked.

    Tokens are words here: a text's length is the number of its space-separated parts.
    """

    DEFINES: ClassVar[tuple[str, ...]] = ()

    def __init__(
        self, script: Script, *, identity: str = "scripted", batch_size: int = 8, max_length: int = 8192
    ) -> None:
        self.identity = identity
        self.max_length = max_length
        self.usage = Usage()
        self.asked: list[Request] = []
        self._script, self._batch_size = script, batch_size

    def count_tokens(self, messages: Sequence[Message]) -> int:
        return sum(len(message["content"].split()) for message in messages)

    def generate(self, requests: Sequence[Request]) -> Iterator[Batch]:
        for start in range(0, len(requests), self._batch_size):
            batch = requests[start : start + self._batch_size]
            self.asked += batch
            yield [(start + i, self._reply(request)) for i, request in enumerate(batch)]

    def stream(self, request: Request, stop: Event) -> Iterator[Completion]:
        """Word by word; see `ditto.engines.streaming`."""
        [[(_, result)]] = self.generate([request])
        if isinstance(result, Failure):
            raise StageError(f"There is no reply: {result.reason}.")
        words = re.findall(r"\s*\S+\s*", result.text)
        for n in range(1, len(words)):
            yield Completion("".join(words[:n]), "length", result.prompt_tokens, n)
            if stop.is_set():
                return
        yield result

    def close(self) -> None:
        """There is nothing to free."""

    def _reply(self, request: Request) -> Completion | Failure:
        said = self._script(request)
        if isinstance(said, Failure):
            return said
        words = len(said.split())
        cut = " ".join(said.split()[: request.sampling.max_tokens]) if words > request.sampling.max_tokens else said
        return Completion(cut, "stop" if cut == said else "length", self.count_tokens(request.messages), words)
