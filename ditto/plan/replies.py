"""How long replies are expected to be, in tokens, before any was seen."""

from dataclasses import dataclass
from typing import Final

from ditto.engines.base import Sampling

ANSWER: Final = 200
QUESTION: Final = 60  # one of a list in JSON, with its explanation
VERDICT: Final = 100


@dataclass(frozen=True, slots=True)
class Replies:
    """At most half of what is allowed; `scale` is what earlier replies were to these expectations."""

    scale: float = 1.0

    def answer(self, sampling: Sampling) -> float:
        return self._within(ANSWER, sampling.max_tokens)

    def questions(self, sampling: Sampling, n: int) -> float:
        return self._within(QUESTION * n, sampling.max_tokens)

    def verdict(self, max_tokens: int) -> float:
        return self._within(VERDICT, max_tokens)

    def _within(self, expected: float, allowed: int) -> float:
        return min(allowed, self.scale * min(expected, allowed / 2))
