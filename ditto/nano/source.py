"""`characters=nano` and `benchmark=nano`: the invented world as a source and as a test."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from ditto.errors import ConfigError
from ditto.evaluate.benchmark import candidates
from ditto.nano import world as nano
from ditto.nano.world import LANGUAGES, N_CHARACTERS, N_TEST, PROPERTIES, Persona
from ditto.records import Question, Session, Split


@dataclass(frozen=True, slots=True)
class NanoCharacters:
    """`n_train` of the characters to train on and `n_test` of those kept apart, in each language.

    Raises:
        ConfigError: more characters than the world has, or a language it is not told in.
    """

    n_train: int
    n_test: int
    languages: Sequence[str] = LANGUAGES

    def __post_init__(self) -> None:
        if not 2 <= self.n_train <= N_CHARACTERS - N_TEST:
            raise ConfigError(
                f"characters.n_train={self.n_train} must be from 2 to {N_CHARACTERS - N_TEST} in the nano world."
            )
        if not 4 <= self.n_test <= N_TEST:
            raise ConfigError(f"characters.n_test={self.n_test} must be from 4 to {N_TEST} in the nano world.")
        if not self.languages or len(set(self.languages) & set(LANGUAGES)) < len(self.languages):
            raise ConfigError(
                f"characters.languages={list(self.languages)} must be some of {list(LANGUAGES)} in the nano world."
            )

    @property
    def identity(self) -> str:
        return f"nano/{nano.SEED}/{self.n_train}/{self.n_test}/{sorted(self.languages)}"

    def split(self) -> Split:
        train, test = nano.world().train[: self.n_train], nano.world().test[: self.n_test]
        return Split(
            train=tuple(nano.character(p, lang) for lang in sorted(self.languages) for p in train),
            test=tuple(nano.character(p, lang) for lang in sorted(self.languages) for p in test),
        )


@dataclass(frozen=True, slots=True)
class NanoBenchmark:
    """The world's own questions: every label and every fact is known.

    A role's candidates share its setting where that leaves four, and always differ in trade, hence
    in how they speak.
    """

    specific: int
    contrastive: int
    seed: int = 0

    def __post_init__(self) -> None:
        if self.specific < 1 or self.contrastive < 1:
            raise ConfigError(
                f"benchmark.specific={self.specific} and contrastive={self.contrastive} must be at least 1."
            )

    @property
    def identity(self) -> str:
        return f"nano/{self.specific}/{self.contrastive}/{self.seed}"

    def sessions(self, split: Split) -> list[Session]:
        personas = {p.id: p for p in nano.world().personas}
        unknown = [c.id for c in split.test if c.id not in personas]
        if unknown:
            raise ConfigError(
                f"benchmark=nano does not know the character {unknown[0]}: use benchmark=claims with others."
            )
        return [self._session(personas[c.id], c.lang) for c in split.test]

    def _session(self, persona: Persona, lang: str) -> Session:
        rng = Random(f"{self.seed}/{lang}/{persona.id}")
        role = nano.character(persona, lang)
        questions = [self._question(persona, persona, lang, rng) for _ in range(self.specific)]
        strangers = [p for p in nano.world().test if p.setting != persona.setting]
        questions += [self._question(persona, rng.choice(strangers), lang, rng) for _ in range(self.contrastive)]
        rng.shuffle(questions)
        others = [nano.character(p, lang) for p in _rivals(persona)]
        return Session(character=role, candidates=candidates(role, others, rng), questions=tuple(questions))

    def _question(self, role: Persona, source: Persona, lang: str, rng: Random) -> Question:
        anchor, asked = rng.sample(PROPERTIES, 2)
        text = nano.query(source.facts[anchor], asked, lang, rng)
        evidence = [c for c in nano.character(role, lang).claims if c.id == f"{role.id}/{asked}"]
        own = source is role
        return Question(
            query=text,
            reject=not own,
            evidence=tuple(evidence) if own else (),
            reference=nano.answer(role, source.facts[anchor], asked, lang),
        )


def _rivals(persona: Persona) -> list[Persona]:
    """Characters of other trades, one a trade, from the same setting as far as there are."""
    others = [p for p in nano.world().test if p.occupation != persona.occupation]
    near_first = sorted(others, key=lambda p: (p.setting != persona.setting, p.id))
    by_trade = {p.occupation: p for p in reversed(near_first)}
    return [p for p in near_first if by_trade[p.occupation] is p][:3]
