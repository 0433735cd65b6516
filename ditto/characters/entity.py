"""What a Wikidata entity says of itself, in the shape of Wikibase's JSON: of its API and of its dumps alike.

Empty maps are empty lists there.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, TypeVar

from ditto.characters import dates, values
from ditto.characters.languages import Language
from ditto.records import Category, Claim

T = TypeVar("T")
Entity = Mapping[str, Any]
Statement = Mapping[str, Any]
HUMAN: Final = "Q5"
BORN, DIED = "P569", "P570"
LONG_AGO: Final = 1900  # nobody born before is alive
# Badges, without one of which Wikidata takes no link to a redirect: "sitelink to redirect", intentional or not.
TO_REDIRECT: Final = frozenset({"Q70893996", "Q70894304"})
# Properties that speak of Wikimedia's own pages and projects: categories, lists, templates, portals, galleries.
HOUSEKEEPING: Final = frozenset(
    "P301 P373 P910 P935 P971 P1151 P1204 P1424 P1464 P1465 P1472 P1612 P1740 P1753 P1754 P1792 P2354 P5008 P5125 "
    "P6104 P6112 P7084 P7561 P7867 P8464".split()
)


def number(id: str) -> tuple[int, str]:
    """What ids are ordered by: Q9 before Q10, and P9 before both."""
    return int(id[1:]), id[0]


def label(entity: Entity, lang: Language) -> str | None:
    return _text(entity, "labels", lang)


def description(entity: Entity, lang: Language) -> str | None:
    return _text(entity, "descriptions", lang)


def aliases(entity: Entity, lang: Language) -> tuple[str, ...]:
    """Its other names in the language and its variants, none of a fallback's."""
    several = _map(entity, "aliases")
    names = [values.clean(one["value"]) for code in lang.own for one in several.get(code, ())]
    return tuple(name for name in dict.fromkeys(names) if name and name != label(entity, lang))


def title(entity: Entity, lang: Language) -> str | None:
    """Of its article in the language's Wikipedia."""
    link = _map(entity, "sitelinks").get(lang.site)
    return link["title"] if link else None


def leads_away(entity: Entity, lang: Language) -> bool:
    """Whether its title in the language's Wikipedia is known to redirect."""
    return not TO_REDIRECT.isdisjoint(_map(entity, "sitelinks").get(lang.site, {}).get("badges", ()))


def n_sitelinks(entity: Entity) -> int:
    """Pages of all of Wikimedia's projects, as `wikibase:sitelinks` counts them."""
    return len(_map(entity, "sitelinks"))


def best(entity: Entity, property: str) -> list[Statement]:
    """The preferred statements, or else the normal ones: those that Wikidata's query service calls truthy."""
    statements = _map(entity, "claims").get(property, ())
    for rank in ("preferred", "normal"):
        if found := [one for one in statements if one["rank"] == rank]:
            return found
    return []


def items(entity: Entity, property: str) -> list[str]:
    """The items that the best statements of a property name."""
    return list(_read(entity, property, values.entity_id))


def category(entity: Entity) -> Category:
    """Who is not human is fictional; who died, if unknown when, or was born before 1900 is historical."""
    if HUMAN not in items(entity, "P31"):
        return "fictional"
    died = any(one["mainsnak"]["snaktype"] != "novalue" for one in best(entity, DIED))
    born = min((date.gregorian_year for date in _read(entity, BORN, dates.date)), default=LONG_AGO)
    return "historical" if died or born < LONG_AGO else "living"


def referenced(entity: Entity) -> set[str]:
    """The ids whose labels `claims` needs, in whatever language."""
    ids = set[str]()
    for about, statement in _told(entity):
        main = values.needed(statement["mainsnak"])
        if main is not None:
            ids |= {about} | main
            qualifiers = ((name, values.needed(snak)) for name, snak in _qualifiers(statement))
            ids.update(*({name} | more for name, more in qualifiers if more is not None))
    return ids


def claims(entity: Entity, lang: Language, labels: values.Labels) -> tuple[Claim, ...]:
    """Its best statements in words, qualifiers in brackets; what has no words is left out."""
    found = []
    for about, statement in _told(entity):
        name, value = values.named(about, lang, labels), values.words(statement["mainsnak"], lang, labels)
        if name and value:
            qualified = value + _bracket(statement, lang, labels)
            found.append(Claim(id=statement["id"], property=name, value=qualified))
    return tuple(found)


def _bracket(statement: Statement, lang: Language, labels: values.Labels) -> str:
    told: dict[str, list[str]] = {}
    for about, snak in _qualifiers(statement):
        name, value = values.named(about, lang, labels), values.words(snak, lang, labels)
        if name and value:
            told.setdefault(name, []).append(value)
    each = [f"{name}: {', '.join(several)}" for name, several in told.items()]
    return f" ({'; '.join(each)})" if each else ""


def _told(entity: Entity) -> Iterator[tuple[str, Statement]]:
    """The best statements, by property in the entity's order."""
    for name in _map(entity, "claims"):
        if name not in HOUSEKEEPING:
            for statement in best(entity, name):
                yield name, statement


def _qualifiers(statement: Statement) -> Iterator[tuple[str, values.Snak]]:
    qualifiers = _map(statement, "qualifiers")
    for name in dict.fromkeys((*statement.get("qualifiers-order", ()), *qualifiers)):
        if name not in HOUSEKEEPING:
            for snak in qualifiers.get(name, ()):
                yield name, snak


def _map(holder: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    return holder.get(name) or {}


def _text(entity: Entity, name: str, lang: Language) -> str | None:
    texts = _map(entity, name)
    return lang.text({code: values.clean(texts[code]["value"]) for code in lang.names if code in texts})


def _read(entity: Entity, property: str, reader: Callable[[Mapping[str, Any]], T]) -> Iterator[T]:
    """The values of the best statements, those that are well-formed."""
    for one in best(entity, property):
        try:
            yield reader(one["mainsnak"]["datavalue"]["value"])
        except values.MALFORMED:
            continue
