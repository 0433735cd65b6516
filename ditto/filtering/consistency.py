"""`filter=consistency`: a response stays where the supervisor, asked again, says the same.

Self-consistency (Wang et al. 2023, arXiv 2203.11171): what most samples of a model agree on is more often right than
any one of them. There the most frequent answer is taken; here the one that is there is held to the others, or dropped.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ditto.engines.base import Measure, Request, Result, Sampling
from ditto.errors import ConfigError
from ditto.filtering.base import Posed
from ditto.prompts import Prompts
from ditto.simulate.filters import Malformed, text_of
from ditto.simulate.responses import evidence, response_request


@dataclass(frozen=True, slots=True)
class Consistency:
    """`response.n` further responses to each query, the profile in view; the turn stays where at least `agree` of them
    say what its own does. It takes no instructions to be followed, so any model can be asked.

    Two responses say the same where they name the values of the same claims, of the character and of whom the query was
    written for, beyond those that the query names. Whether they refuse shows in that as far as an answer names a fact.

    Raises:
        ConfigError: more have to agree than are asked for.
    """

    response: Sampling
    agree: int

    def __post_init__(self) -> None:
        if not 1 <= self.agree <= self.response.n:
            raise ConfigError(f"filter.agree={self.agree} of filter.response.n={self.response.n} cannot be meant.")

    @property
    def asks(self) -> int:
        return self.response.n

    def load(self, playing: Mapping[str, Prompts]) -> dict[str, Prompts]:
        return dict(playing)

    def requests(self, posed: Posed, prompts: Prompts, engine: Measure) -> tuple[list[Request], int]:
        request, cut = response_request(posed.character, posed.turn.query, prompts, engine, self.response)
        # Sample 0 would be the response itself, where it was drawn like these.
        return [Request(request.messages, self.response, sample) for sample in range(1, self.asks + 1)], cut

    def fault(self, posed: Posed, replies: Sequence[Result]) -> str:
        texts, why = [], "no reply"
        for reply in replies:
            try:
                texts.append(text_of(reply, posed.character.lang))
            except Malformed as reason:
                why = str(reason)
        if len(texts) < self.agree:
            raise Malformed(why)
        said = _named(posed, posed.turn.response)
        return "" if sum(_named(posed, text) == said for text in texts) >= self.agree else "inconsistent response"


def _named(posed: Posed, text: str) -> frozenset[str]:
    claims = (*posed.character.claims, *posed.source.claims)
    beyond = [claim for claim in claims if claim.value not in posed.turn.query]
    return frozenset(claim.value for claim in evidence(beyond, tuple, text))
