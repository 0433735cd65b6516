"""Against a server that misbehaves in every way it can, each request is accounted for and no key leaks."""

import json
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from email.utils import formatdate
from pathlib import Path
from random import Random
from typing import Any

import pytest

from ditto.engines.ask import Tally, ask
from ditto.engines.base import Completion, Failure, Request, Result, Sampling
from ditto.engines.openai import OpenAIEngine, estimate
from ditto.errors import ConfigError, StageError
from ditto.journal import Journal
from ditto.models import Model
from tests.engines.server import Body, Fault, Server, completion, echo, question, serving

KEY = "sk-a-secret-that-nobody-may-see"
SAMPLED = Sampling(temperature=1.0, n=3, max_tokens=9)
SCHEMA = {"type": "array", "items": {"type": "string"}}


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_KEY", KEY)


def engine(server: Server, **options: Any) -> OpenAIEngine:
    options = {"key_env": "TEST_KEY", "pause": 0.01, "timeout": 5.0, "concurrency": 8} | options
    return OpenAIEngine(Model(name="gpt", path="api:gpt-x"), base_url=server.url, **options)


def requests(n: int, sampling: Sampling | None = None, schema: Body | None = None) -> list[Request]:
    sampling = sampling or Sampling(max_tokens=9)
    return [
        Request(({"role": "user", "content": f"question {i}"},), sampling, sample, schema)
        for i in range(n)
        for sample in range(sampling.n)
    ]


def generate(asked: OpenAIEngine, what: Sequence[Request]) -> list[Result]:
    """The results in the order of the requests; each must come exactly once."""
    pairs = [pair for batch in asked.generate(what) for pair in batch]
    assert sorted(i for i, _ in pairs) == list(range(len(what)))
    return [result for _, result in sorted(pairs, key=lambda pair: pair[0])]


def texts(results: Sequence[Result]) -> list[str]:
    return [r.text if isinstance(r, Completion) else f"({r.reason})" for r in results]


def test_replies_come_for_every_request_with_the_key_from_the_environment() -> None:
    with serving() as server:
        asked = engine(server)
        results = generate(asked, requests(20))
    assert texts(results) == [f"QUESTION {i}" for i in range(20)]
    assert results[0] == Completion("QUESTION 0", "stop", 10, 5)
    assert server.keys == {f"Bearer {KEY}"}
    assert {body["model"] for body in server.bodies} == {"gpt-x"}
    assert server.bodies[0]["max_tokens"] == 9
    assert (asked.usage.prompt_tokens, asked.usage.completion_tokens) == (200, 100)


def test_no_more_than_the_allowed_requests_are_in_flight_and_no_fewer() -> None:
    def slow(body: Body, _: int) -> Body:
        time.sleep(0.05)
        return echo(body)

    with serving(slow) as server:
        generate(engine(server, concurrency=4), requests(24))
    assert server.most_in_flight == 4


FAULTS: list[tuple[str, Fault | Body]] = [
    ("429", Fault(429, "{}")),
    ("429 with Retry-After", Fault(429, "{}", Retry_After="0.1")),
    ("429 until a date", Fault(429, "{}", Retry_After=formatdate(usegmt=True))),
    ("429 with nonsense", Fault(429, "{}", Retry_After="soon")),
    ("500", Fault(500, "oops")),
    ("503", Fault(503, "{}")),
    ("hang", Fault("hang")),
    ("reset", Fault("reset")),
    ("truncated JSON", Fault("truncate")),
    ("HTML page", Fault("html")),
    ("no choices", {"choices": []}),
    ("another shape", {"choices": [{"text": "no message"}]}),
]


