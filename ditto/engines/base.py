"""What every engine does: conversations in, texts out.

An engine is a name and one method. It may finish requests in any order, a batch at a time; whoever
asks puts the batch into the journal before the next one starts, so a kill loses one batch at most.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Literal, Protocol

from ditto.errors import ConfigError
from ditto.records import Message
from ditto.store import digest


@dataclass(frozen=True, slots=True)
class Sampling:
    """How to decode. `temperature=0` is greedy, and `n` samples of it would all be the same.

    Raises:
        ConfigError: a value outside its range.
    """

    temperature: float = 0.0
    top_p: float = 1.0
    max_tokens: int = 2048
    n: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        for name, ok, range_ in (
            ("temperature", 0 <= self.temperature <= 2, "from 0 to 2"),
            ("top_p", 0 < self.top_p <= 1, "above 0 and at most 1"),
            ("max_tokens", self.max_tokens >= 1, "at least 1"),
            ("n", 1 <= self.n <= 64, "from 1 to 64"),
        ):
            if not ok:
                raise ConfigError(f"sampling.{name}={getattr(self, name)} cannot be meant: it must be {range_}.")
        if self.n > 1 and self.temperature == 0:
            raise ConfigError(f"sampling.n={self.n} needs a temperature above 0: greedy samples are all the same.")


@dataclass(frozen=True, slots=True)
class Request:
    """One sample of a reply to one conversation; `schema` asks for JSON where the engine can."""

    messages: tuple[Message, ...]
    sampling: Sampling
    sample: int = 0
    schema: Mapping[str, Any] | None = None

    def key(self, identity: str) -> str:
        """The journal's key: the model, everything it is told, and which sample this is."""
        return digest([identity, self.messages, asdict(self.sampling), self.sample, self.schema])


@dataclass(frozen=True, slots=True)
class Completion:
    """A reply. `finish` is "length" where it was cut at max_tokens or the context's end."""

    text: str
    finish: Literal["stop", "length"]
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int = 0  # of the prompt; how the reply was come by, so it is not stored with it


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a request got no reply, in a word or two that can be counted."""

    reason: str


Result = Completion | Failure
Batch = Sequence[tuple[int, Result]]


@dataclass
class Usage:
    """What an engine has been asked for so far, in tokens and, where they cost something, dollars."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    cacheable_tokens: int = 0
    dollars: float = 0.0

    def add(self, batch: Batch) -> None:
        done = [result for _, result in batch if isinstance(result, Completion)]
        self.prompt_tokens += sum(result.prompt_tokens for result in done)
        self.completion_tokens += sum(result.completion_tokens for result in done)
        self.cached_tokens += sum(result.cached_tokens for result in done)

    def __str__(self) -> str:
        text = f"{self.prompt_tokens:,} prompt and {self.completion_tokens:,} reply tokens"
        if self.cacheable_tokens:
            hit, possible = (n / max(1, self.prompt_tokens) for n in (self.cached_tokens, self.cacheable_tokens))
            text += f", {hit:.1%} of the prompts from the prefix cache ({possible:.1%} at most)"
        return text + (f", ${self.dollars:.4f}" if self.dollars else "")


class Measure(Protocol):
    """How much a model takes in."""

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """The length of a conversation as the model sees it, up to where its reply begins."""
        ...

    @property
    def max_length(self) -> int:
        """The longest prompt and reply together, in tokens."""
        ...


class Engine(Measure, Protocol):
    """A model that can be asked.

    `identity` stands for the weights and everything else that changes replies; two engines with one
    identity may share journal entries. A class names in `DEFINES` those of its settings that change
    replies, and so belong to the key of what is made with them.
    """

    DEFINES: ClassVar[tuple[str, ...]]

    @property
    def identity(self) -> str: ...

    @property
    def usage(self) -> Usage: ...

    def generate(self, requests: Sequence[Request]) -> Iterator[Batch]:
        """Yield every request's result once, as (position in `requests`, result), batch by batch."""
        ...

    def close(self) -> None:
        """Free what it holds."""
        ...
