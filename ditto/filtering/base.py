"""What every filter of simulated dialogues does: it has the supervisor asked about each turn, and reads the replies."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from ditto.engines.base import Measure, Request, Result
from ditto.prompts import Prompts
from ditto.records import Character, Turn


@dataclass(frozen=True, slots=True)
class Posed:
    """A turn, with whom its query was put to and whom it was written for."""

    character: Character
    source: Character
    turn: Turn


class Filter(Protocol):
    @property
    def asks(self) -> int:
        """Requests a turn."""
        ...

    def load(self, playing: Mapping[str, Prompts]) -> dict[str, Prompts]:
        """The prompts it asks with, in the languages of those that the dialogues were written with."""
        ...

    def requests(self, posed: Posed, prompts: Prompts, engine: Measure) -> tuple[list[Request], int]:
        """What the supervisor is asked about a turn, and how many profiles were cut for it."""
        ...

    def fault(self, posed: Posed, replies: Sequence[Result]) -> str:
        """Why the turn is dropped, short enough to be counted; "" where it stays.

        Raises:
            Malformed: the replies do not tell.
        """
        ...
