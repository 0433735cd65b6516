"""The page's server: it streams, it answers nobody but the page, and bad requests are one sentence."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event
from typing import Any

import httpx
import pytest

from ditto.chat.server import Server
from ditto.chat.talk import Talk, Turn
from ditto.engines.base import Completion, Failure, Request
from ditto.engines.scripted import ScriptedEngine
from ditto.errors import ConfigError
from tests.chat.people import CAST, MIRA, SAMPLED, speaker, talk


@contextmanager
def served(*talks: Talk) -> Iterator[httpx.Client]:
    with Server(talks, CAST, 0) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            with httpx.Client(base_url=server.url, timeout=20) as client:
                yield client
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    second = Talk(speaker(lambda _: "No, \n no.", "other"), MIRA, [Turn("before", "Aye.")])
    failing = talk(lambda _: Failure("no luck"), "failing")
    with served(talk(), second, failing) as client:
        yield client


def asked(text: str, **more: Any) -> dict[str, Any]:
    return {"side": 0, "messages": [{"role": "user", "content": text}], **more}


def events(response: httpx.Response) -> list[tuple[str, Any]]:
    parts = [part.split("\n") for part in response.text.split("\n\n") if part]
    return [(name.removeprefix("event: "), json.loads(data.removeprefix("data: "))) for name, data in parts]


def test_a_reply_comes_in_pieces(client: httpx.Client) -> None:
    response = client.post("/api/reply", json=asked("to and fro", sample=3))
    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert events(response) == [
        ("forgotten", 0),
        ("text", "TO "),
        ("text", "AND "),
        ("text", "FRO "),
        ("text", "3"),
        ("done", "stop"),
    ]
    both = events(client.post("/api/reply", json=asked("x", side=1)))
    assert "".join(value for name, value in both if name == "text") == "No, \n no."


def test_a_failure_is_an_event(client: httpx.Client) -> None:
    said = events(client.post("/api/reply", json=asked("x", side=2)))
    assert said[-1] == ("failed", "There is no reply: no luck.")


def test_a_full_context_is_said() -> None:
    with served(talk(room=40)) as client:
        history = [{"role": r, "content": "one two three four five"} for _ in range(9) for r in ("user", "assistant")]
        body = {"side": 0, "messages": [*history, {"role": "user", "content": "Hi"}]}
        assert events(client.post("/api/reply", json=body))[0] == ("forgotten", 7)
        response = client.post("/api/reply", json=asked("word " * 40))
        assert (response.status_code, "too long" in response.json()["error"]) == (400, True)


def test_the_page_begins_with_what_was_said_before(client: httpx.Client) -> None:
    about = client.get("/api/about").json()
    assert about["models"] == ["parrot", "other", "failing"]
    assert about["turns"] == [[], [["before", "Aye."]], []]
    assert (about["role"]["label"], about["role"]["system"]) == (MIRA.label, MIRA.system)


def test_roles_are_found_and_made(client: httpx.Client) -> None:
    found = client.get("/api/roles", params={"text": "reed"}).json()
    assert ([c["id"] for c in found["roles"]], found["count"]) == (["Q2", "Q3"], 2)
    assert client.get("/api/roles").json()["count"] == len(CAST) == 4
    assert client.post("/api/role", json={"name": "Q2", "lang": "en"}).json()["label"] == "Tomas Reed"
    assert client.post("/api/role", json={"name": "You are Li Bai."}).json()["system"] == "You are Li Bai."
    response = client.post("/api/role", json={"name": "Tomas Reed", "lang": "en"})
    assert (response.status_code, "say which by its id" in response.json()["error"]) == (400, True)


@pytest.mark.parametrize(
    ("path", "body", "sentence"),
    [
        ("/api/reply", asked("x", side=7), "There is no model number 7."),
        ("/api/reply", asked("x", side="0"), "There is no model number '0'."),
        ("/api/reply", asked("x", sample="1"), "sample='1' is no whole number."),
        ("/api/reply", {"side": 0, "messages": [{"role": "judge", "content": "x"}]}, "The messages are no list"),
        ("/api/reply", {"side": 0, "messages": []}, "The last message is not the user's"),
        ("/api/reply", [], "The request is no JSON object."),
        ("/api/role", {"name": " "}, "A role needs a name."),
        ("/api/role", {"name": ["x"]}, "A role needs a name."),
    ],
)
def test_a_bad_request_is_one_sentence(client: httpx.Client, path: str, body: Any, sentence: str) -> None:
    response = client.post(path, json=body)
    assert response.status_code == 400
    assert response.json()["error"].startswith(sentence)


def test_what_is_no_request_is_refused(client: httpx.Client) -> None:
    assert client.get("/etc/passwd").status_code == 404
    assert client.post("/api/nothing", json={}).status_code == 404
    kind = {"Content-Type": "application/json"}
    assert client.post("/api/role", content=b"{", headers=kind).json()["error"] == "The request is not JSON."
    assert "content type" in client.post("/api/role", content=b"name=x").json()["error"]
    assert "of at most" in client.post("/api/role", content=b"x" * (1 << 20) + b"x", headers=kind).json()["error"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "127.0.0.1:1"},
        {"Host": "evil.example:8765", "Origin": "http://evil.example:8765"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
    ],
)
def test_another_site_is_refused(client: httpx.Client, headers: dict[str, str]) -> None:
    assert client.get("/api/about", headers=headers).status_code == 403
    response = client.post("/api/reply", json=asked("x"), headers=headers)
    assert (response.status_code, "may ask" in response.json()["error"]) == (403, True)


def test_the_page_itself_may_ask_by_either_name(client: httpx.Client) -> None:
    port = client.base_url.port
    for name in ("127.0.0.1", "localhost"):
        headers = {"Host": f"{name}:{port}", "Origin": f"http://{name}:{port}"}
        assert client.post("/api/role", json={"name": "Q2"}, headers=headers).status_code == 200


def test_the_page_loads_nothing_and_runs_only_itself(client: httpx.Client) -> None:
    response = client.get("/")
    policy = response.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'sha256-" in policy
    assert "unsafe" not in policy
    assert "http" not in response.text.replace("http-equiv", "")


def test_only_this_machine_is_served(client: httpx.Client) -> None:
    port = client.base_url.port
    assert port
    outside = socket.gethostbyname(socket.gethostname())
    with socket.socket() as other:
        other.settimeout(2)
        assert outside.startswith("127.") or other.connect_ex((outside, port)) != 0


def test_a_taken_port_is_said(client: httpx.Client) -> None:
    with pytest.raises(ConfigError, match="port=0 takes any that is free"):
        Server([talk()], CAST, client.base_url.port or 0)


class Endless(ScriptedEngine):
    """Speaks until it is stopped."""

    def __init__(self) -> None:
        super().__init__(lambda _: "")
        self.ended = Event()

    def stream(self, request: Request, stop: Event) -> Iterator[Completion]:
        text = ""
        try:
            while not stop.wait(0.005):
                text += "on and on "
                yield Completion(text, "length", 1, 1)
        finally:
            self.ended.set()


def test_a_page_that_leaves_ends_the_reply_and_the_next_one_comes() -> None:
    engine = Endless()
    with served(Talk(type(speaker())("endless", engine, SAMPLED), MIRA)) as client:
        for _ in range(2):
            engine.ended.clear()
            with client.stream("POST", "/api/reply", json=asked("x")) as response:
                next(response.iter_raw())
            assert engine.ended.wait(20)
