"""A supervisor behind a server: killed at random moments, a run asks for nothing that is stored."""

import json
import threading
import time
from pathlib import Path
from random import Random

import pytest

from tests.commands import CELL, start
from tests.engines.server import Body, Server, completion, question, serving


def supervisor(body: Body, _: int = 0) -> Body:
    """Replies that depend on the request alone: two questions as JSON, or a sentence in the language."""
    time.sleep(0.03)
    text = question(body)
    chinese = "A能回答" in text or "你" in text or "。" in json.dumps(body["messages"], ensure_ascii=False)
    name = str(sum(map(ord, text)) % 997)
    if len(body["messages"]) == 1:
        asks = ["你的家乡是哪里", "你的对手是谁"] if chinese else ["where is your home", "who is your rival"]
        lists = [json.dumps([{"question": f"{ask} {name} {i}?"} for ask in asks]) for i in range(body.get("n", 1))]
        return completion(*lists)
    return completion(f"我不知道{name}。" if chinese else f"I know it well, {name}.")


def command(server: Server) -> list[str]:
    options = ("base_url=" + server.url, "key_env=null", "concurrency=2", "pause=0.01")
    return [
        *CELL,
        "model@supervisor=api",
        "supervisor.name=scripted",
        "engine@supervisor_engine=openai",
        *(f"supervisor_engine.{option}" for option in options),
    ]


def stored(root: Path) -> set[str]:
    """What the journals of unfinished artifacts hold whole, by the messages that were asked."""
    found = set()
    for journal in (root / ".work").glob("*/*/journal.jsonl"):
        lines = journal.read_bytes().split(b"\n")
        ends = [n for n, line in enumerate(lines) if line.endswith(b'"end": true}')]
        rows = [json.loads(line) for line in lines[: ends[-1] + 1]] if ends else []
        found |= {json.dumps(row["messages"]) for row in rows}
    return found


def artifacts(root: Path) -> dict[str, bytes]:
    """Everything the stages made, but for the manifests, which hold dates."""
    files = [f for stage in ("simulate", "answer", "judge", "tune") for f in (root / stage).rglob("*") if f.is_file()]
    return {str(f.relative_to(root)): f.read_bytes() for f in files if f.name != "manifest.json"}


@pytest.mark.slow
def test_killed_at_random_moments_it_asks_only_for_what_is_missing(tmp_path: Path) -> None:
    rng = Random(4)
    with serving(supervisor) as server:
        kept: set[str] = set()
        for _ in range(5):
            asked_before = len(server.bodies)
            process = start(tmp_path / "killed", *command(server))
            limit = asked_before + rng.randrange(4, 30)
            while process.poll() is None and len(server.bodies) < limit:
                time.sleep(0.005)
            process.kill()
            process.communicate()
            again = {json.dumps(body["messages"]) for body in server.bodies[asked_before:]}
            assert not again & kept
            kept |= stored(tmp_path / "killed")
        assert kept
        asked_before = len(server.bodies)
        process = start(tmp_path / "killed", *command(server))
        out, err = process.communicate(timeout=300)
        assert process.returncode == 0, f"{out}\n{err}"
        assert not {json.dumps(body["messages"]) for body in server.bodies[asked_before:]} & kept
    with serving(supervisor) as server:
        process = start(tmp_path / "whole", *command(server))
        out, err = process.communicate(timeout=300)
        assert process.returncode == 0, f"{out}\n{err}"
    assert artifacts(tmp_path / "killed") == artifacts(tmp_path / "whole")
    assert threading.active_count() < 20
