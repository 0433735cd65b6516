"""Agreement is that of the literature's worked examples, done again by hand in the comments."""

import pytest

from ditto.errors import DataError
from ditto.evaluate.agreement import Level, alpha, kappa
from ditto.evaluate.statistics import Labels


def rated(values: str) -> Labels:
    """One rater's row as the literature prints it: a digit a turn, `.` where it gave none."""
    return {("Q1", turn): float(value) for turn, value in enumerate(values.replace(" ", "")) if value != "."}


# Krippendorff (2011), example A: two observers, binary, nothing missing.
TWO = [rated("0100000010"), rated("1110010000")]
# Krippendorff (2011), example C: four observers, 1 to 5, values missing; the last turn but none has one value only.
FOUR = [rated("1233 2141 2..."), rated("1233 2241 25.3"), rated(".333 2342 251."), rated("1233 2441 251.")]


def table(both: int, first: int, second: int, neither: int) -> tuple[Labels, Labels]:
    """Two raters who say yes together, one alone, the other alone, or neither, so often."""
    return (
        rated("1" * both + "1" * first + "0" * second + "0" * neither),
        rated("1" * both + "0" * first + "1" * second + "0" * neither),
    )


@pytest.mark.parametrize(
    ("counts", "by_hand"),
    [
        # They agree on 35 of 50; by chance on 25/50 * 30/50 + 25/50 * 20/50 = 1/2: (0.7 - 0.5) / (1 - 0.5).
        ((20, 5, 10, 15), 0.4),
        # 60 of 100 agree both times, but chance alone gives 0.7 * 0.6 + 0.3 * 0.4 = 0.54 and
        # 0.7 * 0.3 + 0.3 * 0.7 = 0.42: (0.6 - 0.54) / 0.46 and (0.6 - 0.42) / 0.58.
        ((45, 15, 25, 15), 0.1304),
        ((25, 35, 5, 35), 0.2593),
        ((6, 0, 0, 4), 1.0),
        # Never agreeing, half and half: (0 - 1/2) / (1 - 1/2).
        ((0, 5, 5, 0), -1.0),
    ],
)
def test_kappa_is_that_computed_by_hand(counts: tuple[int, int, int, int], by_hand: float) -> None:
    one, other = table(*counts)
    assert kappa(one, other) == pytest.approx(by_hand, abs=5e-5)
    assert kappa(other, one) == pytest.approx(kappa(one, other))


def test_kappa_is_over_the_turns_both_scored_whatever_their_order() -> None:
    one, other = table(20, 5, 10, 15)
    backwards = dict(reversed(other.items()))
    assert kappa({**one, ("Q2", 0): 1.0}, {**backwards, ("Q3", 0): 0.0}) == pytest.approx(0.4)


def test_kappa_takes_more_values_than_two() -> None:
    # 3 of 4 agree; by chance 1/4 * 1/4 + 1/4 * 2/4 + 2/4 * 1/4 = 5/16: (12/16 - 5/16) / (11/16).
    assert kappa(rated("1233"), rated("1223")) == pytest.approx(7 / 11)


@pytest.mark.parametrize("level", ["nominal", "interval"])
def test_alpha_of_two_binary_raters_is_that_computed_by_hand(level: Level) -> None:
    # 10 turns make n = 20 values, 14 zeros and 6 ones, and 4 turns differ, so that the two orders of a pair
    # hold 4 mismatches of 0 with 1: 1 - (20 - 1) * 4 / (14 * 6). Two values are as far apart on any level.
    assert alpha(TWO, level) == pytest.approx(1 - 76 / 84)


@pytest.mark.parametrize(
    ("level", "by_hand"),
    [
        # Eleven turns hold 40 values that can be paired: 9 ones, 13 twos, 10 threes, 5 fours, 3 fives.
        # Pairs, each turn's divided by its values less one: 7 of 1-1, 10 of 2-2, 8 of 3-3, 4 of 4-4, 3 of 5-5
        # and on either side 4/3 of 1-2, 4/3 of 2-3, 1/3 each of 1-3, 1-4, 2-4 and 3-4.
        # Nominal: 32 equal pairs, and by chance 9*8 + 13*12 + 10*9 + 5*4 + 3*2 = 344 of 40*39.
        ("nominal", (39 * 32 - 344) / (40 * 39 - 344)),
        # Interval: (4*1 + 4*1 + 1*4 + 1*9 + 1*4 + 1*1) / 3 = 26/3 against
        # 117*1 + 90*4 + 45*9 + 27*16 + 130*1 + 65*4 + 39*9 + 50*1 + 30*4 + 15*1 = 2240.
        ("interval", 1 - 39 * (26 / 3) / 2240),
    ],
)
def test_alpha_with_missing_values_is_that_computed_by_hand(level: Level, by_hand: float) -> None:
    assert alpha(FOUR, level) == pytest.approx(by_hand)
    assert round(by_hand, 3) == {"nominal": 0.743, "interval": 0.849}[level]  # as published


def test_alpha_follows_neither_the_raters_order_nor_turns_scored_once() -> None:
    more = [*reversed(FOUR), {("Q9", 0): 4.0}]
    assert alpha(more, "interval") == pytest.approx(alpha(FOUR, "interval"))


def test_alpha_is_one_for_raters_of_one_mind() -> None:
    assert alpha([rated("1213"), rated("1213")], "interval") == pytest.approx(1)


@pytest.mark.parametrize("raters", [[rated("11"), rated("11")], [rated("12."), rated("..3")], [rated("123")]])
def test_agreement_without_two_values_to_compare_is_refused(raters: list[Labels]) -> None:
    with pytest.raises(DataError, match="alpha is undefined over"):
        alpha(raters, "nominal")
    with pytest.raises(DataError, match="kappa is undefined over"):
        kappa(raters[0], raters[1] if len(raters) > 1 else {})
