"""Values in words, in four languages and of every datatype; what the web gets wrong is left out."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ditto.characters import values
from ditto.characters.languages import language
from tests.characters.snaks import DATATYPES, LEXICAL, SILENT, SPOKEN, WELL_FORMED, WORDED, damaged, one_line
from tests.characters.wiki import (
    JULIAN,
    LABELS,
    WIKIDATA,
    Snak,
    a_point,
    a_property,
    a_quantity,
    a_string,
    a_time,
    an_entity,
    an_item,
    an_old_item,
    novalue,
    somevalue,
    text,
)

GERMAN = {
    "Q84": "London",
    "Q174728": "Zentimeter",
    "P19": "Geburtsort",
    "Q11184": "Julianischer Kalender",
    "Q405": "Mond",
}
LABELS_DE = {name: labels | {"de": GERMAN[name]} if name in GERMAN else labels for name, labels in LABELS.items()}
CODES = ("en", "zh", "ar", "de")
LANGUAGES = st.sampled_from([*CODES, "zh-tw", "nan", "simple", "be-tarask"]).map(language)


def told(snak: Snak, code: str = "en") -> str | None:
    return values.words(snak, language(code), LABELS_DE)


@pytest.mark.parametrize(
    ("snak", "expected"),
    [
        (an_item("Q84"), ("London", "伦敦", "لندن", "London")),
        (an_old_item(84), ("London", "伦敦", "لندن", "London")),
        (a_property("P19"), ("place of birth", "出生地", "مكان الولادة", "Geburtsort")),
        (a_string("Agent 47"), ("Agent 47",) * 4),
        (text("zh-hant", "道格拉斯"), (None, "道格拉斯", None, None)),
        (text("mul", "Adams"), ("Adams",) * 4),
        (
            a_time("+1952-03-11T00:00:00Z"),
            ("11 March 1952", "1952年3月11日", "11 مارس 1952", "11. März 1952"),
        ),
        (
            a_time("+1642-12-25T00:00:00Z", calendar=JULIAN),
            (
                "25 December 1642 (Julian calendar)",
                "1642年12月25日 (儒略历)",
                "25 ديسمبر 1642 (التقويم اليولياني)",
                "25. Dezember 1642 (Julianischer Kalender)",
            ),
        ),
        (a_quantity("+1234567.5"), ("1,234,567.5", "1,234,567.5", "1,234,567.5", "1.234.567,5")),
        (a_quantity("+5", lower="+5", upper="+5"), ("5",) * 4),
        (a_quantity("-0.50"), ("-0.5", "-0.5", "-0.5", "-0,5")),
        (
            a_quantity("+196", "Q174728", lower="+195.5", upper="+196.5"),
            ("196±0.5 centimetre", "196±0.5 厘米", "196±0.5 سنتيمتر", "196±0,5 Zentimeter"),
        ),
        (
            a_quantity("+2000", lower="+1500", upper="+4000"),
            ("2,000 (1,500–4,000)", "2,000 (1,500–4,000)", "2,000 (1,500–4,000)", "2.000 (1.500–4.000)"),
        ),
        (a_point(51.5085, -0.1257, 0.01), ("51.51°, -0.13°",) * 3 + ("51,51°, -0,13°",)),
        (a_point(51.50853, -0.12574, None), ("51.5085°, -0.1257°",) * 3 + ("51,5085°, -0,1257°",)),
        (
            a_point(23.47, 0.67, 0.1, globe="Q405"),
            ("23.5°, 0.7° (Moon)", "23.5°, 0.7° (月球)", "23.5°, 0.7° (القمر)", "23,5°, 0,7° (Mond)"),
        ),
        (a_point(51, -0.0001, 1), ("51°, 0°",) * 4),
        (novalue(), ("none", "无", "لا يوجد", "nicht vorhanden")),
        (somevalue("time"), ("unknown", "未知", "غير معروف", "unbekannt")),
    ],
)  # fmt: skip
def test_values_in_words(snak: Snak, expected: tuple[str | None, ...]) -> None:
    assert tuple(told(snak, code) for code in CODES) == expected


@pytest.mark.parametrize(
    "snak",
    [
        *(a_string("x", datatype) for datatype in SILENT),
        *(an_entity(kind, name) for kind, name in LEXICAL.items()),
        *(unsure(datatype) for datatype in (*SILENT, *LEXICAL) for unsure in (novalue, somevalue)),
        a_string("x", "a datatype of tomorrow"),
        {"snaktype": "value", "datavalue": {"value": "x", "type": "string"}},
    ],
)
def test_what_says_nothing_in_words_is_left_out_and_asks_for_no_labels(snak: Snak) -> None:
    assert told(snak) is None
    assert values.needed(snak) is None


@pytest.mark.parametrize(
    "snak",
    [an_item("Q999999999"), a_quantity("+5", "Q999999999"), a_point(1, 2, globe="Q999999999"), an_item("Q900000005")],
)
def test_without_a_label_in_the_language_there_are_no_words(snak: Snak) -> None:
    assert told(snak, "zh") is None
    assert len(values.needed(snak) or ()) == 1


def test_a_fallback_lends_its_labels_but_no_sayings_of_its_own() -> None:
    lang = language("zh", ["en"])
    assert values.words(an_item("Q900000005"), lang, LABELS) == "talking thing"
    assert values.words(text("en", "Douglas"), lang, LABELS) is None


@pytest.mark.parametrize(
    ("code", "words"), [("zh-tw", "無"), ("simple", "none"), ("de-at", "nicht vorhanden"), ("nan", None)]
)
def test_nothing_is_told_in_the_languages_whose_word_is_known(code: str, words: str | None) -> None:
    assert told(novalue(), code) == words


@pytest.mark.parametrize(
    ("precision", "latitude"),
    [
        (None, "51.5085°"),
        (0, "51.5085°"),
        (1e-9, "51.5085°"),
        (1 / 3600, "51.5085°"),
        (1 / 60, "51.51°"),
        (1, "52°"),
        (90, "52°"),
    ],
)
def test_a_place_has_the_decimals_that_are_known(precision: float | None, latitude: str) -> None:
    assert told(a_point(51.50853, 0, precision)) == f"{latitude}, 0°"


@pytest.mark.parametrize("digits", [28, 29, 126])
def test_no_digit_of_a_long_amount_is_lost(digits: int) -> None:
    words = told(a_quantity("+" + "7" * digits + ".25", lower="+" + "7" * digits, upper="+" + "7" * digits + ".5"))
    assert words is not None
    assert words.replace(",", "") == "7" * digits + ".25±0.25"


@pytest.mark.parametrize("separator", ["\n", "\r\n", "\x00", "\x85", "\u2028", "\u2029", "\ud800", "\xa0"])
def test_text_is_on_one_line(separator: str) -> None:
    assert told(a_string(f"{separator}one{separator}two{separator}")) == "one two"
    assert told(text("en", f"one{separator}{separator}two")) == "one two"
    assert told(a_string(separator)) is None
    assert values.words(an_item("Q1"), language("en"), {"Q1": {"en": f"one{separator}two"}}) == "one two"


@pytest.mark.parametrize("words", ["🏳️‍🌈👩‍👩‍👧", "نیم‌فاصله", "שָׁלוֹם", "हिन्दी", "Ǹ ǹ"])
def test_marks_that_join_letters_stay(words: str) -> None:
    assert told(a_string(words)) == words


@pytest.mark.parametrize(
    ("snak", "changed"),
    [
        (an_item("Q84"), {"id": "L84"}),
        (an_item("Q84"), {"id": "Q0"}),
        (an_item("Q84"), {"entity-type": "lexeme"}),
        (an_item("Q84"), {"id": None, "numeric-id": -1}),
        (a_quantity("+5"), {"amount": "+5e3"}),
        (a_quantity("+5"), {"amount": "NaN"}),
        (a_quantity("+5"), {"amount": 5}),
        (a_quantity("+5"), {"unit": "metre"}),
        (a_quantity("+5"), {"unit": WIKIDATA}),
        (a_quantity("+5"), {"upperBound": "+4", "lowerBound": "+6"}),
        (a_point(1, 2), {"latitude": None}),
        (a_point(1, 2), {"latitude": "1"}),
        (a_point(1, 2), {"longitude": float("nan")}),
        (a_point(1, 2), {"longitude": 1e300}),
        (a_point(1, 2), {"precision": -1}),
        (a_point(1, 2), {"precision": "fine"}),
        (a_point(1, 2), {"globe": None}),
        (a_time("+1994-01-01T00:00:00Z"), {"time": "yesterday"}),
        (a_time("+1994-01-01T00:00:00Z"), {"time": None}),
        (a_time("+1994-01-01T00:00:00Z"), {"precision": "day"}),
        (text("en", "x"), {"text": None}),
        (text("en", "x"), {"language": []}),
    ],
)
def test_malformed_values_are_left_out(snak: Snak, changed: dict[str, Any]) -> None:
    assert told(snak) is not None
    value = snak["datavalue"]["value"] | changed
    assert told(snak | {"datavalue": {"value": value}}) is None


@given(WELL_FORMED, LANGUAGES)
def test_words_are_one_line_and_need_no_other_labels_than_they_say(snak: Snak, lang: values.Language) -> None:
    words, needed = values.words(snak, lang, LABELS), values.needed(snak)
    assert words is None or (words == words.strip() != "" and one_line(words))
    assert words is None or needed is not None
    assert needed is not None or snak["datatype"] not in SPOKEN or snak["datatype"] == "time"  # month or year 0
    assert words == values.words(snak, lang, {name: LABELS[name] for name in (needed or ()) if name in LABELS})


@given(st.one_of(damaged(), WORDED), LANGUAGES, st.sampled_from(DATATYPES))
def test_no_value_breaks_it(snak: Snak, lang: values.Language, datatype: str) -> None:
    for one in (snak, snak | {"datatype": datatype}):
        words, needed = values.words(one, lang, LABELS), values.needed(one)
        assert words is None or one_line(words)
        assert needed is None or all(values.ID.fullmatch(name) for name in needed)
