"""A chat server on loopback that behaves as badly as it is told to, and remembers what it was asked."""

import json
import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Body = dict[str, Any]
# What to do with a request that has been seen n times before: a body to send, or one of the faults below.
Behaviour = Callable[[Body, int], "Body | Fault"]


class Fault:
    """An HTTP status with a text, or one of `hang`, `reset`, `truncate`, `html`."""

    def __init__(self, kind: int | str, text: str = "", **headers: str) -> None:
        self.kind, self.text, self.headers = kind, text, headers


def completion(*texts: str, finish: str = "stop") -> Body:
    choices = [
        {"index": i, "finish_reason": finish, "message": {"role": "assistant", "content": text}}
        for i, text in enumerate(texts)
    ]
    return {"choices": choices, "usage": {"prompt_tokens": 10, "completion_tokens": 5 * len(texts)}}


def question(body: Body) -> str:
    text = body["messages"][-1]["content"]
    assert isinstance(text, str)
    return text


def echo(body: Body, _: int = 0) -> Body:
    """Says the last message in capitals, once for each sample."""
    return completion(*[question(body).upper()] * body.get("n", 1))


class Server:
    """What the test sees of it."""

    def __init__(self, behaviour: Behaviour) -> None:
        self.behaviour = behaviour
        self.bodies: list[Body] = []
        self.keys: set[str] = set()
        self.seen: Counter[str] = Counter()
        self.in_flight = self.most_in_flight = 0
        self.models_status = 200
        self.over = threading.Event()
        self.lock = threading.Lock()
        self.url = ""


@contextmanager
def serving(behaviour: Behaviour = echo) -> Iterator[Server]:
    server = Server(behaviour)
    http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(server))
    http.daemon_threads = True
    server.url = f"http://127.0.0.1:{http.server_address[1]}/v1"
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.over.set()
        http.shutdown()
        thread.join()
        http.server_close()


def _handler(server: Server) -> type[BaseHTTPRequestHandler]:  # noqa: C901 - a class per server
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            self._send(server.models_status, json.dumps({"object": "list", "data": []}))

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with server.lock:
                times = server.seen[question(body)]
                server.seen[question(body)] += 1
                server.bodies.append(body)
                server.keys.add(self.headers.get("Authorization", ""))
                server.in_flight += 1
                server.most_in_flight = max(server.most_in_flight, server.in_flight)
            try:
                self._answer(server.behaviour(body, times))
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True
            finally:
                with server.lock:
                    server.in_flight -= 1

        def _answer(self, said: Body | Fault) -> None:
            if isinstance(said, dict):
                self._send(200, json.dumps(said))
            elif isinstance(said.kind, int):
                self._send(said.kind, said.text, **said.headers)
            else:
                getattr(self, f"_{said.kind}")()

        def _hang(self) -> None:
            server.over.wait(30)
            self.close_connection = True

        def _html(self) -> None:
            self._send(200, "<html><body>502 Bad Gateway</body></html>", Content_Type="text/html")

        def _truncate(self) -> None:
            self._send(200, json.dumps(completion("half"))[:-20])

        def _reset(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "5000")
            self.end_headers()
            self.wfile.write(b'{"choices": [')
            self.wfile.flush()
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True

        def _send(self, status: int, text: str, **headers: str) -> None:
            data = text.encode()
            self.send_response(status)
            for name, value in ({"Content_Type": "application/json"} | headers).items():
                self.send_header(name.replace("_", "-"), value)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    return Handler
