"""WikiRoleEval's files as upstream keeps them: roles with prompts, a model's answers, a judge's scores.

Source: github.com/OFA-Sys/Ditto, its README for the fields and `eval/call_openai_api_gpt4_eval.py` for what
scoring adds. The README puts candidates, labels and evidence at the top of a record, the code reads them from
`meta`, and the labels are spelt `rejection labels` or `rejection_labels`: each is read wherever it stands.
One record looks like this, shortened:

    {"system": "You are Ann, a painter.", "prompts": ["What do you paint?", "Have you seen the web?"],
     "meta": {"label": "Ann", "lang": "en", "summary": "Ann was a painter.", "wiki": {"content": "Ann ..."},
              "role_consist_cands": ["Ann", "Bob", "Cyd", "Dot"], "rejection_labels": [0, 1],
              "evidence": ["- genre: landscape", "- date of death: 1700"]}}

Answers add `messages`, scores add `consist_scores`, `reject_scores` and `knowledge_scores`, one a prompt.
"""

import csv
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from hashlib import sha256
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, ClassVar, Final, Literal, TypeVar

from pydantic import Field, TypeAdapter, ValidationError

from ditto.errors import DataError
from ditto.records import Answer, Message

REPOSITORY: Final = "https://github.com/OFA-Sys/Ditto"
INPUT: Final = "data/wiki_roleplay_multilingual_test_input_w_evidence.jsonl"
POINTER: Final = b"version https://git-lfs.github.com/spec/"
REMEDY: Final = "correct the record, or fetch the file anew"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wiki:
    """The role's article."""

    content: str = ""


