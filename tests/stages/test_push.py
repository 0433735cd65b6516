"""A tuned model goes to the hub with its scores; the hub here is ours, on loopback."""

import base64
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.commands import CELL

TOKEN = "hf_" + "k" * 34


class Hub(BaseHTTPRequestHandler):
    """Knows one token, and takes every file within its commit."""

    files: dict[str, bytes]
    private: list[bool]

    def do_GET(self) -> None:
        known = self.headers.get("Authorization") == f"Bearer {TOKEN}"
        self._reply(200 if known else 401, {"name": "me", "type": "user"} if known else {"error": "who are you?"})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if "/preupload/" in self.path:
            paths = [file["path"] for file in json.loads(body)["files"]]
            self._reply(200, {"files": [{"path": p, "uploadMode": "regular", "shouldIgnore": False} for p in paths]})
        elif "/commit/" in self.path:
            for line in map(json.loads, body.decode().splitlines()):
                if line["key"] == "file":
                    self.files[line["value"]["path"]] = base64.b64decode(line["value"]["content"])
            self._reply(200, {"commitUrl": self._here("me/model/commit/1"), "commitOid": "1", "success": True})
        elif self.path.endswith("repos/create"):
            asked = json.loads(body)
            self.private.append(asked.get("private", asked.get("visibility") == "private"))
            self._reply(200, {"url": self._here(f"me/{asked['name']}")})
        else:
            self._reply(200, {"errors": [], "warnings": []})

    def _here(self, path: str) -> str:
        return f"http://{self.headers['Host']}/{path}"

    def _reply(self, status: int, body: dict[str, Any]) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def hub() -> Iterator[tuple[str, type[Hub]]]:
    handler = type("Hub", (Hub,), {"files": {}, "private": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", handler
    server.shutdown()
    server.server_close()


def run(root: Path, endpoint: str, token: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "HF_ENDPOINT": endpoint, "HF_TOKEN": token, "HF_HUB_OFFLINE": "0"}
    command = [
        sys.executable,
        "-m",
        "ditto.run",
        *CELL,
        f"paths.root={root}",
        "hub.push=me/${seed.name}-on-${supervisor.name}",
    ]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_the_model_goes_up_with_a_card_that_tells_its_scores(tmp_path: Path, hub: tuple[str, type[Hub]]) -> None:
    endpoint, seen = hub
    done = run(tmp_path, endpoint, TOKEN)
    assert done.returncode == 0, done.stderr
    assert seen.private == [True]
    (model,) = (tmp_path / "tune").glob("*/model")
    for file in model.iterdir():
        if file.name != "README.md":
            assert seen.files[file.name] == file.read_bytes()
    card = seen.files["README.md"].decode()
    assert card.startswith((model / "README.md").read_text().rstrip())
    assert "| identity |" in card
    assert "| rejection |" in card
    assert not [f for f in tmp_path.rglob("*") if f.is_file() and TOKEN.encode() in f.read_bytes()]
    assert TOKEN not in done.stdout + done.stderr


def test_a_hub_that_does_not_know_us_is_one_sentence_before_anything_runs(
    tmp_path: Path, hub: tuple[str, type[Hub]]
) -> None:
    done = run(tmp_path, hub[0], "hf_unknown")
    assert done.returncode == 2
    assert "needs the hub and a token that may write" in done.stderr.splitlines()[-1]
    assert not (tmp_path / "characters").exists()
