"""What is asked again, after how long, and what a failure is called."""

import httpx
import openai
import pytest

from ditto.engines.retries import Unusable, passes, why

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
