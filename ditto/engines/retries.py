"""When a request to a server is made again, how long to wait before, and what to call a failure."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

import openai
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt, wait_random_exponential

from ditto.retry_after import seconds_asked

LONGEST_PAUSE: Final = 60.0
PASSING: Final = frozenset({408, 409, 425, 429})  # statuses that pass, beside all from 500 on


class Unusable(Exception):
    """A reply that came and cannot be used; its text is the reason."""


class Refused(Exception):
    """The server will not take the request, however often it is asked; its text is the reason."""


def retrying(attempts: int, pause: float) -> Callable[..., Awaitable[Any]]:
    """Calls a coroutine function up to `attempts` times, until it neither fails in passing nor is unusable.

    The pause before the k-th retry is random, up to `pause` * 2^(k-1) seconds and at most a minute; or
    what the server asks for, and a little more.
    """
    backoff = wait_random_exponential(multiplier=pause, max=LONGEST_PAUSE)

    def wait(state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        asked = _asked(error) if isinstance(error, openai.APIStatusError) else None
        if asked is None:
            return backoff(state)
        return min(asked, LONGEST_PAUSE) + backoff(state) / 10

    return AsyncRetrying(stop=stop_after_attempt(attempts), wait=wait, retry=retry_if_exception(passes), reraise=True)


def passes(error: BaseException) -> bool:
    """Whether asking again may help."""
    if isinstance(error, openai.APIStatusError):
        spent = error.code == "insufficient_quota"
        return (error.status_code in PASSING or error.status_code >= 500) and not spent
    return isinstance(error, Unusable | openai.APIConnectionError)


def why(error: Exception) -> str:
    """A failure in a few words that can be counted; never the server's own, which may repeat a key."""
    if isinstance(error, openai.APITimeoutError):
        return "timeout"
    if isinstance(error, openai.APIConnectionError):
        return "connection lost"
    if isinstance(error, openai.APIStatusError):
        return f"HTTP {error.status_code}"
    return str(error)


def _asked(error: openai.APIStatusError) -> float | None:
    return seconds_asked(error.response.headers.get("retry-after", ""))
