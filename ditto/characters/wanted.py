"""What every source from Wikidata is told: who is wanted, in which languages, and who of them is kept apart."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ditto.characters.collect import Collected
from ditto.characters.criteria import QID, Criteria
from ditto.characters.curation import Curation, curate
from ditto.characters.languages import Language, language
from ditto.characters.roles import check_held_out, least, split_roles
from ditto.errors import ConfigError
from ditto.records import Split


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The `n` best known members of each class; see `conf/characters/wikidata.yaml` for every field.

    Raises:
        ConfigError: a class, language or number that cannot be meant.
    """

    classes: Sequence[str]
    n: int
    languages: Sequence[str]
    fallback: Sequence[str]
    complete: bool
    living: bool
    curation: Curation
    n_test: int
    seed: int
    tokenizer: str | None

    def __post_init__(self) -> None:
        for name in self.classes:
            if not QID.fullmatch(name):
                raise ConfigError(f"characters.classes has {name!r}, which is no Q-id: Q5 are people, for instance.")
        if not self.classes or not self.languages:
            raise ConfigError("characters.classes and characters.languages need at least one each.")
        if len(set(self.languages)) < len(self.languages):
            raise ConfigError(f"characters.languages={list(self.languages)} names one twice.")
        if self.n < 1:
            raise ConfigError(f"characters.n={self.n} cannot be meant: it must be at least 1.")
        check_held_out(self.n_test)
        assert self.criteria

    @property
    def criteria(self) -> list[Criteria]:
        """One for each class."""
        languages = tuple(self.spoken)
        return [Criteria((one,), languages, self.complete, self.living, self.n) for one in self.classes]

    @property
    def spoken(self) -> list[Language]:
        return [language(code, self.fallback) for code in self.languages]

    @property
    def wanted(self) -> str:
        """What of it defines the characters, for a source's identity."""
        lists = [list(self.classes), list(self.languages), list(self.fallback)]
        return f"{self.n}/{lists}/{self.complete}/{self.living}/{self.curation}/{self.n_test}/{self.seed}"

    def split_of(self, found: Collected) -> Split:
        """The collected characters curated, and some of them kept apart.

        Raises:
            ConfigError: too few are left to keep `n_test` apart.
        """
        kept, dropped = curate(found.characters, self.curation)
        if self.complete:
            spoken = Counter(character.id for character in kept)
            whole = [character for character in kept if spoken[character.id] == len(self.languages)]
            dropped["short article in another language"] = len(kept) - len(whole)
            kept = whole
        dropped = found.dropped + dropped
        if len({character.id for character in kept}) < least(self.n_test):
            reasons = ", ".join(f"{n} {reason}" for reason, n in dropped.most_common()) or "nobody else was found"
            raise ConfigError(
                f"characters.n_test={self.n_test} of {len({c.id for c in kept})} characters leaves fewer than 2 to "
                f"train on (left out: {reasons}): ask for more by characters.n, or for less of each."
            )
        return replace(split_roles(kept, self.n_test, self.seed), dropped=dict(dropped))
