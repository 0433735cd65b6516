"""The records that pass between stages, and JSON Lines on disk.

Every record is a frozen dataclass; a file holds one record a line. Reading is strict: an unknown
field, a missing one or a value of another type is refused with its file, line and field.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, TypeVar

from pydantic import TypeAdapter, ValidationError
from typing_extensions import TypedDict

from ditto.errors import DataError

T = TypeVar("T")
UNKNOWN: Final = {"unexpected_keyword_argument", "extra_forbidden"}  # pydantic's words for a field too many
Kind = Literal["specific", "contrastive"]
Row = Literal["base", "supervision", "imitation"]
Metric = Literal["identity", "knowledge", "rejection", "quality"]
Category = Literal["fictional", "historical", "living", ""]


class Message(TypedDict):
    """One chat message, as chat templates and trainers read it."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One property of a character with its value, both in words (a Wikidata statement)."""

    id: str
    property: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Where an article is from, which its licence asks to name. `revision` is Wikipedia's number of its text."""

    title: str
    url: str
    revision: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Character:
    """A character in one language. The same person in two languages shares `id`."""

    id: str
    lang: str
    label: str
    description: str
    aliases: tuple[str, ...] = ()
    claims: tuple[Claim, ...] = ()
    article: str = ""
    summary: str = ""
    category: Category = ""
    page: Page | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """The characters of a study: those to train on and those kept apart to be asked.

    `dropped` counts, by reason, what a source met and left out.
    """

    train: tuple[Character, ...]
    test: tuple[Character, ...]
    dropped: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One query with its response. `source` is the id of the character the query was written for."""

    query: str
    response: str
    kind: Kind
    source: str
    evidence: tuple[Claim, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialogue:
    """A simulated session. `messages` repeats it in the form any trainer reads."""

    character: str
    lang: str
    system: str
    turns: tuple[Turn, ...]
    messages: tuple[Message, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One benchmark query: `evidence` is what a right answer rests on, `reject` whether to refuse.

    `reference` is a good answer, where the benchmark has one.
    """

    query: str
    reject: bool
    evidence: tuple[Claim, ...] = ()
    reference: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """The questions put to one held-out character, the four roles a judge chooses among, and what is judged.

    The model is told `system`; None stands for the brief introduction that the prompts make, "" for nothing.
    """

    character: Character
    candidates: tuple[Character, ...]
    questions: tuple[Question, ...]
    system: str | None = None
    metrics: tuple[Metric, ...] = ("identity", "knowledge", "rejection")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a model replied to question `turn` of a session; `text` is None where it failed."""

    character: str
    lang: str
    turn: int
    text: str | None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One vote on one answer, by a judge of a panel. `value` is None where it could not be scored, with the reason.

    identity and rejection are 0 or 1, knowledge and quality 1 to 10 (paper, section 4).
    """

    character: str
    lang: str
    turn: int
    metric: Metric
    sample: int
    value: float | None
    reason: str
    transcript: str = ""
    judge: str = ""


def write_jsonl(path: Path, records: Iterable[Any]) -> int:
    """Write records of one kind, one a line as they come (UTF-8, keys in field order); returns how many."""
    n, adapter = 0, None
    with path.open("wb") as file:
        for record in records:
            adapter = adapter or TypeAdapter(type(record))
            file.write(adapter.dump_json(record) + b"\n")
            n += 1
    return n


def read_jsonl(path: Path, record: type[T]) -> list[T]:
    """Read every line of `path` as a `record`.

    Raises:
        DataError: the file cannot be read, is empty, is not UTF-8, or a line does not fit.
    """
    adapter = TypeAdapter(record)
    rows = [_parse(line, record, adapter, f"{path}, line {n}") for n, line in _lines(path)]
    if not rows:
        raise DataError(f"{path} has no rows: it needs one {record.__name__} as JSON on each line.")
    return rows


def _parse(line: str, record: type[T], adapter: TypeAdapter[T], where: str) -> T:
    try:
        return adapter.validate_json(line, strict=True, extra="forbid")
    except ValidationError as error:
        raise DataError(_explain(error, record, line, where)) from None


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}.") from None
    for number, raw in enumerate(data.split(b"\n"), start=1):
        if raw.strip():
            try:
                yield number, raw.decode("utf-8")
            except UnicodeDecodeError as error:
                raise DataError(
                    f"{path}, line {number} is not UTF-8 at byte {error.start}: convert the file to UTF-8."
                ) from None


def _explain(error: ValidationError, record: type, line: str, where: str) -> str:
    """What is wrong first; an unknown field before the known one that it may be a misspelling of."""
    first = min(error.errors(), key=lambda e: e["type"] not in UNKNOWN)
    field = ".".join(str(part) for part in first["loc"])
    if first["type"] == "json_invalid":
        return f"{where} is not JSON ({first['ctx']['error']}): {line[:60]!r}."
    if not field:
        return f"{where} is not a JSON object: {line[:60]!r}."
    if first["type"] in UNKNOWN:
        return f"{where} has the unknown field {field!r}: a {record.__name__} has no such field."
    if first["type"] == "missing":
        return f"{where} lacks the field {field!r} that a {record.__name__} needs."
    return f"{where}, field {field!r}: {first['msg']}, but got {first['input']!r}."
