"""A date is told as exactly as it is known, in the language's own words."""

import re
from datetime import date

import pytest
from babel import Locale, localedata
from hypothesis import assume, given
from hypothesis import strategies as st

from ditto.characters import dates
from ditto.characters.languages import language, locale
from tests.characters.snaks import one_line
from tests.characters.wiki import GREGORIAN, JULIAN, a_time


def told(code: str, time: str, precision: int, calendar: str = GREGORIAN) -> str:
    return dates.words(dates.date(value(time, precision, calendar)), locale(language(code)))


def value(time: str, precision: int, calendar: str = GREGORIAN) -> dict[str, object]:
    made: dict[str, object] = a_time(time, precision, calendar)["datavalue"]["value"]
    return made


@pytest.mark.parametrize(
    ("time", "precision", "en", "zh", "ar", "de"),
    [
        ("+2009-01-20T00:00:00Z", 11, "20 January 2009", "2009年1月20日", "20 يناير 2009", "20. Januar 2009"),
        ("+2009-01-20T13:45:59Z", 14, "20 January 2009", "2009年1月20日", "20 يناير 2009", "20. Januar 2009"),
        ("+2009-01-00T00:00:00Z", 10, "January 2009", "2009年1月", "يناير 2009", "Januar 2009"),
        ("+2009-01-20T00:00:00Z", 10, "January 2009", "2009年1月", "يناير 2009", "Januar 2009"),
        ("+2009-00-00T00:00:00Z", 9, "2009", "2009年", "2009", "2009"),
        ("+1957-00-00T00:00:00Z", 8, "1950–1959", "1950–1959年", "1950–1959", "1950–1959"),
        ("+1901-00-00T00:00:00Z", 7, "1901–2000", "1901–2000年", "1901–2000", "1901–2000"),
        ("+2000-00-00T00:00:00Z", 7, "1901–2000", "1901–2000年", "1901–2000", "1901–2000"),
        ("+1500-00-00T00:00:00Z", 6, "1001–2000", "1001–2000年", "1001–2000", "1001–2000"),
        ("-0044-03-15T00:00:00Z", 11, "15 March 44 BC", "公元前44年3月15日", "15 مارس 44 ق.م", "15. März 44 v. Chr."),
        ("-0044-03-00T00:00:00Z", 10, "March 44 BC", "公元前44年3月", "مارس 44 ق.م", "März 44 v. Chr."),
        ("-0044-00-00T00:00:00Z", 9, "44 BC", "公元前44年", "44 ق.م", "44 v. Chr."),
        ("-0044-00-00T00:00:00Z", 8, "49–40 BC", "公元前49–40年", "49–40 ق.م", "49–40 v. Chr."),
        ("-0500-00-00T00:00:00Z", 7, "500–401 BC", "公元前500–401年", "500–401 ق.م", "500–401 v. Chr."),
        ("-0501-00-00T00:00:00Z", 7, "600–501 BC", "公元前600–501年", "600–501 ق.م", "600–501 v. Chr."),
        ("+0079-08-24T00:00:00Z", 11, "24 August 79 AD", "公元79年8月24日", "24 أغسطس 79 م", "24. August 79 n. Chr."),
        ("+0003-00-00T00:00:00Z", 8, "1–9 AD", "公元1–9年", "1–9 م", "1–9 n. Chr."),
        ("-0003-00-00T00:00:00Z", 8, "9–1 BC", "公元前9–1年", "9–1 ق.م", "9–1 v. Chr."),
        ("-8000-00-00T00:00:00Z", 5, "15000–5000 BC", "公元前15000–5000年", "15000–5000 ق.م", "15000–5000 v. Chr."),
    ],
)
def test_as_much_is_told_as_is_known(time: str, precision: int, en: str, zh: str, ar: str, de: str) -> None:
    assert {code: told(code, time, precision) for code in ("en", "zh", "ar", "de")} == {
        "en": en,
        "zh": zh,
        "ar": ar,
        "de": de,
    }


