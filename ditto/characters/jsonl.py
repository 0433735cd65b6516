"""`characters=jsonl`: anybody's characters, one JSON object a line (schema: `docs/characters.md`)."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from ditto.characters.roles import check_held_out, split_roles
from ditto.errors import DataError
from ditto.records import Character, Split, read_jsonl


@dataclass(frozen=True, slots=True)
class JsonlCharacters:
    """The characters of `path`: all those of the test file, or `n_test` of them at random, kept apart.

    A character in several languages stays on one side, and so do those who share a name. `test_path` names a file
    of its own for the test characters, `tokenizer` the model whose tokens the datasheet counts.

    Raises:
        ConfigError: no such number of characters can be kept apart.
        DataError: a file that does not fit the schema, or a character that is there twice.
    """

    path: str
    n_test: int
    test_path: str | None = None
    seed: int = 0
    tokenizer: str | None = None

    def __post_init__(self) -> None:
        check_held_out(self.n_test)

    @property
    def identity(self) -> str:
        files = [_content(p) for p in (self.path, self.test_path) if p]
        return f"jsonl/{files}/{self.n_test}/{self.seed}"

    def split(self) -> Split:
        characters = _read(Path(self.path))
        if self.test_path:
            return Split(train=tuple(characters), test=tuple(_read(Path(self.test_path))))
        return split_roles(characters, self.n_test, self.seed)


def _read(path: Path) -> Sequence[Character]:
    characters = read_jsonl(path, Character)
    seen = set[tuple[str, str]]()
    for character in characters:
        if (character.id, character.lang) in seen:
            raise DataError(f"{path} has the character {character.id} ({character.lang}) twice: give each its own id.")
        seen.add((character.id, character.lang))
    return characters


def _content(path: str) -> str:
    try:
        return sha256(Path(path).read_bytes()).hexdigest()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}.") from None
