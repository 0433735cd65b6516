"""The queries of a simulation, each checked by itself: correct, unsure or incorrect (paper, figure 4).

A role-specific query is correct if the role can answer it, a contrastive one if the role has to turn it down.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from ditto.records import Character, Dialogue, Kind
from ditto.simulate.queries import Pair, Query

Grade = Literal["correct", "unsure", "incorrect"]
GRADES: Final[tuple[Grade, ...]] = ("correct", "unsure", "incorrect")


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A query to `character`, written for `source`, with its verdict and what that rests on."""

    character: str
    lang: str
    query: str
    kind: Kind
    source: str
    verdict: Grade
    reason: str


@dataclass(frozen=True, slots=True)
class Put:
    """A query as it was put to a role. It was written for `author`, and `others` should not be able to answer it."""

    query: Query
    author: Character
    others: tuple[Character, ...]

    def checked(self, verdict: Grade, reason: str) -> Checked:
        query = self.query
        return Checked(
            character=query.character.id,
            lang=query.character.lang,
            query=query.text,
            kind=query.kind,
            source=query.source,
            verdict=verdict,
            reason=reason,
        )


def queries_put(dialogues: Sequence[Dialogue], people: Sequence[Character], pairs: Sequence[Pair]) -> list[Put]:
    """Every query of the dialogues between `people`, who were simulated in these pairs."""
    roles = {(c.lang, c.id): c for c in people}
    partners = defaultdict[tuple[str, str], list[Character]](list)
    for one, other in pairs:
        partners[one.lang, one.id].append(other)
    found = []
    for dialogue in dialogues:
        role = roles[dialogue.lang, dialogue.character]
        for turn in dialogue.turns:
            query = Query(role, turn.source, turn.kind, turn.query)
            author = roles[dialogue.lang, turn.source]
            others = [role] if turn.kind == "contrastive" else partners[role.lang, role.id]
            found.append(Put(query, author, tuple(others)))
    return found


def by_names(put: Put) -> Checked:
    """The verdict by the values of claims that the query names.

    A role-specific query names something of its author, whatever else; one that names only what others have is
    incorrect. A contrastive query must name nothing that the role it is put to has as well.
    """
    sides: list[tuple[Grade, Sequence[Character]]] = [("correct", [put.author]), ("incorrect", put.others)]
    for verdict, side in sides if put.query.kind == "specific" else reversed(sides):
        for role in side:
            if named := [claim.value for claim in role.claims if claim.value in put.query.text]:
                return put.checked(verdict, f"names {', '.join(named)} of {role.label}")
    return put.checked("unsure", "names nothing of either role")
