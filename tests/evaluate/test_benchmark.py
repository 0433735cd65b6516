"""Labels and evidence hold by construction, whoever the characters are."""

import re
from collections import Counter
from dataclasses import replace
from random import Random

import pytest

from ditto.errors import ConfigError, DataError
from ditto.evaluate.benchmark import ClaimsBenchmark, candidates, check_apart, check_named_apart, comparable
from ditto.records import Character, Claim, Split

PROPERTIES = ("home", "rival", "beast")
QUERY = {"en": "[{anchor}] your {property}?", "zh": "【{anchor}】你的{property}？"}
BENCHMARK = ClaimsBenchmark(specific=2, contrastive=3, query=QUERY)


def character(number: int, lang: str = "en") -> Character:
    """Everybody has a home and a rival of their own, and one of three beasts."""
    values = (f"home{number}", f"rival{number}", f"beast{number % 3}")
    claims = tuple(Claim(id=f"Q{number}/{p}", property=p, value=v) for p, v in zip(PROPERTIES, values, strict=True))
    return Character(id=f"Q{number}", lang=lang, label=f"{lang} {number}", description="somebody", claims=claims)


PEOPLE = tuple(character(i, lang) for lang in ("en", "zh") for i in range(8))
SPLIT = Split(train=tuple(character(i) for i in range(100, 110)), test=PEOPLE)


def anchor_of(query: str) -> str:
    found = re.match(r"[\[【](.+)[\]】]", query)
    assert found
    return found[1]


def test_every_test_character_gets_a_session_with_its_questions() -> None:
    sessions = BENCHMARK.sessions(SPLIT)
    assert [s.character for s in sessions] == list(PEOPLE)
    for session in sessions:
        assert Counter(q.reject for q in session.questions) == {False: 2, True: 3}
        assert all(q.query.startswith("[" if session.character.lang == "en" else "【") for q in session.questions)


def test_a_specific_question_joins_two_of_the_characters_own_claims() -> None:
    for session in BENCHMARK.sessions(SPLIT):
        values = {claim.value: claim for claim in session.character.claims}
        for question in session.questions:
            if not question.reject:
                [evidence] = question.evidence
                assert evidence in session.character.claims
                assert anchor_of(question.query) in set(values) - {evidence.value}
                assert evidence.property in question.query
                assert evidence.value not in question.query


def test_a_contrastive_question_names_nothing_of_the_characters_own() -> None:
    for session in BENCHMARK.sessions(SPLIT):
        own = {claim.value for claim in session.character.claims}
        others = {c.value for p in PEOPLE if p.lang == session.character.lang for c in p.claims} - own
        anchors = [anchor_of(q.query) for q in session.questions if q.reject]
        assert len(set(anchors)) == len(anchors)
        assert set(anchors) <= others
        assert not any(value in q.query for q in session.questions if q.reject for value in own)
        assert all(q.evidence == () for q in session.questions if q.reject)


@pytest.mark.parametrize("name", [PEOPLE[0].label, "Annie"])
def test_a_character_is_not_to_refuse_its_own_name(name: str) -> None:
    role = replace(PEOPLE[0], aliases=("Annie",))
    spouse = replace(PEOPLE[1], claims=(Claim(id="Q1/spouse", property="spouse", value=name), *PEOPLE[1].claims))
    [session, *_] = replace(BENCHMARK, contrastive=100).sessions(Split(train=(), test=(role, spouse, *PEOPLE[2:8])))
    assert not any(anchor_of(q.query) == name for q in session.questions if q.reject)


def test_the_judge_sees_four_different_roles_of_one_language_in_varying_order() -> None:
    places = Counter[int]()
    for session in BENCHMARK.sessions(SPLIT):
        assert len({c.id for c in session.candidates}) == 4
        assert {c.lang for c in session.candidates} == {session.character.lang}
        places[session.candidates.index(session.character)] += 1
    assert len(places) == 4


def test_questions_of_both_kinds_are_mixed() -> None:
    orders = {tuple(q.reject for q in session.questions) for session in BENCHMARK.sessions(SPLIT)}
    assert len(orders) > 3


def test_sessions_follow_the_seed() -> None:
    assert BENCHMARK.sessions(SPLIT) == BENCHMARK.sessions(SPLIT)
    assert replace(BENCHMARK, seed=1).sessions(SPLIT) != BENCHMARK.sessions(SPLIT)


