"""What an entity says of itself: names by language, ranks, claims in words and the labels they need."""

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ditto.characters import entity
from ditto.characters.languages import language
from ditto.records import Claim
from tests.characters.snaks import PROPERTIES, WELL_FORMED, damaged, one_line
from tests.characters.wiki import (
    ADAMS,
    JULIAN,
    LABELS,
    WORLD,
    Snak,
    a_quantity,
    a_string,
    a_time,
    an_id,
    an_item,
    an_old_item,
    item,
    novalue,
    somevalue,
    statement,
    text,
)

EN, ZH, AR = language("en"), language("zh"), language("ar")
EMPTY = [
    item("Q1"),
    {"id": "Q1"},
    {"id": "Q1", "missing": ""},
    {"id": "L1", "type": "lexeme", "lemmas": {"en": {"language": "en", "value": "one"}}},
    item("Q1") | {name: {} for name in ("labels", "descriptions", "aliases", "claims", "sitelinks")},
]


def made(*statements: dict[str, Any]) -> entity.Entity:
    return item("Q1", claims=statements)


def told(one: entity.Entity, code: str = "en") -> dict[str, str]:
    return {claim.property: claim.value for claim in entity.claims(one, language(code), LABELS)}


@pytest.mark.parametrize("one", EMPTY)
def test_an_entity_may_say_nothing(one: entity.Entity) -> None:
    assert (entity.label(one, EN), entity.description(one, EN), entity.title(one, EN)) == (None, None, None)
    assert (entity.aliases(one, EN), entity.n_sitelinks(one), entity.items(one, "P31")) == ((), 0, [])
    assert (entity.claims(one, EN, LABELS), entity.referenced(one)) == ((), set())


@pytest.mark.parametrize(
    ("id", "code", "label", "description", "title"),
    [
        ("Q42", "en", "Douglas Adams", "English author and humourist (1952–2001)", "Douglas Adams"),
        ("Q42", "ar", "دوغلاس آدمز", "كاتب بريطاني", "دوغلاس آدمز"),
        ("Q42", "de", None, None, None),
        ("Q900000010", "zh", "狐狸🦊", "📱时代的🦊", "狐狸🦊"),
        ("Q900000010", "ar", "ثعلب 🦊", "🦊 من عصر 📱", None),
        ("Q900000028", "zh", "Person 28", "人物28.", "人物28"),
        ("Q900000029", "zh", "人物29", "人物29.", "人物29"),
        ("Q900000039", "zh", "人物39", "人", "人物39"),
        ("Q900000030", "en", None, "Person 30.", "Person 30"),
    ],
)
def test_names_by_language(id: str, code: str, label: str | None, description: str | None, title: str | None) -> None:
    one, lang = WORLD[id], language(code)
    assert (entity.label(one, lang), entity.description(one, lang), entity.title(one, lang)) == (
        label,
        description,
        title,
    )


def test_aliases_are_of_the_language_and_its_variants_each_once() -> None:
    assert entity.aliases(ADAMS, EN) == ("Douglas Noel Adams", "DNA")
    assert entity.aliases(ADAMS, ZH) == ("道格拉斯·亞當斯", "亞當斯")
    assert entity.aliases(ADAMS, language("ar", ["en"])) == ()
    aliases = {"en": ["A", "B\n", "B", "\x00"], "mul": ["C", "A", "L"]}
    assert entity.aliases(item("Q1", labels={"en": "L"}, aliases=aliases), EN) == ("A", "B", "C")


def test_names_are_on_one_line_and_blank_ones_are_none() -> None:
    one = item("Q1", labels={"en": "\x00\n", "mul": "a\u2028b"}, descriptions={"en": "\x85 c\td "})
    assert (entity.label(one, EN), entity.description(one, EN)) == ("a b", "c d")


def test_all_sitelinks_count() -> None:
    assert {name: entity.n_sitelinks(WORLD[name]) for name in ("Q42", "Q1048", "Q900000038", "P31")} == {
        "Q42": 9,
        "Q1048": 12,
        "Q900000038": 0,
        "P31": 0,
    }


@pytest.mark.parametrize(
    ("ranks", "expected"),
    [
        ("normal normal", [0, 1]),
        ("normal preferred preferred", [1, 2]),
        ("deprecated normal", [1]),
        ("deprecated preferred normal", [1]),
        ("deprecated", []),
        ("", []),
    ],
)
def test_the_best_statements(ranks: str, expected: list[int]) -> None:
    one = made(*(statement("P31", an_item(f"Q{n + 1}"), rank) for n, rank in enumerate(ranks.split())))
    assert entity.best(one, "P31") == [one["claims"]["P31"][n] for n in expected]
    assert entity.items(one, "P31") == [f"Q{n + 1}" for n in expected]


