"""A reply is asked for once, a failure again, and every request is accounted for."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from ditto.engines.ask import Tally, ask
from ditto.engines.base import Batch, Completion, Failure, Request, Result, Sampling
from ditto.engines.scripted import ScriptedEngine
from ditto.errors import StageError
from ditto.journal import Journal


class Killed(Exception):
    """Stands for whatever ends a process in the middle of its work."""


class Forgetful(ScriptedEngine):
    """Loses the first request of every batch."""

    def generate(self, requests: Sequence[Request]) -> Iterator[Batch]:
        for batch in super().generate(requests):
            yield batch[1:]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.jsonl"


def requests(names: str, sampling: Sampling | None = None, sample: int = 0) -> list[Request]:
    return [Request(({"role": "user", "content": name},), sampling or Sampling(), sample) for name in names]


def said(engine: ScriptedEngine) -> str:
    return "".join(request.messages[0]["content"] for request in engine.asked)


def texts(results: Sequence[Result]) -> list[str]:
    return [result.text if isinstance(result, Completion) else result.reason for result in results]


def upper(request: Request) -> str:
    return request.messages[0]["content"].upper()


def dies_after(n: int) -> Callable[[Request], str]:
    seen = Counter[str]()

    def script(request: Request) -> str:
        if seen.total() == n:
            raise Killed
        seen[upper(request)] += 1
        return upper(request)

    return script


def test_results_come_in_the_order_of_the_requests(path: Path) -> None:
    assert texts(ask(ScriptedEngine(upper, batch_size=2), requests("cab"), Journal(path), Tally(), "")) == list("CAB")


def test_equal_requests_are_asked_once_and_all_answered(path: Path) -> None:
    engine, tally = ScriptedEngine(upper), Tally()
    assert texts(ask(engine, requests("abab"), Journal(path), tally, "")) == list("ABAB")
    assert said(engine) == "ab"
    assert tally.counts() == {"requested": 4, "done": 4, "failed": {}}


def test_what_is_stored_is_not_asked_again(path: Path) -> None:
    ask(ScriptedEngine(upper), requests("ab"), Journal(path), Tally(), "")
    before = path.read_bytes()
    engine = ScriptedEngine(lambda _: "something else")
    assert texts(ask(engine, requests("ba"), Journal(path), Tally(), "")) == ["B", "A"]
    assert engine.asked == []
    assert path.read_bytes() == before


def test_another_model_is_asked_for_itself(path: Path) -> None:
    journal = Journal(path)
    ask(ScriptedEngine(upper, identity="one"), requests("a"), journal, Tally(), "")
    other = ScriptedEngine(lambda _: "mine", identity="two")
    assert texts(ask(other, requests("a"), journal, Tally(), "")) == ["mine"]


def test_every_sample_has_a_reply_of_its_own(path: Path) -> None:
    def script(request: Request) -> str:
        return f"{upper(request)}{request.sample}"

    sampling = Sampling(temperature=1.0, n=3)
    drawn = [r for sample in range(3) for r in requests("ab", sampling, sample)]
    for engine in (ScriptedEngine(script), ScriptedEngine(dies_after(0))):
        assert texts(ask(engine, drawn, Journal(path), Tally(), "")) == ["A0", "B0", "A1", "B1", "A2", "B2"]


@pytest.mark.parametrize(("died_at", "missing"), [(0, "abcde"), (1, "abcde"), (2, "cde"), (3, "cde"), (4, "e")])
def test_a_resumed_run_asks_only_what_is_missing(died_at: int, missing: str, path: Path, tmp_path: Path) -> None:
    with pytest.raises(Killed):
        ask(ScriptedEngine(dies_after(died_at), batch_size=2), requests("abcde"), Journal(path), Tally(), "")
    engine, tally = ScriptedEngine(upper, batch_size=2), Tally()
    assert texts(ask(engine, requests("abcde"), Journal(path), tally, "")) == list("ABCDE")
    assert said(engine) == missing
    assert tally.counts() == {"requested": 5, "done": 5, "failed": {}}
    undisturbed = tmp_path / "undisturbed.jsonl"
    ask(ScriptedEngine(upper, batch_size=2), requests("abcde"), Journal(undisturbed), Tally(), "")
    assert path.read_bytes() == undisturbed.read_bytes()


def test_failures_are_counted_by_reason_and_never_stored(path: Path) -> None:
    def script(request: Request) -> str | Failure:
        name = request.messages[0]["content"]
        return name if name in "ab" else Failure("too long" if name == "c" else "refused")

    tally = Tally()
    assert texts(ask(ScriptedEngine(script, batch_size=2), requests("cadbde"), Journal(path), tally, "")) == [
        "too long",
        "a",
        "refused",
        "b",
        "refused",
        "refused",
    ]
    assert tally.counts() == {"requested": 6, "done": 2, "failed": {"refused": 3, "too long": 1}}
    assert len(Journal(path)) == 2
    again = ScriptedEngine(upper)
    assert texts(ask(again, requests("cadbde"), Journal(path), Tally(), "")) == ["C", "a", "D", "b", "D", "E"]
    assert said(again) == "cde"


def test_a_request_that_the_engine_loses_is_a_failure(path: Path) -> None:
    tally = Tally()
    assert texts(ask(Forgetful(upper), requests("abc"), Journal(path), tally, "")) == ["no reply", "B", "C"]
    assert tally.counts() == {"requested": 3, "done": 2, "failed": {"no reply": 1}}


def test_one_tally_adds_up_over_several_rounds(path: Path) -> None:
    journal, tally = Journal(path), Tally()
    for names in ("ab", "bc", ""):
        ask(ScriptedEngine(upper), requests(names), journal, tally, "")
    assert tally.counts() == {"requested": 4, "done": 4, "failed": {}}


def test_counts_that_do_not_add_up_are_refused() -> None:
    with pytest.raises(StageError, match="3 asked, 1 done"):
        Tally(requested=3, done=1, failed=Counter({"empty": 1})).counts()
