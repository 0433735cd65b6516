"""Talking in the terminal: lines in, replies as they come, a few commands."""

import os
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Final, TextIO

from ditto.chat import saved
from ditto.chat.roles import LISTED, Cast, Role
from ditto.chat.shown import clean
from ditto.chat.talk import Talk
from ditto.errors import ConfigError, DataError, Interrupted, StageError, StoreError

HELP: Final = """\
/role <name>     play another character, or a new one: /role You are X, Y.
/roles [text]    characters with this text in their name or description
/again           another reply to the last message
/undo            take the last message and its reply back
/save [file]     save the conversation as JSON; load=<file> goes on with it
/system [text]   show what the model is told, or tell it something else
/help            this list
/quit            leave; Ctrl-D does, too
Ctrl-C stops a reply; twice, it leaves.
"""
PROMPT: Final = "> "
LEFT: Final = "Interrupted twice, so the conversation has ended."


class Terminal:
    """One or two models that answer the same person. `read` gives a line for a prompt, as `input` does."""

    def __init__(self, talks: Sequence[Talk], cast: Cast, read: Callable[[str], str], out: TextIO) -> None:
        self._talks, self._cast, self._read, self._out = talks, cast, read, out
        self._file: Path | None = None
        self._presses = 0
        self._bold = out.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
        self._commands: dict[str, Callable[[str], None]] = {
            "/role": self._switch,
            "/roles": self._list,
            "/again": self._again,
            "/undo": self._undo,
            "/save": self._save,
            "/system": self._system,
            "/help": lambda _: self._write(HELP),
        }

    def run(self) -> None:
        """Until /quit or the end of the input.

        Raises:
            Interrupted: Ctrl-C twice in a row.
            ModelError: a model that cannot be used at all.
        """
        names = " and ".join(talk.speaker.name for talk in self._talks)
        self._note(f"{names} as {_who(self._role)}. /help lists the commands.")
        try:
            self._converse()
        except KeyboardInterrupt:  # while the press before it was being answered
            raise Interrupted(LEFT) from None

    def _converse(self) -> None:
        while True:
            try:
                line = self._read(PROMPT).strip()
                self._presses = 0
                if line == "/quit":
                    return
                if line:
                    self._obey(line)
            except EOFError:
                self._write("\n")
                return
            except KeyboardInterrupt:
                self._write("\n")
                self._pressed("")
            except (ConfigError, DataError, StageError, StoreError) as error:
                self._note(str(error))

    @property
    def _role(self) -> Role:
        return self._talks[0].role

    def _obey(self, line: str) -> None:
        word, _, rest = line.partition(" ")
        if not line.startswith("/"):
            self._say(line)
        elif word in self._commands:
            self._commands[word](rest.strip())
        else:
            self._note(f"{word} is no command: /help lists them. A message cannot begin with a slash.")

    def _say(self, line: str) -> None:
        for talk in self._talks:
            talk.say(line)
        self._answer()
        if not any(talk.turns[-1].reply for talk in self._talks):
            for talk in self._talks:
                talk.turns.pop()

    def _answer(self) -> None:
        for talk in self._talks:
            try:
                self._listen(talk)
            except StageError as error:
                self._write("\n")
                self._note(str(error))

    def _listen(self, talk: Talk) -> None:
        """Show a reply while it comes; Ctrl-C ends it and keeps what has come."""
        said, before, shown = None, talk.forgotten, ""
        self._emphasise(f"{self._role.label if len(self._talks) == 1 else talk.speaker.name}: ")
        try:
            with closing(talk.reply(Event())) as replies:
                for said in replies:
                    self._write(said.text[len(shown) :])
                    shown = said.text
        except KeyboardInterrupt:
            self._write("\n")
            self._pressed("Stopped. ")
            return
        self._write("\n")
        if said and said.finish == "length":
            self._note("Cut here: answer.max_tokens sets how long a reply may be.")
        if talk.forgotten > before:
            self._note(f"{talk.speaker.name}'s context is full: it no longer sees the first {_turns(talk.forgotten)}.")

    def _pressed(self, what: str) -> None:
        self._presses += 1
        if self._presses > 1:
            raise Interrupted(LEFT)
        self._note(f"{what}Ctrl-C again leaves.")

    def _switch(self, said: str) -> None:
        if not said:
            self._note(f"The model is {_who(self._role)}. /role <name> makes it somebody else.")
            return
        role = self._cast.switch(said, self._role.lang)
        for talk in self._talks:
            talk.role, talk.turns, talk.forgotten = role, [], 0
        self._file = None
        self._note(f"A new conversation: the model is {_who(role)}.")

    def _list(self, text: str) -> None:
        found = self._cast.search(text, self._role.lang if self._role.id else None)
        for character in found[:LISTED]:
            self._write(f"  {character.label}, {character.description} ({character.id})\n")
        more = len(found) - LISTED
        if more > 0:
            self._note(f"and {more} more: /roles <text> narrows them down.")
        elif not found:
            self._note(f"Nobody of the {len(self._cast)} characters has {text!r} in a name or description.")

    def _again(self, _: str) -> None:
        if self._nothing_said():
            return
        if self._talks[0].speaker.sampling.temperature == 0:
            self._note("The most likely reply is always the same: answer.temperature=0.7 gives others.")
        before = [talk.turns[-1].reply for talk in self._talks]
        for talk in self._talks:
            talk.again()
        self._answer()
        for talk, reply in zip(self._talks, before, strict=True):
            talk.turns[-1].reply = talk.turns[-1].reply or reply

    def _undo(self, _: str) -> None:
        if self._nothing_said():
            return
        taken = [talk.turns.pop() for talk in self._talks]
        self._note(f"Taken back: {taken[0].query}")

    def _nothing_said(self) -> bool:
        if empty := not self._talks[0].turns:
            self._note("Nothing has been said yet.")
        return empty

    def _save(self, name: str) -> None:
        if self._nothing_said():
            return
        path = Path(name).expanduser() if name else self._file or Path(time.strftime("chat-%Y%m%d-%H%M%S.json"))
        if path.exists() and path != self._file:
            self._note(f"{path} is there already: choose another name.")
            return
        saved.write(path, [talk.saved for talk in self._talks])
        self._file = path
        self._note(f"Saved as {path}. Go on with it by load={path}.")

    def _system(self, text: str) -> None:
        if not text:
            self._write(f"{self._role.system}\n")
            return
        for talk in self._talks:
            talk.role = replace(talk.role, system=text)
        self._note("Told so from now on; what has been said stays.")

    def _note(self, text: str) -> None:
        self._write(f"({text})\n")

    def _emphasise(self, text: str) -> None:
        self._out.write(f"\x1b[1m{clean(text)}\x1b[0m" if self._bold else clean(text))
        self._out.flush()

    def _write(self, text: str) -> None:
        """All text goes through here, so that none of it can command the terminal."""
        self._out.write(clean(text))
        self._out.flush()


def _who(role: Role) -> str:
    return f"{role.label}, {role.description}" if role.description else role.label


def _turns(n: int) -> str:
    return "turn" if n == 1 else f"{n} turns"
