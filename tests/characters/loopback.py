"""A server on loopback that answers as a test says, and remembers what it was asked and when."""

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True)
class Asked:
    """A request; `times` is how often the same one had come before, `params` those of the address or the body."""

    method: str
    path: str
    params: dict[str, str]
    headers: Mapping[str, str]
    at: float
    times: int


@dataclass(frozen=True)
class Reply:
    """`body` in bytes, or what is to be written as JSON. `missing`: how many bytes more are announced than sent."""

    body: Any = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    missing: int = 0
    dropped: bool = False

    @property
    def data(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


class Server:
    """What the test sees of it."""

    def __init__(self, answer: Callable[[Asked], Reply]) -> None:
        self.answer = answer
        self.asked: list[Asked] = []
        self.in_flight = self.most_in_flight = 0
        self.lock = threading.Lock()
        self.address = ""

    @property
    def url(self) -> str:
        return f"{self.address}/w/api.php"

    def note(self, method: str, path: str, params: dict[str, str], headers: Mapping[str, str]) -> Asked:
        with self.lock:
            times = sum((one.path, one.params) == (path, params) for one in self.asked)
            self.asked.append(Asked(method, path, params, headers, time.monotonic(), times))
            self.in_flight += 1
            self.most_in_flight = max(self.most_in_flight, self.in_flight)
            return self.asked[-1]

    def over(self) -> None:
        with self.lock:
            self.in_flight -= 1


@contextmanager
def serving(answer: Callable[[Asked], Reply]) -> Iterator[Server]:
    server = Server(answer)
    with ThreadingHTTPServer(("127.0.0.1", 0), _handler(server)) as http, ThreadPoolExecutor(1) as pool:
        http.daemon_threads = True  # an answer that hangs does not keep the test
        server.address = f"http://127.0.0.1:{http.server_address[1]}"
        pool.submit(http.serve_forever, poll_interval=0.01)
        try:
            yield server
        finally:
            http.shutdown()


def _handler(server: Server) -> type[BaseHTTPRequestHandler]:  # noqa: C901 - a class per server
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            self._reply(urlsplit(self.path).query)

        def do_POST(self) -> None:
            self._reply(self.rfile.read(int(self.headers["Content-Length"])).decode())

        def _reply(self, query: str) -> None:
            params = dict(parse_qsl(query, keep_blank_values=True))
            asked = server.note(self.command, urlsplit(self.path).path, params, self.headers)
            try:
                self._send(server.answer(asked))
            except (BrokenPipeError, ConnectionResetError):  # who asked is dead
                self.close_connection = True
            finally:
                server.over()

        def _send(self, reply: Reply) -> None:
            self.close_connection = bool(reply.dropped or reply.missing)
            if reply.dropped:
                return
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply.data) + reply.missing))
            self.end_headers()
            self.wfile.write(reply.data)

    return Handler
