"""Nothing is evidence that is not in the profile, whatever a model writes."""

import json
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ditto.engines.base import Completion
from ditto.evaluate.evidence import evidence_of, lines, normal, numbered, sentence, stated
from ditto.records import Claim
from ditto.simulate.filters import Malformed
from tests.evaluate.people import PEOPLE, person

ROLE = person(1)
NAMED = st.one_of(st.integers(-2, 4), st.booleans(), st.text(max_size=5), st.none(), st.floats(allow_nan=False))
PARTS = st.sampled_from(["the old", " bridge", "\nfell twice.", "Nobody", " wept.", "never", "In number 1 "])
QUOTES = st.one_of(NAMED, st.lists(PARTS, max_size=6).map("".join))


def completion(text: str) -> Completion:
    return Completion(text, "stop", 1, 1)


@given(st.lists(NAMED, max_size=5), st.lists(QUOTES, max_size=5), st.sampled_from(["", "Here it is:\n", "```json\n"]))
def test_what_is_found_is_in_the_profile_and_the_rest_is_counted(
    claims: list[object], quotes: list[object], before: str
) -> None:
    invented = Counter[str]()
    reply = completion(before + json.dumps({"claims": claims, "quotes": quotes}))
    try:
        found = evidence_of(reply, ROLE, invented)
    except Malformed:
        assert invented.total() == len(claims) + len(quotes)
        return
    assert found
    assert len(set(found)) == len(found)
    assert all(c in ROLE.claims or (not c.property and c.value in normal(ROLE.article)) for c in found)
    assert len(found) <= len(claims) + len(quotes) - invented.total()


@given(st.text())
def test_no_reply_breaks_it(text: str) -> None:
    with pytest.raises(Malformed):
        evidence_of(completion(text), ROLE, Counter())


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[1]", "not JSON"),
        ('{"claims": 1, "quotes": []}', "no lists of claims and quotes"),
        ('{"claims": [1]} and {"claims": [2]}', "not JSON"),
        ('{"claims": [1]', "not JSON"),
        ('{"claims": ' + "[" * 100_000 + "}", "not JSON"),
    ],
)
def test_what_cannot_be_read_has_a_reason(text: str, reason: str) -> None:
    with pytest.raises(Malformed, match=f"^{reason}$"):
        evidence_of(completion(text), ROLE, Counter())


def test_one_of_the_lists_and_thoughts_before_it_are_enough() -> None:
    found = evidence_of(completion('<think>{"claims": [1]}</think>{"claims": [2]}'), ROLE, Counter())
    assert found == (ROLE.claims[1],)


@pytest.mark.parametrize("quote", ["the old bridge fell twice.", " the  old bridge\n\nfell\ttwice. "])
def test_a_quote_may_differ_in_white_space_alone(quote: str) -> None:
    assert sentence(ROLE, quote) == Claim(id="Q1/en/s1", property="", value="the old bridge fell twice.")
    assert sentence(ROLE, quote.upper()) is None


@pytest.mark.parametrize("quote", ["", "Nobody wept.", "bridge", "twice. the old bridge", 3, None])
def test_a_word_or_two_and_what_does_not_stand_there_is_no_quote(quote: object) -> None:
    assert sentence(ROLE, quote) is None


@pytest.mark.parametrize("role", PEOPLE, ids=lambda role: f"{role.lang}{role.id}")
def test_what_a_person_is_shown_can_be_stated(role: object) -> None:
    assert isinstance(role, type(ROLE))
    quote = sentence(role, role.article)
    assert quote
    for claim in (*role.claims, quote):
        assert stated(role, lines([claim])) == claim
    assert stated(role, role.claims[1].id) == role.claims[1]
    assert stated(role, "home: nowhere") is None


def test_claims_are_numbered_from_one_a_line_each() -> None:
    claims = (*ROLE.claims, Claim(id="x", property="", value="two\nlines"))
    assert numbered(claims) == "1. home: home1\n2. beast: beast1\n3. two lines"
