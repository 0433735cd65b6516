"""Reads what W&B wrote of offline runs: protocol buffers in LevelDB's log format."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wandb.proto.wandb_internal_pb2 import Record

BLOCK = 1 << 15
FILE_HEADER, HEADER = 7, 7  # the second: 4 bytes of checksum, 2 of length, 1 of kind


@dataclass
class Offline:
    """One folder of a run: `history` has a dictionary for each step that was told something."""

    folder: Path
    id: str = ""
    name: str = ""
    group: str = ""
    job_type: str = ""
    config: dict[str, Any] = field(default_factory=dict)
    summary: dict[str, Any] = field(default_factory=dict)
    history: dict[int, dict[str, Any]] = field(default_factory=dict)
    exit_code: int | None = None

    def table(self, name: str) -> dict[str, Any]:
        [path] = [row[f"{name}/path"] for row in self.history.values() if f"{name}/path" in row]
        table: dict[str, Any] = json.loads((self.folder / "files" / path).read_text("utf-8"))
        return table


def offline(logs: Path) -> list[Offline]:
    """All runs below `logs`/wandb in the order in which they began; those without a record are killed ones."""
    return [_read(file) for file in sorted((logs / "wandb").glob("offline-run-*/*.wandb"))]


def finished(logs: Path) -> list[Offline]:
    """All runs, once the service that writes them has caught up with this process."""
    end = time.monotonic() + 20
    while any(run.exit_code is None for run in offline(logs)) and time.monotonic() < end:
        time.sleep(0.05)
    return offline(logs)


def _read(file: Path) -> Offline:
    run = Offline(file.parent)
    for record in records(file):
        kind = record.WhichOneof("record_type")
        if kind == "run":
            run.id, run.name = record.run.run_id, record.run.display_name
            run.group, run.job_type = record.run.run_group, record.run.job_type
            run.config |= {item.key: json.loads(item.value_json) for item in record.run.config.update}
        elif kind == "history":
            run.history.setdefault(record.history.step.num, {}).update(_items(record.history.item))
        elif kind == "summary":
            run.summary |= _items(record.summary.update)
        elif kind == "exit":
            run.exit_code = record.exit.exit_code
    return run


def _items(items: Any) -> dict[str, Any]:
    return {item.key or "/".join(item.nested_key): json.loads(item.value_json) for item in items}


def records(file: Path) -> Iterator[Any]:
    data, at, parts = file.read_bytes(), FILE_HEADER, b""
    while at + HEADER <= len(data):
        left = BLOCK - at % BLOCK
        if left < HEADER:
            at += left
            continue
        length, kind = int.from_bytes(data[at + 4 : at + 6], "little"), data[at + 6]
        parts += data[at + HEADER : at + HEADER + length]
        at += HEADER + length
        if kind in (1, 4):  # a whole record, or its last part
            yield Record.FromString(parts)
            parts = b""