@pytest.mark.parametrize(
    ("precision", "size"), [(6, 10**3), (5, 10**4), (4, 10**5), (3, 10**6), (2, 10**7), (1, 10**8), (0, 10**9)]
)
@pytest.mark.parametrize("year", [-13_798_000_000, -66_000_000, 1234])
def test_long_times_are_as_long_as_their_precision(precision: int, size: int, year: int) -> None:
    text = told("en", f"{year:+05}-00-00T00:00:00Z", precision)
    years = [int(number) for number in re.findall(r"\d+", text)]
    if " BC – " in text:
        assert years == [size // 2, size // 2]
    else:
        assert abs(years[0] - years[1]) in {size, size - 1}
        assert min(years) <= abs(year) <= max(years)
        assert text.endswith("BC") == (year < 0)


@pytest.mark.parametrize("width", [4, 11, 16])
def test_old_dumps_wrote_years_with_more_digits(width: int) -> None:
    assert told("en", f"+{1994:0{width}}-01-01T00:00:00Z", 11) == "1 January 1994"
    assert told("en", f"-{44:0{width}}-00-00T00:00:00Z", 9) == "44 BC"


def test_a_precision_that_the_date_does_not_reach_invents_nothing() -> None:
    assert told("en", "+1994-00-00T00:00:00Z", 11) == "1994"
    assert told("en", "+1994-05-00T00:00:00Z", 11) == "May 1994"


@pytest.mark.parametrize(
    ("code", "day", "ancient"),
    [
        ("ru", "20 января 2009 г.", "15 марта 44 г. до н. э."),
        ("ja", "2009年1月20日", "紀元前44年3月15日"),
        ("fr", "20 janvier 2009", "15 mars 44 av. J.-C."),
        ("lt", "2009 m. sausio 20 d.", "44-03-15 pr. Kr."),
        ("zh-tw", "2009年1月20日", "西元前44年3月15日"),
        ("nan", "2009-01-20", "44-03-15 BCE"),
    ],
)
def test_other_languages(code: str, day: str, ancient: str) -> None:
    spoken = [told(code, "+2009-01-20T00:00:00Z", 11), told(code, "-0044-03-15T00:00:00Z", 11)]
    assert [text.replace("\u202f", " ") for text in spoken] == [day, ancient]


@pytest.mark.parametrize("era", ["+1987", "-0044", "+0071"])
def test_every_language_of_babel_tells_every_month_and_day_apart(era: str) -> None:
    for identifier in localedata.locale_identifiers():
        known = Locale.parse(identifier)
        days = [value(f"{era}-{month:02}-{day:02}T00:00:00Z", 11) for month in range(1, 13) for day in (1, 2, 25)]
        every = days + [value(f"{era}-{month:02}-00T00:00:00Z", 10) for month in range(1, 13)]
        texts = {dates.words(dates.date(one), known) for one in every}
        assert len(texts) == len(every), identifier
        assert all(era.lstrip("+-0") in text and one_line(text) for text in texts), identifier


@pytest.mark.parametrize(
    ("time", "precision"),
    [
        ("+0000-00-00T00:00:00Z", 9),
        ("+1994-13-01T00:00:00Z", 11),
        ("+1994-01-32T00:00:00Z", 11),
        ("+1994-01-01T00:00:00Z", 15),
        ("+1994-01-01T00:00:00Z", -1),
        ("1994-01-01T00:00:00Z", 11),
        ("+1994-01-01", 11),
        ("+١٩٩٤-01-01T00:00:00Z", 11),
        ("+12345678901234567-00-00T00:00:00Z", 9),
        ("+1994-01-01T00:00:00Z\n", 11),
        ("", 11),
    ],
)
def test_what_is_no_date_is_refused(time: str, precision: int) -> None:
    with pytest.raises(ValueError):
        dates.date(value(time, precision))


@given(st.integers(300, 3000), st.integers(1, 12), st.integers(1, 31))
def test_the_gregorian_year_of_a_julian_day(year: int, month: int, day: int) -> None:
    months = (31, 28 + (year % 4 == 0), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
    assume(day <= months[month - 1])
    ordinal = 365 * (year - 1) + (year - 1) // 4 - 2 + sum(months[: month - 1]) + day  # Julian 3 January 1 is its first
    found = dates.date(value(f"+{year}-{month:02}-{day:02}T00:00:00Z", 11, JULIAN))
    assert found.gregorian_year == date.fromordinal(ordinal).year


@pytest.mark.parametrize(
    ("time", "precision", "calendar", "named"),
    [
        ("+1642-12-25T00:00:00Z", 11, JULIAN, "Q11184"),
        ("+1643-01-04T00:00:00Z", 11, GREGORIAN, None),
        ("+1452-04-15T00:00:00Z", 11, JULIAN, None),
        ("+1452-04-24T00:00:00Z", 11, GREGORIAN, "Q12138"),
        ("+1642-12-00T00:00:00Z", 10, JULIAN, None),
        ("+1642-12-00T00:00:00Z", 11, JULIAN, None),
        ("-0044-03-15T00:00:00Z", 11, JULIAN, None),
    ],
)
def test_a_calendar_is_named_where_it_is_not_the_usual_one(
    time: str, precision: int, calendar: str, named: str | None
) -> None:
    assert dates.date(value(time, precision, calendar)).calendar == named
