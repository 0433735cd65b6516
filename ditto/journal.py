"""The journal of requests: what a model has said is never asked again.

One JSON object a line, appended a batch at a time; a batch's last line carries `"end": true`. What a
kill left behind the last complete batch is cut off when the journal is opened, so that a request is
either stored with its whole batch or not at all. Only successes are stored.
"""

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ditto.engines.base import Completion, Request
from ditto.errors import StoreError


class Journal:
    """The replies stored in one file. One process writes it: the one that holds the artifact's lock."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._found: dict[str, Completion] = {}
        self._load()

    def __len__(self) -> int:
        return len(self._found)

    def get(self, key: str) -> Completion | None:
        return self._found.get(key)

    def append(self, batch: Iterable[tuple[str, Request, Completion]]) -> None:
        """Store one batch: written in one piece and flushed to the disk."""
        rows = list(batch)
        if not rows:
            return
        lines = [_row(key, request, reply) for key, request, reply in rows]
        lines[-1]["end"] = True
        text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
        with self._path.open("ab") as file:
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
        self._found.update({key: reply for key, _, reply in rows})

    def _load(self) -> None:
        if not self._path.exists():
            return
        whole, pending = 0, dict[str, Completion]()
        with self._path.open("rb") as file:
            for line in file:
                try:
                    row = json.loads(line)
                    pending[row["key"]] = _reply(row)
                except (ValueError, KeyError, TypeError):
                    if line.endswith(b"\n"):
                        where = file.tell() - len(line)
                        raise StoreError(f"{self._path} is damaged at byte {where}; delete it to ask again.") from None
                    break
                if row.get("end") and line.endswith(b"\n"):
                    self._found |= pending
                    pending.clear()
                    whole = file.tell()
        if whole < self._path.stat().st_size:
            os.truncate(self._path, whole)


def _row(key: str, request: Request, reply: Completion) -> dict[str, Any]:
    return {
        "key": key,
        "sample": request.sample,
        "text": reply.text,
        "finish": reply.finish,
        "prompt_tokens": reply.prompt_tokens,
        "completion_tokens": reply.completion_tokens,
        "messages": list(request.messages),
    }


def _reply(row: dict[str, Any]) -> Completion:
    return Completion(row["text"], row["finish"], row["prompt_tokens"], row["completion_tokens"])
