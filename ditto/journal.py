"""The journal of requests: what a model has said is never asked again.

One JSON object a line, appended a batch at a time; a batch's last line carries `"end": true`. What a
kill left behind the last complete batch is not seen, and cut off before the next one is written, so
that a request is either stored with its whole batch or not at all. Only successes are stored.

Memory stays small however long the journal is: replies are read from the file where they are needed,
and where they lie is kept in a private SQLite table, which spills to the disk.
"""

import json
import os
import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from ditto.engines.base import Completion, Request
from ditto.errors import StoreError

FIELDS: Final = {"text", "finish", "prompt_tokens", "completion_tokens"}
END: Final = b', "end": true}\n'


class Journal:
    """The replies stored in one file. One process writes it, the one that holds the artifact's lock;
    any number may read it meanwhile.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._load()

    def __len__(self) -> int:
        return int(self._index.execute("SELECT count(*) FROM replies").fetchone()[0])

    def __contains__(self, key: str) -> bool:
        return self._offset(key) is not None

    def get(self, key: str) -> Completion | None:
        """The stored reply.

        Raises:
            StoreError: its line is damaged.
        """
        offset = self._offset(key)
        return None if offset is None else self._read(offset)

    def append(self, batch: Iterable[tuple[str, Request, Completion]]) -> None:
        """Store one batch: written in one piece and flushed to the disk."""
        lines = [(key, _line(key, request, reply)) for key, request, reply in batch]
        if not lines:
            return
        lines[-1] = (lines[-1][0], lines[-1][1][:-2] + END)
        with self._path.open("ab") as file:
            if file.tell() > self._whole:
                file.truncate(self._whole)  # half a batch, from before a kill
            file.write(b"".join(line for _, line in lines))
            file.flush()
            os.fsync(file.fileno())
        self._store(lines)

    def compact(self) -> None:
        """Rewrite it in the order of its keys, every reply a batch of its own, so that equal replies make
        equal files in whatever order and company they came.
        """
        if not len(self):
            return
        beside = self._path.with_name(f".{self._path.name}.compact")
        with self._path.open("rb") as source, beside.open("wb") as target:
            for (offset,) in self._index.execute("SELECT offset FROM replies ORDER BY key"):
                source.seek(offset)
                line = source.readline()
                target.write(line if line.endswith(END) else line[:-2] + END)
            target.flush()
            os.fsync(target.fileno())
        beside.replace(self._path)
        self._load()

    def _load(self) -> None:
        self._index = sqlite3.connect("", isolation_level=None)
        self._index.execute("CREATE TABLE replies (key INTEGER PRIMARY KEY, offset INTEGER)")
        self._whole = 0
        if not self._path.exists():
            return
        with self._path.open("rb") as file:
            batch: list[tuple[str, bytes]] = []
            self._index.execute("BEGIN")
            for line in file:
                if not line.endswith(b"\n"):
                    break
                batch.append((self._row(line, file.tell() - len(line))["key"], line))
                if line.endswith(END):
                    self._store(batch)
                    batch.clear()
            self._index.execute("COMMIT")

    def _store(self, batch: Iterable[tuple[str, bytes]]) -> None:
        """Note where the lines of a batch lie, the first of them after all that are known."""
        for key, line in batch:
            self._index.execute("INSERT OR REPLACE INTO replies VALUES (?, ?)", (_number(key), self._whole))
            self._whole += len(line)

    def _offset(self, key: str) -> int | None:
        row = self._index.execute("SELECT offset FROM replies WHERE key = ?", (_number(key),)).fetchone()
        return row[0] if row else None

    def _read(self, offset: int) -> Completion:
        with self._path.open("rb") as file:
            file.seek(offset)
            row = self._row(file.readline(), offset)
        return Completion(row["text"], row["finish"], row["prompt_tokens"], row["completion_tokens"])

    def _row(self, line: bytes, offset: int) -> dict[str, Any]:
        try:
            row: dict[str, Any] = json.loads(line)
            _number(row["key"])
            whole = row.keys() >= FIELDS
        except (ValueError, KeyError, TypeError, AttributeError):
            whole = False
        if not whole:
            raise StoreError(f"{self._path} is damaged at byte {offset}; delete it to ask again.")
        return row


def _line(key: str, request: Request, reply: Completion) -> bytes:
    row: dict[str, Any] = {
        "key": key,
        "sample": request.sample,
        "text": reply.text,
        "finish": reply.finish,
        "prompt_tokens": reply.prompt_tokens,
        "completion_tokens": reply.completion_tokens,
        "messages": list(request.messages),
    }
    return (json.dumps(row, ensure_ascii=False) + "\n").encode()


def _number(key: str) -> int:
    """A key as SQLite's signed 64 bits, in the keys' order."""
    return int(key, 16) - (1 << 63)
