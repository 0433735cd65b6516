"""Asking Wikimedia's services politely: who asks is named, one request at a time, a wait as long as they ask for.

What a service answered is kept in a folder, a file a request, and never asked again. Manners as asked for at
https://www.mediawiki.org/wiki/API:Etiquette, https://www.mediawiki.org/wiki/Manual:Maxlag_parameter and
https://foundation.wikimedia.org/wiki/Policy:Wikimedia_Foundation_User-Agent_Policy.
"""

import gzip
import json
import os
import re
import threading
import time
import zlib
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, Self, TypeVar
from urllib.parse import urlencode

import httpx
import orjson
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    sleep_using_event,
    stop_after_attempt,
    stop_when_event_set,
    wait_exponential_jitter,
)

from ditto import __version__
from ditto.errors import ConfigError, DataError, StoreError
from ditto.progress import Progress
from ditto.retry_after import seconds_asked

T = TypeVar("T")
R = TypeVar("R")
Params = Mapping[str, str]

CONTACT: Final = re.compile(r"[!-?A-~]+@[!-?A-~]+\.[!-?A-~]+|https?://[!-~]+")
FORMAT: Final[Params] = {"format": "json", "formatversion": "2", "errorformat": "plaintext"}
MAXLAG: Final[Params] = {"maxlag": "5"}  # seconds the service's copies may be behind; more, and we are to wait
RESULTS: Final = {"Accept": "application/sparql-results+json"}
LONGEST_ADDRESS: Final = 2000  # bytes of parameters in an address; more are sent in the body
LONGEST_PAUSE: Final = 60.0
LONGEST_ASKED: Final = 600.0  # seconds a service may ask us to wait before we rather end
PASSING: Final = frozenset({408, 425, 429})  # statuses that pass, beside all from 500 on
BUSY: Final = ("maxlag", "ratelimited", "readonly", "internal_", "cirrussearch-too-busy-error")
OUT_OF_TIME: Final = b"TimeoutException"
TIMED_OUT: Final = b'{"timed out": true}'


class TimedOut(Exception):
    """The service ran out of its time over a query."""


class _Passing(Exception):
    """A failure that passes; its text says which. `asked` is how many seconds the service asks to wait."""

    def __init__(self, reason: str, asked: float | None = None) -> None:
        super().__init__(reason)
        self.asked = asked


class _Late(_Passing):
    """The service ran out of its time."""


class _Broken(_Passing):
    """An answer broke off: the line was cut, or the service ran out of its time while it was answering."""


