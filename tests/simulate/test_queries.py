"""Pairs are fair and repeatable, a prompt shows both profiles, and one valid sample is taken at random."""

import json
from collections import Counter
from collections.abc import Sequence

import pytest

from ditto.engines.base import Completion, Failure, Result, Sampling
from ditto.engines.scripted import ScriptedEngine
from ditto.prompts import Prompts
from ditto.records import Character, Claim
from ditto.simulate.queries import SCHEMA, Pair, choose_queries, pair, query_requests

PROMPTS = {lang: Prompts("paper", lang) for lang in ("en", "zh")}
THREE = Sampling(temperature=1.0, n=3, max_tokens=64)


def somebody(number: int, lang: str = "en") -> Character:
    return Character(
        id=f"Q{number}",
        lang=lang,
        label=f"Label{number}",
        description=f"description{number}",
        aliases=(f"Alias{number}",),
        claims=(Claim(id=f"c{number}", property=f"property{number}", value=f"value{number}"),),
        article=f"Article{number} begins. It ends.",
    )


def people(n: int, lang: str = "en") -> list[Character]:
    return [somebody(i, lang) for i in range(n)]


def engine(max_length: int = 8192) -> ScriptedEngine:
    return ScriptedEngine(lambda request: "", max_length=max_length)


def sample(*questions: str) -> Completion:
    return Completion(json.dumps([{"question": q} for q in questions], ensure_ascii=False), "stop", 1, 1)


def names(pairs: Sequence[Pair]) -> list[tuple[str, str]]:
    return [(a.id, b.id) for a, b in pairs]


def test_everybody_is_asked_about_once_and_left_out_once() -> None:
    pairs = pair(people(10), seed=0)
    assert Counter(a.id for a, _ in pairs) == Counter(b.id for _, b in pairs) == Counter(f"Q{i}" for i in range(10))
    assert {(b, a) for a, b in names(pairs)} == set(names(pairs))
    assert all(a != b for a, b in names(pairs))


@pytest.mark.parametrize("n", [3, 7])
def test_with_an_odd_number_one_is_paired_twice_and_nobody_with_itself(n: int) -> None:
    pairs = pair(people(n), seed=0)
    able = Counter(a.id for a, _ in pairs)
    assert sorted(able.values()) == [1] * (n - 1) + [2]
    assert able == Counter(b.id for _, b in pairs)
    assert all(a != b for a, b in names(pairs))
    assert len(set(names(pairs))) == n + 1


def test_somebody_alone_in_a_language_has_no_partner() -> None:
    assert pair([*people(2), somebody(7, "zh")], seed=0) == pair(people(2), seed=0)
    assert pair([], seed=0) == []


def test_nobody_is_paired_across_languages() -> None:
    pairs = pair([*people(5), *people(4, "zh")], seed=3)
    assert all(a.lang == b.lang for a, b in pairs)
    assert Counter(a.lang for a, _ in pairs) == {"en": 6, "zh": 4}


def test_pairs_depend_on_the_seed_and_not_on_the_order_of_the_file() -> None:
    everybody = people(20)
    assert pair(everybody, seed=1) == pair(everybody[::-1], seed=1)
    assert set(names(pair(everybody, seed=1))) != set(names(pair(everybody, seed=2)))


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_each_direction_of_a_pair_asks_n_samples_with_both_profiles_in_view(lang: str) -> None:
    a, b = people(2, lang)
    requests, n_cut = query_requests([(a, b), (b, a)], PROMPTS, engine(), THREE, n_queries=4)
    assert n_cut == 0
    assert [r.sample for r in requests] == [0, 1, 2, 0, 1, 2]
    assert all(r.schema == SCHEMA and r.sampling == THREE for r in requests)
    assert len({r.key("model") for r in requests}) == 6
    for request, first, second in [(requests[0], "0", "1"), (requests[3], "1", "0")]:
        (message,) = request.messages
        text = message["content"]
        for word in ("Label", "description", "Alias", "property", "value", "Article"):
            assert 0 <= text.index(word + first) < text.index(word + second)
        assert "4" in text


def test_profiles_are_cut_to_leave_room_for_the_reply() -> None:
    a, b = (Character(id=i, lang="en", label=i, description="d", article="Four words are here. " * 200) for i in "ab")
    small = engine(max_length=700)
    requests, n_cut = query_requests([(a, b)], PROMPTS, small, THREE, n_queries=3)
    assert n_cut == 2
    lengths = {small.count_tokens(r.messages) for r in requests}
    assert 600 < max(lengths) <= 700 - THREE.max_tokens
    assert requests[0].messages[0]["content"].count("Four words are here.\n") == 2


def test_the_samples_questions_are_specific_to_one_and_contrastive_for_the_other() -> None:
    a, b = people(2)
    queries = choose_queries([(a, b)], [sample("Who is it?", "Where is it?")], 1, 0, Counter(), Counter())
    assert {(q.character.id, q.source, q.kind, q.text) for q in queries} == {
        ("Q0", "Q0", "specific", "Who is it?"),
        ("Q0", "Q0", "specific", "Where is it?"),
        ("Q1", "Q0", "contrastive", "Who is it?"),
        ("Q1", "Q0", "contrastive", "Where is it?"),
    }


def test_only_valid_samples_are_chosen_and_the_others_are_counted() -> None:
    (a, b), rejected = people(2), Counter[str]()
    replies: list[Result] = [Failure("prompt too long"), sample("Who is it?"), Completion("Who?", "stop", 1, 1)]
    for seed in range(20):
        queries = choose_queries([(a, b)], replies, 3, seed, rejected, Counter())
        assert {q.text for q in queries} == {"Who is it?"}
    assert rejected == {"prompt too long": 20, "not JSON": 20}


def test_a_pair_without_a_valid_sample_has_no_queries_and_takes_none_from_the_next() -> None:
    a, b = people(2)
    replies: list[Result] = [Failure("x"), Failure("y"), sample("Who is it?"), Failure("z")]
    queries = choose_queries([(a, b), (b, a)], replies, 2, 0, Counter(), Counter())
    assert {q.source for q in queries} == {"Q1"}


def test_the_choice_among_valid_samples_follows_the_seed_alone() -> None:
    crowd = people(40)
    pairs = pair(crowd, seed=0)
    replies: list[Result] = [sample(f"Is it {x}?") for _ in pairs for x in "abc"]

    def chosen(seed: int) -> list[str]:
        return [q.text for q in choose_queries(pairs, replies, 3, seed, Counter(), Counter()) if q.kind == "specific"]

    assert chosen(0) == chosen(0) != chosen(1)
    assert set(chosen(0)) == {"Is it a?", "Is it b?", "Is it c?"}
    backwards = choose_queries(pairs[::-1], replies, 3, 0, Counter(), Counter())
    assert [q.text for q in backwards if q.kind == "specific"][::-1] == chosen(0)