@pytest.mark.parametrize("fault", [fault for _, fault in FAULTS], ids=[name for name, _ in FAULTS])
def test_a_fault_that_passes_costs_a_retry_and_nothing_else(fault: Fault | Body) -> None:
    rng, lock = Random(0), threading.Lock()

    def often(body: Body, times: int) -> Body | Fault:
        with lock:
            fails = times < 3 and rng.random() < 0.3
        return fault if fails else echo(body)

    with serving(often) as server:
        results = generate(engine(server, timeout=0.5), requests(20))
    assert texts(results) == [f"QUESTION {i}" for i in range(20)]
    assert len(server.bodies) > 20


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (Fault(500, "oops"), "HTTP 500"),
        (Fault(429, "{}"), "HTTP 429"),
        (Fault("hang"), "timeout"),
        (Fault("reset"), "connection lost"),
        (Fault("truncate"), "malformed reply"),
        (Fault("html"), "malformed reply"),
        ({"choices": []}, "no choices"),
        (Fault(400, '{"error": {"message": "maximum context length is 10 tokens"}}'), "prompt too long"),
        (Fault(422, "{}"), "HTTP 422"),
        (Fault(400, "{}"), "refused by the server"),
        (completion("x", finish="content_filter"), "ended by content_filter"),
    ],
)
def test_a_request_that_cannot_succeed_fails_with_its_reason(fault: Fault | Body, reason: str, tmp_path: Path) -> None:
    def one_is_lost(body: Body, _: int) -> Body | Fault:
        return fault if question(body) == "question 3" else echo(body)

    tally = Tally()
    with serving(one_is_lost) as server:
        results = ask(engine(server, timeout=0.2, attempts=3), requests(6), Journal(tmp_path / "j"), tally, "")
    assert texts(results)[3] == f"({reason})"
    assert tally.counts() == {"requested": 6, "done": 5, "failed": {reason: 1}}
    assert len(Journal(tmp_path / "j")) == 5


def test_the_server_is_waited_for_as_long_as_it_says() -> None:
    def busy(body: Body, times: int) -> Body | Fault:
        return Fault(429, "{}", Retry_After="0.5") if times == 0 else echo(body)

    with serving(busy) as server:
        start = time.monotonic()
        generate(engine(server), requests(1))
        assert 0.5 <= time.monotonic() - start < 3


@pytest.mark.parametrize(
    ("status", "said"), [(401, r"refuses the key in \$TEST_KEY"), (403, "forbids"), (404, "knows no model 'gpt-x'")]
)
def test_what_no_retry_can_mend_ends_the_work_at_once_and_keeps_what_is_done(
    status: int, said: str, tmp_path: Path
) -> None:
    def expires(body: Body, _: int) -> Body | Fault:
        late = int(question(body).split()[1]) >= 5
        return Fault(status, json.dumps({"error": {"message": f"no, not with {KEY}"}})) if late else echo(body)

    journal = Journal(tmp_path / "journal")
    with serving(expires) as server, pytest.raises(StageError, match=said) as error:
        ask(engine(server, concurrency=1), requests(40), journal, Tally(), "")
    assert len(server.bodies) == 6
    assert len(Journal(tmp_path / "journal")) == 5
    assert KEY not in str(error.value)


def test_a_spent_quota_is_not_waited_for() -> None:
    body = json.dumps({"error": {"code": "insufficient_quota", "message": "pay"}})
    with serving(lambda *_: Fault(429, body)) as server, pytest.raises(StageError, match="quota"):
        generate(engine(server, concurrency=1), requests(3))
    assert len(server.bodies) == 1


def test_a_server_that_fails_ten_times_in_a_row_is_left_alone() -> None:
    with (
        serving(lambda *_: Fault(500, "")) as server,
        pytest.raises(StageError, match=r"10 requests in a row.*HTTP 500"),
    ):
        generate(engine(server, attempts=2, concurrency=1), requests(100))
    assert len(server.bodies) == 20


def test_no_server_at_all_is_told_before_anything_is_asked() -> None:
    with serving() as server:
        pass
    with pytest.raises(StageError, match=r"No server answers at http://127\.0\.0\.1"):
        generate(engine(server), requests(2))


