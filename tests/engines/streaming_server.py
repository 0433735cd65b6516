"""A chat server on loopback that streams: a piece an event, and whatever goes wrong between them."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Streamed:
    """What the test sees of it. `status` other than 200 refuses; `breaks` ends without the last chunk."""

    def __init__(self, *pieces: str, finish: str = "stop", status: int = 200, breaks: bool = False) -> None:
        self.pieces, self.finish, self.status, self.breaks = pieces, finish, status, breaks
        self.bodies: list[dict[str, Any]] = []
        self.url = ""

    def chunks(self) -> Iterator[bytes]:
        for piece in self.pieces:
            yield _chunk({"index": 0, "delta": {"content": piece}, "finish_reason": None})
        if self.breaks:
            return
        yield _chunk({"index": 0, "delta": {}, "finish_reason": self.finish})
        yield b"data: [DONE]\n\n"


@contextmanager
def streaming(said: Streamed) -> Iterator[Streamed]:
    http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(said))
    http.daemon_threads = True
    said.url = f"http://127.0.0.1:{http.server_address[1]}/v1"
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield said
    finally:
        http.shutdown()
        thread.join()
        http.server_close()


def _chunk(choice: dict[str, Any]) -> bytes:
    head = {"id": "x", "object": "chat.completion.chunk", "created": 0, "model": "m"}
    return f"data: {json.dumps({**head, 'choices': [choice]})}\n\n".encode()


def _handler(said: Streamed) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def do_POST(self) -> None:
            said.bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(said.status)
            self.send_header("Content-Type", "text/event-stream")
            if said.breaks:
                self.send_header("Content-Length", "100000")
            self.end_headers()
            for chunk in said.chunks():
                self.wfile.write(chunk)
                self.wfile.flush()

    return Handler
