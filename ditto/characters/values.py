"""A Wikibase snak in the words of a language, whatever its datatype.

The values are of Wikibase's JSON (https://doc.wikimedia.org/Wikibase/master/php/docs_topics_json.html). They
are data of the web: one of another shape has no words, and is left out like those that say nothing in words.
"""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, localcontext
from typing import Any, Final

from babel.numbers import format_decimal

from ditto.characters import dates
from ditto.characters.languages import Language, locale

Snak = Mapping[str, Any]
Labels = Mapping[str, Mapping[str, str]]  # of an id, by language code
MALFORMED: Final = (KeyError, TypeError, ValueError, AttributeError, ArithmeticError)
ID: Final = re.compile(r"[PQ][1-9][0-9]*")
AMOUNT: Final = re.compile(r"[+-]?[0-9]{1,127}(\.[0-9]{1,127})?")
# Line breaks, control characters and what UTF-8 has no bytes for; typesetters' spaces.
NO_TEXT: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\xa0\u202f]+")
EARTH: Final = "Q2"
FINE = 4  # decimals of a degree, some ten metres: where a place's precision is not known
# By language: the word where there is no value, and where it is not known.
NOTHING: Final[Mapping[str, tuple[str, str]]] = {
    "ar": ("لا يوجد", "غير معروف"),
    "bn": ("নেই", "অজানা"),
    "ca": ("cap", "desconegut"),
    "cs": ("není", "neznámo"),
    "da": ("ingen", "ukendt"),
    "de": ("nicht vorhanden", "unbekannt"),
    "el": ("κανένα", "άγνωστο"),
    "en": ("none", "unknown"),
    "es": ("ninguno", "desconocido"),
    "fa": ("ندارد", "نامعلوم"),
    "fi": ("ei ole", "tuntematon"),
    "fr": ("aucun", "inconnu"),
    "he": ("אין", "לא ידוע"),
    "hi": ("कोई नहीं", "अज्ञात"),
    "hu": ("nincs", "ismeretlen"),
    "id": ("tidak ada", "tidak diketahui"),
    "it": ("nessuno", "sconosciuto"),
    "ja": ("なし", "不明"),
    "ko": ("없음", "알 수 없음"),
    "nb": ("ingen", "ukjent"),
    "nl": ("geen", "onbekend"),
    "pl": ("brak", "nieznane"),
    "pt": ("nenhum", "desconhecido"),
    "ro": ("niciunul", "necunoscut"),
    "ru": ("нет", "неизвестно"),
    "sv": ("inget", "okänt"),
    "th": ("ไม่มี", "ไม่ทราบ"),
    "tr": ("yok", "bilinmiyor"),
    "uk": ("немає", "невідомо"),
    "vi": ("không có", "không rõ"),
    "zh": ("无", "未知"),
    "zh-hant": ("無", "未知"),
    "zh-hk": ("無", "未知"),
    "zh-tw": ("無", "未知"),
}


def words(snak: Snak, lang: Language, labels: Labels) -> str | None:
    """What it says, or None: it says nothing in words, is malformed, or a label it needs is lacking."""
    datatype = DATATYPES.get(snak.get("datatype", ""))
    if datatype is None:
        return None
    if snak.get("snaktype") != "value":
        return _nothing(snak, lang)
    try:
        told = datatype.words(snak["datavalue"]["value"], lang, labels)
        return clean(told or "") or None
    except MALFORMED:
        return None


def needed(snak: Snak) -> set[str] | None:
    """The ids whose labels its words need, or None for a snak that has no words with any."""
    datatype = DATATYPES.get(snak.get("datatype", ""))
    if datatype is None:
        return None
    if snak.get("snaktype") != "value":
        return set()
    try:
        return datatype.needed(snak["datavalue"]["value"])
    except MALFORMED:
        return None


def clean(text: str) -> str:
    """Text of the web on one line, without control characters."""
    return NO_TEXT.sub(" ", text).strip()


def named(id: str, lang: Language, labels: Labels) -> str | None:
    """The label of an item or a property."""
    return clean(lang.text(labels.get(id, {})) or "") or None


def entity_id(value: Mapping[str, Any]) -> str:
    """Of an item or a property; old dumps give its number alone."""
    letter = {"item": "Q", "property": "P"}[value["entity-type"]]
    return _id(value.get("id") or f"{letter}{value['numeric-id']}")


def _id(address: str) -> str:
    """The id at the end of an entity's address."""
    found = ID.fullmatch(address.rpartition("/")[2])
    if found is None:
        raise ValueError(address)
    return found[0]