def test_a_refused_key_is_told_before_anything_is_asked() -> None:
    with serving() as server:
        server.models_status = 401
        with pytest.raises(StageError, match="refuses the key"):
            generate(engine(server), requests(2))
    assert server.bodies == []


def test_a_server_without_a_list_of_models_is_asked_all_the_same() -> None:
    with serving() as server:
        server.models_status = 404
        assert len(generate(engine(server), requests(2))) == 2


def test_samples_are_drawn_together_where_the_server_can() -> None:
    with serving() as server:
        assert texts(generate(engine(server), requests(4, SAMPLED))) == [f"QUESTION {i // 3}" for i in range(12)]
        assert [body.get("n") for body in server.bodies] == [3] * 4


@pytest.mark.parametrize("refuses", [True, False])
def test_samples_are_drawn_one_by_one_where_it_cannot(refuses: bool) -> None:
    def single(body: Body, _: int) -> Body | Fault:
        if refuses and body.get("n", 1) > 1:
            return Fault(400, '{"error": {"message": "n is not supported"}}')
        return completion(f"{question(body)} with {body['seed']}")

    with serving(single) as server:
        results = texts(generate(engine(server, concurrency=1), requests(2, SAMPLED)))
    assert [text.split(" with")[0] for text in results] == [f"question {i // 3}" for i in range(6)]
    assert len(set(results)) == 6  # each sample has a seed of its own


def test_each_sample_is_stored_under_its_own_key(tmp_path: Path) -> None:
    def numbered(body: Body, _: int) -> Body:
        return completion(*[f"sample {i}" for i in range(body.get("n", 1))])

    with serving(numbered) as server:
        first = ask(engine(server), requests(1, SAMPLED), Journal(tmp_path / "j"), Tally(), "")
        again = ask(engine(server), requests(1, SAMPLED), Journal(tmp_path / "j"), Tally(), "")
    assert texts(first) == texts(again) == ["sample 0", "sample 1", "sample 2"]
    assert len(server.bodies) == 1


def test_a_schema_is_sent_and_left_out_once_the_server_refuses_it() -> None:
    def strict(body: Body, _: int) -> Body | Fault:
        return Fault(400, '{"error": {"message": "response_format: no"}}') if "response_format" in body else echo(body)

    with serving() as server:
        generate(engine(server), requests(1, schema=SCHEMA))
        assert server.bodies[0]["response_format"]["json_schema"]["schema"] == SCHEMA
    with serving(strict) as server:
        assert "QUESTION 4" in texts(generate(engine(server, concurrency=1), requests(5, schema=SCHEMA)))
        assert ["response_format" in body for body in server.bodies] == [True] + [False] * 5


def test_a_limit_of_requests_per_minute_is_kept() -> None:
    with serving() as server:
        start = time.monotonic()
        generate(engine(server, requests_per_minute=1200), requests(11))
        assert time.monotonic() - start >= 0.5


def test_a_limit_of_tokens_per_minute_is_kept() -> None:
    tokens = estimate("question 1") + 9
    with serving() as server:
        start = time.monotonic()
        generate(engine(server, tokens_per_minute=60 * tokens), requests(62))
        assert time.monotonic() - start >= 1.5


def test_the_cost_follows_from_the_table_of_prices() -> None:
    with serving() as server:
        asked = engine(server, prices={"gpt-x": {"input": 1e6, "output": 2e6}})
        generate(asked, requests(2, SAMPLED))
    assert asked.usage.dollars == 2 * (10 + 2 * 15)
    assert f"${asked.usage.dollars:.4f}" in str(asked.usage)


def test_switches_and_extras_go_into_the_body_and_a_limit_may_have_another_name() -> None:
    model = Model(name="gpt", path="api:gpt-x", template={"enable_thinking": False})
    with serving() as server:
        asked = OpenAIEngine(
            model, base_url=server.url, key_env=None, served_as="other", token_limit="most", more={"top_k": 5}
        )
        generate(asked, requests(1))
    (body,) = server.bodies
    assert body["chat_template_kwargs"] == {"enable_thinking": False}
    assert (body["model"], body["most"], body["top_k"]) == ("other", 9, 5)
    assert "max_tokens" not in body


