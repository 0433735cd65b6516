"""The terminal's commands, and what it says when something goes wrong."""

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event

import pytest

from ditto.chat import saved
from ditto.chat.talk import Talk
from ditto.chat.terminal import HELP, Terminal
from ditto.engines.base import Completion, Failure, Request, Sampling
from ditto.engines.scripted import ScriptedEngine
from ditto.errors import Interrupted
from tests.chat.people import CAST, speaker, talk

PRESS = KeyboardInterrupt()


def typed(talks: list[Talk], *lines: str | KeyboardInterrupt, out: io.StringIO | None = None) -> list[str]:
    """What is on the screen after these lines, without the greeting; Ctrl-C where a line is `PRESS`."""
    left, out = list(lines), out or io.StringIO()

    def read(_: str) -> str:
        if not left:
            raise EOFError
        line = left.pop(0)
        if isinstance(line, KeyboardInterrupt):
            raise line
        return line

    Terminal(talks, CAST, read, out).run()
    return out.getvalue().rstrip("\n").split("\n")[1:]


def test_it_greets_with_who_speaks_as_whom() -> None:
    out = io.StringIO()
    Terminal([talk(), talk(name="other")], CAST, _lines("/quit"), out).run()
    assert out.getvalue() == "(parrot and other as Mira Stone, a ferrywoman. /help lists the commands.)\n"


def _lines(*lines: str) -> Callable[[str], str]:
    left = iter(lines)
    return lambda _: next(left)


def test_each_model_answers_in_its_turn() -> None:
    one, other = talk(), talk(lambda _: "No.", name="other")
    assert typed([one], "Hello", "") == ["Mira Stone: HELLO 0"]
    assert typed([one, other], "Hello") == ["parrot: HELLO 0", "other: No."]


def test_again_undo_and_what_they_need() -> None:
    one = talk()
    assert typed([one], "/again", "Hi", "/again", "/undo", "/undo") == [
        "(Nothing has been said yet.)",
        "Mira Stone: HI 0",
        "Mira Stone: HI 1",
        "(Taken back: Hi)",
        "(Nothing has been said yet.)",
    ]
    greedy = Talk(speaker(sampling=Sampling()), one.role)
    assert "answer.temperature=0.7 gives others" in typed([greedy], "Hi", "/again")[1]


def test_roles_are_listed_and_switched() -> None:
    one = talk()
    shown = typed([one], "Hi", "/roles smith", "/roles zz", "/role", "/role Q2", "Hi", "/role Tomas Reed", "/system")
    assert shown[1:] == [
        "  Tomas Reed, a smith (Q2)",
        "(Nobody of the 4 characters has 'zz' in a name or description.)",
        "(The model is Mira Stone, a ferrywoman. /role <name> makes it somebody else.)",
        "(A new conversation: the model is Tomas Reed, a smith.)",
        "Tomas Reed: HI 0",
        "('Tomas Reed' is the name of several: say which by its id: Q2 (a smith); Q3 (a thief).)",
        "You are Tomas Reed, a smith.",
    ]
    assert len(one.turns) == 1


def test_a_new_role_and_another_introduction() -> None:
    one = talk()
    typed([one], "/role You are Li Bai, a poet.", "Hi", "/system You are tired.", "Hi")
    assert isinstance(one.speaker.engine, ScriptedEngine)
    told = [request.messages[0]["content"] for request in one.speaker.engine.asked]
    assert told == ["You are Li Bai, a poet.", "You are tired."]
    assert (one.role.label, len(one.turns)) == ("Li Bai", 2)


def test_a_conversation_is_saved_and_never_over_another(tmp_path: Path) -> None:
    path, one = tmp_path / "chat.json", talk()
    (tmp_path / "there.json").write_text("x")
    shown = typed([one], "/save", "Hi", f"/save {tmp_path / 'there.json'}", f"/save {path}", "Ho", "/save")
    assert shown[0] == "(Nothing has been said yet.)"
    assert "is there already: choose another name" in shown[2]
    assert shown[3] == f"(Saved as {path}. Go on with it by load={path}.)"
    assert saved.read(path)[0].turns == [("Hi", "HI 0"), ("Ho", "HO 0")]


