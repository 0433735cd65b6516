"""The invented world as a source and as a test: every label can be checked against the world itself."""

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from ditto.errors import ConfigError
from ditto.evaluate.benchmark import check_apart
from ditto.nano import world as nano
from ditto.nano.source import NanoBenchmark, NanoCharacters
from ditto.nano.world import LANGUAGES, N_CHARACTERS, N_TEST
from ditto.records import Character, Question, Session, Split

SOURCE = NanoCharacters(n_train=N_CHARACTERS - N_TEST, n_test=N_TEST)
BENCHMARK = NanoBenchmark(specific=3, contrastive=3)
SETTINGS = {entity.name: entity.setting for entity in nano.world().entities}
PERSONAS = {persona.id: persona for persona in nano.world().personas}


@pytest.fixture(scope="module")
def sessions() -> list[Session]:
    return BENCHMARK.sessions(SOURCE.split())


def anchors(question: Question) -> list[str]:
    """The things of the world that a question names."""
    return [name for name in SETTINGS if name in question.query]


def oath(character: Character) -> str:
    words = nano.language(character.lang)
    return next(claim.value for claim in character.claims if claim.property == words["oath_noun"])


def test_no_character_is_both_trained_on_and_tested() -> None:
    split = SOURCE.split()
    check_apart(split)
    assert len({c.id for c in split.train}) == N_CHARACTERS - N_TEST
    assert len({c.id for c in split.test}) == N_TEST
    assert not {c.label for c in split.train} & {c.label for c in split.test}


def test_a_split_has_the_numbers_asked_for_in_every_language() -> None:
    split = NanoCharacters(n_train=7, n_test=5).split()
    assert Counter(c.lang for c in split.train) == dict.fromkeys(LANGUAGES, 7)
    assert Counter(c.lang for c in split.test) == dict.fromkeys(LANGUAGES, 5)
    for side in (split.train, split.test):
        assert len({frozenset(c.id for c in side if c.lang == lang) for lang in LANGUAGES}) == 1
    only = NanoCharacters(n_train=7, n_test=5, languages=("zh",)).split()
    assert {c.lang for c in (*only.train, *only.test)} == {"zh"}