def test_items_are_those_that_are_named() -> None:
    one = made(
        *(statement("P31", snak) for snak in (an_item("Q5"), novalue(), somevalue(), an_old_item(6), a_string("Q7")))
    )
    assert entity.items(one, "P31") == ["Q5", "Q6"]


HUMAN = ("P31", an_item("Q5"))


@pytest.mark.parametrize(
    ("snaks", "expected"),
    [
        ([("P31", an_item("Q15632617"))], "fictional"),
        ([], "fictional"),
        ([("P31", an_item("Q15632617")), ("P570", somevalue("time"))], "fictional"),
        ([HUMAN], "living"),
        ([("P31", an_item("Q15632617")), HUMAN], "living"),
        ([HUMAN, ("P570", somevalue("time"))], "historical"),
        ([HUMAN, ("P570", novalue("time"))], "living"),
        ([HUMAN, ("P570", a_time("+2001-05-11T00:00:00Z"))], "historical"),
        ([HUMAN, ("P569", a_time("+1900-00-00T00:00:00Z", 9))], "living"),
        ([HUMAN, ("P569", a_time("+1899-12-31T00:00:00Z"))], "historical"),
        ([HUMAN, ("P569", a_time("+1899-12-19T00:00:00Z", calendar=JULIAN))], "historical"),
        ([HUMAN, ("P569", a_time("+1899-12-20T00:00:00Z", calendar=JULIAN))], "living"),  # 1 January 1900
        ([HUMAN, ("P569", a_time("+1899-12-00T00:00:00Z", 10, JULIAN))], "historical"),
        ([HUMAN, ("P569", a_time("-0044-00-00T00:00:00Z", 9))], "historical"),
        ([HUMAN, ("P569", somevalue("time"))], "living"),
        ([HUMAN, ("P569", a_time("+1899-13-01T00:00:00Z"))], "living"),
        (
            [HUMAN, ("P569", a_time("+1950-00-00T00:00:00Z", 9)), ("P569", a_time("+1850-00-00T00:00:00Z", 9))],
            "historical",
        ),
    ],
)  # fmt: skip
def test_the_category(snaks: list[tuple[str, Snak]], expected: str) -> None:
    assert entity.category(made(*(statement(name, snak) for name, snak in snaks))) == expected


@pytest.mark.parametrize(
    ("id", "expected"), [("24", "living"), ("25", "fictional"), ("26", "fictional"), ("27", "living")]
)
def test_the_category_goes_by_the_best_statements(id: str, expected: str) -> None:
    assert entity.category(WORLD[f"Q9000000{id}"]) == expected


def test_claims_in_words_with_the_ids_of_their_statements() -> None:
    assert told(ADAMS) == {
        "instance of": "human",
        "sex or gender": "male",
        "country of citizenship": "United Kingdom",
        "date of birth": "11 March 1952",
        "date of death": "11 May 2001",
        "place of birth": "Cambridge",
        "occupation": "writer",
        "height": "196±1 centimetre",
        "name in native language": "Douglas Adams",
        "pseudonym": "David Agnew (start time: 1979)",
        "spouse": "none (end time: 25 November 1991)",
        "place of death": "unknown",
    }
    assert told(WORLD["Q1048"], "zh") == {
        "隶属于": "人类",
        "国籍": "古罗马",
        "出生日期": "公元前100年7月12日",
        "死亡日期": "公元前44年3月15日",
        "死亡地": "罗马",
        "担任职务": "独裁官 (始于: 公元前49年; 终于: 公元前44年)",
    }
    assert told(WORLD["Q4653"], "ar") == {"المبتكر": "آرثر كونان دويل", "المهنة": "محقق", "مكان الولادة": "لندن"}
    ids = [one["id"] for several in ADAMS["claims"].values() for one in several]
    claims = entity.claims(ADAMS, EN, LABELS)
    assert [claim.id for claim in claims] == [name for name in ids if name in {claim.id for claim in claims}]


def test_qualifiers_stand_in_their_order_and_together() -> None:
    qualifiers = [
        ("P582", a_time("+2017-01-20T00:00:00Z")),
        ("P27", an_item("Q145")),
        ("P580", a_time("+2009-01-20T00:00:00Z")),
        ("P27", an_item("Q1747689")),
    ]
    one = deepcopy(dict(made(statement("P39", an_item("Q40779"), qualifiers=qualifiers))))
    written = one["claims"]["P39"][0]
    start, end = "start time: 20 January 2009", "end time: 20 January 2017"
    country = "country of citizenship: United Kingdom, Ancient Rome"
    assert told(one) == {"position held": f"dictator ({end}; {country}; {start})"}
    written["qualifiers-order"] = ["P580", "P582"]
    assert told(one) == {"position held": f"dictator ({start}; {end}; {country})"}
    del written["qualifiers-order"]
    assert told(one) == {"position held": f"dictator ({end}; {country}; {start})"}
    written["qualifiers"] = []
    assert told(one) == {"position held": "dictator"}


