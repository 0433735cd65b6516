"""Who of a small world is taken: by class, by what is told of them in the languages, the living or not."""

from dataclasses import replace

import pytest

from ditto.characters.criteria import FICTIONAL, PAGES, Criteria, fits
from ditto.characters.entity import HUMAN
from ditto.characters.languages import language
from tests.characters.wiki import CLASSES, WORLD, an_item, item, statement

EVERYBODY = Criteria(classes=(HUMAN, FICTIONAL), languages=(language("en"),), complete=True, living=True, n=99)
FICTION = {FICTIONAL, "Q900000001", "Q900000002", "Q900000003"}
ENGLISH = "Q42 Q1048 Q4653 Q154421 Q900000010 20 21 22 23 24 26 27 28 29 35 39"
CHINESE = "Q42 Q1048 Q4653 Q154421 Q900000010 20 21 22 23 24 26 28 29 30 31 35 36 39"


def taken(criteria: Criteria, classes: set[str]) -> set[str]:
    return {name for name, one in WORLD.items() if fits(one, criteria, classes)}


def ids(text: str) -> set[str]:
    return {name if name[0] == "Q" else f"Q9000000{name}" for name in text.split()}


def test_the_world_is_of_the_classes_that_the_tests_say() -> None:
    best = {
        name: [c for c, rank in parents if rank == "preferred"] or [c for c, rank in parents if rank == "normal"]
        for name, parents in CLASSES.items()
    }
    below = {FICTIONAL}
    while more := {name for name, parents in best.items() if below & set(parents)} - below:
        below |= more
    assert below == FICTION


@pytest.mark.parametrize(
    ("codes", "complete", "expected"),
    [
        ("en", True, ENGLISH),
        ("zh", True, CHINESE),
        ("ar", True, "Q42 Q1048 Q4653 Q154421"),
        ("de", True, ""),
        ("en zh", True, ENGLISH.replace(" 27", "")),
        ("zh en", True, ENGLISH.replace(" 27", "")),
        ("en zh ar", True, "Q42 Q1048 Q4653 Q154421"),
        ("en zh ar", False, ENGLISH),
        ("zh en", False, CHINESE),
    ],
)
def test_all_is_told_in_the_languages_that_are_asked_for(codes: str, complete: bool, expected: str) -> None:
    criteria = replace(EVERYBODY, languages=tuple(map(language, codes.split())), complete=complete)
    assert taken(criteria, FICTION | {HUMAN}) == ids(expected)


def test_a_fallback_lends_label_and_description_but_no_article() -> None:
    lent = replace(EVERYBODY, languages=(language("ar", ["en", "zh"]),))
    assert taken(lent, FICTION | {HUMAN}) == ids("Q42 Q1048 Q4653 Q154421")
    lent = replace(EVERYBODY, languages=(language("en", ["zh"]),))
    assert taken(lent, FICTION | {HUMAN}) == ids(f"{ENGLISH} 30 31")


@pytest.mark.parametrize(
    ("classes", "living", "expected"),
    [
        ({HUMAN}, True, "Q42 Q1048 20 21 22 23 24 27"),
        ({HUMAN}, False, "Q42 Q1048 21 22"),
        (FICTION, True, "Q4653 Q154421 Q900000010 26 28 29 35 39"),
        (FICTION, False, "Q4653 Q154421 Q900000010 26 28 29 35 39"),
        ({"Q900000002"}, True, "Q4653"),
        ({"Q900000004"}, True, "25 34"),
        ({"Q900000005"}, True, ""),
        (set(PAGES), True, ""),
    ],
)
def test_the_best_class_counts_and_the_dead(classes: set[str], living: bool, expected: str) -> None:
    assert taken(replace(EVERYBODY, living=living), classes) == ids(expected)


@pytest.mark.parametrize("kind", PAGES)
def test_no_page_of_wikipedias_own_is_a_character(kind: str) -> None:
    def told(*kinds: str) -> bool:
        said = {"en": "A. Nother"}
        claims = [statement("P31", an_item(one)) for one in kinds]
        one = item("Q7", labels=said, descriptions=said, sitelinks={"enwiki": "A. Nother"}, claims=claims)
        return fits(one, EVERYBODY, {HUMAN, kind})

    assert told(HUMAN)
    assert not told(HUMAN, kind)
    assert not told(kind)
