"""A conversation comes back from its file as it was; a trainer reads it; what does not fit is one sentence."""

import json
from pathlib import Path
from threading import Event

import pytest
from datasets import load_dataset

from ditto.chat import saved
from ditto.errors import DataError, StoreError
from tests.chat.people import MIRA, talk


def spoken(*lines: str, name: str = "parrot") -> saved.Saved:
    one = talk(name=name)
    for line in lines:
        one.say(line)
        list(one.reply(Event()))
    one.say("without a reply")
    return one.saved


def test_what_was_said_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "chat.json"
    both = [spoken("one", "two\nlines"), spoken("one", name="other@cell")]
    saved.write(path, both)
    assert saved.read(path) == both
    assert both[0].turns == [("one", "ONE 0"), ("two\nlines", "TWO\nLINES 0")]
    assert both[0].role.system == MIRA.system


def test_a_trainer_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "chat.json"
    saved.write(path, [spoken("one"), spoken("one", name="other")])
    rows = load_dataset("json", data_files=str(path), split="train", cache_dir=str(tmp_path / "cache"))
    assert [m["role"] for m in rows[1]["messages"]] == ["system", "user", "assistant"]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"messages": [{"role": "user", "content": "Hi"}]}, "line 1: its messages are not a system one and turns"),
        ({"messages": []}, "line 1: its messages are not"),
        ({"mood": "good"}, "unknown field 'mood'"),
        ({"model": 7}, "field 'model'"),
    ],
)
def test_what_is_no_conversation_is_said(tmp_path: Path, change: dict[str, object], sentence: str) -> None:
    path = tmp_path / "chat.json"
    saved.write(path, [spoken("one")])
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | change))
    with pytest.raises(DataError, match=sentence):
        saved.read(path)


def test_two_characters_in_one_file_are_said(tmp_path: Path) -> None:
    path = tmp_path / "chat.json"
    one = spoken("one")
    other = saved.Saved(model="m", character="Tomas", lang="en", messages=one.messages)
    saved.write(path, [one, other])
    with pytest.raises(DataError, match="line 2: its character is not the first line's"):
        saved.read(path)


def test_a_disk_that_does_not_take_it_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreError, match="Save it elsewhere"):
        saved.write(tmp_path / "file" / "chat.json", [spoken("one")])