def test_the_identity_follows_whatever_changes_the_sessions() -> None:
    others = [
        replace(BENCHMARK, seed=1),
        replace(BENCHMARK, specific=3),
        replace(BENCHMARK, contrastive=2),
        replace(BENCHMARK, query=QUERY | {"en": "{anchor}: {property}?"}),
    ]
    assert len({BENCHMARK.identity, *(other.identity for other in others)}) == 5
    assert replace(BENCHMARK, query=dict(reversed(QUERY.items()))).identity == BENCHMARK.identity


def test_there_are_no_more_contrastive_questions_than_foreign_values() -> None:
    sessions = replace(BENCHMARK, contrastive=100).sessions(SPLIT)
    assert {sum(q.reject for q in s.questions) for s in sessions} == {7 + 7 + 2}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"specific": 0}, "specific=0"),
        ({"contrastive": 0}, "contrastive=0"),
        ({"query": {"en": "Your {property}?"}}, r"query\.en"),
        ({"query": QUERY | {"zh": "{anchor}？"}}, r"query\.zh"),
    ],
)
def test_what_cannot_make_questions_is_refused(change: dict[str, object], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        ClaimsBenchmark(**({"specific": 1, "contrastive": 1, "query": QUERY} | change))


@pytest.mark.parametrize("text", ["{anchor} {property} {label}", "{anchor} {property} {"])
def test_a_wording_that_cannot_be_filled_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match=r"query\.en"):
        replace(BENCHMARK, query={"en": text}).sessions(Split(train=(), test=PEOPLE[:8]))


def test_a_language_without_a_wording_is_named() -> None:
    with pytest.raises(ConfigError, match=r"benchmark\.query\.zh"):
        replace(BENCHMARK, query={"en": QUERY["en"]}).sessions(SPLIT)


def test_a_character_that_cannot_be_asked_is_named() -> None:
    poor = replace(PEOPLE[3], claims=PEOPLE[3].claims[:1])
    with pytest.raises(DataError, match=r"Q3 \(en\)"):
        BENCHMARK.sessions(Split(train=(), test=(*PEOPLE[:3], poor, *PEOPLE[4:])))
    alike = tuple(replace(c, claims=PEOPLE[0].claims) for c in PEOPLE[:8])
    with pytest.raises(DataError, match=r"Q0 \(en\)"):
        BENCHMARK.sessions(Split(train=(), test=alike))


def test_fewer_than_four_roles_cannot_be_chosen_among() -> None:
    with pytest.raises(DataError, match="4 roles, but en has only 3"):
        candidates(PEOPLE[0], PEOPLE[1:3], Random(0))
    assert set(candidates(PEOPLE[0], PEOPLE[1:4], Random(0))) == set(PEOPLE[:4])


def test_a_character_on_both_sides_is_refused() -> None:
    check_apart(SPLIT)
    with pytest.raises(DataError, match=r"^2 characters .* Q2:"):
        check_apart(Split(train=(*SPLIT.train, PEOPLE[3], PEOPLE[2], character(2, "fr")), test=PEOPLE))


def test_those_who_share_most_words_and_values_are_the_most_comparable() -> None:
    role = replace(PEOPLE[0], description="King of the North")
    king = replace(PEOPLE[2], description="king of France")
    others = [PEOPLE[4], PEOPLE[1], PEOPLE[3], king]
    assert [c.id for c in comparable(role, others)] == ["Q2", "Q3", "Q1", "Q4"]
    assert comparable(role, others[::-1]) == comparable(role, others)
    zh = [
        replace(c, claims=(), description=text)
        for c, text in zip(PEOPLE[8:], ("唐朝诗人", "作家", "宋朝词人"), strict=False)
    ]
    assert comparable(zh[0], zh[1:]) == zh[:0:-1]


def test_a_name_that_both_sides_share_is_refused_within_a_language() -> None:
    trained = replace(character(100), label="Old  Tom", aliases=("Tommy",))
    for name in ("old tom", "TOMMY", " Old Tom "):
        for tested in (replace(PEOPLE[0], label=name), replace(PEOPLE[0], aliases=("x", name))):
            with pytest.raises(DataError, match=r"^1 names .* \(en\) of Q100 and Q0: "):
                check_named_apart(Split(train=(trained,), test=(PEOPLE[1], tested)))
            check_named_apart(Split(train=(trained,), test=(replace(tested, lang="zh"),)))
    check_named_apart(SPLIT)
    nameless = replace(trained, aliases=("", " "))
    check_named_apart(Split(train=(nameless,), test=(replace(PEOPLE[0], aliases=("",)),)))
