"""What a simulation is told, besides who simulates whom."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from ditto.engines.base import Sampling
from ditto.errors import ConfigError
from ditto.records import Character, Kind

Task = Literal["query", "response"]
KINDS: Final[tuple[Kind, ...]] = ("specific", "contrastive")


@dataclass(frozen=True, slots=True)
class Simulation:
    """`n_queries` are asked for a pair in one reply, `query.n` such replies are drawn.

    In tasks that are not in `knowledge` the supervisor is told a character's label and description alone; only
    queries of `kinds` are answered, and only characters told in `languages` (None: all) are simulated.

    Raises:
        ConfigError: a number outside its range.
    """

    query: Sampling
    response: Sampling
    n_queries: int = 3
    seed: int = 0
    knowledge: tuple[Task, ...] = ("query", "response")
    kinds: tuple[Kind, ...] = KINDS
    languages: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.n_queries <= 20:
            raise ConfigError(f"simulate.n_queries={self.n_queries} cannot be meant: it must be from 1 to 20.")
        if self.response.n != 1:
            raise ConfigError(f"simulate.response.n={self.response.n}: one response is drawn for each query.")
        if not self.kinds or len(set(self.kinds)) < len(self.kinds):
            raise ConfigError(
                f"simulate.kinds={list(self.kinds)} cannot be meant: give some of {list(KINDS)}, each once."
            )
        if self.languages is not None and not self.languages:
            raise ConfigError("simulate.languages=[] leaves nobody to simulate: null is all languages.")

    def chosen(self, people: Sequence[Character]) -> list[Character]:
        """Those of the characters that are simulated.

        Raises:
            ConfigError: a language in which nobody is told.
        """
        told = {c.lang for c in people}
        if unknown := sorted(set(self.languages or ()) - told):
            raise ConfigError(f"simulate.languages has {unknown[0]}, but the characters' are {sorted(told)}.")
        return [c for c in people if self.languages is None or c.lang in self.languages]

    def known(self, character: Character, task: Task) -> Character:
        """The character as the supervisor knows it when it does `task`."""
        return character if task in self.knowledge else replace(character, aliases=(), claims=(), article="")