def test_without_a_name_it_is_saved_by_date(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    typed([talk()], "Hi", "/save")
    assert [file.name[:5] for file in tmp_path.iterdir()] == ["chat-"]


def test_help_and_what_is_no_command() -> None:
    assert typed([talk()], "/help") == HELP.rstrip("\n").split("\n")
    assert typed([talk()], "/rloe x")[0].startswith("(/rloe is no command: /help lists them.")


def test_what_a_model_writes_cannot_command_the_terminal() -> None:
    out = io.StringIO()
    one = talk(lambda _: "\x1b[2J\x1b]0;title\x07\x9bred \u202eabc\nnext")
    Terminal([one], CAST, _lines("Hi", "/quit"), out).run()
    assert out.getvalue().partition("\n")[2] == "Mira Stone: [2J]0;titlered abc\nnext\n"


def test_a_failure_is_a_sentence_and_the_turn_is_gone() -> None:
    one = talk(lambda r: Failure("no luck") if "bad" in r.messages[-1]["content"] else "Aye.")
    assert typed([one], "bad", "good") == ["Mira Stone: ", "(There is no reply: no luck.)", "Mira Stone: Aye."]
    assert [turn.query for turn in one.turns] == ["good"]


def test_another_reply_that_fails_leaves_the_one_before() -> None:
    one = talk(lambda r: Failure("no luck") if r.sample else "Aye.")
    assert typed([one], "Hi", "/again")[2] == "(There is no reply: no luck.)"
    assert [(turn.query, turn.reply) for turn in one.turns] == [("Hi", "Aye.")]


def test_a_cut_reply_and_a_full_context_are_said() -> None:
    cut = typed([talk(lambda _: "word " * 60)], "Hi")
    assert cut[1] == "(Cut here: answer.max_tokens sets how long a reply may be.)"
    shown = typed([talk(lambda _: "a b c", room=40)], *["one two three four"] * 5)
    notes = [line for line in shown if line.startswith("(")]
    assert notes[0] == "(parrot's context is full: it no longer sees the first turn.)"
    assert notes[1] == "(parrot's context is full: it no longer sees the first 2 turns.)"


class Pressed(ScriptedEngine):
    """Says one word, and then somebody presses Ctrl-C."""

    def __init__(self) -> None:
        super().__init__(lambda _: "")

    def stream(self, request: Request, stop: Event) -> Iterator[Completion]:
        yield Completion("one", "length", 1, 1)
        raise KeyboardInterrupt


def pressed() -> Talk:
    one = talk()
    return Talk(type(one.speaker)("slow", Pressed(), Sampling()), one.role)


def test_ctrl_c_stops_a_reply_and_keeps_what_was_said() -> None:
    one = pressed()
    assert typed([one], "Hi", "/system") == ["Mira Stone: one", "(Stopped. Ctrl-C again leaves.)", one.role.system]
    assert [(turn.query, turn.reply) for turn in one.turns] == [("Hi", "one")]


def test_ctrl_c_twice_leaves() -> None:
    with pytest.raises(Interrupted):
        typed([talk()], PRESS, PRESS)
    with pytest.raises(Interrupted):
        typed([pressed()], "Hi", PRESS)
    assert typed([talk()], PRESS, "Hi", PRESS)[-1] == "(Ctrl-C again leaves.)"


class PressedAtTheNote(io.StringIO):
    """Somebody presses Ctrl-C again while the first press is being answered."""

    def write(self, text: str) -> int:
        if "Ctrl-C again leaves" in text:
            raise KeyboardInterrupt
        return super().write(text)


def test_a_press_that_meets_the_answer_to_the_one_before_leaves() -> None:
    with pytest.raises(Interrupted, match="Interrupted twice"):
        typed([talk()], PRESS, out=PressedAtTheNote())
