"""Roles are the clusters: their numbers make the means, and the tests keep their level on few and on skewed ones."""

from collections.abc import Callable

import numpy as np
import pytest

from ditto.evaluate.clustered import by_role, contrary, p_value, ratio, spread
from ditto.evaluate.statistics import Floats, means

Draw = Callable[[np.random.Generator], Floats]


def test_the_roles_numbers_average_to_the_mean_over_turns() -> None:
    one = {"a": [1.0, 0.0, 1.0], "b": [0.0], "c": []}
    other = {"a": [4.0], "b": [1.0, 2.0], "c": [9.0]}
    values = by_role([one, other])
    assert values.shape == (3, 2)
    assert values.mean(0) == pytest.approx(means([one, other])[0])
    assert values[2, 0] == pytest.approx(0.5)  # a role that was not scored says nothing: the mean


def test_with_as_many_turns_a_roles_number_is_its_own_mean() -> None:
    assert by_role([{"a": [1.0, 2.0], "b": [3.0, 5.0]}])[:, 0] == pytest.approx([1.5, 4.0])


@pytest.mark.parametrize(
    ("draw", "most"),
    [
        (lambda rng: rng.normal(0, 1, 12), 0.075),
        (lambda rng: rng.choice([-1.0, 0.0, 0.0, 1.0], 12), 0.075),
        (lambda rng: 0.95 - rng.binomial(8, rng.beta(9.5, 0.5, 40)) / 8, 0.075),  # near the ceiling
    ],
)
def test_a_true_null_is_rejected_no_more_often_than_meant(draw: Draw, most: float) -> None:
    rng = np.random.default_rng(3)
    assert np.mean([p_value(draw(rng), 0.0, 1.0) <= 0.05 for _ in range(400)]) <= most


def test_what_is_far_from_the_null_is_told() -> None:
    values = np.random.default_rng(0).normal(0.5, 0.2, 20)
    assert p_value(values, 0.0, 1.0) < 0.001
    assert p_value(values, 0.5, 1.0) > 0.1


def test_roles_that_all_say_the_same_leave_the_chance_of_an_unseen_one() -> None:
    assert p_value(np.zeros(40), 0.05, 1.0) == pytest.approx(2 * 0.95**40)
    assert p_value(np.ones(3), 0.0, 1.0) == pytest.approx(2 * 0.5**3)
    assert p_value(np.zeros(40), 0.0, 1.0) == 1.0


@pytest.mark.parametrize(("mean", "null", "share"), [(0, 0.05, 0.05), (1, 0, 0.5), (-9, 0, 0.5), (0.3, 0.3, 0)])
def test_the_share_of_contrary_roles_brings_the_mean_to_the_null(mean: float, null: float, share: float) -> None:
    reach = 9.0 if mean == -9 else 1.0
    assert contrary(mean, null, reach) == pytest.approx(share)


def test_the_bounds_of_a_ratio_cover_it() -> None:
    rng = np.random.default_rng(0)
    covered = 0
    for _ in range(400):
        under = rng.normal(1, 1.0, 30)
        found = ratio(0.4 * under + rng.normal(0, 0.5, 30), under)
        covered += found.low <= 0.4 <= found.high
    assert 0.92 <= covered / 400 <= 0.98


def test_a_ratio_to_what_may_be_nothing_has_no_bounds() -> None:
    found = ratio(np.array([1.0, 2.0, 3.0]), np.array([-1.0, 1.0, 0.1]))
    assert np.isnan([found.low, found.high]).all()


def test_replicates_that_disagree_make_a_mean_less_sure() -> None:
    rng = np.random.default_rng(0)
    roles = rng.normal(0.5, 0.5, 40)
    alike, apart = np.stack([roles] * 3), np.stack([roles - 0.4, roles, roles + 0.4])
    assert p_value(alike, 0.0, 1.0) == p_value(roles, 0.0, 1.0) < 0.001
    assert p_value(apart, 0.0, 1.0) > 0.05
    assert spread(apart) > spread(alike) == pytest.approx(float(roles.std(ddof=1)))


def test_a_true_null_across_replicates_is_rejected_no_more_often_than_meant() -> None:
    rng = np.random.default_rng(5)
    drawn = (rng.normal(0, 0.3, (3, 1)) + rng.normal(0, 1, 20) + rng.normal(0, 0.5, (3, 20)) for _ in range(400))
    assert np.mean([p_value(values, 0.0, 9.0) <= 0.05 for values in drawn]) <= 0.075
