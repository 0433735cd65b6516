"""Who is taken from Wikidata: the same question that `sparql` puts to a service, asked of an entity in hand."""

import re
from collections.abc import Container
from dataclasses import dataclass
from typing import Any, Final

from ditto.characters import entity
from ditto.characters.languages import Language

QID: Final = re.compile(r"Q[1-9][0-9]*")
FICTIONAL: Final = "Q15632617"
# Pages of Wikipedia's own: disambiguations, of people's names too, lists, categories, templates.
PAGES: Final = ("Q4167410", "Q22808320", "Q13406463", "Q4167836", "Q11266439")


@dataclass(frozen=True, slots=True)
class Criteria:
    """Members of `classes` or their subclasses, with label, description and article in the languages.

    `complete` asks for all the languages, otherwise the first alone must be there. `living` takes living
    people in. The `n` with the most sitelinks are chosen, of equally many the lower Q-id.
    """

    classes: tuple[str, ...]
    languages: tuple[Language, ...]
    complete: bool
    living: bool
    n: int

    @property
    def required(self) -> tuple[Language, ...]:
        return self.languages if self.complete else self.languages[:1]


def fits(one: entity.Entity, criteria: Criteria, classes: Container[str]) -> bool:
    """Whether an entity is to be taken; `classes` are the criteria's with all their subclasses."""
    kinds = entity.items(one, "P31")
    if not any(kind in classes for kind in kinds) or any(kind in PAGES for kind in kinds):
        return False
    if not criteria.living and entity.category(one) == "living":
        return False
    return all(_told(one, language) for language in criteria.required)


def _told(one: Any, language: Language) -> bool:
    parts = (entity.label(one, language), entity.description(one, language), entity.title(one, language))
    return all(part is not None for part in parts)