NO_ARTICLE: Final = Wiki()


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """A record of the input. `PER_PROMPT` names the lists that hold one value a prompt; labels are 1 to refuse.

    `ref_messages` is as it stands: upstream describes a conversation, and calls it a string.
    """

    PER_PROMPT: ClassVar[tuple[str, ...]] = ("rejection_labels", "evidence")

    label: str
    lang: Literal["en", "zh"]
    system: str
    prompts: tuple[str, ...]
    role_consist_cands: tuple[str, ...]
    rejection_labels: tuple[Literal[0, 1], ...]
    evidence: tuple[str, ...]
    description: str = ""
    summary: str = ""
    wiki_title: str = ""
    aliases: tuple[str, ...] = ()
    claims: tuple[tuple[str, ...], ...] = ()
    trans_claims: tuple[tuple[str, ...], ...] = ()
    wiki: Wiki = NO_ARTICLE
    ref_messages: Any = None

    @property
    def id(self) -> str:
        return f"{self.lang}/{self.wiki_title or self.label}"

    @property
    def candidate(self) -> int | None:
        """Which of the candidates is the role: its label, or what begins with it; None where none or several are."""
        cands, named = self.role_consist_cands, re.compile(re.escape(self.label) + r"\W")
        found = [i for i, text in enumerate(cands) if text == self.label]
        found = found or [i for i, text in enumerate(cands) if named.match(text)]
        return found[0] if len(found) == 1 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered(Role):
    """A role with a model's conversation: the system message, then each prompt with its answer."""

    messages: tuple[Message, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored(Role):
    """A role with its judge's scores: `reject_scores` are 1 where the answer refuses, knowledge of null is missing."""

    PER_PROMPT: ClassVar[tuple[str, ...]] = (*Role.PER_PROMPT, "consist_scores", "reject_scores", "knowledge_scores")

    consist_scores: tuple[Annotated[float, Field(ge=0, le=1)], ...]
    reject_scores: tuple[Literal[0, 1], ...]
    knowledge_scores: tuple[float | None, ...]


R = TypeVar("R", bound=Role)


@dataclass(frozen=True, slots=True)
class Exported:
    """How many roles a file was given, and how many were left out for want of an answer."""

    written: int
    left_out: int


def read(path: Path, kind: type[R], *, check_hash: bool = True) -> list[R]:
    """The records of `path`, each once.

    Raises:
        DataError: the file is not there, is a git-lfs pointer or not as published, or a record does not fit.
    """
    return [role for _, role in _read(path, kind, check_hash)]


def answers(path: Path, *, check_hash: bool = True) -> list[Answer]:
    """The answers of an answered file, turn by turn. For errors see `read`."""
    return [
        Answer(character=role.id, lang=role.lang, turn=turn, text=message["content"])
        for role in read(path, Answered, check_hash=check_hash)
        for turn, message in enumerate(role.messages[2::2])
    ]


def published_scores(path: Path, *, check_hash: bool = True) -> list[Scored]:
    """The roles of a scored file with their scores, turn by turn. For errors see `read`."""
    return read(path, Scored, check_hash=check_hash)


def export(source: Path, given: Iterable[Answer], path: Path, *, check_hash: bool = True) -> Exported:
    """Write answers to the roles of the input `source` as upstream's scoring reads them.

    Every record keeps its fields and gains `messages`. Scoring needs whole conversations, so a role that
    lacks an answer, or has a failed one, is left out.

    Raises:
        DataError: `source` cannot be used (see `read`), an answer is to none of its prompts, or `path` cannot
            be written.
    """
    records = _read(source, Role, check_hash)
    texts: dict[str, dict[int, str]] = defaultdict(dict)
    asked = {(role.id, role.lang, turn) for _, role in records for turn in range(len(role.prompts))}
    for answer in given:
        if (answer.character, answer.lang, answer.turn) not in asked:
            raise DataError(
                f"{source} has no prompt {answer.turn} for {answer.character!r} ({answer.lang}), which has an answer: "
                "give the file that was answered."
            )
        if answer.text is not None:
            texts[answer.character][answer.turn] = answer.text
    lines = [
        json.dumps(raw | {"messages": _messages(role, texts[role.id])}, ensure_ascii=False) + "\n"
        for raw, role in records
        if len(texts[role.id]) == len(role.prompts)
    ]
    try:
        path.write_text("".join(lines), "utf-8")
    except OSError as error:
        raise DataError(f"{path} cannot be written: {error.strerror}.") from None
    return Exported(len(lines), len(records) - len(lines))


def content(path: Path, *, check_hash: bool = True) -> bytes:
    """The bytes of a data file; one with a published name must be as published.

    Raises:
        DataError: it is not there, is a git-lfs pointer, or differs from the published file.
    """
    known = _published().get(path.name)
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise DataError(
            f"{path} is not there: install git-lfs, clone {REPOSITORY}, and give the path to its "
            f"{known['path'] if known else INPUT}."
        ) from None
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}.") from None
    if data.startswith(POINTER):
        raise DataError(f"{path} is a git-lfs pointer instead of the data: run `git lfs pull` in its repository.")
    found = sha256(data).hexdigest()
    if check_hash and known and known["sha256"] != found:
        raise DataError(
            f"{path} is not the published file of that name: expected sha256 {known['sha256']} in {known['bytes']} "
            f"bytes, found {found} in {len(data)}: fetch it anew, or go on with benchmark.check_hash=false."
        )
    return data


def _published() -> dict[str, dict[str, str]]:
    """Path, sha256 and bytes of each file in upstream's repository, by name."""
    text = resources.files("ditto.evaluate").joinpath("data/published.tsv").read_text("utf-8")
    return {Path(row["path"]).name: row for row in csv.DictReader(text.splitlines(), delimiter="\t")}


def _read(path: Path, kind: type[R], check_hash: bool) -> list[tuple[dict[str, Any], R]]:
    """Each record as it stands, and as a role."""
    records, seen = list[tuple[dict[str, Any], R]](), set[tuple[str, str]]()
    for number, line in enumerate(content(path, check_hash=check_hash).split(b"\n"), start=1):
        if not line.strip():
            continue
        where = f"{path}, line {number}"
        raw = _object(line, where)
        role = _role(raw, kind, where)
        names = {("label", f"{role.lang}/{role.label}"), ("id", role.id)}
        if names & seen:
            raise DataError(f"{where}, field 'label': the role {role.label!r} ({role.lang}) is there twice: keep one.")
        seen |= names
        records.append((raw, role))
    if not records:
        raise DataError(f"{path} has no rows: it needs one role as JSON on each line.")
    return records