def _nothing(snak: Snak, lang: Language) -> str | None:
    base, *_ = lang.code.split("-")
    known = next((NOTHING[name] for name in (lang.code, base, *lang.names) if name in NOTHING), None)
    place = {"novalue": 0, "somevalue": 1}.get(snak.get("snaktype", ""))
    return None if known is None or place is None else known[place]


def _label(id: str, lang: Language, labels: Labels) -> str:
    found = named(id, lang, labels)
    if found is None:
        raise KeyError(id)
    return found


def _entity(value: Mapping[str, Any], lang: Language, labels: Labels) -> str:
    return _label(entity_id(value), lang, labels)


def _string(value: str, lang: Language, labels: Labels) -> str:
    return value


def _monolingual(value: Mapping[str, str], lang: Language, labels: Labels) -> str | None:
    return value["text"] if value["language"] in lang.own else None


def _time(value: Mapping[str, Any], lang: Language, labels: Labels) -> str:
    date = dates.date(value)
    told = dates.words(date, locale(lang))
    calendar = date.calendar and named(date.calendar, lang, labels)
    return f"{told} ({calendar})" if calendar else told


def _calendar(value: Mapping[str, Any]) -> set[str]:
    calendar = dates.date(value).calendar
    return {calendar} if calendar else set()


def _quantity(value: Mapping[str, Any], lang: Language, labels: Labels) -> str:
    amount, lower, upper = (
        _amount(value.get(name, value["amount"])) for name in ("amount", "lowerBound", "upperBound")
    )
    return " ".join([_bounded(amount, lower, upper, lang), *(_label(unit, lang, labels) for unit in _unit(value))])


def _bounded(amount: Decimal, lower: Decimal, upper: Decimal, lang: Language) -> str:
    """196±1 where the bounds are as far on both sides, otherwise 196 (195–198)."""
    if not lower <= amount <= upper:
        raise ValueError(amount)
    with localcontext(prec=300):
        if lower == upper:
            return _number(amount, lang)
        if upper - amount == amount - lower:
            return f"{_number(amount, lang)}±{_number(upper - amount, lang)}"
        return f"{_number(amount, lang)} ({_number(lower, lang)}–{_number(upper, lang)})"


def _amount(text: str) -> Decimal:
    if not AMOUNT.fullmatch(text):
        raise ValueError(text)
    return Decimal(text)


def _unit(value: Mapping[str, Any]) -> set[str]:
    return set() if value["unit"] == "1" else {_id(value["unit"])}


def _place(value: Mapping[str, Any], lang: Language, labels: Labels) -> str:
    """Degrees north and east, below 0 south and west; of another globe than the Earth its name as well."""
    decimals = _decimals(value.get("precision"))
    degrees = [f"{_number(_rounded(value[name], decimals), lang)}°" for name in ("latitude", "longitude")]
    return " ".join([", ".join(degrees), *(f"({_label(globe, lang, labels)})" for globe in _globe(value))])


def _decimals(precision: float | None) -> int:
    """How many decimals of a degree are known."""
    return min(max(math.ceil(-math.log10(precision)), 0), FINE) if precision else FINE


def _rounded(degrees: float, decimals: int) -> Decimal:
    if not -360 <= degrees <= 360:
        raise ValueError(degrees)
    return Decimal(str(round(float(degrees), decimals))) + 0  # no -0


def _globe(value: Mapping[str, Any]) -> set[str]:
    return {_id(value["globe"])} - {EARTH}


def _number(number: Decimal, lang: Language) -> str:
    """As many digits as there are; a Decimal's usual 28 are too few for some amounts."""
    with localcontext(prec=300):
        return format_decimal(number, locale=locale(lang), decimal_quantization=False)


@dataclass(frozen=True, slots=True)
class Datatype:
    """How values of one are told, and the ids of which labels that needs."""

    words: Callable[[Any, Language, Labels], str | None]
    needed: Callable[[Any], set[str]] = lambda value: set()


# Those not here say nothing in words: identifiers, addresses, files, formulas, notes and lexemes.
DATATYPES: Final[Mapping[str, Datatype]] = {
    "wikibase-item": Datatype(_entity, lambda value: {entity_id(value)}),
    "wikibase-property": Datatype(_entity, lambda value: {entity_id(value)}),
    "string": Datatype(_string),
    "monolingualtext": Datatype(_monolingual),
    "time": Datatype(_time, _calendar),
    "quantity": Datatype(_quantity, _unit),
    "globe-coordinate": Datatype(_place, _globe),
}
