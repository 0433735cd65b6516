"""A judge is shown each answer with what was said before it, and asked for no more than there is to judge."""

from dataclasses import replace

import pytest

from ditto.evaluate.case import cases
from ditto.records import Answer
from tests.evaluate.judges import references, sessions

ASKED = sessions(4)


def test_each_answer_is_a_case_with_those_of_its_session_before_it() -> None:
    answers = references(ASKED)
    found = cases(ASKED, answers)
    assert [case.answer for case in found] == answers
    for case in found:
        assert case.question.reference == case.answer.text
        assert [a.turn for a in case.answers] == list(range(case.answer.turn + 1))
        assert {(a.character, a.lang) for a in case.answers} == {
            (case.session.character.id, case.session.character.lang)
        }


def test_sessions_that_take_turns_keep_their_answers_apart() -> None:
    answers = sorted(references(ASKED), key=lambda a: a.turn)
    assert [len(case.answers) for case in cases(ASKED, answers)] == [a.turn + 1 for a in answers]


def test_knowledge_is_asked_for_only_where_there_is_evidence() -> None:
    for case in cases(ASKED, references(ASKED)):
        knowing = ("identity", "knowledge", "rejection") if case.question.evidence else ("identity", "rejection")
        assert case.metrics == knowing
    talk = [replace(ASKED[0], metrics=("quality",))]
    assert {case.metrics for case in cases(talk, references(talk))} == {("quality",)}


@pytest.mark.parametrize(("text", "answered"), [("Aye.", True), (None, False), ("", False), (" \n\t　", False)])
def test_white_space_is_no_answer(text: str | None, answered: bool) -> None:
    who = ASKED[0].character
    [case] = cases(ASKED, [Answer(character=who.id, lang=who.lang, turn=0, text=text)])
    assert case.answered is answered
