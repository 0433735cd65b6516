"""Records survive the disk unchanged, and a line that does not fit is named."""

import dataclasses
import json
import re
from pathlib import Path
from typing import Any

import pytest

from ditto import records
from ditto.errors import DataError
from ditto.records import (
    Answer,
    Character,
    Claim,
    Dialogue,
    Page,
    Question,
    Session,
    Split,
    Turn,
    Verdict,
    read_jsonl,
    write_jsonl,
)

CLAIM = Claim(id="Q1/P19", property="born in", value="Zürich 苏黎世")
PLAIN = Character(id="Q1", lang="en", label="Ann", description="a potter")
FULL = Character(
    id="Q2",
    lang="zh",
    label="安",
    description="陶工",
    aliases=("阿安", "小安"),
    claims=(CLAIM,),
    article="一\n二\u2028三🏺",
)
TURN = Turn(query='Who are "you"?', response="Ann.\r\n", kind="contrastive", source="Q2", evidence=(CLAIM,))
QUESTION = Question(query="你是谁？", reject=True, evidence=(CLAIM,))
DIALOGUE = Dialogue(
    character="Q1",
    lang="en",
    system="You are Ann.",
    turns=(TURN,),
    messages=(
        {"role": "system", "content": "You are Ann."},
        {"role": "user", "content": 'Who are "you"?'},
        {"role": "assistant", "content": "Ann.\r\n"},
    ),
)
PAGE = Page(title="Ann", url="https://en.wikipedia.org/wiki/Ann", revision=7)
RECORDS: list[Any] = [
    CLAIM,
    PAGE,
    dataclasses.replace(FULL, page=PAGE, category="historical"),
    PLAIN,
    FULL,
    Split(train=(PLAIN,), test=(FULL,)),
    TURN,
    DIALOGUE,
    QUESTION,
    Session(character=PLAIN, candidates=(PLAIN, FULL), questions=(QUESTION,)),
    Answer(character="Q1", lang="en", turn=3, text=None, reason="prompt too long"),
    Verdict(
        character="Q1", lang="en", turn=0, metric="knowledge", sample=2, value=7.5, reason="ok", transcript="[[7.5]]"
    ),
    Verdict(character="Q1", lang="en", turn=0, metric="identity", sample=0, value=None, reason="no choice"),
]
CLAIM_LINE = {"id": "1", "property": "home", "value": "Bern"}
CHARACTER_LINE = {"id": "Q1", "lang": "en", "label": "Ann", "description": "a potter"}


def line(fields: object) -> bytes:
    return json.dumps(fields).encode()


def test_the_list_above_holds_every_record() -> None:
    public = {kind for kind in vars(records).values() if dataclasses.is_dataclass(kind)}
    assert {type(record) for record in RECORDS} == public


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: type(record).__name__)
def test_a_record_comes_back_equal(record: Any, tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    assert write_jsonl(path, [record, record]) == 2
    assert read_jsonl(path, type(record)) == [record, record]
    assert path.read_bytes().count(b"\n") == 2


def test_writing_twice_gives_the_same_bytes_in_field_order(tmp_path: Path) -> None:
    a, b = tmp_path / "a", tmp_path / "b"
    write_jsonl(a, [FULL])
    write_jsonl(b, read_jsonl(a, Character))
    assert a.read_bytes() == b.read_bytes()
    assert list(json.loads(a.read_text("utf-8"))) == [field.name for field in dataclasses.fields(Character)]
    assert "苏黎世".encode() in a.read_bytes()


def test_blank_lines_and_windows_line_ends_are_read_over(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b"\n" + line(CLAIM_LINE) + b"\r\n  \r\n" + line(CLAIM_LINE))
    assert read_jsonl(path, Claim) == [Claim(**CLAIM_LINE)] * 2


def test_fields_with_a_default_may_be_left_out(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(line(CHARACTER_LINE))
    assert read_jsonl(path, Character) == [PLAIN]


def test_dialogues_load_as_a_data_set_of_messages(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    path = tmp_path / "dialogues.jsonl"
    write_jsonl(path, [DIALOGUE, DIALOGUE])
    rows = datasets.load_dataset("json", data_files=str(path), split="train", cache_dir=str(tmp_path / "cache"))
    assert [row["messages"] for row in rows] == [list(DIALOGUE.messages)] * 2


@pytest.mark.parametrize(
    ("kind", "bad", "says"),
    [
        (Claim, line({"id": "1", "property": "home"}), "'value'"),
        (Claim, line({**CLAIM_LINE, "value": 3}), "'value'"),
        (Claim, line({**CLAIM_LINE, "value": None}), "'value'"),
        (Claim, line({**CLAIM_LINE, "valeu": "x"}), "'valeu'"),
        (Claim, line([CLAIM_LINE]), "not a JSON object"),
        (Claim, line("Bern"), "not a JSON object"),
        (Claim, b'{"id": "1", "property": "home", "value": "Be', "not JSON"),
        (Claim, b'{"id": "1", "property": "home", "value": "Z\xfcrich"}', "byte 43"),
        (Character, line({**CHARACTER_LINE, "aliases": "Annie"}), "'aliases'"),
        (Character, line({**CHARACTER_LINE, "claims": [CLAIM_LINE, {"id": "2", "value": "x"}]}), "'claims.1.property'"),
        (Answer, line({"character": "1", "lang": "en", "turn": "3", "text": "x"}), "'turn'"),
        (Turn, line({"query": "a", "response": "b", "kind": "generic", "source": "1"}), "'kind'"),
        (
            Dialogue,
            line(dataclasses.asdict(DIALOGUE) | {"messages": [{"role": "narrator", "content": "x"}]}),
            "'messages.0.role'",
        ),
    ],
)
def test_a_bad_line_is_named_with_its_field(kind: type, bad: bytes, says: str, tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    good = line(CLAIM_LINE if kind is Claim else CHARACTER_LINE)
    path.write_bytes((good if kind in {Claim, Character} else b"") + b"\n\n" + bad + b"\n")
    with pytest.raises(DataError) as error:
        read_jsonl(path, kind)
    assert f"{path}, line 3" in str(error.value)
    assert says in str(error.value)


@pytest.mark.parametrize(
    ("kind", "bad"),
    [
        (Character, {**CHARACTER_LINE, "claims": [{**CLAIM_LINE, "rank": "preferred"}]}),
        (Dialogue, dataclasses.asdict(DIALOGUE) | {"messages": [{"role": "user", "content": "x", "name": "Bo"}]}),
    ],
)
def test_an_unknown_field_inside_another_is_refused(kind: type, bad: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(line(bad))
    with pytest.raises(DataError, match=r"rank|name"):
        read_jsonl(path, kind)


@pytest.mark.parametrize("content", [b"", b"\n \n"])
def test_a_file_without_rows_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(content)
    with pytest.raises(DataError, match=f"{re.escape(str(path))} has no rows.*Claim"):
        read_jsonl(path, Claim)


def test_no_records_make_an_empty_file(tmp_path: Path) -> None:
    assert write_jsonl(tmp_path / "rows.jsonl", []) == 0
    assert (tmp_path / "rows.jsonl").read_bytes() == b""


@pytest.mark.parametrize("name", ["missing.jsonl", "."])
def test_a_file_that_cannot_be_read_is_named(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    with pytest.raises(DataError, match=f"{re.escape(str(path))} cannot be read"):
        read_jsonl(path, Claim)
