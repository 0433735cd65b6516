"""Answering: what the model is told in each row, and what a failure does to its session."""

from pathlib import Path

import pytest

from ditto.engines.base import Failure, Request, Sampling
from ditto.engines.scripted import ScriptedEngine
from ditto.journal import Journal
from ditto.nano.source import NanoBenchmark, NanoCharacters
from ditto.prompts import Prompts
from ditto.records import Session
from ditto.stages.answer import Interview

PROMPTS = {lang: Prompts("nano", lang) for lang in ("en", "zh")}
SAMPLING = Sampling(max_tokens=20)


@pytest.fixture
def sessions() -> list[Session]:
    return NanoBenchmark(specific=2, contrastive=1).sessions(NanoCharacters(n_train=2, n_test=4).split())


def echo(request: Request) -> str:
    return f"you said: {request.messages[-1]['content']}"


def test_a_conversation_knows_the_brief_and_its_own_turns(sessions: list[Session], tmp_path: Path) -> None:
    engine = ScriptedEngine(echo)
    interview = Interview(engine, sessions, PROMPTS, SAMPLING, Journal(tmp_path / "j"), "")
    answers = interview.in_conversation()
    assert len(answers) == interview.tally.requested == interview.tally.done == 3 * len(sessions)
    last = [r.messages for r in engine.asked if len(r.messages) == 6]
    assert len(last) == len(sessions)
    for messages, session in zip(last, sessions, strict=True):
        assert messages[0]["content"] == PROMPTS[session.character.lang].render(
            "brief", label=session.character.label, description=session.character.description
        )
        assert session.character.article not in str(messages)
        assert messages[2] == {"role": "assistant", "content": f"you said: {session.questions[0].query}"}


def test_supervision_has_the_profile_and_one_query(sessions: list[Session], tmp_path: Path) -> None:
    engine = ScriptedEngine(echo)
    answers = Interview(engine, sessions, PROMPTS, SAMPLING, Journal(tmp_path / "j"), "").with_profile()
    assert [a.text for a in answers] == [f"you said: {q.query}" for s in sessions for q in s.questions]
    for request in engine.asked:
        assert [m["role"] for m in request.messages] == ["system", "user"]
    assert sessions[0].character.article in engine.asked[0].messages[0]["content"]


def test_a_failure_ends_its_session_alone_and_is_counted(sessions: list[Session], tmp_path: Path) -> None:
    broken = sessions[1]

    def script(request: Request) -> str | Failure:
        return Failure("server error") if broken.questions[1].query == request.messages[-1]["content"] else "fine"

    interview = Interview(ScriptedEngine(script), sessions, PROMPTS, SAMPLING, Journal(tmp_path / "j"), "")
    answers = interview.in_conversation()
    theirs = [a for a in answers if (a.character, a.lang) == (broken.character.id, broken.character.lang)]
    assert [(a.text, a.reason) for a in theirs] == [("fine", ""), (None, "server error"), (None, "earlier turn failed")]
    assert interview.tally.counts() == {
        "requested": len(answers),
        "done": len(answers) - 2,
        "failed": {"earlier turn failed": 1, "server error": 1},
    }


def test_an_empty_reply_is_no_answer(sessions: list[Session], tmp_path: Path) -> None:
    interview = Interview(ScriptedEngine(lambda _: ""), sessions, PROMPTS, SAMPLING, Journal(tmp_path / "j"), "")
    assert {(a.text, a.reason) for a in interview.with_profile()} == {(None, "empty")}
