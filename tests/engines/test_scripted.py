"""The scripted engine keeps the contract that every engine has."""

from ditto.engines.base import Completion, Failure, Request, Sampling
from ditto.engines.scripted import ScriptedEngine


def request(text: str, max_tokens: int = 16) -> Request:
    return Request(({"role": "user", "content": text},), Sampling(max_tokens=max_tokens))


def test_every_request_gets_one_result_batch_by_batch() -> None:
    engine = ScriptedEngine(lambda r: r.messages[0]["content"].upper(), batch_size=2)
    requests = [request(text) for text in "abcde"]
    batches = list(engine.generate(requests))
    assert [[i for i, _ in batch] for batch in batches] == [[0, 1], [2, 3], [4]]
    assert [result for batch in batches for _, result in batch] == [Completion(t, "stop", 1, 1) for t in "ABCDE"]
    assert engine.asked == requests


def test_a_batch_is_asked_only_when_it_is_wanted() -> None:
    engine = ScriptedEngine(lambda _: "Aye.", batch_size=2)
    batches = engine.generate([request(text) for text in "abcd"])
    next(batches)
    assert len(engine.asked) == 2


def test_a_reply_is_cut_at_max_tokens() -> None:
    engine = ScriptedEngine(lambda _: "one two  three")
    [[(_, cut)], [(_, whole)]] = [
        *engine.generate([request("count to three", max_tokens=2)]),
        *engine.generate([request("count to three", max_tokens=3)]),
    ]
    assert isinstance(cut, Completion)
    assert (cut.text, cut.finish, cut.prompt_tokens) == ("one two", "length", 3)
    assert isinstance(whole, Completion)
    assert (whole.text, whole.finish, whole.completion_tokens) == ("one two  three", "stop", 3)


def test_a_script_may_fail_a_request() -> None:
    engine = ScriptedEngine(lambda _: Failure("refused"))
    assert [list(batch) for batch in engine.generate([request("x")])] == [[(0, Failure("refused"))]]
