"""Random snaks: well-formed ones of every datatype, and any JSON where a value should be."""

from decimal import Decimal
from typing import Any
from unicodedata import category

from hypothesis import strategies as st

from tests.characters import wiki
from tests.characters.wiki import Snak

SILENT = ("external-id", "url", "commonsMedia", "geo-shape", "tabular-data", "math", "musical-notation")
LEXICAL = {"lexeme": "L1", "form": "L1-F1", "sense": "L1-S1", "entity-schema": "E1"}
SPOKEN = ("wikibase-item", "wikibase-property", "string", "monolingualtext", "time", "quantity", "globe-coordinate")
DATATYPES = (*SPOKEN, *SILENT, "wikibase-lexeme", "wikibase-form", "wikibase-sense", "entity-schema")

ITEMS = st.sampled_from([name for name in wiki.WORLD if name[0] == "Q"] + ["Q999999999"])
PROPERTIES = st.sampled_from([name for name in wiki.WORLD if name[0] == "P"] + ["P99999"])
CODES = st.sampled_from(["en", "zh", "zh-hant", "ar", "mul", "de-at"])
NUMBERS = st.decimals(allow_nan=False, allow_infinity=False, places=6).map(lambda number: f"{number:+f}")
LONG = st.from_regex(r"[+-][0-9]{1,126}(\.[0-9]{1,40})?", fullmatch=True)
AMOUNTS = NUMBERS | LONG
DEGREES = st.floats(-180, 180) | st.integers(-180, 180)
PRECISIONS = st.none() | st.floats(0, 360) | st.sampled_from([1, 10, 1 / 3600, 1e-9, 0])


def one_line(text: str) -> bool:
    """Whether it has neither line breaks nor control characters, and UTF-8 can write it."""
    return not {category(character) for character in text} & {"Cc", "Cs", "Zl", "Zp"}


@st.composite
def times(draw: st.DrawFn) -> Snak:
    """Months and days are 00 where the precision does not reach them, and at times where it does."""
    year = draw(st.integers(-(10**16) + 1, 10**16 - 1) | st.integers(-3000, 3000))
    width = draw(st.sampled_from([4, 11, 16]))
    month, day = draw(st.integers(0, 12)), draw(st.integers(0, 31))
    time = f"{'-' if year < 0 else '+'}{abs(year):0{width}}-{month:02}-{day:02}T00:00:00Z"
    return wiki.a_time(time, draw(st.integers(0, 14)), draw(st.sampled_from([wiki.GREGORIAN, wiki.JULIAN])))


@st.composite
def quantities(draw: st.DrawFn) -> Snak:
    bounds = sorted(draw(st.tuples(AMOUNTS, AMOUNTS, AMOUNTS)), key=Decimal)
    unit = draw(st.just("1") | ITEMS)
    return wiki.a_quantity(bounds[1], unit, *(draw(st.sampled_from([bounds[::2], [None, None]]))))


WORDED = st.one_of(
    ITEMS.map(wiki.an_item),
    st.integers(1, 10**9).map(wiki.an_old_item),
    PROPERTIES.map(wiki.a_property),
    st.text().map(wiki.a_string),
    st.builds(wiki.text, CODES, st.text()),
    times(),
    quantities(),
    st.builds(wiki.a_point, DEGREES, DEGREES, PRECISIONS, st.just("Q2") | ITEMS),
    st.sampled_from(DATATYPES).map(wiki.novalue),
    st.sampled_from(DATATYPES).map(wiki.somevalue),
)
WORDLESS = st.builds(wiki.a_string, st.text(), st.sampled_from(SILENT)) | st.sampled_from(list(LEXICAL)).map(
    lambda kind: wiki.an_entity(kind, LEXICAL[kind])
)
WELL_FORMED = st.one_of(WORDED, WORDLESS)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=6,
)


@st.composite
def damaged(draw: st.DrawFn) -> Snak:
    """One whose value, or one part of it, is something else or missing."""
    snak: Any = draw(WORDED.filter(lambda one: one["snaktype"] == "value"))
    value = snak["datavalue"]["value"]
    if not isinstance(value, dict) or draw(st.booleans()):
        return snak | {"datavalue": draw(st.fixed_dictionaries({}, optional={"value": JSON, "type": st.just("bad")}))}
    part = draw(st.sampled_from(sorted(value)))
    kept = {name: of for name, of in value.items() if name != part}
    return snak | {"datavalue": {"value": kept | ({part: draw(JSON)} if draw(st.booleans()) else {})}}
