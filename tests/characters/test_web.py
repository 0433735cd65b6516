"""The polite client against a server on loopback that is as busy, slow or broken as it is told to be."""

import gzip
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from email.utils import formatdate
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ditto
from ditto.characters.web import Client, TimedOut
from ditto.errors import ConfigError, DataError, StoreError
from tests.characters.loopback import Asked, Reply, Server, serving

WELL = Reply({"well": True})
CONTACT = "someone@example.org"
ROWS = {"head": {"vars": ["item"]}, "results": {"bindings": [{"item": {"type": "uri", "value": "Q1"}}, {}]}}
HTML = Reply(b"<html><h1>Not Found</h1></html>", 404, {"Content-Type": "text/html; charset=UTF-8"})
STACK = b"SPARQL-QUERY: ...\njava.util.concurrent.TimeoutException\n\tat java.util.concurrent.FutureTask"


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    with Client(tmp_path, CONTACT, attempts=3, pause=0.01, timeout=5) as made:
        yield made


def echo(asked: Asked) -> Reply:
    return Reply({"said": asked.params})


def at_first(*faults: Reply, then: Reply = WELL) -> Callable[[Asked], Reply]:
    return lambda asked: faults[asked.times] if asked.times < len(faults) else then


def an_error(code: str, **headers: str) -> Reply:
    """As MediaWiki reports one: with HTTP 200."""
    return Reply({"errors": [{"code": code, "text": "It\n cannot be.", "module": "main"}]}, headers=headers)


def test_the_service_is_told_who_asks_and_asked_for_its_own_format(client: Client) -> None:
    with serving(echo) as server:
        said = client.action(server.url, action="query", titles="Ada|شهرزاد")["said"]
    assert said == {
        "action": "query", "titles": "Ada|شهرزاد", "format": "json", "formatversion": "2", "errorformat": "plaintext",
        "maxlag": "5",
    }  # fmt: skip
    assert server.asked[0].method == "GET"
    assert server.asked[0].headers["User-Agent"] == f"ditto/{ditto.__version__} ({CONTACT}) httpx/{httpx.__version__}"
    assert "gzip" in server.asked[0].headers["Accept-Encoding"]


def test_what_is_too_long_for_an_address_is_posted(client: Client) -> None:
    titles = "|".join(["شهرزاد"] * 50)
    with serving(echo) as server:
        assert client.action(server.url, titles=titles)["said"]["titles"] == titles
    assert server.asked[0].method == "POST"


@pytest.mark.parametrize(
    "contact", ["", " ", "me", "me@home", "ftp://a.b", "https://", "a@b.cd\r\nX: y", "é@b.cd", "a b@c.d"]
)
def test_who_asks_must_be_reachable(tmp_path: Path, contact: str) -> None:
    with pytest.raises(ConfigError, match=r"^characters\.web\.contact is .*give your e-mail address"):
        Client(tmp_path, contact)


@pytest.mark.parametrize("contact", [CONTACT, "https://example.org/ditto", "http://example.org"])
def test_by_mail_or_page(tmp_path: Path, contact: str) -> None:
    with Client(tmp_path, contact) as client, serving(echo) as server:
        client.action(server.url)
    assert f"({contact})" in server.asked[0].headers["User-Agent"]


@pytest.mark.parametrize(
    "fault",
    [
        an_error("maxlag"),
        an_error("ratelimited"),
        an_error("internal_api_error_DBQueryError"),
        Reply({"error": {"code": "maxlag", "info": "Waiting for db1: 9 seconds lagged."}}),
        Reply(b"", 429, {"Retry-After": "0"}),
        Reply(b"", 429, {"Retry-After": "soon"}),
        Reply(b"<html>", 500),
        Reply(b"", 502),
        Reply(b"", 503),
        Reply(b"", 504),
        Reply({"well": False}, missing=10),
        Reply(b'{"well": fal'),
        Reply(b'{"well": "\xff"}'),
        Reply(b"<html>later</html>"),
        Reply(b"[]"),
        Reply(b"null"),
        Reply(b""),
        Reply(b"no gzip", headers={"Content-Encoding": "gzip"}),
        Reply(dropped=True),
    ],
)
def test_what_passes_is_asked_again(client: Client, fault: Reply) -> None:
    with serving(at_first(fault, fault)) as server:
        assert client.action(server.url) == {"well": True}
        assert client.counts == {"asked": 3, "waited": 2}
        assert client.action(server.url) == {"well": True}
    assert len(server.asked) == 3


