"""Work for a model that is asked: how much, and how it can be divided."""

import math
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """Requests with the tokens of all their prompts and replies.

    `fresh` prompt tokens are those that none of the others has computed, where prefixes are reused; `sent` those that
    an API bills. At most `together` requests can be under way, since the others wait for their replies.
    """

    requests: int
    prompt: float
    reply: float
    fresh: float
    sent: float
    together: int
    max_tokens: int

    def times(self, share: float) -> "Work":
        """As many times the work."""
        return replace(
            self,
            requests=round(self.requests * share),
            prompt=self.prompt * share,
            reply=self.reply * share,
            fresh=self.fresh * share,
            sent=self.sent * share,
            together=max(1, round(self.together * share)),
        )

    @property
    def context(self) -> float:
        """Tokens that a reply's tokens look back on, on average."""
        return (self.prompt + self.reply / 2) / max(1, self.requests)

    @property
    def longest(self) -> float:
        """The longest reply among some, in tokens: taken for twice the mean, within what is allowed."""
        return min(self.max_tokens, 2 * self.reply / max(1, self.requests))

    def batches(self, rows: int) -> float:
        """How many batches of at most `rows` requests."""
        rounds = self.requests / max(1, self.together)
        return rounds * math.ceil(self.together / rows)
