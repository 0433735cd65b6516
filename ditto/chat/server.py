"""The page and what it asks for, on 127.0.0.1 alone. The page holds the conversations, the server the models."""

import json
import re
import sys
from base64 import b64encode
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict
from functools import cached_property
from hashlib import sha256
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event
from typing import Any, ClassVar, Final, TextIO
from urllib.parse import parse_qs, urlsplit

from pydantic import TypeAdapter, ValidationError

from ditto.chat.roles import Cast
from ditto.chat.talk import Talk
from ditto.errors import ConfigError, DataError, DittoError
from ditto.records import Message

HOST: Final = "127.0.0.1"
PAGE: Final = Path(__file__).parent / "page.html"
LARGEST: Final = 1 << 20  # bytes of a request
LISTED: Final = 500  # characters to choose from at once


class Server(ThreadingHTTPServer):
    """Serves `talks`, whose turns are what the page begins with.

    Raises:
        ConfigError: the port is taken or not ours.
    """

    daemon_threads = True

    def __init__(self, talks: Sequence[Talk], cast: Cast, port: int) -> None:
        self.talks, self.cast = talks, cast
        try:
            super().__init__((HOST, port), Handler)
        except OSError as error:
            raise ConfigError(f"port={port} cannot be used: {error.strerror}. port=0 takes any that is free.") from None

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A page that has gone, or has pressed Stop, is no error."""
        if not isinstance(sys.exc_info()[1], (ConnectionError, TimeoutError)):
            super().handle_error(request, client_address)

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.server_port}/"

    @cached_property
    def hosts(self) -> frozenset[str]:
        """What a browser calls us; another name would be a page elsewhere whose name was made to mean us."""
        return frozenset({f"{HOST}:{self.server_port}", f"localhost:{self.server_port}"})

    @cached_property
    def page(self) -> bytes:
        return PAGE.read_bytes()

    @cached_property
    def policy(self) -> str:
        """Only the page's own script and style, and no connection but to us."""
        text = self.page.decode()
        script, style = (_hash(re.search(f"<{tag}>(.*?)</{tag}>", text, re.DOTALL)) for tag in ("script", "style"))
        return (
            f"default-src 'none'; script-src {script}; style-src {style}; connect-src 'self'; img-src data:; "
            "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )


def serve(talks: Sequence[Talk], cast: Cast, port: int, out: TextIO) -> None:
    """Serve until Ctrl-C."""
    with Server(talks, cast, port) as server:
        print(f"The page is at {server.url} (Ctrl-C ends it).", file=out, flush=True)
        try:
            server.serve_forever(poll_interval=0.1)
        except KeyboardInterrupt:
            print(file=out)


class Handler(BaseHTTPRequestHandler):
    """GET / /api/about /api/roles?text=, POST /api/role /api/reply."""

    server: Server
    server_version = "ditto"
    sys_version = ""
    timeout: ClassVar[float] = 60

    def log_message(self, *_: object) -> None:
        """Nobody asked for a line a request."""

    def do_GET(self) -> None:
        if not self._ours():
            return
        url = urlsplit(self.path)
        if url.path == "/":
            self._send(HTTPStatus.OK, self.server.page, "text/html; charset=utf-8")
        elif url.path == "/api/about":
            self._json(self._about())
        elif url.path == "/api/roles":
            query = parse_qs(url.query)
            found = self.server.cast.search(query.get("text", [""])[0], query.get("lang", [None])[0])
            roles = [{"id": c.id, "label": c.label, "description": c.description} for c in found[:LISTED]]
            self._json({"roles": roles, "count": len(found)})
        else:
            self._refuse(HTTPStatus.NOT_FOUND, "There is nothing here.")

    def do_POST(self) -> None:
        if not self._ours():
            return
        answers = {"/api/role": self._role, "/api/reply": self._reply}
        try:
            if self.path not in answers:
                self._refuse(HTTPStatus.NOT_FOUND, "There is nothing here.")
                return
            answers[self.path](self._body())
        except DittoError as error:
            self._refuse(HTTPStatus.BAD_REQUEST, str(error))

    def _ours(self) -> bool:
        """Whether the page asks, and no other: a site elsewhere can send requests to this machine, too."""
        origin = self.headers.get("Origin")
        ours = self.headers.get("Host") in self.server.hosts
        if not ours or (origin is not None and urlsplit(origin).netloc not in self.server.hosts):
            self._refuse(HTTPStatus.FORBIDDEN, f"Only the page at {self.server.url} may ask.")
            return False
        return True

    def _about(self) -> dict[str, Any]:
        talks = self.server.talks
        return {
            "models": [talk.speaker.name for talk in talks],
            "sampled": talks[0].speaker.sampling.temperature > 0,
            "role": asdict(talks[0].role),
            "turns": [[[turn.query, turn.reply] for turn in talk.turns] for talk in talks],
        }

    def _role(self, body: dict[str, Any]) -> None:
        name = body.get("name")
        if not isinstance(name, str) or not name.strip():
            raise DataError("A role needs a name.")
        self._json(asdict(self.server.cast.switch(name, str(body.get("lang")))))

    def _reply(self, body: dict[str, Any]) -> None:
        """Events: `forgotten` turns that did not fit, `text` to add, and at the end `done` or `failed`."""
        speaker = self._side(body).speaker
        sample = body.get("sample", 0)
        if not isinstance(sample, int):
            raise DataError(f"sample={sample!r} is no whole number.")
        sent, forgotten = speaker.fit(_messages(body.get("messages")))
        shown, said = "", None
        self.send_response(HTTPStatus.OK)
        self._headers("text/event-stream; charset=utf-8")
        self.end_headers()
        self._event("forgotten", forgotten)
        try:
            with closing(speaker.reply(sent, sample, Event())) as replies:
                for said in replies:
                    self._event("text", said.text[len(shown) :])
                    shown = said.text
            self._event("done", said.finish if said else "stop")
        except DittoError as error:
            self._event("failed", str(error))

    def _side(self, body: dict[str, Any]) -> Talk:
        side = body.get("side")
        if not isinstance(side, int) or not 0 <= side < len(self.server.talks):
            raise DataError(f"There is no model number {side!r}.")
        return self.server.talks[side]

    def _body(self) -> dict[str, Any]:
        if self.headers.get_content_type() != "application/json":
            raise DataError("A request needs the content type application/json.")
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > LARGEST:
            raise DataError(f"A request needs its length, of at most {LARGEST} bytes.")
        try:
            body = json.loads(self.rfile.read(int(length)))
        except ValueError:
            raise DataError("The request is not JSON.") from None
        if not isinstance(body, dict):
            raise DataError("The request is no JSON object.")
        return body

    def _event(self, name: str, value: str | int) -> None:
        self.wfile.write(f"event: {name}\ndata: {json.dumps(value)}\n\n".encode())
        self.wfile.flush()

    def _json(self, value: Any) -> None:
        self._send(HTTPStatus.OK, json.dumps(value).encode(), "application/json")

    def _refuse(self, status: HTTPStatus, sentence: str) -> None:
        self._send(status, json.dumps({"error": sentence}).encode(), "application/json")

    def _send(self, status: HTTPStatus, data: bytes, kind: str) -> None:
        self.send_response(status)
        self._headers(kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _headers(self, kind: str) -> None:
        for name, value in {
            "Content-Type": kind,
            "Content-Security-Policy": self.server.policy,
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
        }.items():
            self.send_header(name, value)


def _messages(value: Any) -> list[Message]:
    try:
        messages = TypeAdapter(list[Message]).validate_python(value, strict=True)
    except ValidationError:
        raise DataError("The messages are no list of roles with their contents.") from None
    if not messages or messages[-1]["role"] != "user":
        raise DataError("The last message is not the user's: there is nothing to reply to.")
    return messages


def _hash(found: re.Match[str] | None) -> str:
    assert found
    return f"'sha256-{b64encode(sha256(found[1].encode()).digest()).decode()}'"