@pytest.mark.parametrize(
    ("said", "seconds"), [(lambda: "0.4", 0.4), (lambda: formatdate(time.time() + 2, usegmt=True), 1)]
)
@pytest.mark.parametrize("fault", [lambda after: an_error("maxlag", **after), lambda after: Reply(b"", 429, after)])
def test_a_wait_is_as_long_as_asked_for(
    client: Client, said: Callable[[], str], seconds: float, fault: Callable[[dict[str, str]], Reply]
) -> None:
    with serving(at_first(fault({"Retry-After": said()}))) as server:
        client.action(server.url)
    first, second = server.asked
    assert second.at - first.at >= seconds - 0.05


def test_what_one_request_is_asked_to_wait_the_others_wait_too(tmp_path: Path) -> None:
    told = threading.Event()

    def answer(asked: Asked) -> Reply:
        if asked.params["titles"] == "a" and not asked.times:
            told.set()
            return Reply(b"", 429, {"Retry-After": "0.5"})
        return Reply({})

    def ask(client: Client, url: str, title: str) -> None:
        if title == "b":
            told.wait(5)
            time.sleep(0.1)
        client.action(url, titles=title)

    with serving(answer) as server, Client(tmp_path, CONTACT, concurrency=2, pause=0.01) as client:
        list(client.each(lambda title: ask(client, server.url, title), ["a", "b"], "titles"))
    first = server.asked[0]
    assert [one.at - first.at >= 0.45 for one in server.asked] == [False, True, True]


def test_an_end_is_better_than_an_hour_s_wait(client: Client) -> None:
    with serving(lambda _: Reply(b"", 429, {"Retry-After": "3600"})) as server, pytest.raises(DataError) as raised:
        client.action(server.url)
    assert "api.php asks to be left alone for 3600 s (HTTP 429): start again then;" in str(raised.value)
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        (Reply(b"", 503), "HTTP 503"),
        (an_error("maxlag"), "the error maxlag"),
        (Reply(dropped=True), "one that broke off"),
        (Reply({}, missing=5), "one that broke off"),
        (Reply(b"{"), "something that is no JSON"),
        (Reply(b"[]"), "something that is no JSON object"),
        (Reply(STACK, 500), "HTTP 500, out of time"),
    ],
)
def test_what_does_not_pass_is_given_up(client: Client, fault: Reply, why: str) -> None:
    with serving(lambda _: fault) as server, pytest.raises(DataError) as raised:
        client.action(server.url, action="query")
    assert str(raised.value) == (
        f"{server.url} gave no answer in 3 attempts, at last {why}: "
        "check the address, or start again later; what it has answered is kept."
    )
    assert len(server.asked) == 3


def test_nobody_there(client: Client) -> None:
    with serving(echo) as server:
        url = server.url
    with pytest.raises(DataError, match=r"^http:\S+ cannot be reached, no connection \(ConnectError: .*check the netw"):
        client.action(url)
    assert client.counts == {"asked": 3, "waited": 2}