def test_more_characters_add_to_those_that_were_there() -> None:
    small, large = (NanoCharacters(n_train=n, n_test=4, languages=("en",)).split().train for n in (5, 50))
    assert large[:5] == small


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"n_train": 1}, "n_train=1 "),
        ({"n_train": N_CHARACTERS - N_TEST + 1}, f"n_train={N_CHARACTERS - N_TEST + 1} "),
        ({"n_test": 3}, "n_test=3 "),
        ({"n_test": N_TEST + 1}, f"n_test={N_TEST + 1} "),
        ({"languages": ()}, "languages="),
        ({"languages": ("en", "fr")}, "'fr'"),
    ],
)
def test_a_world_without_such_characters_says_so(values: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        NanoCharacters(**({"n_train": 10, "n_test": 4} | values))


def test_the_identity_follows_whatever_changes_the_split() -> None:
    source = NanoCharacters(n_train=10, n_test=4)
    others = [replace(source, n_train=11), replace(source, n_test=5), replace(source, languages=("en",))]
    assert len({source.identity, *(other.identity for other in others)}) == 4
    assert replace(source, languages=list(LANGUAGES)).identity == source.identity


def test_sources_of_one_identity_make_one_split() -> None:
    source, turned = (NanoCharacters(n_train=10, n_test=4, languages=order) for order in (LANGUAGES, LANGUAGES[::-1]))
    assert source.identity == turned.identity
    assert source.split() == turned.split()


def test_every_test_character_gets_a_session_with_its_questions(sessions: list[Session]) -> None:
    assert [s.character for s in sessions] == list(SOURCE.split().test)
    assert {tuple(sorted(Counter(q.reject for q in s.questions).items())) for s in sessions} == {
        ((False, 3), (True, 3))
    }
    assert len({tuple(q.reject for q in s.questions) for s in sessions}) > 10


def test_every_question_names_one_thing_of_the_world(sessions: list[Session]) -> None:
    assert {len(anchors(q)) for s in sessions for q in s.questions} == {1}


def test_a_specific_question_names_an_own_thing_and_asks_for_another(sessions: list[Session]) -> None:
    for session in sessions:
        words = nano.language(session.character.lang)
        facts = {claim.value: claim for claim in session.character.claims}
        for question in session.questions:
            if not question.reject:
                [anchor], [evidence] = anchors(question), question.evidence
                assert evidence in session.character.claims
                assert anchor in set(facts) - {evidence.value}
                [asked] = [p for p in words["properties"].values() if p["ask"] in question.query]
                assert asked["noun"] == evidence.property


def test_a_contrastive_question_names_something_of_another_setting(sessions: list[Session]) -> None:
    for session in sessions:
        persona = PERSONAS[session.character.id]
        own = {claim.value for claim in session.character.claims}
        for question in session.questions:
            [anchor] = anchors(question)
            assert (SETTINGS[anchor] != persona.setting) is question.reject
            if question.reject:
                assert question.evidence == ()
                assert not any(value in question.query for value in own)


def test_the_right_answer_of_the_world_agrees_with_every_label(sessions: list[Session]) -> None:
    entities = {entity.name: entity for entity in nano.world().entities}
    for session in sessions:
        lang = session.character.lang
        words, persona = nano.language(lang), PERSONAS[session.character.id]
        for question in session.questions:
            [anchor] = anchors(question)
            [asked] = [name for name, p in words["properties"].items() if p["ask"] in question.query]
            answer = nano.answer(persona, entities[anchor], asked, lang)
            assert (words["refusal_mark"] in answer) is question.reject
            assert all(claim.value in answer for claim in question.evidence)


@pytest.mark.parametrize("seed", range(1, 4))
def test_candidates_speak_by_different_oaths_in_other_worlds_too(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = nano.World(seed)
    monkeypatch.setattr(nano, "world", lambda: elsewhere)
    for session in BENCHMARK.sessions(SOURCE.split()):
        assert len({oath(c) for c in session.candidates}) == 4


def test_candidates_are_four_who_speak_by_different_oaths(sessions: list[Session]) -> None:
    places = Counter[int]()
    for session in sessions:
        assert len({c.id for c in session.candidates}) == 4
        assert len({oath(c) for c in session.candidates}) == 4
        assert {c.lang for c in session.candidates} == {session.character.lang}
        assert {c.id for c in session.candidates} <= {p.id for p in nano.world().test}
        places[session.candidates.index(session.character)] += 1
    assert sorted(places) == [0, 1, 2, 3]
    assert min(places.values()) > len(sessions) / 8


def test_candidates_share_the_setting_as_far_as_there_are_enough(sessions: list[Session]) -> None:
    for session in sessions:
        persona = PERSONAS[session.character.id]
        others = [PERSONAS[c.id] for c in session.candidates if c.id != persona.id]
        trades = {p.occupation for p in nano.world().test if p.setting == persona.setting} - {persona.occupation}
        assert sum(p.setting == persona.setting for p in others) == min(3, len(trades))


def test_sessions_follow_the_seed(sessions: list[Session]) -> None:
    assert BENCHMARK.sessions(SOURCE.split()) == sessions
    assert replace(BENCHMARK, seed=1).sessions(SOURCE.split()) != sessions
    changed = [replace(BENCHMARK, seed=1), replace(BENCHMARK, specific=2), replace(BENCHMARK, contrastive=2)]
    assert len({BENCHMARK.identity, *(other.identity for other in changed)}) == 4


def test_a_session_does_not_depend_on_who_else_is_tested(sessions: list[Session]) -> None:
    few = NanoCharacters(n_train=2, n_test=4, languages=("en",)).split()
    assert BENCHMARK.sessions(few) == sessions[:4]


@pytest.mark.parametrize("values", [{"specific": 0, "contrastive": 1}, {"specific": 1, "contrastive": 0}])
def test_fewer_than_one_question_of_a_kind_is_refused(values: dict[str, int]) -> None:
    with pytest.raises(ConfigError, match="=0 "):
        NanoBenchmark(**values)


def test_strangers_to_the_world_are_named() -> None:
    stranger = Character(id="Q42", lang="en", label="Ann", description="a potter")
    with pytest.raises(ConfigError, match="Q42"):
        BENCHMARK.sessions(Split(train=(), test=(*SOURCE.split().test[:3], stranger)))