class Client:
    """Asks the services; `counts` has how many requests were sent ("asked"), how many answers were there
    already ("cached"), and how often a request had to be made again ("waited").

    Args:
        cache: the folder of the answers.
        contact: an e-mail address or a web page, by which the services' operators can reach the user.
        concurrency: how many requests are under way at once.
        attempts: how often a request is made before it is given up.
        pause: seconds before the first retry, twice as many before each further one.
        timeout: seconds to wait for an answer to begin, or to go on.

    Raises:
        ConfigError: `contact` is neither.
    """

    def __init__(
        self,
        cache: Path,
        contact: str,
        concurrency: int = 1,
        attempts: int = 8,
        pause: float = 1.0,
        timeout: float = 100.0,
    ) -> None:
        if not CONTACT.fullmatch(contact):
            raise ConfigError(
                f"characters.contact is {contact!r}: Wikimedia asks to be told who asks; "
                "give your e-mail address, or that of a web page that tells how to reach you."
            )
        self.counts: Counter[str] = Counter()
        self._cache, self._concurrency, self._attempts = cache, concurrency, attempts
        self._backoff = wait_exponential_jitter(initial=pause, max=LONGEST_PAUSE, jitter=pause)
        agent = f"ditto/{__version__} ({contact}) httpx/{httpx.__version__}"
        self._http = httpx.Client(headers={"User-Agent": agent}, timeout=timeout)
        self._turn = threading.BoundedSemaphore(concurrency)
        self._lock = threading.Lock()
        self._quiet_until = 0.0
        self._over = threading.Event()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def action(self, url: str, **params: str) -> dict[str, Any]:
        """The reply of a MediaWiki action API at `url`, in format version 2.

        Raises:
            DataError: it refuses the request, or does not answer.
            StoreError: the answer cannot be kept.
        """
        said = FORMAT | params
        if (kept := self._kept(url, said)) is not None:
            return kept
        method = "POST" if len(urlencode(said)) > LONGEST_ADDRESS else "GET"
        try:
            return self._ask(method, url, said, MAXLAG, {}, self._attempts)
        except _Passing as error:
            raise self._given_up(url, error) from None

    def select(self, url: str, query: str, *, divisible: bool = True) -> list[dict[str, str]]:
        """The rows of a SPARQL SELECT, by POST: the values of the variables that are bound.

        A query that ran out of the service's time is not asked again where it is `divisible`, and the same
        is then said of it for ever, so that a second run goes the same way without asking.

        Raises:
            TimedOut: the service ran out of its time, and always does if the query is not `divisible`.
            DataError: it refuses the query, or does not answer.
            StoreError: the answer cannot be kept.
        """
        said = {"query": query}
        kept = self._kept(url, said)
        if kept is None or (not divisible and "results" not in kept):
            kept = self._select(url, said, divisible)
        if "results" not in kept:
            raise TimedOut
        return [{name: cell["value"] for name, cell in row.items()} for row in kept["results"]["bindings"]]

    def each(self, ask: Callable[[T], R], todo: Sequence[T], title: str) -> Iterator[R]:
        """`ask` of every one, in order, as many at once as the client allows; an error of one ends it."""
        with Progress(title, len(todo)) as progress:
            for left, result in zip(reversed(range(len(todo))), self._results(ask, todo), strict=True):
                progress.advance(note=f"{left} left")
                yield result

    def _results(self, ask: Callable[[T], R], todo: Sequence[T]) -> Iterator[R]:
        if self._concurrency == 1:
            yield from map(ask, todo)
            return
        pool, ahead = ThreadPoolExecutor(self._concurrency), deque[Future[R]]()
        try:
            for one in todo:
                ahead.append(pool.submit(ask, one))
                if len(ahead) == 2 * self._concurrency:
                    yield ahead.popleft().result()
            while ahead:
                yield ahead.popleft().result()
        finally:
            self._over.set()  # who waits to ask again shall not
            pool.shutdown(cancel_futures=True)
            self._over.clear()

    def _select(self, url: str, said: Params, divisible: bool) -> dict[str, Any]:
        try:
            return self._ask("POST", url, said, {}, RESULTS, 1 if divisible else self._attempts)
        except (_Late, _Broken):
            if not divisible:
                raise TimedOut from None
            self._keep(url, said, TIMED_OUT)
            return {}
        except _Passing as error:
            raise self._given_up(url, error) from None

    def _ask(
        self, method: str, url: str, said: Params, manners: Params, headers: Params, patience: int
    ) -> dict[str, Any]:
        """Ask until there is an answer, and keep it. After running out of time `patience` times, or when an
        answer has broken off once more than that, no more.
        """

        def spent(state: RetryCallState) -> bool:
            error = state.outcome and state.outcome.exception()
            return state.attempt_number >= patience + isinstance(error, _Broken) and isinstance(error, _Late | _Broken)

        retrying = Retrying(
            sleep=sleep_using_event(self._over),
            stop=stop_after_attempt(self._attempts) | stop_when_event_set(self._over) | spent,
            wait=self._wait,
            retry=retry_if_exception_type(_Passing),
            reraise=True,
        )
        body, reply = retrying(self._once, method, url, said | manners, headers)
        self._keep(url, said, body)
        return reply

    def _once(self, method: str, url: str, params: Params, headers: Params) -> tuple[bytes, dict[str, Any]]:
        with self._turn:
            self._over.wait(self._quiet_until - time.monotonic())
            self._count("asked")
            response = self._send(method, url, params, headers)
        _check_status(response)
        reply = _parsed(response)
        _check_reply(reply, response)
        return response.content, reply

    def _send(self, method: str, url: str, params: Params, headers: Params) -> httpx.Response:
        where = "data" if method == "POST" else "params"
        try:
            return self._http.request(method, url, headers=headers, **{where: dict(params)})
        except (httpx.InvalidURL, httpx.UnsupportedProtocol):
            raise ConfigError(f"{url!r} is no web address: give one that begins with https://.") from None
        except httpx.ReadTimeout:
            raise _Late("no answer in time") from None
        except (httpx.RemoteProtocolError, httpx.DecodingError):
            raise _Broken("an answer that broke off") from None
        except httpx.RequestError as error:
            raise _Passing(f"no connection ({type(error).__name__})") from None

    def _wait(self, state: RetryCallState) -> float:
        self._count("waited")
        error = state.outcome and state.outcome.exception()
        assert isinstance(error, _Passing)
        asked = error.asked or 0.0
        self._quiet_until = max(self._quiet_until, time.monotonic() + asked)
        return asked + self._backoff(state)

    def _given_up(self, url: str, error: _Passing) -> DataError:
        return DataError(
            f"{url} gave no answer in {self._attempts} attempts, at last {error}: "
            "check the address, or try later; what it has answered is kept."
        )

    def _count(self, what: str) -> None:
        with self._lock:
            self.counts[what] += 1

    def _file(self, url: str, said: Params) -> Path:
        name = sha256(json.dumps([url, sorted(said.items())]).encode()).hexdigest()[:40]
        return self._cache / name[:2] / f"{name}.json.gz"

    def _kept(self, url: str, said: Params) -> dict[str, Any] | None:
        """The answer in the cache; None where there is none, or a damaged one."""
        try:
            reply = orjson.loads(gzip.decompress(self._file(url, said).read_bytes()))
        except (OSError, EOFError, ValueError, zlib.error):
            return None
        self._count("cached")
        return reply if isinstance(reply, dict) else None

    def _keep(self, url: str, said: Params, body: bytes) -> None:
        file = self._file(url, said)
        beside = file.with_name(f".{file.name}.{os.getpid()}.{threading.get_ident()}")
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            beside.write_bytes(gzip.compress(body, mtime=0))
            beside.replace(file)
        except OSError as error:
            raise StoreError(
                f"Cannot write {file}: {error.strerror}. Free space there, or set another folder."
            ) from error


