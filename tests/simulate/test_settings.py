"""A simulation that cannot be meant is refused before it runs."""

import pytest

from ditto.engines.base import Sampling
from ditto.errors import ConfigError
from ditto.records import Character, Claim, Kind
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


def somebody(lang: str) -> Character:
    claim = Claim(id="1", property="home", value="Delft")
    return Character(
        id="q", lang=lang, label="Ada", description="a potter", aliases=("A",), claims=(claim,), article="She pots."
    )


def test_without_knowledge_label_and_description_are_left() -> None:
    settings = Simulation(query=THREE, response=ONE, knowledge=("query",))
    ada = somebody("en")
    assert settings.known(ada, "query") == ada
    known = settings.known(ada, "response")
    assert (known.id, known.lang, known.label, known.description) == ("q", "en", "Ada", "a potter")
    assert (known.aliases, known.claims, known.article) == ((), (), "")


def test_characters_of_the_chosen_languages_are_simulated() -> None:
    people = [somebody("en"), somebody("zh")]
    assert Simulation(query=THREE, response=ONE).chosen(people) == people
    assert Simulation(query=THREE, response=ONE, languages=("zh",)).chosen(people) == people[1:]


def test_a_language_in_which_nobody_is_told_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"simulate\.languages has fr, but the characters' are \['en'\]"):
        Simulation(query=THREE, response=ONE, languages=("en", "fr")).chosen([somebody("en")])


@pytest.mark.parametrize("kinds", [(), ("specific", "specific")])
def test_no_kind_of_query_and_one_twice_are_refused(kinds: tuple[Kind, ...]) -> None:
    with pytest.raises(ConfigError, match=r"simulate\.kinds=\["):
        Simulation(query=THREE, response=ONE, kinds=kinds)


def test_no_language_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"simulate\.languages=\[\]"):
        Simulation(query=THREE, response=ONE, languages=())
