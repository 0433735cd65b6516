"""The interval covers the truth as often as it says, because it resamples characters and not turns."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ditto.evaluate.statistics import RESAMPLES, Floats, Interval, interval, means

Draw = Callable[[np.random.Generator, int], Floats]
SCORES = st.dictionaries(
    st.sampled_from("abcdef"), st.lists(st.floats(min_value=1, max_value=10), min_size=1, max_size=4), min_size=1
)


def mean(scores: dict[str, list[float]], seed: int = 0) -> Interval:
    return interval(means([scores], seed)[:, 0])


def clustered(rng: np.random.Generator, n: int = 40, turns: int = 6) -> dict[str, list[float]]:
    """Scores around 5, whose characters differ more than their turns do."""
    return {f"Q{i}": list(rng.normal(rng.normal(5, 1), 0.5, size=turns)) for i in range(n)}


def covered(trials: int, *, by_turn: bool) -> float:
    """The share of samples whose interval holds the true mean."""
    rng, hits = np.random.default_rng(0), 0
    for trial in range(trials):
        scores = clustered(rng)
        if by_turn:
            scores = {f"{who}/{i}": [x] for who, values in scores.items() for i, x in enumerate(values)}
        found = mean(scores, trial)
        hits += found.low <= 5 <= found.high
    return hits / trials


def test_the_interval_covers_the_true_mean_about_as_often_as_it_claims() -> None:
    assert 0.90 <= covered(200, by_turn=False) <= 0.99


def test_turns_resampled_one_by_one_would_claim_far_too_much() -> None:
    assert covered(40, by_turn=True) < 0.75


def ratings(rng: np.random.Generator, n: int) -> Floats:
    """Around 5.5 of 1 to 10, as a judge of knowledge gives them: 5 turns a role."""
    return np.clip(rng.normal(5.5, 1, (n, 1)) + rng.normal(0, 1.5, (n, 5)), 1, 10)


def choices(rng: np.random.Generator, n: int) -> Floats:
    """Right two times in three, some roles more often than others."""
    return (rng.random((n, 5)) < rng.beta(4, 2, (n, 1))).astype(np.float64)


@pytest.mark.parametrize("n", [10, 30])
@pytest.mark.parametrize(("drawn", "truth"), [(ratings, 5.5), (choices, 2 / 3)])
def test_intervals_over_roles_cover_95_times_in_100_and_over_turns_do_not(drawn: Draw, truth: float, n: int) -> None:
    rng = np.random.default_rng(0)
    trials = [drawn(rng, n) for _ in range(1000)]
    samples = means([{f"Q{i}": list(row) for i, row in enumerate(values)} for values in trials])
    found = [interval(column) for column in samples.T]
    assert 0.93 <= np.mean([f.low <= truth <= f.high for f in found]) <= 0.97
    naive = [abs(x.mean() - truth) <= 1.96 * x.std(ddof=1) / np.sqrt(x.size) for x in trials]
    assert np.mean(naive) < 0.9


def test_duplicating_every_turn_makes_nothing_surer() -> None:
    scores = clustered(np.random.default_rng(1))
    once, twice = mean(scores), mean({who: values * 2 for who, values in scores.items()})
    assert (twice.value, twice.low, twice.high) == pytest.approx((once.value, once.low, once.high))


def test_four_times_the_characters_halve_the_interval() -> None:
    few, many = mean(clustered(np.random.default_rng(2), 50)), mean(clustered(np.random.default_rng(2), 200))
    assert (few.high - few.low) / (many.high - many.low) == pytest.approx(2, rel=0.25)


def test_the_mean_is_over_turns() -> None:
    assert mean({"a": [1.0], "b": [4.0, 4.0, 4.0]}).value == 3.25


def test_sets_over_the_same_characters_are_resampled_together() -> None:
    scores = clustered(np.random.default_rng(3))
    shifted = {who: [x + 0.5 for x in values] for who, values in scores.items()}
    samples = means([scores, shifted])
    assert samples.shape == (1 + RESAMPLES, 2)
    difference = interval(samples[:, 1] - samples[:, 0])
    assert (difference.low, difference.value, difference.high) == pytest.approx((0.5, 0.5, 0.5))
    alone = mean(scores)
    assert alone.high - alone.low > 0.3


def test_a_character_missing_from_one_set_is_drawn_for_the_other() -> None:
    # Of five characters a resample draws two.
    samples = means([{"a": [1.0]} | {who: [3.0] for who in "bcde"}, {who: [5.0] for who in "bcde"}])
    assert samples[0].tolist() == pytest.approx([2.6, 5.0])
    drawn = samples[1:]
    assert set(drawn[:, 0]) == {1.0, 2.0, 3.0}
    assert np.isnan(drawn[drawn[:, 0] == 1.0, 1]).all()
    assert (drawn[drawn[:, 0] > 1.0, 1] == 5.0).all()


@pytest.mark.parametrize("nothing", [{}, {"a": []}])
def test_the_mean_of_nothing_is_not_a_number(nothing: dict[str, list[float]]) -> None:
    found = mean(nothing)
    assert all(math.isnan(x) for x in (found.value, found.low, found.high))


def test_one_set_without_scores_leaves_the_other_alone() -> None:
    samples = means([{"a": [1.0], "b": [2.0]}, {}])
    assert math.isnan(interval(samples[:, 1]).value)
    assert interval(samples[:, 0]) == mean({"a": [1.0], "b": [2.0]})


def test_one_character_has_an_interval_without_width() -> None:
    assert mean({"a": [1.0, 2.0]}) == Interval(1.5, 1.5, 1.5)


def test_the_numbers_follow_from_the_seed_and_not_from_the_order() -> None:
    scores = clustered(np.random.default_rng(4))
    backwards = dict(reversed(scores.items()))
    assert mean(scores) == mean(backwards) == mean(scores)
    assert mean(scores, seed=1) != mean(scores)


@settings(deadline=None)
@given(SCORES)
def test_bounds_lie_among_the_characters_scores(scores: dict[str, list[float]]) -> None:
    found = mean(scores)
    worst, best = min(min(values) for values in scores.values()), max(max(values) for values in scores.values())
    assert worst - 1e-9 <= found.low <= found.high <= best + 1e-9
    assert found.low - 1e-9 <= found.value <= found.high + 1e-9


def test_the_mean_of_equal_scores_lies_within_its_bounds() -> None:
    for n in range(1, 60):
        found = mean({f"Q{i}": [1 + 9 / 11] * (1 + i % 5) for i in range(n)})
        assert found.low <= found.value <= found.high
