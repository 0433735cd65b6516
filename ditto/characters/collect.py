"""From Wikidata's entities and Wikipedia's articles to characters, the same from the live services and from dumps."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from ditto.characters import entity
from ditto.characters.entity import Entity
from ditto.characters.languages import Language, codes
from ditto.characters.wikipedia import Article
from ditto.records import Character

Labels = Mapping[str, Mapping[str, str]]  # of an id, by language code
Articles = Mapping[str, Article | str]  # by title; a text says why there is none


class Route(Protocol):
    """Where entities, labels and articles are read. Entities are many and large: they come one by one, and twice."""

    def entities(self, ids: Sequence[str]) -> Iterator[Entity]: ...

    def labels(self, ids: Sequence[str], codes: Sequence[str]) -> Labels: ...

    def articles(self, language: Language, titles: Sequence[str]) -> Articles: ...


@dataclass(frozen=True, slots=True)
class Collected:
    """The characters, those with the most sitelinks first, and what was left out by reason."""

    characters: list[Character]
    dropped: Counter[str]


def collect(route: Route, ids: Sequence[str], languages: Sequence[Language], *, complete: bool) -> Collected:
    """What the route knows of the entities `ids`.

    A character is dropped where a language lacks something of it: any language if it has to be `complete`, or
    the first; otherwise it is without the language.
    """
    referenced, titles, n_found = set[str](), {language.code: dict[str, None]() for language in languages}, 0
    for one in route.entities(ids):
        n_found += 1
        referenced |= entity.referenced(one)
        for language in languages:
            if title := entity.title(one, language):
                titles[language.code][title] = None
    labels = route.labels(sorted(referenced, key=entity.number), codes(languages))
    articles = {language.code: route.articles(language, list(titles[language.code])) for language in languages}
    found, dropped, told = [], Counter[str](), set[str]()
    for one in route.entities(ids):
        if one["id"] in told:
            continue
        told.add(one["id"])
        try:
            told_of = list(_told(one, languages, labels, articles, complete, dropped))
        except Lacking as reason:
            dropped[str(reason)] += 1
        else:
            found.append((-entity.n_sitelinks(one), entity.number(one["id"]), told_of))
    dropped["no such entity"] += len(set(ids)) - n_found
    found.sort(key=lambda row: row[:2])
    return Collected([character for *_, characters in found for character in characters], +dropped)


class Lacking(Exception):
    """A character is without what it needs in a language; the text says what, short enough to be counted."""


def _told(
    one: Entity,
    languages: Iterable[Language],
    labels: Labels,
    articles: Mapping[str, Articles],
    complete: bool,
    dropped: Counter[str],
) -> Iterator[Character]:
    for position, language in enumerate(languages):
        try:
            yield _character(one, language, labels, articles[language.code])
        except Lacking as reason:
            if complete or position == 0:
                raise
            dropped[f"{reason}, told in another language"] += 1


def _character(one: Entity, language: Language, labels: Labels, articles: Articles) -> Character:
    def needed(value: str | None, name: str) -> str:
        if not value:
            raise Lacking(f"no {name} ({language.code})")
        return value

    article = articles.get(title := entity.title(one, language) or "", "no article")
    if isinstance(article, str):
        raise Lacking(f"{article} ({language.code})")
    if entity.leads_away(one, language) and article.whole and article.page.title != title:
        raise Lacking(f"another's article ({language.code})")
    return Character(
        id=one["id"],
        lang=language.code,
        label=needed(entity.label(one, language), "label"),
        description=needed(entity.description(one, language), "description"),
        aliases=entity.aliases(one, language),
        claims=entity.claims(one, language, labels),
        article=article.text,
        summary=article.summary,
        category=entity.category(one),
        page=article.page,
    )
