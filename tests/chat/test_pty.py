"""The terminal as a person has it: a command of its own, on a pseudo-terminal, with Ctrl-C."""

import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest


class Person:
    """Somebody at a pseudo-terminal."""

    def __init__(self, *words: str) -> None:
        self._screen, theirs = pty.openpty()
        command = [sys.executable, "-m", "ditto.chat", "threads=1", *words]
        environment = os.environ | {"TERM": "xterm", "PYTHONUNBUFFERED": "1"}
        self.process = subprocess.Popen(
            command,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=environment,
            start_new_session=True,
            preexec_fn=_takes_the_terminal,  # noqa: PLW1509 - it calls nothing that waits
        )
        os.close(theirs)
        self.seen = ""

    def sees(self, text: str, seconds: float = 90) -> str:
        """Waits until `text` is on the screen; returns what came before it."""
        end = time.monotonic() + seconds
        while text not in self.seen:
            assert time.monotonic() < end, self.seen
            if select.select([self._screen], [], [], 0.5)[0]:
                self.seen += os.read(self._screen, 4096).decode()
        before, _, self.seen = self.seen.partition(text)
        return before

    def interrupts(self, text: str) -> None:
        """Presses Ctrl-C until `text` is seen: pressed in the instant before readline waits for a key, it is only
        noticed at the next press (CPython looks for signals when the wait is interrupted).
        """
        for _ in range(3):
            self.types("\x03")
            try:
                self.sees(text, seconds=30)
            except AssertionError:
                continue
            return
        self.sees(text, seconds=1)

    def types(self, keys: str) -> None:
        os.write(self._screen, keys.encode())

    def ends(self) -> int:
        return self.process.wait(timeout=60)

    def leaves(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._screen)


def _takes_the_terminal() -> None:
    import fcntl
    import termios

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


@pytest.fixture
def person(tmp_path: Path) -> Iterator[Person]:
    one = Person("model=nano_xs", "character=Nago Gova", "answer.temperature=2", f"paths.root={tmp_path}")
    yield one
    one.leaves()


def test_a_conversation(person: Person) -> None:
    person.sees("(nano_xs as Nago Gova, farmer of Stormcoast. /help lists the commands.)")
    person.sees("> ")
    person.types("Hi theer\x7f\x7f\x7fere\r")  # a slip, rubbed out
    person.sees("\x1b[1mNago Gova: \x1b[0m")
    person.sees("> ")
    person.types("\x1b[A\r")  # the history holds it
    person.sees("Hi there")
    person.sees("Nago Gova: ")
    person.sees("> ")
    person.types("a line that is never s")
    person.sees("never s")
    person.interrupts("(Ctrl-C again leaves.)")
    person.types("/undo\r")
    person.sees("(Taken back: Hi there)")
    person.interrupts("(Ctrl-C again leaves.)")
    person.interrupts("ditto: Interrupted twice, so the conversation has ended.")
    assert person.ends() == 130
