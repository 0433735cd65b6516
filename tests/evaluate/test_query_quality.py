"""Every query gets one verdict, by what it names; the nano skill of the same name measures the same."""

import json
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ditto.engines.base import Completion
from ditto.evaluate.query_quality import GRADES, Grade, Put, by_names, queries_put
from ditto.nano import skills
from ditto.nano import world as nano
from ditto.records import Character, Dialogue, Kind, Turn
from ditto.simulate.queries import Query, pair
from ditto.simulate.settings import KINDS
from tests.evaluate.people import PEOPLE, person

ANN, BOB = person(1), person(2)  # home1 and beast1, home2 and beast0
LIKE_ANN = person(3)  # home3 and, as Ann, beast1


def put(kind: Kind, text: str, author: Character = ANN, other: Character = BOB) -> Put:
    return Put(Query(author if kind == "specific" else other, author.id, kind, text), author, (other,))


@pytest.mark.parametrize(
    ("text", "specific", "contrastive"),
    [
        ("What of home1?", "correct", "correct"),
        ("What of home1 and home2?", "correct", "incorrect"),
        ("What of home2?", "incorrect", "incorrect"),
        ("What of home3?", "unsure", "unsure"),
        ("What of it?", "unsure", "unsure"),
        ("", "unsure", "unsure"),
    ],
)
def test_a_query_is_what_it_names(text: str, specific: Grade, contrastive: Grade) -> None:
    assert by_names(put("specific", text)).verdict == specific
    assert by_names(put("contrastive", text)).verdict == contrastive


def test_what_both_have_is_good_for_the_author_and_bad_for_the_other() -> None:
    text = "Is your beast1 well?"
    assert by_names(put("specific", text, other=LIKE_ANN)).verdict == "correct"
    assert by_names(put("contrastive", text, other=LIKE_ANN)).verdict == "incorrect"


def test_the_record_says_who_was_asked_what_and_why() -> None:
    found = by_names(put("contrastive", "What of home1?"))
    assert (found.character, found.lang, found.source, found.kind) == (BOB.id, "en", ANN.id, "contrastive")
    assert (found.query, found.reason) == ("What of home1?", "names home1 of en1")


NAMES = st.lists(st.sampled_from([c.value for who in PEOPLE for c in who.claims] + ["?", "home9"])).map(" ".join)


@given(st.sampled_from(KINDS), NAMES, st.sampled_from(PEOPLE), st.sampled_from(PEOPLE))
def test_every_query_gets_one_verdict_and_a_reason(kind: Kind, text: str, author: Character, other: Character) -> None:
    found = by_names(put(kind, text, author, other))
    assert found.verdict in GRADES
    named = [any(c.value in text for c in who.claims) for who in (author, other)]
    assert (found.verdict == "unsure") == (not any(named))
    if found.verdict == "correct":
        assert named[0]
        assert kind == "specific" or not named[1]


def dialogue(who: Character, **turns: Any) -> Dialogue:
    turn = Turn(**({"query": "Well?", "response": "Well.", "kind": "specific", "source": who.id} | turns))
    return Dialogue(character=who.id, lang=who.lang, system="", turns=(turn,), messages=())


def test_a_query_is_put_beside_those_who_should_not_know() -> None:
    people = [person(i, lang) for i in range(2) for lang in ("en", "zh")]
    dialogues = [dialogue(people[3]), dialogue(people[0], kind="contrastive", source=people[2].id)]
    own, foreign = queries_put(dialogues, people, pair(people, seed=0))
    assert (own.query.character, own.author, own.others) == (people[3], people[3], (people[1],))
    assert (foreign.query.character, foreign.author, foreign.others) == (people[0], people[2], (people[0],))


def test_who_was_paired_twice_is_told_from_both() -> None:
    people = [person(i) for i in range(3)]
    pairs = pair(people, seed=0)
    found = queries_put([dialogue(who) for who in people], people, pairs)
    assert sorted(len(put.others) for put in found) == [1, 1, 2]
    assert all((put.author, other) in pairs for put in found for other in put.others)


@given(
    st.integers(0, 1000),
    st.sampled_from(nano.LANGUAGES),
    st.lists(st.tuples(st.sampled_from(["own", "own", "other", "any"]), st.sampled_from(nano.PROPERTIES)), min_size=3),
)
def test_a_reply_is_good_to_the_nano_skill_if_each_of_its_queries_is(
    seed: int, lang: str, asked: list[tuple[str, str]]
) -> None:
    task, (a, b) = skills.query_quality(Random(seed), lang), skills._strangers(Random(seed))
    rng = Random(seed)
    whose = {"own": a, "other": b, "any": nano.world().fresh(rng)}
    questions = list(dict.fromkeys(nano.query(whose[who].facts[prop], prop, lang, rng) for who, prop in asked))[:3]
    said = Completion(json.dumps([{"question": text} for text in questions], ensure_ascii=False), "stop", 1, 1)
    one, other = nano.character(a, lang), nano.character(b, lang)
    checked = [by_names(put("specific", text, one, other)).verdict for text in questions]
    assert task.right(said) == (len(questions) == 3 and checked == ["correct"] * 3)
