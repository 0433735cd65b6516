"""A conversation of one model with one role: its turns, and what is sent of them."""

from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from threading import Event

from ditto.chat.roles import Role
from ditto.chat.saved import Saved
from ditto.chat.speaker import Speaker
from ditto.engines.base import Completion
from ditto.records import Message


@dataclass
class Turn:
    """What was said, and the reply; "" where there is none."""

    query: str
    reply: str = ""


@dataclass
class Talk:
    """`forgotten` is how many turns the last reply was given without; `sample` counts the tries at it."""

    speaker: Speaker
    role: Role
    turns: list[Turn] = field(default_factory=list)
    forgotten: int = 0
    sample: int = 0

    def say(self, text: str) -> None:
        self.turns.append(Turn(text))
        self.sample = 0

    def again(self) -> None:
        """Forget the last reply, for another one."""
        self.turns[-1].reply = ""
        self.sample += 1

    def reply(self, stop: Event) -> Generator[Completion, None, None]:
        """The reply to the last turn, as far as it has come each time; what was listened to is kept.

        Raises:
            StageError: there is none.
        """
        sent, self.forgotten = self.speaker.fit(self.messages)
        with closing(self.speaker.reply(sent, self.sample, stop)) as replies:
            for said in replies:
                self.turns[-1].reply = said.text
                yield said

    @property
    def messages(self) -> list[Message]:
        """All of it up to the turn that is open; turns without a reply are left out."""
        done = [t for t in self.turns[:-1] if t.reply] + self.turns[-1:]
        return _messages(self.role.system, done)

    @property
    def saved(self) -> Saved:
        done = [t for t in self.turns if t.reply]
        who, messages = self.role, tuple(_messages(self.role.system, done))
        return Saved(model=self.speaker.name, character=who.label, id=who.id, lang=who.lang, messages=messages)


def _messages(system: str, turns: Sequence[Turn]) -> list[Message]:
    messages: list[Message] = [{"role": "system", "content": system}] if system else []
    for turn in turns:
        messages.append({"role": "user", "content": turn.query})
        if turn.reply:
            messages.append({"role": "assistant", "content": turn.reply})
    return messages
