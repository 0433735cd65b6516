"""A model that answers one conversation at a time, as much of it as fits."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from threading import Event, Lock

from ditto.engines.base import Completion, Request, Sampling
from ditto.engines.streaming import StreamingEngine
from ditto.errors import StageError
from ditto.records import Message


@dataclass(frozen=True)
class Speaker:
    """A model by the name it was chosen with."""

    name: str
    engine: StreamingEngine
    sampling: Sampling
    _speaking: Lock = field(default_factory=Lock)

    def fit(self, messages: Sequence[Message]) -> tuple[tuple[Message, ...], int]:
        """The messages without the oldest turns that do not fit, and how many turns those are.

        A quarter of the context at most is kept free for the reply.

        Raises:
            StageError: not even the last message fits.
        """
        limit = self.engine.max_length - min(self.sampling.max_tokens, self.engine.max_length // 4)
        head = [m for m in messages[:1] if m["role"] == "system"]
        starts = [i for i, message in enumerate(messages) if message["role"] == "user"]
        for dropped, start in enumerate(starts):
            kept = (*head, *messages[start:])
            if self.engine.count_tokens(kept) <= limit:
                return kept, dropped
        raise StageError(
            f"The message is too long: {self.name} takes {limit} tokens beside its reply. Say it more shortly."
        )

    def reply(self, messages: Sequence[Message], sample: int, stop: Event) -> Generator[Completion, None, None]:
        """The reply to messages that fit, so far and at last whole, without its thinking. Who breaks off closes it.

        Raises:
            StageError: there is none.
        """
        last = None
        with self._speaking:
            for last in self.engine.stream(Request(tuple(messages), self.sampling, sample), stop):
                yield _without_thinking(last)
        if last is None and not stop.is_set():
            raise StageError(f"{self.name} ended without a reply: say it again, or otherwise.")


def _without_thinking(said: Completion) -> Completion:
    """Nothing while it thinks aloud, nor half of a character that takes several tokens."""
    text = said.text
    if said.finish == "length":
        text = "" if "<think>".startswith(text[:7]) else text.rstrip("\ufffd")
    return Completion(text, said.finish, said.prompt_tokens, said.completion_tokens)
