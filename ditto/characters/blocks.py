"""A large file, plain, gzip or bzip2, as blocks of some MiB; reading may begin again at any block.

gzip is decompressed here, by zlib on one core: 450 MB/s, which rapidgzip needed two cores and 700 MiB for, and it
takes some truncated files for whole (its issue 71). Its members (Wikidata's dumps have hundreds) are where reading can
begin again; within one, what was read is decompressed once more and passed over. bzip2 is ten times slower, but its
blocks stand for themselves: here they are only found, by the 48 bits that each begins with, and whoever takes a block
decompresses it, on any core.
"""

import bz2
import os
import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, Final

from ditto.errors import DataError
from ditto.store import digest

SIZE: Final = 2 << 20  # decompressed bytes of a block of gzip or of a plain file, about
BEGINNING: Final = 1 << 16
READ: Final = 1 << 18  # compressed bytes read at a time
BLOCK: Final = 0x314159265359  # begins a block of bzip2, at any bit
END: Final = 0x177245385090  # ends a stream; 32 bits of checksum follow
AHEAD: Final = 18  # bytes from a magic's first that tell whether it is one
LARGEST: Final = 900_000  # bytes that a block of bzip2 holds, before its last step
HEADER: Final = int.from_bytes(b"BZh9", "big")


def _within(magic: int, shift: int) -> bytes:
    """The bytes that a magic fills when it begins `shift` bits into one."""
    return (magic << 8 - shift).to_bytes(7, "big")[1 if shift else 0 : 6]


MAGICS: Final = {_within(magic, shift): (magic, shift) for magic in (BLOCK, END) for shift in range(8)}
MAGIC: Final = re.compile(b"|".join(map(re.escape, MAGICS)))


@dataclass(frozen=True, slots=True)
class Place:
    """Where a block begins: `skip` bytes behind what begins at `offset` of the file, counted in bits."""

    offset: int = 0
    skip: int = 0


@dataclass(frozen=True, slots=True)
class Block:
    """`data` as it was read; `after` is where the next one begins, `read` how many bytes of the file are read by then.

    `bits` of the data, from the first to behind the last, are a block of bzip2.
    """

    data: bytes
    after: Place
    read: int
    bits: tuple[int, int] | None = None

    def text(self) -> bytes:
        """What it holds.

        Raises:
            ValueError, OSError: it is damaged.
        """
        return self.data if self.bits is None else bz2.decompress(_stream(self.data, *self.bits))


def blocks(path: Path, start: Place | None = None) -> Iterator[Block]:
    """The blocks of a file from a place on, which an earlier block named.

    Raises:
        DataError: the file cannot be read, is damaged, or ends too early.
    """
    start = start or Place()
    try:
        with path.open("rb") as file:
            yield from _reader(file)(file, path, start)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}.") from None


def beginning(path: Path) -> bytes:
    """The first text of a file, some KiB of it or more where there is more.

    Raises:
        DataError: the file cannot be read, is empty or damaged.
    """
    text, place = b"", Place()
    for block in blocks(path):
        try:
            text += block.text()
        except (OSError, ValueError):
            raise damaged(path, place) from None
        if len(text) >= BEGINNING:
            break
        place = block.after
    if not text:
        raise DataError(f"{path} is empty: give a dump.")
    return text


