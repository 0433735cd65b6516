"""`engine=openai` against a loopback server that takes a fixed time for every reply.

The limit is concurrency / latency; whatever is missing to it is ours (and the server's, which runs on
the same machine).
"""

import asyncio
import json
import multiprocessing
import socket
import tempfile
import time
from pathlib import Path

from ditto.engines.ask import Tally, ask
from ditto.engines.base import Request, Sampling
from ditto.engines.openai import OpenAIEngine
from ditto.journal import Journal
from ditto.models import Model

LATENCY = 0.25
CONCURRENCY = 64
REQUESTS = 2048
# What upstream's judge script does, by its authors' word: 10 roles a minute.
UPSTREAM = 10 / 60


def run() -> list[tuple[str, float]]:
    """Requests a second through journal and engine, beside the limit."""
    with socket.create_server(("127.0.0.1", 0), backlog=256) as listening:
        port = listening.getsockname()[1]
        server = multiprocessing.get_context("fork").Process(target=_serve, args=(listening,), daemon=True)
        server.start()
        engine = OpenAIEngine(
            Model(name="fixed", path="api:fixed"),
            base_url=f"http://127.0.0.1:{port}/v1",
            key_env=None,
            concurrency=CONCURRENCY,
        )
        requests = [Request(({"role": "user", "content": f"request {i}"},), Sampling()) for i in range(REQUESTS)]
        with tempfile.TemporaryDirectory() as folder:
            start = time.perf_counter()
            ask(engine, requests, Journal(Path(folder) / "journal.jsonl"), Tally(), "")
            ours = REQUESTS / (time.perf_counter() - start)
        server.terminate()
        server.join()
    return [("engine and journal", ours), ("concurrency / latency", CONCURRENCY / LATENCY)]


def _serve(listening: socket.socket) -> None:
    asyncio.run(_answer_forever(listening))


async def _answer_forever(listening: socket.socket) -> None:
    server = await asyncio.start_server(_answer, sock=listening)
    await server.serve_forever()


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    reply = {"choices": [{"message": {"content": "Aye."}, "finish_reason": "stop"}], "usage": {"prompt_tokens": 3}}
    body = json.dumps(reply).encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    while header := await _header(reader):
        length = next(
            (int(line[15:]) for line in header.lower().split(b"\r\n") if line.startswith(b"content-length")), 0
        )
        await reader.readexactly(length)
        await asyncio.sleep(LATENCY if length else 0)
        writer.write(head + body)


async def _header(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionResetError):
        return b""
