"""What is stored stays, in the same bytes; what a kill tore is gone without a trace."""

import json
import re
from pathlib import Path

import pytest

from ditto.engines.base import Completion, Request, Sampling
from ditto.errors import StoreError
from ditto.journal import Journal

Stored = tuple[str, Request, Completion]


def key(name: str) -> str:
    return f"{ord(name):016x}"


def stored(name: str, text: str = "Aye.") -> Stored:
    request = Request(({"role": "user", "content": f"{name}? 谁"},), Sampling())
    return key(name), request, Completion(text, "stop", 3, 2)


EARLIER = [stored("a"), stored("b", '说"好"\n\u2028🏺')]
LAST = [stored("c"), stored("d", "锤 ü"), stored("e", "")]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.jsonl"


def written(path: Path, *batches: list[Stored]) -> bytes:
    journal = Journal(path)
    for batch in batches:
        journal.append(batch)
    return path.read_bytes()


def test_replies_are_there_at_once_and_after_reopening(path: Path) -> None:
    journal = Journal(path)
    journal.append(EARLIER)
    for seen in (journal, Journal(path)):
        assert len(seen) == 2
        assert [seen.get(k) for k, _, _ in EARLIER] == [reply for _, _, reply in EARLIER]
        assert seen.get(key("c")) is None
        assert [key(name) in seen for name in "abc"] == [True, True, False]


def test_every_reply_is_a_line_that_shows_its_messages(path: Path) -> None:
    rows = [json.loads(row) for row in written(path, EARLIER, LAST).splitlines()]
    assert [row["key"] for row in rows] == [key(name) for name in "abcde"]
    assert [row.get("end", False) for row in rows] == [False, True, False, False, True]
    assert "锤 ü".encode() in path.read_bytes()
    assert rows[3]["messages"] == [{"role": "user", "content": "d? 谁"}]
    assert (rows[3]["text"], rows[3]["finish"]) == ("锤 ü", "stop")


def test_opening_a_journal_writes_nothing(path: Path) -> None:
    Journal(path).append([])
    assert not path.exists()
    before = written(path, EARLIER)
    assert written(path) == before


def test_the_bytes_do_not_depend_on_reopening(path: Path, tmp_path: Path) -> None:
    reopened = tmp_path / "reopened.jsonl"
    for batch in (EARLIER, LAST):
        written(reopened, batch)
    assert reopened.read_bytes() == written(path, EARLIER, LAST)


def test_a_batch_torn_at_any_byte_is_gone_and_the_one_before_it_whole(path: Path) -> None:
    earlier = written(path, EARLIER)
    whole = written(path, LAST)
    for cut in range(len(earlier), len(whole)):
        path.write_bytes(whole[:cut])
        journal = Journal(path)
        assert len(journal) == 2, f"cut at byte {cut}"
        assert path.read_bytes() == whole[:cut]
        assert [journal.get(k) for k, _, _ in EARLIER] == [reply for _, _, reply in EARLIER]
        assert not any(journal.get(k) for k, _, _ in LAST)
        journal.append(LAST)
        assert path.read_bytes() == whole


def test_a_torn_first_batch_leaves_an_empty_journal(path: Path) -> None:
    whole = written(path, LAST)
    for cut in range(len(whole)):
        path.write_bytes(whole[:cut])
        assert len(Journal(path)) == 0
        assert path.read_bytes() == whole[:cut]
    assert written(path, LAST) == whole


def test_a_tail_of_zeros_is_cut_off_by_the_next_batch(path: Path, tmp_path: Path) -> None:
    earlier = written(path, EARLIER)
    path.write_bytes(earlier + bytes(4096))
    assert len(Journal(path)) == 2
    assert written(path, LAST) == written(tmp_path / "other", EARLIER, LAST)


def test_damage_before_the_last_batch_is_refused_wherever_it_lies(path: Path) -> None:
    earlier = written(path, EARLIER)
    whole = written(path, LAST)
    for at in range(len(earlier)):
        damaged = whole[:at] + b"\0" + whole[at + 1 :]
        path.write_bytes(damaged)
        with pytest.raises(StoreError, match=re.escape(str(path))):
            Journal(path)
        assert path.read_bytes() == damaged


@pytest.mark.parametrize("line", [b"null", b"[]", b"{}", b'{"key": "a"}', b"", b"3"])
def test_a_line_that_is_no_reply_is_refused_with_its_place(line: bytes, path: Path) -> None:
    earlier = written(path, EARLIER)
    path.write_bytes(earlier + line + b"\n" + earlier)
    with pytest.raises(StoreError, match=f"byte {len(earlier)}"):
        Journal(path)


def test_compacted_it_holds_the_same_in_one_order(path: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.jsonl"
    written(path, EARLIER, LAST)
    written(other, LAST[::-1], EARLIER[1:], EARLIER[:1])
    assert path.read_bytes() != other.read_bytes()
    for file in (path, other):
        journal = Journal(file)
        journal.compact()
        for seen in (journal, Journal(file)):
            assert len(seen) == 5
            assert [seen.get(k) for k, _, _ in EARLIER + LAST] == [reply for _, _, reply in EARLIER + LAST]
    assert path.read_bytes() == other.read_bytes()
    assert all(json.loads(row)["end"] for row in path.read_bytes().splitlines())
    Journal(path).append([stored("f")])
    assert len(Journal(path)) == 6


def test_an_empty_journal_has_nothing_to_compact(path: Path) -> None:
    Journal(path).compact()
    assert not path.exists()


def test_readers_see_whole_batches_while_another_writes(path: Path) -> None:
    writer = Journal(path)
    writer.append(EARLIER)
    reader = Journal(path)
    with path.open("ab") as file:
        file.write(b'{"key": "half')
    assert len(Journal(path)) == len(reader) == 2
    writer.append(LAST)
    assert len(Journal(path)) == 5