def _check_status(response: httpx.Response) -> None:
    url, status = response.url.copy_with(query=None), response.status_code
    if status in PASSING or status >= 500:
        _pass(response)
    if response.has_redirect_location:
        raise DataError(f"{url} leads to {response.headers['location']}: give that address instead.")
    if status >= 400:
        raise DataError(f"{url} refuses to answer (HTTP {status}{_said(response)}): check the address and the request.")


def _pass(response: httpx.Response) -> None:
    reason, asked = f"HTTP {response.status_code}", seconds_asked(response.headers.get("retry-after", ""))
    if asked and asked > LONGEST_ASKED:
        raise DataError(
            f"{response.url.copy_with(query=None)} asks to be left alone for {asked:.0f} s ({reason}): "
            "start again then; what it has answered is kept."
        )
    if response.status_code == 504 or OUT_OF_TIME in response.content:
        raise _Late(f"{reason}, out of time", asked)
    raise (_Broken if response.status_code == 502 else _Passing)(reason, asked)


def _parsed(response: httpx.Response) -> dict[str, Any]:
    try:
        reply = orjson.loads(response.content)
    except ValueError:
        if OUT_OF_TIME in response.content:
            raise _Late("out of time in the middle of its answer") from None
        raise _Broken("what is no JSON") from None
    if not isinstance(reply, dict):
        raise _Broken("what is no JSON object")
    return reply


def _check_reply(reply: Mapping[str, Any], response: httpx.Response) -> None:
    """An action API's errors come with HTTP 200."""
    for error in reply.get("errors") or [reply.get("error")]:
        if error is None:
            continue
        code = str(error.get("code"))
        if code.startswith(BUSY):
            raise _Passing(f"the error {code}", seconds_asked(response.headers.get("retry-after", "")))
        text = str(error.get("text") or error.get("info"))
        raise DataError(f"{response.url.copy_with(query=None)} refuses the request: {_short(text)} ({code}).")


def _said(response: httpx.Response) -> str:
    """The first words of a refusal, unless they are a web page."""
    if "html" in response.headers.get("content-type", "") or not response.content.strip():
        return ""
    return f", {_short(response.text)!r}"


def _short(text: str) -> str:
    return " ".join(text.split())[:200]
