"""A talk sends what was said and keeps what was heard."""

from contextlib import closing
from threading import Event

import pytest

from ditto.engines.base import Request
from ditto.engines.scripted import ScriptedEngine
from ditto.errors import StageError
from tests.chat.people import MIRA, talk


def said(request: Request) -> list[tuple[str, str]]:
    return [(m["role"], m["content"]) for m in request.messages]


def test_the_model_is_told_its_role_and_all_turns() -> None:
    one = talk()
    for line in ("one", "two"):
        one.say(line)
        list(one.reply(Event()))
    assert isinstance(one.speaker.engine, ScriptedEngine)
    assert said(one.speaker.engine.asked[-1]) == [
        ("system", MIRA.system),
        ("user", "one"),
        ("assistant", "ONE 0"),
        ("user", "two"),
    ]


def test_another_try_forgets_the_last_one_and_draws_anew() -> None:
    one = talk()
    one.say("one")
    list(one.reply(Event()))
    one.again()
    list(one.reply(Event()))
    assert [(t.query, t.reply) for t in one.turns] == [("one", "ONE 1")]
    one.say("two")
    list(one.reply(Event()))
    assert one.turns[-1].reply == "TWO 0"


def test_what_was_heard_of_a_reply_that_was_broken_off_stays() -> None:
    one = talk(lambda _: "one two three")
    one.say("Hi")
    with closing(one.reply(Event())) as replies:
        next(replies)
        next(replies)
    assert one.turns[-1].reply == "one two "


def test_a_turn_without_a_reply_is_not_sent() -> None:
    one = talk(lambda r: "" if r.messages[-1]["content"] == "mute" else "Aye")
    for line in ("mute", "loud"):
        one.say(line)
        list(one.reply(Event()))
    assert [m["content"] for m in one.messages] == [MIRA.system, "loud", "Aye"]
    assert [m["content"] for m in one.saved.messages] == [MIRA.system, "loud", "Aye"]


def test_a_full_context_forgets_whole_turns_and_counts_them() -> None:
    one = talk(lambda _: "a b c", room=40)
    for n in range(9):
        one.say(f"question number {n}")
        list(one.reply(Event()))
    assert one.forgotten == 5
    assert isinstance(one.speaker.engine, ScriptedEngine)
    sent = said(one.speaker.engine.asked[-1])
    assert sent[0] == ("system", MIRA.system)
    assert sent[1] == ("user", "question number 5")
    one.say("word " * 40)
    with pytest.raises(StageError, match="too long"):
        next(one.reply(Event()))
