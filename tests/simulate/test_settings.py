"""A simulation that cannot be meant is refused before it runs."""

import pytest

from ditto.engines.base import Sampling
from ditto.errors import ConfigError
from ditto.simulate.settings import Simulation

ONE, THREE = Sampling(), Sampling(temperature=1.0, n=3)


@pytest.mark.parametrize("n_queries", [1, 20])
def test_numbers_at_the_ends_of_the_range_are_accepted(n_queries: int) -> None:
    assert Simulation(query=THREE, response=ONE, n_queries=n_queries).n_queries == n_queries


@pytest.mark.parametrize("n_queries", [-1, 0, 21])
def test_a_number_of_queries_outside_the_range_is_refused(n_queries: int) -> None:
    with pytest.raises(ConfigError, match=rf"simulate\.n_queries={n_queries} "):
        Simulation(query=THREE, response=ONE, n_queries=n_queries)


def test_more_than_one_response_to_a_query_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"simulate\.response\.n=3"):
        Simulation(query=THREE, response=THREE)