def test_who_never_answered_is_not_waited_for_long(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ditto.characters.web.REACHED", 0.0)
    with serving(lambda _: Reply({}, headers={"Connection": "close"})) as server:
        url = server.url
        client.action(url)
    with pytest.raises(DataError, match=r"gave no answer in 3 attempts, at last no connection \(ConnectError"):
        client.action(url, after="an answer")
    assert client.counts["asked"] == 1 + 3
    with pytest.raises(DataError, match="cannot be reached"):
        client.action(f"{url}/another")
    assert client.counts["asked"] == 1 + 3 + 1


def test_a_wait_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ditto.characters.web.NOTICED", 0.0)
    told = caplog.at_level("INFO")
    with told, serving(at_first(Reply(b"", 503))) as server, Client(tmp_path, CONTACT, pause=0.01) as client:
        client.action(server.url)
    ours = [record.message for record in caplog.records if record.name.startswith("ditto")]
    assert ours == [f"{server.url} gave no answer: HTTP 503; asked again in 0 s"]


def test_no_answer_in_time(tmp_path: Path) -> None:
    over = threading.Event()

    def answer(_: Asked) -> Reply:
        over.wait(10)
        return WELL

    slow = Client(tmp_path, CONTACT, attempts=2, pause=0.01, timeout=0.1)
    with serving(answer) as server, slow as client:
        with pytest.raises(DataError, match="at last none in time"):
            client.action(server.url)
        with pytest.raises(TimedOut):
            client.select(server.url, "SELECT")
        over.set()


@pytest.mark.parametrize("url", ["", "wikidata", "ftp://wikidata.org/", "https://", "//example.org"])
def test_what_is_no_address(client: Client, url: str) -> None:
    with pytest.raises(ConfigError, match="is no web address: give one that begins with https://"):
        client.action(url)


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        (HTML, r"refuses to answer \(HTTP 404\)"),
        (Reply(b"Please set\n a user-agent.", 403), r"refuses to answer \(HTTP 403, 'Please set a user-agent.'\)"),
        (Reply(b"", 400), r"refuses to answer \(HTTP 400\)"),
        (an_error("badvalue"), r"refuses the request \(badvalue\): It cannot be."),
        (Reply({"error": {"code": "badvalue", "info": "No."}}), r"refuses the request \(badvalue\): No."),
        (Reply(b"", 301, {"Location": "/x?y=1"}), r"leads to http://127.0.0.1:\d+/x: give that address instead"),
        (
            Reply(b"", 302, {"Location": "https://elsewhere.org/"}),
            r"leads to https://elsewhere.org/: give that address",
        ),
    ],
)
def test_a_refusal_is_not_asked_again_nor_followed(client: Client, fault: Reply, why: str) -> None:
    for _ in range(2):
        with serving(lambda _: fault) as server, pytest.raises(DataError, match=rf"^{server.url} {why}"):
            client.action(server.url, action="query", secret="s")
        assert len(server.asked) == 1


def test_answers_may_come_compressed(client: Client) -> None:
    body = gzip.compress(json.dumps({"label": "شهرزاد 🦊"}).encode())
    with serving(lambda _: Reply(body, headers={"Content-Encoding": "gzip"})) as server:
        for _ in range(2):
            assert client.action(server.url) == {"label": "شهرزاد 🦊"}


def test_nothing_is_asked_twice_whoever_asks(tmp_path: Path) -> None:
    with serving(echo) as server:
        for contact in (CONTACT, "https://example.org/"):
            with Client(tmp_path, contact) as client:
                first = client.action(server.url, a="1", b="2")
                assert client.action(server.url, b="2", a="1") == first
        assert client.counts == {"cached": 2}
        with Client(tmp_path, CONTACT) as client:
            client.action(server.url, a="1", b="3")
            client.action(f"{server.address}/other", a="1", b="2")
    assert len(server.asked) == 3


def test_who_asks_is_not_kept(client: Client, tmp_path: Path) -> None:
    with serving(lambda _: Reply({"well": True})) as server:
        client.action(server.url, action="query")
    (file,) = files(tmp_path)
    assert gzip.decompress(file.read_bytes()) == b'{"well": true}'
    assert CONTACT not in file.as_posix()
    assert CONTACT.encode() not in file.read_bytes()


def files(folder: Path) -> list[Path]:
    return sorted(one for one in folder.rglob("*") if one.is_file())