def fingerprint(path: Path) -> str:
    """What tells a file from another one, wherever it lies: its length, its first and its last bytes.

    Raises:
        DataError: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            ends = [(file.seek(place), file.read(BEGINNING))[1] for place in (0, max(0, size - BEGINNING))]
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}.") from None
    return digest([size, *(sha256(end).hexdigest() for end in ends)])


def _reader(file: BinaryIO) -> Callable[[BinaryIO, Path, Place], Iterator[Block]]:
    magic = file.read(4)
    if magic.startswith(b"\x1f\x8b"):
        return _gzip
    return _bzip2 if magic.startswith(b"BZh") else _plain


def _plain(file: BinaryIO, _: Path, start: Place) -> Iterator[Block]:
    offset = start.offset // 8
    file.seek(offset)
    while data := file.read(SIZE):
        offset += len(data)
        yield Block(data, Place(offset * 8), offset)


def _gzip(file: BinaryIO, path: Path, start: Place) -> Iterator[Block]:
    """Blocks of SIZE; each member is decompressed and checked by zlib."""
    skip, parts, size = start.skip, list[bytes](), 0
    for data, after in _members(file, path, start.offset // 8):
        passed = min(skip, len(data))
        skip -= passed
        parts.append(data[passed:])
        size += len(parts[-1])
        if size >= SIZE:
            yield Block(b"".join(parts), after, file.tell())
            parts, size = [], 0
    if size:
        yield Block(b"".join(parts), Place(file.tell() * 8), file.tell())


def _members(file: BinaryIO, path: Path, offset: int) -> Iterator[tuple[bytes, Place]]:
    """What is decompressed a piece at a time, with where it ended."""
    file.seek(offset)
    rest = file.read(READ)
    while rest:
        decoder, made, ended = zlib.decompressobj(wbits=31), 0, False
        while not ended:
            if not (rest := rest or file.read(READ)):
                raise _truncated(path)
            try:
                data = decoder.decompress(rest, SIZE)
            except zlib.error:
                raise damaged(path, Place((file.tell() - len(rest)) * 8)) from None
            rest, made, ended = decoder.unconsumed_tail, made + len(data), decoder.eof
            if ended:
                rest = (decoder.unused_data or file.read(READ)).lstrip(b"\0")  # members may be padded
                offset, made = file.tell() - len(rest), 0
            yield data, Place(offset * 8, made)


def _bzip2(file: BinaryIO, path: Path, start: Place) -> Iterator[Block]:
    """The blocks of all streams as they are, from one magic to the next."""
    begun, ended = None, False
    with path.open("rb") as again:
        for bit, magic in _magics(file, start.offset // 8):
            if begun is not None:
                again.seek(begun // 8)
                data = again.read((bit + 7) // 8 - begun // 8)
                yield Block(data, Place(bit), bit // 8, (begun % 8, bit - begun // 8 * 8))
            begun, ended = (bit if magic == BLOCK else None), magic == END
    if not ended:
        raise _truncated(path)


def _magics(file: BinaryIO, base: int) -> Iterator[tuple[int, int]]:
    """The bit at which each magic of the file begins, from byte `base` on, and which it is."""
    held, more = b"", True
    file.seek(base)
    while more:
        data = file.read(READ)
        held, more = held + data, bool(data)
        whole = max(len(held) - AHEAD, 0) if more else len(held)
        for found in MAGIC.finditer(held):
            magic, shift = MAGICS[found.group()]
            first = found.start() - (shift > 0)
            if 0 <= first < whole and _is_one(held, first, shift, magic):
                yield (base + first) * 8 + shift, magic
        held, base = held[whole:], base + whole


def _is_one(held: bytes, first: int, shift: int, magic: int) -> bool:
    """Whether what stands there is no accident: 48 bits are one once in some thousand files of this size."""
    bits = int.from_bytes(held[first : first + AHEAD].ljust(AHEAD, b"\0"), "big") >> 8 * AHEAD - shift - 105
    if bits >> 57 & (1 << 48) - 1 != magic:
        return False
    if magic == BLOCK:  # 32 bits of checksum, one that is 0, and a place in the block
        return bits & (1 << 25) - 1 < LARGEST
    behind = first + (shift + 80 + 7) // 8
    return behind == len(held) or held[behind : behind + 3] == b"BZh"


def _stream(data: bytes, first: int, last: int) -> bytes:
    """A stream of one block, which its bits `first` to `last` are."""
    size = last - first
    block = int.from_bytes(data, "big") >> 8 * len(data) - last & (1 << size) - 1
    checksum = block >> size - 80 & (1 << 32) - 1
    whole = (HEADER << size | block) << 80 | END << 32 | checksum
    padding = -size % 8
    return (whole << padding).to_bytes((32 + size + 80 + padding) // 8, "big")


def damaged(path: Path, place: Place) -> DataError:
    return DataError(f"{path} is damaged near byte {place.offset // 8:,}: fetch it again.")


def _truncated(path: Path) -> DataError:
    return DataError(f"{path} is truncated: it ends in the middle of its compressed data. Fetch it again.")
