"""Planted answers: what is right about each follows from how it was made, which is checked here from the text."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from ditto.errors import DataError
from ditto.evaluate.oracle import Oracle
from ditto.evaluate.planted import LONG, Planted, apart, plant
from ditto.nano import world as nano
from ditto.records import Claim, Session, read_jsonl, write_jsonl
from tests.evaluate.judges import REFUSALS, sessions

ASKED = sessions(6)
PLANTED = plant(ASKED)
OF = {(s.character.id, s.character.lang): s for s in ASKED}
ORACLE = Oracle(
    speech=[nano.language(lang)["oath_noun"] for lang in nano.LANGUAGES],
    refusal={lang: nano.language(lang)["refusal_mark"] for lang in nano.LANGUAGES},
)


def of_kind(kind: str, planted: Sequence[Planted] = PLANTED) -> list[Planted]:
    return [one for one in planted if one.kind == kind]


def session_of(one: Planted) -> Session:
    return OF[one.answer.character, one.answer.lang]


def test_every_kind_is_planted_where_it_can_be() -> None:
    questions = [(s, q) for s in ASKED for q in s.questions]
    kinds = Counter(one.kind for one in PLANTED)
    answerable = sum(not q.reject for _, q in questions)
    assert kinds["reference"] == kinds["empty"] == kinds["long"] == len(questions)
    assert kinds["refusal"] == kinds["fact swapped"] == answerable
    assert kinds["other role"] == kinds["instruction"] > 0
    assert 0 < kinds["long and wrong"] <= kinds["other role"]
    assert 0 < kinds["other language"] <= answerable
    assert len(kinds) == 9


def test_references_hold_on_every_metric() -> None:
    for one in of_kind("reference"):
        question = session_of(one).questions[one.answer.turn]
        assert one.answer.text == question.reference
        assert one.reject == question.reject
        known = {} if question.reject else {"knowledge": 10}
        assert one.truth == {"identity": 1, "rejection": 1} | known


@pytest.mark.parametrize(("kind", "base"), [("long", "reference"), ("long and wrong", "other role")])
def test_a_long_answer_is_another_one_and_a_stretch_of_its_speakers_article(kind: str, base: str) -> None:
    short = {(o.answer.character, o.answer.lang, o.answer.turn): o for o in of_kind(base)}
    for one in of_kind(kind):
        plain = short[one.answer.character, one.answer.lang, one.answer.turn]
        text, _, stretch = (one.answer.text or "").partition("\n\n")
        assert (text, one.truth) == (plain.answer.text, plain.truth)
        assert len(stretch) == LONG
        session = session_of(one)
        articles = [c.article for c in session.candidates if stretch.startswith(c.article)]
        assert len(articles) == 1
        assert (articles == [session.character.article]) == (kind == "long")
        if kind == "long and wrong":
            facts = [claim.value for claim in session.questions[one.answer.turn].evidence]
            assert not any(fact in (one.answer.text or "") for fact in facts)


def test_a_long_article_is_cut() -> None:
    long = [replace(s, character=replace(s.character, article="x" * 5000)) for s in ASKED]
    for one in of_kind("long", plant(long)):
        assert (one.answer.text or "").endswith("\n\n" + "x" * LONG)


def test_a_swapped_fact_is_somebody_elses_of_the_same_property() -> None:
    for one in of_kind("fact swapped"):
        session = session_of(one)
        question = session.questions[one.answer.turn]
        [claim] = question.evidence
        before, after = question.reference.split(claim.value)
        text = one.answer.text or ""
        assert text.startswith(before)
        assert text.endswith(after)
        put = text[len(before) : len(text) - len(after)]
        theirs = {c.value for s in ASKED for c in s.character.claims if c.property == claim.property}
        assert put in theirs - {c.value for c in session.character.claims}
        assert one.truth == {"identity": 1, "knowledge": 1, "rejection": 1}


def test_a_refusal_is_the_roles_own_and_wrong_where_it_should_answer() -> None:
    for one in of_kind("refusal"):
        session = session_of(one)
        assert not one.reject
        assert one.answer.text in [q.reference for q in session.questions if q.reject]
        assert any(mark in (one.answer.text or "") for mark in REFUSALS)
        assert one.truth == {"identity": 1, "knowledge": 1, "rejection": 0}


def test_another_role_is_another_candidate_that_answers() -> None:
    for one in of_kind("other role"):
        session = session_of(one)
        rivals = {c.id for c in session.candidates} - {session.character.id}
        theirs = [q.reference for s in ASKED if s.character.id in rivals for q in s.questions if not q.reject]
        assert one.answer.text in theirs
        known = {} if one.reject else {"knowledge": 1}
        assert one.truth == {"identity": 0, "rejection": float(not one.reject)} | known


def test_an_instruction_orders_the_wrong_verdicts() -> None:
    short = {(o.answer.character, o.answer.lang, o.answer.turn): o for o in of_kind("other role")}
    for one in of_kind("instruction"):
        plain = short[one.answer.character, one.answer.lang, one.answer.turn]
        text, _, order = (one.answer.text or "").partition("\n\n")
        assert (text, one.truth) == (plain.answer.text, plain.truth)
        assert session_of(one).character.label in order
        assert '"score": 10' in order
        assert f'"refuses": {"false" if one.reject else "true"}' in order
        assert ("评委" in order) == (one.answer.lang == "zh")


def test_the_other_language_tells_the_same_fact_in_other_words() -> None:
    for one in of_kind("other language"):
        [claim] = session_of(one).questions[one.answer.turn].evidence
        assert claim.value in (one.answer.text or "")
        assert ("，" in (one.answer.text or "")) == (one.answer.lang == "en")
        assert one.truth == {"rejection": 1}


def test_nothing_is_known_of_an_empty_answer() -> None:
    assert {(one.answer.text, one.answer.reason, len(one.truth)) for one in of_kind("empty")} == {(None, "empty", 0)}


def test_the_oracle_agrees_with_every_truth() -> None:
    for one in PLANTED:
        verdicts = {v.metric: v.value for v in ORACLE.judge(session_of(one), one.answer)}
        assert {metric: verdicts[metric] for metric in one.truth} == one.truth


def test_a_question_to_be_refused_has_no_known_mark_whatever_its_evidence() -> None:
    fact = Claim(id="x", property="home", value="Nowhere")
    asked = [replace(s, questions=tuple(replace(q, evidence=(fact,)) for q in s.questions)) for s in ASKED]
    turned_down = [one for one in plant(asked) if one.reject]
    assert turned_down
    assert not any("knowledge" in one.truth for one in turned_down)


def test_what_cannot_be_made_is_left_out() -> None:
    bare = [
        replace(
            s,
            character=replace(s.character, article="", claims=()),
            questions=tuple(replace(q, evidence=()) for q in s.questions if not q.reject),
        )
        for s in ASKED
    ]
    assert {one.kind for one in plant(bare)} == {"reference", "empty", "other role", "instruction"}
    assert {one.kind for one in plant(bare[:1])} == {"reference", "empty"}
    assert not any("knowledge" in one.truth for one in plant(bare))


def test_nothing_is_planted_without_references() -> None:
    mute = [replace(s, questions=tuple(replace(q, reference="") for q in s.questions)) for s in ASKED]
    with pytest.raises(DataError, match="no reference answers to plant: use benchmark=nano, wikirole or build"):
        plant(mute)
    some = [*mute[1:], ASKED[0]]
    assert {one.answer.character for one in plant(some)} == {ASKED[0].character.id}


def test_the_seed_alone_decides_what_is_planted() -> None:
    assert plant(ASKED) == PLANTED
    assert plant(ASKED, seed=1) != PLANTED


def test_every_planted_answer_gets_a_turn_of_its_own() -> None:
    asked, planted = apart(ASKED, PLANTED)
    turns = [(one.answer.character, one.answer.lang, one.answer.turn) for one in planted]
    assert len(set(turns)) == len(turns) == len(PLANTED)
    assert [
        replace(b, answer=replace(b.answer, turn=a.answer.turn)) for a, b in zip(PLANTED, planted, strict=True)
    ] == (PLANTED)
    of = {(s.character.id, s.character.lang): s for s in asked}
    for before, one in zip(PLANTED, planted, strict=True):
        question = of[one.answer.character, one.answer.lang].questions[one.answer.turn]
        assert question == session_of(before).questions[before.answer.turn]
    assert sum(len(s.questions) for s in asked) == len(planted)


def test_a_session_without_planted_answers_is_left_out() -> None:
    first = ASKED[0].character
    theirs = [one for one in PLANTED if (one.answer.character, one.answer.lang) == (first.id, first.lang)]
    asked, planted = apart(ASKED, theirs)
    assert [s.character for s in asked] == [first]
    assert len(planted) == len(theirs)


def test_planted_answers_pass_through_a_file(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "planted.jsonl", PLANTED)
    assert read_jsonl(tmp_path / "planted.jsonl", Planted) == PLANTED
