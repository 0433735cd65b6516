"""What a right answer rests on: claims and sentences that a model names, each verified to be in the profile."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from ditto.characters.sentences import place
from ditto.engines.base import Result
from ditto.records import Character, Claim
from ditto.simulate.filters import Malformed, whole
from ditto.simulate.scripts import WORD

SCHEMA: Final[Mapping[str, Any]] = {
    "type": "object",
    "properties": {
        "claims": {"type": "array", "items": {"type": "integer"}},
        "quotes": {"type": "array", "items": {"type": "string"}},
    },
    "required": ["claims", "quotes"],
    "additionalProperties": False,
}
SHORTEST: Final = 3  # words of a quote; fewer stand in any article


def shown(claim: Claim) -> str:
    """A claim on one line."""
    return normal(f"{claim.property}: {claim.value}" if claim.property else claim.value)


def numbered(claims: Sequence[Claim]) -> str:
    """The claims as a prompt shows them, a line each, from 1."""
    return "\n".join(f"{n}. {shown(claim)}" for n, claim in enumerate(claims, start=1))


def lines(evidence: Iterable[Claim]) -> str:
    """Evidence as a person reads it and writes it, one item a line."""
    return "\n".join(map(shown, evidence))


def evidence_of(reply: Result, role: Character, invented: Counter[str]) -> tuple[Claim, ...]:
    """What the reply names that is in the role's profile; what is not goes into `invented` by kind.

    Raises:
        Malformed: why there is nothing.
    """
    numbers, quotes = _named(whole(reply))
    claims = [_claim(role, number) for number in numbers]
    quoted = [sentence(role, quote) for quote in quotes]
    invented["claim"] += claims.count(None)
    invented["quote"] += quoted.count(None)
    found = tuple(dict.fromkeys(claim for claim in (*claims, *quoted) if claim))
    if not found:
        raise Malformed("evidence not in the profile" if numbers or quotes else "no evidence named")
    return found


def sentence(role: Character, quote: Any) -> Claim | None:
    """A quote from the role's article as a claim without a property; None where it does not stand there.

    Only white space may differ. Its id is that of the article's sentence it is from, or of the first and the last.
    """
    if not isinstance(quote, str) or len(WORD.findall(quote)) < SHORTEST:
        return None
    where = place(role, quote)
    return Claim(id=where, property="", value=normal(quote)) if where else None


def stated(role: Character, text: str) -> Claim | None:
    """The claim of the role with this id or in these words, or the sentence of its article."""
    words = normal(text)
    named = (claim for claim in role.claims if words in (claim.id, shown(claim)))
    return next(named, None) or sentence(role, text)


def normal(text: str) -> str:
    """One space wherever there is white space."""
    return " ".join(text.split())


def _named(text: str) -> tuple[Sequence[Any], Sequence[Any]]:
    """The lists `claims` and `quotes` of the one JSON object in a reply."""
    said = text.rpartition("</think>")[2]
    try:
        value = json.loads(said[said.find("{") : said.rfind("}") + 1], strict=False)
    except (ValueError, RecursionError):
        raise Malformed("not JSON") from None
    lists = [value.get(name, []) for name in ("claims", "quotes")]
    if not value.keys() & {"claims", "quotes"} or not all(isinstance(one, list) for one in lists):
        raise Malformed("no lists of claims and quotes")
    return lists[0], lists[1]


def _claim(role: Character, number: Any) -> Claim | None:
    known = isinstance(number, int) and not isinstance(number, bool) and 1 <= number <= len(role.claims)
    return role.claims[number - 1] if known else None
