"""A time value of Wikibase in the words of a language: as much as its precision leaves known.

Its years have no year 0: -0044 is 44 BCE. A date stands in the calendar it names
(https://www.wikidata.org/wiki/Help:Dates, https://doc.wikimedia.org/Wikibase/master/php/docs_topics_json.html).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from babel import Locale
from babel.dates import parse_pattern

TIME: Final = re.compile(r"([+-][0-9]{1,16})-([0-9]{2})-([0-9]{2})T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
DAY, MONTH, YEAR, DECADE, MILLENNIUM = 11, 10, 9, 8, 6
JULIAN: Final = "Q1985786"
REFORM: Final = 1583  # the first whole year of the Gregorian calendar
JULIAN_CALENDAR, GREGORIAN_CALENDAR = "Q11184", "Q12138"  # as items that have a label in every language
# CLDR's own patterns, without the era and with it; the months are written out in both.
PLAIN: Final = {MONTH: ("yMMMM",), YEAR: ("y",)}
ERAS: Final = {DAY: ("GyMMMd",), MONTH: ("GyMMMM", "GyMMM"), YEAR: ("Gy",)}
# Where CLDR has no names of months.
DIGITS: Final = {DAY: "y-MM-dd", MONTH: "y-MM", YEAR: "y"}
NO_NAME: Final = "M01"


@dataclass(frozen=True, slots=True)
class Date:
    """`month` and `day` are 0 where unknown; `year` is negative before the common era."""

    year: int
    month: int
    day: int
    precision: int
    julian: bool

    @property
    def calendar(self) -> str | None:
        """The item of its calendar, where that is not the one its time is wont to be told in."""
        if self.precision < DAY or self.julian == (self.year < REFORM):
            return None
        return JULIAN_CALENDAR if self.julian else GREGORIAN_CALENDAR

    @property
    def gregorian_year(self) -> int:
        """Of a day, as Wikidata's query service tells it: the last ones of a Julian year may be the next year's."""
        behind = self.year // 100 - self.year // 400 - 2  # days in December, from the year 300 on
        late = self.julian and self.precision >= DAY and self.month == 12 and self.day + behind > 31
        return self.year + late


def date(value: Mapping[str, Any]) -> Date:
    """The date of a `time` value.

    Raises:
        ValueError: it is none.
        KeyError: part of it is missing.
        TypeError: part of it is of another type.
    """
    found = TIME.fullmatch(value["time"])
    if found is None:
        raise ValueError(value["time"])
    year, month, day = (int(part) for part in found.groups())
    if not year or month > 12 or day > 31 or value["precision"] not in range(15):
        raise ValueError(value["time"])
    known = DAY if month and day else MONTH if month else YEAR
    return Date(year, month, day, min(value["precision"], known), value["calendarmodel"].endswith(JULIAN))


def words(date: Date, locale: Locale) -> str:
    """The day, the month, the year, or the first and the last year it may be."""
    first, last = _span(date.year, date.precision)
    if first < 0 < last:
        return " – ".join(_told(locale, YEAR, year, str(abs(year))) for year in (first, last))
    years = sorted({abs(first), abs(last)}, reverse=first < 0)
    return _told(locale, max(date.precision, YEAR), first, "–".join(map(str, years)), date.month, date.day)


def _span(year: int, precision: int) -> tuple[int, int]:
    """A decade begins with its year 0, a century and a millennium with year 1; longer times are rounded to."""
    size, far = 10 ** max(YEAR - precision, 0), abs(year)
    if precision >= DECADE:
        first = far // size * size
    elif precision >= MILLENNIUM:
        first = (far - 1) // size * size + 1
    else:
        first = (far + size // 2) // size * size - size // 2
        size += 1
    span = (first, first + size - 1) if first < 0 else (max(first, 1), first + size - 1)
    return span if year > 0 else (-span[1], -span[0])


def _told(locale: Locale, precision: int, year: int, years: str, month: int = 0, day: int = 0) -> str:
    """A bare number under 100 would not be taken for a year: it is told with its era."""
    era = locale.eras["abbreviated"][int(year > 0)]
    wide = {
        width: locale.months[use]["wide"][month] if month else ""
        for width, use in (("MMM", "format"), ("MMMM", "format"), ("LLL", "stand-alone"), ("LLLL", "stand-alone"))
    }
    fields = wide | {"y": years, "M": str(month), "MM": f"{month:02}", "d": str(day), "dd": f"{day:02}"}
    fields |= {"G": era, "GGGGG": era}
    return _pattern(locale, precision, era=year < 100) % fields


def _pattern(locale: Locale, precision: int, *, era: bool) -> str:
    """Of Python's kind, `%(d)s %(MMMM)s %(y)s`. (babel's annotation of `format` is another's.)"""
    if locale.months["format"]["wide"][1] == NO_NAME:
        found = parse_pattern(DIGITS[precision] + " G" * era)
    elif precision == DAY and not era:
        found = locale.date_formats["long"]
    else:
        skeletons = locale.datetime_skeletons
        found = next(skeletons[name] for name in (ERAS if era else PLAIN)[precision] if name in skeletons)
    return str(found.format)
