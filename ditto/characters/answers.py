"""What services have answered, kept in a folder: compressed, a file a request, named by the request.

Only the request itself names it; how it was made, and by whom, does not.
"""

import gzip
import json
import os
import threading
import zlib
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import orjson

from ditto.errors import StoreError

MANNERS: Final = "maxlag"


class Answers:
    """The answers under one folder. Any number of threads and processes may share it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, url: str, params: Mapping[str, str]) -> dict[str, Any] | None:
        """The JSON object that was answered; None where nothing was, or its file is damaged."""
        try:
            reply = orjson.loads(gzip.decompress(self._file(url, params).read_bytes()))
        except (OSError, EOFError, ValueError, zlib.error):
            return None
        return reply if isinstance(reply, dict) else None

    def put(self, url: str, params: Mapping[str, str], body: bytes) -> None:
        """Keep an answer as it came: written beside and renamed, so that a kill leaves all of it or nothing.

        Raises:
            StoreError: the disk is full, read-only or not ours to write.
        """
        file = self._file(url, params)
        beside = file.with_name(f".{file.name}.{os.getpid()}.{threading.get_ident()}")
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            beside.write_bytes(gzip.compress(body, mtime=0))
            beside.replace(file)
        except OSError as error:
            raise StoreError(
                f"Cannot write {file}: {error.strerror}. Free space there, or set another folder."
            ) from error

    def _file(self, url: str, params: Mapping[str, str]) -> Path:
        request = [url, sorted((name, value) for name, value in params.items() if name != MANNERS)]
        name = sha256(json.dumps(request).encode()).hexdigest()[:40]
        return self._folder / name[:2] / f"{name}.json.gz"
