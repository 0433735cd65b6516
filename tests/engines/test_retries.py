"""What is asked again, after how long, and what a failure is called."""

from email.utils import formatdate
from time import time

import httpx
import openai
import pytest

from ditto.engines.retries import Unusable, _retry_after, passes, why

REQUEST = httpx.Request("POST", "http://127.0.0.1/v1")


def status(code: int, body: object = None, **headers: str) -> openai.APIStatusError:
    response = httpx.Response(code, request=REQUEST, headers=headers)
    return openai.APIStatusError("said with the key", response=response, body=body)


@pytest.mark.parametrize("code", [408, 409, 425, 429, 500, 502, 503, 529])
def test_what_passes_is_asked_again(code: int) -> None:
    assert passes(status(code))


@pytest.mark.parametrize("code", [400, 401, 403, 404, 413, 422])
def test_what_stays_is_not(code: int) -> None:
    assert not passes(status(code))
    assert not passes(status(429, {"code": "insufficient_quota"}))
    assert not passes(KeyError())


def test_lost_connections_and_unusable_replies_are_asked_for_again() -> None:
    assert all(passes(error) for error in (openai.APITimeoutError(REQUEST), Unusable("no choices")))
    assert why(openai.APITimeoutError(REQUEST)) == "timeout"
    assert why(openai.APIConnectionError(request=REQUEST)) == "connection lost"
    assert why(Unusable("no choices")) == "no choices"
    assert why(status(500)) == "HTTP 500"


@pytest.mark.parametrize(
    ("value", "seconds"), [("7", 7), ("0.5", 0.5), ("-3", 0), ("nan", 0), ("soon", None), ("", None)]
)
def test_a_server_may_say_how_long(value: str, seconds: float | None) -> None:
    assert _retry_after(status(429, **{"retry-after": value})) == seconds


def test_it_may_give_a_date() -> None:
    seconds = _retry_after(status(429, **{"retry-after": formatdate(time() + 30, usegmt=True)}))
    assert seconds == pytest.approx(30, abs=2)