def _object(line: bytes, where: str) -> dict[str, Any]:
    try:
        raw = json.loads(line.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise DataError(f"{where} is not UTF-8 at byte {error.start}: {REMEDY}.") from None
    except json.JSONDecodeError as error:
        raise DataError(f"{where} is not JSON ({error.msg} at column {error.colno}): {REMEDY}.") from None
    if not isinstance(raw, dict) or not isinstance(raw.get("meta", {}), dict):
        raise DataError(f"{where} is no JSON object with an object in its field 'meta': {REMEDY}.")
    return raw


def _role(raw: dict[str, Any], kind: type[R], where: str) -> R:
    """The record, its fields from the top level or from `meta`."""
    flat = {field.name: found for field in fields(kind) for found in _found(raw, field.name, where)}
    try:
        role = TypeAdapter(kind).validate_json(json.dumps(flat), strict=True)
    except ValidationError as error:
        raise DataError(_explain(error, where)) from None
    for name, shown, wanted in (*_blank(role), *_unmatched(role), *_unanswered(role)):
        raise DataError(f"{where}, field {name!r} is {shown}, but it must be {wanted}: {REMEDY}.")
    return role


def _found(raw: dict[str, Any], name: str, where: str) -> list[Any]:
    """The field's value, or nothing; null counts as nothing."""
    spellings = dict.fromkeys((name, name.replace("rejection_", "rejection ")))
    places = (raw, raw.get("meta", {}))
    values = [place[key] for place in places for key in spellings if place.get(key) is not None]
    if any(value != values[0] for value in values):
        raise DataError(
            f"{where}, field {name!r} is there twice, as {_short(values[0])} and {_short(values[1])}: keep one."
        )
    return values[:1]


def _explain(error: ValidationError, where: str) -> str:
    first = error.errors()[0]
    if first["type"] == "json_invalid":
        return f"{where} holds an escape that is no Unicode character ({first['ctx']['error']}): {REMEDY}."
    name = ".".join(str(part) for part in first["loc"])
    if first["type"] == "missing":
        return f"{where} lacks the field {name!r}, at the top level or in 'meta': {REMEDY}."
    return f"{where}, field {name!r} is {_short(first['input'])}, {first['msg'].lower()}: {REMEDY}."


# A fault: the field, its value as shown, and what it must be.
Faults = Iterator[tuple[str, str, str]]


def _blank(role: Role) -> Faults:
    if not role.label.strip():
        yield "label", repr(role.label), "the role's name"
    if not role.prompts:
        yield "prompts", "[]", "a list of at least one question"
    for turn, prompt in enumerate(role.prompts):
        if not prompt.strip():
            yield f"prompts.{turn}", repr(prompt), "a question"


def _unmatched(role: Role) -> Faults:
    for name in role.PER_PROMPT:
        if (n := len(getattr(role, name))) != len(role.prompts):
            yield name, f"a list of {n}", f"one of {len(role.prompts)}, a value for each prompt"
    if role.candidate is None:
        yield "role_consist_cands", _short(list(role.role_consist_cands)), f"a list with {role.label!r} in it once"
    for name in ("claims", "trans_claims"):
        for n, claim in enumerate(getattr(role, name)):
            if len(claim) < 2:
                yield f"{name}.{n}", _short(list(claim)), "a property with its value"


def _unanswered(role: Role) -> Faults:
    if not isinstance(role, Answered):
        return
    roles = [message["role"] for message in role.messages]
    if roles != ["system", *("user", "assistant") * len(role.prompts)]:
        yield "messages", _short(roles), f"a system message and {len(role.prompts)} prompts, each with its answer"
    for turn, (prompt, message) in enumerate(zip(role.prompts, role.messages[1::2], strict=False)):
        if message["content"].strip() != prompt.strip():
            yield f"messages.{2 * turn + 1}", _short(message["content"]), f"the prompt {_short(prompt)}"


def _messages(role: Role, texts: dict[int, str]) -> list[Message]:
    conversation: list[Message] = [{"role": "system", "content": role.system}]
    for turn, prompt in enumerate(role.prompts):
        conversation.append({"role": "user", "content": prompt})
        conversation.append({"role": "assistant", "content": texts[turn]})
    return conversation


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
