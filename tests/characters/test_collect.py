"""Characters from whatever a route tells: their order, what each is told, and what is left out."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ditto.characters.collect import Articles, Labels, collect
from ditto.characters.entity import Entity
from ditto.characters.languages import Language, language
from ditto.characters.wikipedia import Article
from ditto.records import Page
from tests.characters.wiki import DELETED, LABELS, REDIRECTS, WORLD

EN, ZH = language("en"), language("zh")


@dataclass
class Told:
    """A route that has an article for every title but those in `missing`, and remembers what it was asked."""

    missing: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    world: Mapping[str, Entity] = field(default_factory=lambda: WORLD)

    def entities(self, ids: Sequence[str]) -> Iterator[Entity]:
        there = (REDIRECTS.get(name, name) for name in ids if name not in DELETED)
        return (self.world[name] for name in there if name in self.world)

    def labels(self, ids: Sequence[str], codes: Sequence[str]) -> Labels:
        self.asked += ids
        return LABELS

    def articles(self, language: Language, titles: Sequence[str]) -> Articles:
        page = Page(title="T", url="https://example.org", revision=1)
        return {t: self.missing.get(t) or Article(page, f"{t} lives.", f"{t}.") for t in titles}


def test_the_best_known_come_first_and_of_equals_the_lower_number() -> None:
    found = collect(Told(), ["Q900000035", "Q4653", "Q42", "Q1048"], [EN], complete=True)
    assert [c.id for c in found.characters] == ["Q1048", "Q42", "Q4653", "Q900000035"]


def test_labels_are_asked_for_once_and_only_for_what_is_told_of() -> None:
    route = Told()
    collect(route, ["Q42", "Q1048"], [EN, ZH], complete=True)
    assert len(route.asked) == len(set(route.asked))
    assert {"P19", "Q350", "Q220"} <= set(route.asked)
    assert not {"P345", "P18"} & set(route.asked)


def test_two_ids_of_one_entity_are_one_character() -> None:
    found = collect(Told(), ["Q42", *REDIRECTS, *DELETED, "Q999999999"], [EN], complete=True)
    assert [c.id for c in found.characters] == ["Q42"]
    assert found.dropped == {"no such entity": 2}


def test_a_complete_character_is_told_in_every_language_or_not_at_all() -> None:
    route = Told(missing={"道格拉斯·亚当斯": "disambiguation"})
    found = collect(route, ["Q42", "Q1048", "Q900000027"], [EN, ZH], complete=True)
    assert [(c.id, c.lang) for c in found.characters] == [("Q1048", "en"), ("Q1048", "zh")]
    assert found.dropped == {"disambiguation (zh)": 1, "no article (zh)": 1}


def test_a_link_to_what_was_a_redirect_leads_to_its_own_article_again() -> None:
    linked = {"enwiki": {"site": "enwiki", "title": "T", "badges": ["Q70894304"]}}
    assert _reasons(Told(world={"Q42": {**WORLD["Q42"], "sitelinks": linked}})) == {}
    elsewhere = {"enwiki": {**linked["enwiki"], "title": "Another"}}
    assert _reasons(Told(world={"Q42": {**WORLD["Q42"], "sitelinks": elsewhere}})) == {"another's article (en)": 1}


def _reasons(route: Told) -> dict[str, int]:
    return collect(route, ["Q42"], [EN], complete=True).dropped


def test_another_one_is_told_where_it_can_be_and_the_rest_is_counted() -> None:
    route = Told(missing={"道格拉斯·亚当斯": "empty"})
    found = collect(route, ["Q42", "Q1048", "Q900000036"], [EN, ZH], complete=False)
    assert [(c.id, c.lang) for c in found.characters] == [("Q1048", "en"), ("Q1048", "zh"), ("Q42", "en")]
    assert found.dropped == {"empty (zh), told in another language": 1, "no article (en)": 1}
