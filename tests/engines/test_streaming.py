"""A streamed reply is the one that `generate` gives, piece by piece, and ends when nobody listens any more."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import pairwise
from threading import Event
from typing import Any

import pytest

from ditto.engines.base import Completion, Failure, Request, Sampling
from ditto.engines.openai import OpenAIEngine
from ditto.engines.scripted import ScriptedEngine
from ditto.engines.streaming import StreamingEngine, emitted
from ditto.engines.transformers import TransformersEngine
from ditto.errors import StageError
from ditto.models import Model
from tests.engines.streaming_server import Streamed, streaming

GREEDY = Sampling(max_tokens=12)
SAMPLED = Sampling(temperature=1.0, max_tokens=12)


def request(text: str, sampling: Sampling = GREEDY, sample: int = 0) -> Request:
    return Request(({"role": "user", "content": text},), sampling, sample)


def whole(engine: StreamingEngine, asked: Request) -> Completion:
    return list(engine.stream(asked, Event()))[-1]


def generated(engine: StreamingEngine, asked: Request) -> object:
    [[(_, result)]] = engine.generate([asked])
    return result


@pytest.fixture(scope="module")
def engine(model_folder: Any) -> TransformersEngine:
    return TransformersEngine(Model(name="random", path=str(model_folder), max_length=512), device="cpu")


def test_what_a_thread_emits_comes_in_order_and_its_error_at_the_end() -> None:
    def work(emit: Callable[[int], None]) -> None:
        emit(1)
        emit(2)
        raise ValueError("broken")

    seen = list[int]()
    with pytest.raises(ValueError, match="broken"):
        seen.extend(emitted(work, Event()))
    assert seen == [1, 2]


def test_a_listener_who_leaves_stops_the_work() -> None:
    stop, left = Event(), Event()

    def work(emit: Callable[[int], None]) -> None:
        emit(1)
        if stop.wait(20):
            left.set()

    with closing(emitted(work, stop)) as pieces:
        next(pieces)
    assert left.is_set()


@pytest.mark.parametrize("sampling", [GREEDY, SAMPLED], ids=["greedy", "sampled"])
def test_the_stream_grows_to_what_generate_gives(engine: TransformersEngine, sampling: Sampling) -> None:
    for text in ("Hi", "Speaking of Moonreach, where is your home?", "你的宝物是什么？"):
        asked = request(text, sampling)
        pieces = list(engine.stream(asked, Event()))
        assert pieces[-1] == generated(engine, asked)
        assert len(pieces) == pieces[-1].completion_tokens
        assert all(b.completion_tokens == a.completion_tokens + 1 for a, b in pairwise(pieces))


def test_samples_differ_and_come_again(engine: TransformersEngine) -> None:
    replies = [whole(engine, request("Hi", SAMPLED, sample)) for sample in (0, 1, 0)]
    assert replies[0] == replies[2] != replies[1]


def test_two_at_once_reply_as_each_would_alone(engine: TransformersEngine) -> None:
    asked = [request(f"question {n}", SAMPLED) for n in range(6)]
    alone = [whole(engine, one) for one in asked]
    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(lambda one: whole(engine, one), asked)) == alone


def test_stop_ends_a_reply(engine: TransformersEngine) -> None:
    stop, pieces = Event(), []
    for piece in engine.stream(request("Hi", Sampling(max_tokens=400, temperature=1.0)), stop):
        pieces.append(piece)
        stop.set()
    assert len(pieces) < 200


def test_a_prompt_without_room_for_a_reply_is_said(engine: TransformersEngine) -> None:
    with pytest.raises(StageError, match="takes 512"):
        next(engine.stream(request("home " * 600), Event()))


def test_a_script_is_spoken_word_by_word() -> None:
    engine = ScriptedEngine(lambda _: "one  two three")
    assert [piece.text for piece in engine.stream(request("x"), Event())] == ["one  ", "one  two ", "one  two three"]
    with pytest.raises(StageError, match="refused"):
        next(ScriptedEngine(lambda _: Failure("refused")).stream(request("x"), Event()))


def served(said: Streamed) -> OpenAIEngine:
    return OpenAIEngine(Model(name="m", path="api:m"), base_url=said.url, key_env=None, timeout=5.0)


def test_a_server_is_listened_to() -> None:
    with streaming(Streamed("A", "ye", ", sailor.")) as said:
        pieces = list(served(said).stream(request("Hi", SAMPLED), Event()))
    assert [piece.text for piece in pieces] == ["A", "Aye", "Aye, sailor.", "Aye, sailor."]
    assert [piece.finish for piece in pieces] == ["length", "length", "length", "stop"]
    assert (said.bodies[0]["stream"], said.bodies[0]["max_tokens"]) == (True, 12)


def test_a_server_that_cuts_says_so() -> None:
    with streaming(Streamed("Aye", finish="length")) as said:
        assert whole(served(said), request("Hi")).finish == "length"


def test_a_server_is_left_when_it_is_enough() -> None:
    with streaming(Streamed(*"abcdef")) as said:
        stop = Event()
        pieces = []
        for piece in served(said).stream(request("Hi"), stop):
            pieces.append(piece.text)
            stop.set()
    assert pieces == ["a"]


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        (Streamed(status=401), "refuses the key"),
        (Streamed(status=404), "knows no model 'm'"),
        (Streamed(status=400), "no whole reply .HTTP 400."),
        (Streamed("Aye", breaks=True), "no whole reply"),
    ],
)
def test_a_server_that_fails_is_one_sentence(said: Streamed, sentence: str) -> None:
    with streaming(said), pytest.raises(StageError, match=sentence):
        list(served(said).stream(request("Hi"), Event()))


def test_no_server_is_one_sentence() -> None:
    nobody = Streamed()
    nobody.url = "http://127.0.0.1:9/v1"
    with pytest.raises(StageError, match="APIConnectionError"):
        list(served(nobody).stream(request("Hi"), Event()))
