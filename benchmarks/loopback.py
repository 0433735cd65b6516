"""A server on loopback that takes a fixed time for every reply, in a process of its own."""

import asyncio
import json
import multiprocessing
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial


@contextmanager
def serving(latency: float, text: str) -> Iterator[str]:
    """The base URL of a server that answers every chat with `text`, as often as asked, after `latency` seconds."""
    with socket.create_server(("127.0.0.1", 0), backlog=256) as listening:
        port = listening.getsockname()[1]
        arguments = (listening, latency, text)
        server = multiprocessing.get_context("fork").Process(target=_serve, args=arguments, daemon=True)
        server.start()
        try:
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            server.terminate()
            server.join()


def _serve(listening: socket.socket, latency: float, text: str) -> None:
    asyncio.run(_answer_forever(listening, latency, text))


async def _answer_forever(listening: socket.socket, latency: float, text: str) -> None:
    server = await asyncio.start_server(partial(_answer, latency, text), sock=listening)
    await server.serve_forever()


async def _answer(latency: float, text: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while header := await _header(reader):
        length = next(
            (int(line[15:]) for line in header.lower().split(b"\r\n") if line.startswith(b"content-length")), 0
        )
        asked = json.loads(await reader.readexactly(length) or b"{}")
        await asyncio.sleep(latency if length else 0)
        choice = {"message": {"content": text}, "finish_reason": "stop"}
        body = json.dumps({"choices": [choice] * asked.get("n", 1), "usage": {"prompt_tokens": 3}}).encode()
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)


async def _header(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionResetError):
        return b""
