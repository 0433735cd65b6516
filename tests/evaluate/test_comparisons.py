"""Comparisons are paired by role, find nothing where nothing is, and say how many roles they would need."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ditto.errors import ConfigError, DataError
from ditto.evaluate.comparisons import adjusted, paired, roles_needed

Set = dict[str, list[float]]


def two(rng: np.random.Generator, n: int = 30, apart: float = 0.0, turns: int = 5) -> tuple[Set, Set]:
    """Two models over the same roles, which are harder or easier for both."""
    roles = rng.normal(5, 1.5, size=(n, 1))
    one, other = (list(roles + rng.normal(0, 0.4, (n, 1)) + rng.normal(0, 1, (n, turns))) for _ in range(2))
    return {f"Q{i}": list(x + apart) for i, x in enumerate(one)}, {f"Q{i}": list(x) for i, x in enumerate(other)}


def test_a_difference_is_between_means_over_turns_of_shared_roles() -> None:
    one = {"a": [5.0, 7.0], "b": [4.0], "c": [6.0], "only": [10.0], "unscored": []}
    other = {"c": [5.0], "b": [4.0, 4.0, 1.0], "a": [5.0], "else": [1.0], "unscored": [1.0]}
    found = paired(one, other)
    assert (found.value, found.roles) == (pytest.approx(22 / 4 - 19 / 5), 3)
    assert found.low <= found.value <= found.high


def test_p_is_the_share_of_swaps_that_differ_as_much() -> None:
    apart = [0.5, 2.0, -1.0, 1.0, 3.0, 0.25]
    other = {f"Q{i}": [5.0, 6.0] for i in range(6)}
    one = {who: [x + apart[i] for x in other[who]] for i, who in enumerate(other)}
    sums = [sum(s * d for s, d in zip(signs, apart, strict=True)) for signs in itertools.product((1, -1), repeat=6)]
    assert paired(one, other).p == pytest.approx(sum(abs(s) >= sum(apart) for s in sums) / len(sums))


def test_what_roles_share_does_not_blur_the_difference() -> None:
    one, other = two(np.random.default_rng(0), apart=0.6)
    found = paired(one, other)
    shuffled = dict(zip(other, reversed(other.values()), strict=True))
    assert found.low > 0
    assert found.p < 0.01
    assert paired(one, shuffled).high - paired(one, shuffled).low > 1.5 * (found.high - found.low)


def test_models_that_are_alike_differ_significantly_in_one_of_twenty_comparisons() -> None:
    rng = np.random.default_rng(1)
    found = [paired(*two(rng, 12)) for _ in range(200)]
    assert 0.02 <= np.mean([d.p <= 0.05 for d in found]) <= 0.085
    assert 0.90 <= np.mean([d.low <= 0 <= d.high for d in found]) <= 0.985


def test_more_turns_of_a_role_are_not_more_roles() -> None:
    one, other = two(np.random.default_rng(2), apart=0.3)
    more = paired({who: x * 9 for who, x in one.items()}, {who: x * 9 for who, x in other.items()})
    once = paired(one, other)
    assert (more.value, more.low, more.high, more.p) == pytest.approx((once.value, once.low, once.high, once.p))


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 10**6), st.integers(2, 16))
def test_sides_changed_change_the_sign_alone(seed: int, n: int) -> None:
    one, other = two(np.random.default_rng(seed), n, apart=0.4)
    there, back = paired(one, other), paired(other, one)
    assert (-back.value, -back.high, -back.low) == pytest.approx((there.value, there.low, there.high))
    assert back.p == pytest.approx(there.p, abs=0.03)
    assert 0 < there.p <= 1


def test_equal_scores_differ_by_nothing() -> None:
    one, _ = two(np.random.default_rng(3))
    found = paired(one, one)
    assert (found.value, found.low, found.high, found.p) == (0, 0, 0, 1)


@pytest.mark.parametrize(("one", "other"), [({}, {}), ({"a": [1.0]}, {"a": [2.0]}), ({"a": [1.0]}, {"b": [2.0]})])
def test_fewer_than_two_shared_roles_are_refused(one: Set, other: Set) -> None:
    for compare in (paired, lambda a, b: roles_needed(a, b, 1.0)):
        with pytest.raises(DataError, match=r"share [01] roles .* a comparison needs two"):
            compare(one, other)


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_score_that_is_no_number_is_refused_with_its_role(bad: float) -> None:
    with pytest.raises(DataError, match="scores of b are"):
        paired({"a": [1.0], "b": [2.0]}, {"a": [1.0], "b": [2.0, bad]})


def test_holm_steps_down_from_the_smallest() -> None:
    # Sorted 0.01, 0.02, 0.03, 0.2 times 4, 3, 2, 1 are 0.04, 0.06, 0.06 and 0.2; none below one before it.
    assert adjusted([0.03, 0.01, 0.2, 0.02]) == pytest.approx([0.06, 0.04, 0.2, 0.06])
    assert adjusted([0.03, 0.01, 0.2, 0.02], "bonferroni") == pytest.approx([0.12, 0.04, 0.8, 0.08])
    # Benjamini and Hochberg: times 4/1, 4/2, 4/3, 4/4, none above one after it.
    assert adjusted([0.03, 0.01, 0.2, 0.02], "fdr_bh") == pytest.approx([0.04, 0.04, 0.2, 0.04])


def test_one_comparison_needs_no_adjustment_and_none_has_none() -> None:
    assert adjusted([0.04]) == [0.04]
    assert adjusted([]) == []


def test_an_adjustment_that_cannot_be_meant_is_refused() -> None:
    with pytest.raises(ConfigError, match="'tukey' is unknown: give one of bonferroni, holm"):
        adjusted([0.1], "tukey")  # type: ignore[arg-type]
    for p in (float("nan"), -0.1, 1.1):
        with pytest.raises(DataError, match="must lie between 0 and 1"):
            adjusted([0.1, p])


def test_the_roles_needed_are_those_of_the_textbook() -> None:
    # A paired t test at 5% sees half a standard deviation with power 0.8 from 34 pairs on (Cohen 1988).
    spread = np.array([-1.0, 1.0] * 10)
    spread /= np.std(spread, ddof=1)
    one = {f"Q{i}": [5 + d] for i, d in enumerate(spread)}
    other = {who: [5.0] for who in one}
    assert roles_needed(one, other, 0.5) == roles_needed(one, other, -0.5) == roles_needed(other, one, 0.5) == 34
    assert roles_needed(one, other, 0.5, power=0.9) == 44
    assert roles_needed(one, other, 1) == 10
    assert roles_needed(one, other, 100) == roles_needed(one, other, 1e30) == 2
    assert roles_needed(one, other, 0.001) == pytest.approx(2 + 2.8016**2 * 10**6, rel=1e-4)


def test_so_many_roles_find_the_difference_as_often_as_asked_for() -> None:
    rng = np.random.default_rng(4)
    n = roles_needed(*two(rng, 1000), 0.6)
    assert 10 < n < 40
    assert 0.72 <= np.mean([paired(*two(rng, n, apart=0.6)).p <= 0.05 for _ in range(200)]) <= 0.88


def test_roles_that_differ_all_alike_need_no_more_than_two() -> None:
    one = {"a": [1.0], "b": [4.0], "c": [2.0]}
    assert roles_needed(one, {who: [x[0] - 1] for who, x in one.items()}, 0.1) == 2


@pytest.mark.parametrize("asked", [(0.0, 0.8, 0.05), (float("nan"), 0.8, 0.05), (1.0, 1.0, 0.05), (1.0, 0.4, 0.05)])
def test_a_plan_that_cannot_be_meant_is_refused(asked: tuple[float, float, float]) -> None:
    with pytest.raises(ConfigError):
        roles_needed({"a": [1.0], "b": [2.0]}, {"a": [1.0], "b": [3.0]}, *asked)
