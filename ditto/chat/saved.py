"""Conversations as files: one JSON object a line, one line a model, `messages` as any trainer reads them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ditto.chat.roles import Role
from ditto.errors import DataError, StoreError
from ditto.records import Message, read_jsonl, write_jsonl


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """One model's conversation. `model` is what the command line called it; a new character has no `id`."""

    model: str
    character: str
    id: str = ""
    lang: str
    messages: tuple[Message, ...]

    @property
    def role(self) -> Role:
        system = self.messages[0]["content"] if self.messages[0]["role"] == "system" else ""
        return Role(label=self.character, system=system, lang=self.lang, id=self.id)

    @property
    def turns(self) -> list[tuple[str, str]]:
        """What was said, each with its reply."""
        spoken = [m["content"] for m in self.messages if m["role"] != "system"]
        return list(zip(spoken[::2], spoken[1::2], strict=True))


def write(path: Path, conversations: Sequence[Saved]) -> None:
    """Raises:
    StoreError: the disk does not take it.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_jsonl(path, conversations)
    except OSError as error:
        raise StoreError(f"Cannot write {path}: {error.strerror}. Save it elsewhere.") from None


def read(path: Path) -> list[Saved]:
    """The conversations in a file, all with one role.

    Raises:
        DataError: it cannot be read, does not fit, or a conversation does not go turn by turn.
    """
    rows = read_jsonl(path, Saved)
    for number, row in enumerate(rows, start=1):
        roles = [m["role"] for m in row.messages]
        spoken = roles[1:] if roles[:1] == ["system"] else roles
        if not roles or spoken != ["user", "assistant"] * (len(spoken) // 2):
            raise DataError(f"{path}, line {number}: its messages are not a system one and turns after it.")
        if row.role != rows[0].role:
            raise DataError(f"{path}, line {number}: its character is not the first line's: one file has one.")
    return rows
