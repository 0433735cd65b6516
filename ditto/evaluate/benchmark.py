"""`benchmark=claims`: questions for any characters, made from their claims.

Each test character gets questions about its own claims, each anchored in another one of them, and
questions anchored in what belongs to somebody else, which it should refuse. Labels and evidence hold
by construction; WikiRoleEval's own questions were written by a strong model instead.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from string import Formatter
from typing import Protocol

from ditto.characters.roles import names
from ditto.errors import ConfigError, DataError
from ditto.records import Character, Question, Session, Split
from ditto.simulate.scripts import WORD

N_CANDIDATES = 4


class Benchmark(Protocol):
    """Makes the sessions that test characters are asked."""

    @property
    def identity(self) -> str:
        """What identifies the benchmark in the key of its sessions."""
        ...

    def sessions(self, split: Split) -> list[Session]: ...


@dataclass(frozen=True, slots=True)
class ClaimsBenchmark:
    """`specific` and `contrastive` questions a role; `query` is the wording in each language.

    Raises:
        ConfigError: fewer than one question of a kind, or a wording without its slots.
    """

    specific: int
    contrastive: int
    query: Mapping[str, str]
    seed: int = 0

    def __post_init__(self) -> None:
        if self.specific < 1 or self.contrastive < 1:
            raise ConfigError(
                f"benchmark.specific={self.specific} and contrastive={self.contrastive} must be at least 1."
            )
        for lang, text in self.query.items():
            if sorted(_slots(text)) != ["anchor", "property"]:
                raise ConfigError(f"benchmark.query.{lang}={text!r} needs just the slots {{anchor}} and {{property}}.")

    @property
    def identity(self) -> str:
        return f"claims/{self.specific}/{self.contrastive}/{sorted(self.query.items())}/{self.seed}"

    def sessions(self, split: Split) -> list[Session]:
        return [self._session(character, split.test) for character in split.test]

    def _session(self, role: Character, everybody: Sequence[Character]) -> Session:
        rng = Random(f"{self.seed}/{role.lang}/{role.id}")
        others = [c for c in everybody if c.lang == role.lang and c.id != role.id]
        own = {claim.value for claim in role.claims} | {role.label, *role.aliases}
        foreign = sorted({claim.value for other in others for claim in other.claims} - own)
        if role.lang not in self.query:
            raise ConfigError(f"benchmark.query has no wording for {role.lang!r}: add benchmark.query.{role.lang}=...")
        if len(role.claims) < 2 or not foreign:
            raise DataError(
                f"The test character {role.id} ({role.lang}) needs two claims, and others with claims of their own."
            )
        questions = [self._specific(role, rng) for _ in range(self.specific)]
        for anchor in rng.sample(foreign, min(self.contrastive, len(foreign))):
            asked = rng.choice(role.claims).property
            text = self.query[role.lang].format(anchor=anchor, property=asked)
            questions.append(Question(query=text, reject=True))
        rng.shuffle(questions)
        return Session(character=role, candidates=candidates(role, others, rng), questions=tuple(questions))

    def _specific(self, role: Character, rng: Random) -> Question:
        anchor, asked = rng.sample(role.claims, 2)
        text = self.query[role.lang].format(anchor=anchor.value, property=asked.property)
        return Question(query=text, reject=False, evidence=(asked,))


def candidates(role: Character, others: Sequence[Character], rng: Random) -> tuple[Character, ...]:
    """The role among three others, in random order."""
    if len(others) < N_CANDIDATES - 1:
        raise DataError(
            f"The judge chooses among {N_CANDIDATES} roles, but {role.lang} has only {len(others) + 1} to choose from: "
            "give characters.n_test=4 or more."
        )
    chosen = [role, *rng.sample(list(others), N_CANDIDATES - 1)]
    rng.shuffle(chosen)
    return tuple(chosen)


def comparable(role: Character, others: Iterable[Character]) -> list[Character]:
    """The others, first those whose description and claims have the most words and values in common with the role's."""
    own = _traits(role)
    return sorted(others, key=lambda other: (-len(own & _traits(other)), other.id))


def _traits(character: Character) -> set[str]:
    words = WORD.findall(character.description.lower())
    return {*words, *(claim.value for claim in character.claims)}


def _slots(text: str) -> list[str]:
    """The names between a wording's braces; none where it is no template."""
    try:
        return [name for _, name, *_ in Formatter().parse(text) if name is not None]
    except ValueError:
        return []


def check_apart(split: Split) -> None:
    """Refuse a split with a character on both sides.

    Raises:
        DataError: a test character is trained on.
    """
    if both := sorted({c.id for c in split.train} & {c.id for c in split.test}):
        raise DataError(
            f"{len(both)} characters are both trained on and tested, the first is {both[0]}: keep them apart."
        )


def check_named_apart(split: Split) -> None:
    """Refuse a split whose sides share a name within a language: an alias may be another id of the same character.

    Raises:
        DataError: a name of a test character is also a trained one's.
    """
    trained = {(c.lang, name): c.id for c in split.train for name in sorted(names(c))}
    shared = [(c, name) for c in split.test for name in sorted(names(c)) if (c.lang, name) in trained]
    if shared:
        who, name = shared[0]
        raise DataError(
            f"{len(shared)} names are of both a trained and a test character, the first is {name!r} ({who.lang}) of "
            f"{trained[who.lang, name]} and {who.id}: keep only one of the two."
        )