def test_qualifiers_without_words_leave_no_brackets() -> None:
    silent = [
        ("P345", an_id("nm1")),
        ("P451", somevalue("url")),
        ("P19", an_item("Q99999")),
        ("P373", a_string("Dictators")),
    ]
    one = made(statement("P39", an_item("Q40779"), qualifiers=silent))
    assert told(one) == {"position held": "dictator"}
    assert entity.referenced(one) == {"P39", "Q40779", "P19", "Q99999"}


@pytest.mark.parametrize(
    ("property", "snak", "rank"),
    [
        ("P345", an_id("nm0010930"), "normal"),
        ("P373", a_string("Douglas Adams"), "normal"),
        ("P910", an_item("Q5"), "normal"),
        ("P19", an_item("Q84"), "deprecated"),
        ("P569", a_time("+0000-00-00T00:00:00Z", 9), "normal"),
    ],
)
def test_what_is_left_out_refers_to_nothing(property: str, snak: Snak, rank: str) -> None:
    one = made(statement(property, snak, rank, qualifiers=[("P27", an_item("Q145"))]))
    assert entity.claims(one, EN, LABELS) == ()
    assert entity.referenced(one) == set()


def test_all_labels_that_claims_need_are_named() -> None:
    qualifiers = [("P2048", a_quantity("+5", "Q174728")), ("P580", novalue("time")), ("P27", an_item("Q145"))]
    one = made(statement("P39", an_item("Q40779"), qualifiers=qualifiers), statement("P1559", text("fr", "Jean")))
    assert entity.referenced(one) == {"P39", "Q40779", "P2048", "Q174728", "P580", "P27", "Q145", "P1559"}


def test_a_claim_without_the_label_of_its_property_or_value_is_left_out() -> None:
    one = made(statement("P451", an_item("Q84")), statement("P19", an_item("Q1145")), statement("P20", an_item("Q84")))
    assert told(one, "en") == {
        "unmarried partner": "London",
        "place of birth": "second life",
        "place of death": "London",
    }
    assert told(one, "zh") == {"死亡地": "伦敦"}


STATEMENTS = st.builds(
    statement,
    PROPERTIES,
    st.one_of(WELL_FORMED, damaged()),
    st.sampled_from(["normal", "preferred", "deprecated"]),
    st.lists(st.tuples(PROPERTIES, st.one_of(WELL_FORMED, damaged())), max_size=3),
)


@given(st.lists(STATEMENTS, max_size=5), st.sampled_from([EN, ZH, AR, language("de", ["en"])]))
def test_claims_rest_on_the_labels_referred_to_and_no_others(statements: list[dict[str, Any]], lang: Any) -> None:
    one = made(*statements)
    claims, referenced = entity.claims(one, lang, LABELS), entity.referenced(one)
    assert claims == entity.claims(one, lang, {name: LABELS[name] for name in referenced if name in LABELS})
    assert len({claim.id for claim in claims}) == len(claims)
    assert all(claim.property and claim.value and one_line(claim.property + claim.value) for claim in claims)
    assert isinstance(entity.category(one), str)
    assert all(name[0] in "PQ" for name in entity.items(one, "P31"))


def test_labels_are_on_one_line_and_blank_ones_are_none() -> None:
    one = made(statement("P39", an_item("Q40779"), qualifiers=[("P19", an_item("Q84"))]))
    (claim,) = entity.claims(one, EN, LABELS | {"P39": {"en": "a\nb"}, "P19": {"en": "c\u2028d"}})
    assert (claim.property, claim.value) == ("a b", "dictator (c d: London)")
    assert entity.claims(one, EN, LABELS | {"P39": {"en": "\x00"}}) == ()


def test_ids_are_ordered_by_number() -> None:
    assert sorted(["Q10", "P9", "Q9", "Q100"], key=entity.number) == ["P9", "Q9", "Q10", "Q100"]


def test_a_claim_is_a_record() -> None:
    (claim,) = entity.claims(made(statement("P19", an_item("Q84"))), EN, LABELS)
    assert claim == Claim(id=claim.id, property="place of birth", value="London")
    assert claim.id.startswith("Q1$")