@pytest.mark.parametrize(
    "damage",
    [
        lambda _: b"",
        lambda _: b"{}",
        lambda _: gzip.compress(b"["),
        lambda _: gzip.compress(b"[]"),
        lambda data: data[:-9],
        lambda data: data[:-9] + b"123456789",
        lambda data: data[:12] + b"\xff" + data[13:],
    ],
)
def test_a_damaged_answer_is_asked_for_again(client: Client, tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    with serving(echo) as server:
        said = client.action(server.url, action="query")
        (file,) = files(tmp_path)
        whole = file.read_bytes()
        file.write_bytes(damage(whole))
        assert client.action(server.url, action="query") == said
        assert client.counts == {"asked": 2}
    assert file.read_bytes() == whole


def test_a_full_disk_is_told(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("")
    told = pytest.raises(StoreError, match=r"^Cannot write .*cache.*Free space there")
    with Client(tmp_path / "cache", CONTACT) as client, serving(echo) as server, told:
        client.action(server.url)


def test_rows_of_a_query(client: Client) -> None:
    with serving(lambda _: Reply(ROWS)) as server:
        assert client.select(server.url, "SELECT ?item") == [{"item": "Q1"}, {}]
    asked = server.asked[0]
    assert (asked.method, asked.params) == ("POST", {"query": "SELECT ?item"})
    assert "application/sparql-results+json" in asked.headers["Accept"]


@pytest.mark.parametrize("body", [{}, {"results": {}}, {"results": {"bindings": 3}}, {"boolean": True}])
def test_what_answers_no_queries(client: Client, body: object) -> None:
    with (
        serving(lambda _: Reply(body)) as server,
        pytest.raises(DataError, match="answers with no SPARQL results: check"),
    ):
        client.select(server.url, "SELECT")


# What a query service does that has run out of its time, and how often it must do so to be believed.
OUT_OF_TIME = [
    (Reply(STACK, 500), 1),
    (Reply(b"upstream request timeout", 504), 1),
    (Reply(b'{"results": {"bindings": [\n' + STACK), 1),
    (Reply(b'{"results": {"bindings": ['), 2),
    (Reply(ROWS, missing=100), 2),
    (Reply(b"", 502), 2),
]


@pytest.mark.parametrize(("fault", "times"), OUT_OF_TIME)
def test_a_query_that_took_too_long_is_never_asked_again(tmp_path: Path, fault: Reply, times: int) -> None:
    with serving(lambda _: fault) as server:
        for _ in range(2):
            with Client(tmp_path, CONTACT, pause=0.01) as client, pytest.raises(TimedOut):
                client.select(server.url, "SELECT")
    assert len(server.asked) == times


@pytest.mark.parametrize(("fault", "times"), OUT_OF_TIME)
def test_unless_it_cannot_be_divided(client: Client, fault: Reply, times: int) -> None:
    with serving(at_first(*[fault] * times, then=Reply(ROWS))) as server:
        assert client.select(server.url, "SELECT", divisible=False) == [{"item": "Q1"}, {}]
    with serving(lambda _: fault) as server:
        for n in (3, 6):
            with pytest.raises(TimedOut):
                client.select(server.url, "SELECT", divisible=False)
            assert len(server.asked) == n


def test_what_was_too_long_once_may_be_asked_for_as_a_whole(client: Client) -> None:
    with serving(at_first(Reply(b"", 504), then=Reply(ROWS))) as server:
        with pytest.raises(TimedOut):
            client.select(server.url, "SELECT")
        assert client.select(server.url, "SELECT", divisible=False) == client.select(server.url, "SELECT")
    assert len(server.asked) == 2


def test_a_query_is_asked_again_when_the_service_is_busy(client: Client) -> None:
    busy = Reply(b"Rate limited", 429, {"Retry-After": "0"})
    with serving(at_first(busy, Reply(b"", 503), then=Reply(ROWS))) as server:
        assert client.select(server.url, "SELECT") == [{"item": "Q1"}, {}]
    with (
        serving(lambda _: busy) as server,
        pytest.raises(DataError, match="gave no answer in 3 attempts, at last HTTP 429"),
    ):
        client.select(server.url, "SELECT")


@given(st.lists(st.integers(0, 30)), st.integers(1, 5))
def test_each_keeps_the_order(todo: list[int], concurrency: int) -> None:
    with Client(Path("unused"), CONTACT, concurrency) as client:
        assert list(client.each(str, todo, "numbers")) == [str(one) for one in todo]


@pytest.mark.parametrize("concurrency", [1, 4])
def test_as_many_at_once_as_allowed(tmp_path: Path, concurrency: int) -> None:
    def answer(asked: Asked) -> Reply:
        time.sleep(0.02 if int(asked.params["n"]) % 3 else 0.05)
        return Reply({"n": asked.params["n"]})

    with serving(answer) as server, Client(tmp_path, CONTACT, concurrency) as client:
        replies = client.each(lambda n: client.action(server.url, n=str(n))["n"], range(24), "numbers")
        assert list(replies) == [str(n) for n in range(24)]
        assert client.counts == {"asked": 24}
    assert server.most_in_flight == concurrency


def test_whoever_else_asks_meanwhile_waits(tmp_path: Path) -> None:
    def answer(_: Asked) -> Reply:
        time.sleep(0.05)
        return Reply({})

    with serving(answer) as server, Client(tmp_path, CONTACT) as client:
        threads = [threading.Thread(target=client.action, args=(server.url,), kwargs={"n": str(n)}) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert (server.most_in_flight, len(server.asked)) == (1, 4)


@pytest.mark.parametrize(("concurrency", "most"), [(1, 1), (3, 6)])
def test_answers_are_not_asked_for_long_before_they_are_wanted(tmp_path: Path, concurrency: int, most: int) -> None:
    with serving(echo) as server, Client(tmp_path, CONTACT, concurrency) as client:
        replies = client.each(lambda n: client.action(server.url, n=str(n)), range(100), "numbers")
        next(replies)
        time.sleep(0.1)
        assert len(server.asked) <= most


@pytest.mark.parametrize("concurrency", [1, 3])
def test_an_error_of_one_ends_it_and_leaves_the_rest(tmp_path: Path, concurrency: int) -> None:
    def answer(asked: Asked) -> Reply:
        n = int(asked.params["n"])
        return HTML if n == 2 else Reply(b"", 503) if n > 2 else Reply({"n": n})

    with serving(answer) as server, Client(tmp_path, CONTACT, concurrency, pause=30) as client:
        replies = client.each(lambda n: client.action(server.url, n=str(n))["n"], range(100), "numbers")
        assert [next(replies), next(replies)] == [0, 1]
        with pytest.raises(DataError, match="HTTP 404"):  # and none waits its half minute
            next(replies)
    assert len(server.asked) <= 3 + 2 * concurrency


def test_progress_says_how_many_are_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("ditto.progress.SECONDS_BETWEEN_LINES", -1.0)
    with Client(tmp_path, CONTACT) as client:
        list(client.each(str, "abc", "letters"))
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(",")[0] for line in lines] == ["  letters 1/3", "  letters 2/3", "  letters 3/3"]
    assert [line.rpartition("s left ")[2] for line in lines] == ["2 left", "1 left", "0 left"]


SCRIPT = """
import sys
from pathlib import Path
from ditto.characters.web import Client

with Client(Path(sys.argv[1]), "someone@example.org", int(sys.argv[3])) as client:
    for reply in client.each(lambda n: client.action(sys.argv[2], n=str(n)), range(30), "numbers"):
        print(reply["n"], flush=True)
    print(client.counts["asked"])
"""


def run(folder: Path, server: Server, concurrency: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", SCRIPT, str(folder), server.url, str(concurrency)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(ditto.__file__).parents[1])


@pytest.mark.parametrize("concurrency", [1, 4])
def test_a_killed_run_asks_nothing_twice(tmp_path: Path, concurrency: int) -> None:
    def answer(asked: Asked) -> Reply:
        time.sleep(0.02)
        return Reply({"n": asked.params["n"]})

    with serving(answer) as server:
        killed = run(tmp_path / "killed", server, concurrency)
        assert killed.stdout
        for _ in range(10):
            killed.stdout.readline()
        os.kill(killed.pid, signal.SIGKILL)
        killed.communicate()
        kept = len(answers(tmp_path / "killed"))
        assert 10 <= kept < 30
        resumed, _ = run(tmp_path / "killed", server, concurrency).communicate()
        assert len(server.asked) <= 30 + concurrency  # what was under way
        undisturbed, _ = run(tmp_path / "whole", server, concurrency).communicate()
    numbers = "".join(f"{n}\n" for n in range(30))
    assert (resumed, undisturbed) == (f"{numbers}{30 - kept}\n", f"{numbers}30\n")
    assert answers(tmp_path / "killed") == answers(tmp_path / "whole")


def answers(folder: Path) -> dict[str, bytes]:
    return {one.name: one.read_bytes() for one in files(folder) if one.name[0] != "."}