def test_the_key_is_in_no_log_no_journal_and_no_traceback(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """In a process of its own with every logger wide open."""
    rng = Random(1)

    def wild(body: Body, _: int) -> Body | Fault:
        if question(body) == "question 29":
            return Fault(401, KEY)
        error = json.dumps({"error": {"message": KEY}})
        faults = [Fault(500, KEY), Fault("truncate"), Fault("html"), Fault(429, error), {}]
        return rng.choice([*faults, *[echo(body)] * 10])

    script = """
import logging, sys
from pathlib import Path
logging.basicConfig(level=logging.DEBUG)
from ditto.engines.ask import Tally, ask
from ditto.journal import Journal
from tests.engines.test_openai import engine, requests
class Server: url = sys.argv[1]
ask(engine(Server, attempts=50), requests(30), Journal(Path(sys.argv[2])), Tally(), "")
"""
    journal = tmp_path / "journal.jsonl"
    with serving(wild) as server:
        ran = subprocess.run(
            [sys.executable, "-c", script, server.url, str(journal)],
            capture_output=True,
            text=True,
            env={**os.environ, "TEST_KEY": KEY},
            cwd=Path(__file__).parents[2],
            timeout=120,
            check=False,
        )
    assert f"Bearer {KEY}" in server.keys
    assert ran.returncode == 1
    assert "refuses the key in $TEST_KEY" in ran.stderr
    assert "DEBUG" in ran.stderr
    assert KEY not in ran.stderr + ran.stdout + journal.read_text("utf-8")


@pytest.mark.parametrize("value", [None, "", "  "])
def test_a_missing_key_is_told_at_once(value: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TEST_KEY") if value is None else monkeypatch.setenv("TEST_KEY", value)
    with serving() as server, pytest.raises(ConfigError, match="environment variable TEST_KEY, which is not set"):
        engine(server)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"concurrency": 0}, "engine.concurrency=0"),
        ({"timeout": -1.0}, "engine.timeout=-1.0"),
        ({"tokens_per_minute": 0}, "engine.tokens_per_minute=0"),
    ],
)
def test_values_that_cannot_be_meant_are_refused(options: dict[str, Any], said: str) -> None:
    with serving() as server, pytest.raises(ConfigError, match=said):
        engine(server, **options)


@pytest.mark.parametrize(
    "url", ["127.0.0.1:8000", "ftp://host/v1", "http://me:secret@host/v1", "http://host/v1?key=secret"]
)
def test_an_address_must_be_one_and_may_hold_no_key(url: str) -> None:
    with pytest.raises(ConfigError, match=r"base_url") as error:
        OpenAIEngine(Model(name="gpt", path="api:gpt-x"), base_url=url, key_env=None)
    assert "secret" not in str(error.value)


def test_tokens_are_counted_by_the_models_own_tokenizer_where_there_is_one(model: Model) -> None:
    with serving() as server:
        counted = OpenAIEngine(model, base_url=server.url, key_env=None).count_tokens(requests(1)[0].messages)
        guessed = engine(server).count_tokens(requests(1)[0].messages)
    assert counted != guessed == estimate("question 0")
    assert estimate("你好吗") == 3 + 4


def test_listening_no_more_ends_the_requests_in_flight() -> None:
    with serving() as server:
        batches = engine(server, concurrency=2).generate(requests(50))
        next(batches)
        batches.close()  # type: ignore[attr-defined]
        assert len(server.bodies) < 50
        asked = len(server.bodies)
        time.sleep(0.2)
        assert len(server.bodies) == asked


def test_a_failure_is_told_and_logged_without_a_word_of_the_server(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, logger="ditto"), serving(lambda *_: Fault(400, KEY)) as server:
        (result,) = generate(engine(server), requests(1))
    assert result == Failure("refused by the server")
    assert KEY not in caplog.text
