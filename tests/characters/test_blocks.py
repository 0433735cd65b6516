import gzip
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ditto.characters import blocks
from ditto.characters.blocks import Block, Place
from ditto.errors import DataError
from tests.characters.dumps import KINDS, packed

# Little to compress, so that a small file has several blocks of bzip2 (100 kB each, at any bit of a byte).
NOISE = random.Random(5).randbytes(310_000)


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "SIZE", 50_000)
    monkeypatch.setattr(blocks, "READ", 7_000)


def written(folder: Path, data: bytes) -> Path:
    path = folder / "file"
    path.write_bytes(data)
    return path


def text(of: Iterator[Block]) -> bytes:
    return b"".join(block.text() for block in of)


@pytest.mark.parametrize("kind", KINDS)
def test_all_is_read_and_from_every_block_on(tmp_path: Path, kind: str) -> None:
    path = written(tmp_path, packed(NOISE, kind))
    parts = list(blocks.blocks(path))
    assert len(parts) > 3
    assert b"".join(part.text() for part in parts) == NOISE
    read = 0
    for part in parts:
        read += len(part.text())
        assert text(blocks.blocks(path, part.after)) == NOISE[read:]


@given(
    data=st.lists(st.binary(min_size=1, max_size=30), max_size=20).map(lambda parts: b"".join(p * 50 for p in parts)),
    kind=st.sampled_from(KINDS),
    pieces=st.integers(1, 9),
)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_whatever_is_in_it(tmp_path: Path, data: bytes, kind: str, pieces: int) -> None:
    assert text(blocks.blocks(written(tmp_path, packed(data, kind, pieces)))) == data


@pytest.mark.parametrize("kind", ["gzip", "members", "bzip2", "streams"])
@given(where=st.floats(0.0, 1.0))
@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_what_ends_in_the_middle_of_its_compressed_data_is_truncated(tmp_path: Path, kind: str, where: float) -> None:
    whole = packed(NOISE[:150_000], kind, pieces=1)
    path = written(tmp_path, whole[: 4 + int(where * (len(whole) - 5))])
    with pytest.raises(DataError, match="truncated: it ends in the middle"):
        text(blocks.blocks(path))


@pytest.mark.parametrize("kind", ["gzip", "members"])
def test_a_damaged_gzip_file_is_told(tmp_path: Path, kind: str) -> None:
    data = bytearray(packed(NOISE, kind))
    data[len(data) // 2] ^= 0x55
    with pytest.raises(DataError, match=r"damaged near byte [\d,]+: fetch it again"):
        text(blocks.blocks(written(tmp_path, bytes(data))))


@pytest.mark.parametrize("kind", ["bzip2", "streams"])
def test_a_damaged_block_of_bzip2_is_told_by_who_decompresses_it(tmp_path: Path, kind: str) -> None:
    data = bytearray(packed(NOISE, kind))
    data[len(data) // 2] ^= 0x55
    with pytest.raises(OSError, match="Invalid data stream"):
        text(blocks.blocks(written(tmp_path, bytes(data))))


def test_members_of_gzip_may_be_padded_and_nothing_else_may_follow(tmp_path: Path) -> None:
    one, other = gzip.compress(b"one "), gzip.compress(b"other")
    assert text(blocks.blocks(written(tmp_path, one + b"\0" * 512 + other + b"\0" * 9))) == b"one other"
    with pytest.raises(DataError, match="damaged near byte 24"):
        text(blocks.blocks(written(tmp_path, one + b"more")))


def test_the_magic_of_a_block_by_accident_is_none(tmp_path: Path) -> None:
    """What follows it tells: no place in a block has all its bits set."""
    accident = b"BZh9" + blocks.BLOCK.to_bytes(6, "big") + b"\xff" * 20
    assert text(blocks.blocks(written(tmp_path, accident + packed(NOISE, "bzip2")))) == NOISE


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read: No such file"):
        list(blocks.blocks(tmp_path / "none"))
    with pytest.raises(DataError, match="cannot be read: Is a directory"):
        blocks.beginning(tmp_path)
    with pytest.raises(DataError, match="is empty: give a dump"):
        blocks.beginning(written(tmp_path, b""))


def test_the_beginning_is_read_over_small_streams(tmp_path: Path) -> None:
    assert blocks.beginning(written(tmp_path, packed(b"<mediawiki>" * 10, "streams"))) == b"<mediawiki>" * 10


def test_a_file_that_changed_is_another(tmp_path: Path) -> None:
    path = written(tmp_path, b"one")
    before = blocks.fingerprint(path)
    assert blocks.fingerprint(path) == before
    path.write_bytes(b"another")
    assert blocks.fingerprint(path) != before
    moved = tmp_path / "moved"
    moved.write_bytes(b"one")
    assert blocks.fingerprint(moved) == before


def test_places_are_bits_of_the_file_and_bytes_behind(tmp_path: Path) -> None:
    path = written(tmp_path, packed(NOISE, "gzip"))
    first = next(blocks.blocks(path)).after
    assert first.offset == 0
    assert first.skip >= blocks.SIZE
    assert list(blocks.blocks(path))[-1].after == Place(path.stat().st_size * 8)
