"""Self-consistency: a response stays where enough of the further ones name the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ditto.engines.base import Completion, Failure, Result, Sampling
from ditto.engines.scripted import ScriptedEngine
from ditto.errors import ConfigError
from ditto.filtering.base import Posed
from ditto.filtering.consistency import Consistency
from ditto.prompts import Prompts
from ditto.records import Turn
from ditto.simulate.filters import Malformed
from tests.evaluate.people import person

SAMPLING = Sampling(temperature=1.0, max_tokens=16, n=3)
FILTER = Consistency(SAMPLING, agree=2)
HOME = "My heart is at home1, friend."


def posed(response: str = HOME, query: str = "Where do you live?") -> Posed:
    return Posed(person(1), person(2), Turn(query=query, response=response, kind="specific", source="Q2"))


def said(*texts: str) -> list[Result]:
    return [Completion(text, "stop", 1, 1) for text in texts]


def test_the_query_is_asked_again_under_the_profile_as_samples_of_their_own() -> None:
    engine = ScriptedEngine(lambda _: "")
    prompts = FILTER.load({"en": Prompts("paper", "en")})
    requests, n_cut = FILTER.requests(posed(), prompts["en"], engine)
    assert (len(requests), n_cut) == (FILTER.asks, 0) == (3, 0)
    assert all(person(1).article in r.messages[0]["content"] for r in requests)
    assert {r.messages[1]["content"] for r in requests} == {"Where do you live?"}
    assert [r.sample for r in requests] == [1, 2, 3]
    assert len({r.key("model") for r in requests}) == 3


@pytest.mark.parametrize(
    ("one", "others", "stays"),
    [
        (posed(), ["It is home1.", "At home1!", "At home2."], True),
        (posed(), ["It is home1.", "At home2.", "At home2."], False),
        (posed(), ["It is home1.", "I do not know.", "I cannot say."], False),
        (posed(), ["It is home1 with my beast1.", "It is home1 with my beast1.", "It is home1."], False),
        (posed("I do not know."), ["Who knows?", "No idea.", "It is home1."], True),
        (posed(query="Do you know home1?"), ["Yes, home1.", "I do, friend.", "I have my beast1."], True),
    ],
)
def test_a_turn_stays_where_enough_name_the_same_claims(one: Posed, others: list[str], stays: bool) -> None:
    assert FILTER.fault(one, said(*others)) == ("" if stays else "inconsistent response")


@given(st.permutations(["same"] * 6 + ["other"] * 5), st.integers(1, 8), st.integers(1, 8))
def test_it_goes_by_how_many_agree_and_by_nothing_else(drawn: list[str], n: int, agree: int) -> None:
    filtering = Consistency(Sampling(temperature=1.0, n=max(n, agree)), agree)
    others = drawn[: filtering.asks]
    texts = ["I said home1." if other == "same" else "I said home2." for other in others]
    assert (filtering.fault(posed(), said(*texts)) == "") == (others.count("same") >= agree)


def test_a_reply_that_cannot_be_used_agrees_with_nothing() -> None:
    bad = [Failure("server error"), Completion("At home1", "length", 1, 1), *said("在家里。")]
    assert FILTER.fault(posed(), [*said("At home1.", "It is home1."), bad[0]]) == ""
    with pytest.raises(Malformed, match="over length"):
        FILTER.fault(posed(), [*said("At home1."), *bad[:2]])
    with pytest.raises(Malformed, match="other language"):
        FILTER.fault(posed(), bad)


@pytest.mark.parametrize("agree", [0, 4])
def test_as_many_agree_as_are_asked_for(agree: int) -> None:
    with pytest.raises(ConfigError, match=rf"filter\.agree={agree} of filter\.response\.n=3 cannot be meant"):
        Consistency(SAMPLING, agree)
