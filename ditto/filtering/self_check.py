"""`filter=self`: the supervisor is asked whether its query is of its kind, and whether its response is sound."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from ditto.engines.base import Measure, Request, Result, Sampling
from ditto.evaluate import parse
from ditto.evaluate.parse import Unparsed
from ditto.evaluate.reading import CHECK, reads, turned_down
from ditto.filtering.base import Posed
from ditto.prompts import Prompts
from ditto.prompts.inert import inert
from ditto.simulate.filters import Malformed, whole
from ditto.simulate.queries import Query

SOUND: Final[Mapping[str, Any]] = {
    "type": "object",
    "properties": {"reason": {"type": "string"}, "sound": {"type": "boolean"}},
    "required": ["reason", "sound"],
    "additionalProperties": False,
}


@dataclass(frozen=True, slots=True)
class SelfCheck:
    """Two questions about each turn, the profile in view, each answered greedily as JSON; for models that follow
    instructions.

    A contrastive query is one that a right answer turns down, a specific one is not. A response is sound where it stays
    in the role, refuses if and only if it has to, and says nothing against the profile.
    """

    prompts: str = "build"
    max_tokens: int = 1024

    asks: ClassVar[int] = 2

    def load(self, playing: Mapping[str, Prompts]) -> dict[str, Prompts]:
        return {lang: Prompts(self.prompts, lang, "filtering") for lang in playing}

    def requests(self, posed: Posed, prompts: Prompts, engine: Measure) -> tuple[list[Request], int]:
        turn, sampling = posed.turn, Sampling(max_tokens=self.max_tokens)
        query = Query(posed.character, turn.source, turn.kind, inert(turn.query))
        check, cut = reads(query, "check", CHECK, prompts, engine, sampling)
        sound, cut_again = reads(query, "sound", SOUND, prompts, engine, sampling, response=inert(turn.response))
        return [check, sound], cut + cut_again

    def fault(self, posed: Posed, replies: Sequence[Result]) -> str:
        check, sound = [whole(reply) for reply in replies]
        said = parse.sound(sound)
        if isinstance(said, Unparsed):
            raise Malformed(said.reason)
        if turned_down(check) != (posed.turn.kind == "contrastive"):
            return "query of the other kind"
        return "" if said else "unsound response"
