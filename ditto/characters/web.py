"""Asking Wikimedia's services politely: we say who asks, one request at a time, and wait as long as they ask us to.

What a service has answered is kept and never asked again. The manners are those of
https://www.mediawiki.org/wiki/API:Etiquette, https://www.mediawiki.org/wiki/Manual:Maxlag_parameter and
https://foundation.wikimedia.org/wiki/Policy:Wikimedia_Foundation_User-Agent_Policy.
"""

import logging
import re
import ssl
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache, partial
from pathlib import Path
from typing import Any, Final, Self, TypeVar
from urllib.parse import urlencode

import httpx
from tenacity import RetryCallState, Retrying, retry_if_exception_type, sleep_using_event, wait_exponential, wait_random

from ditto import __version__
from ditto.characters import replies
from ditto.characters.answers import Answers
from ditto.characters.replies import Broken, Late, Passing, Unreached
from ditto.errors import ConfigError, DataError
from ditto.progress import Progress

log = logging.getLogger(__name__)
T = TypeVar("T")
R = TypeVar("R")
Read = Callable[[httpx.Response], dict[str, Any]]

CONTACT: Final = re.compile(r"[!-?A-~]+@[!-?A-~]+\.[!-?A-~]+|https?://[!-~]+")  # ASCII, as a header must be
ACCEPT: Final = "application/sparql-results+json, application/json"
# maxlag: seconds that the service's copies may be behind; where they are more, it tells us to wait.
FORMAT: Final = {"format": "json", "formatversion": "2", "errorformat": "plaintext", "maxlag": "5"}
LONGEST_ADDRESS: Final = 2000  # bytes of parameters in an address; more are sent in the body
LONGEST_PAUSE: Final = 60.0
NOTICED: Final = 1.0  # seconds of a pause that is told
CONNECTING: Final = 5.0  # seconds until a connection stands
REACHED: Final = 6.0  # seconds after which no other attempt is made to reach a service that has never answered
TIMED_OUT: Final = "timed out"


class TimedOut(Exception):
    """The service ran out of its time over a query."""


class Client:
    """Asks the services; `counts` has how many requests were sent ("asked"), how many were not since their
    answers are kept ("cached"), and how often one had to wait for another attempt ("waited").

    Args:
        cache: the folder of the answers.
        contact: an e-mail address or a web page, by which the services' operators can reach the user.
        concurrency: how many requests are under way at once.
        attempts: how often a request is made before it is given up.
        pause: seconds before the second attempt, twice as many before each further one, at most a minute.
        timeout: seconds to wait for an answer to begin, and to go on.

    Raises:
        ConfigError: `contact` is no such thing.
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
                f"characters.web.contact is {contact!r}: Wikimedia asks to be told who asks; "
                "give your e-mail address, or the address of a web page that says how to reach you."
            )
        agent = f"ditto/{__version__} ({contact}) httpx/{httpx.__version__}"
        self.counts: Counter[str] = Counter()
        self._answers, self._concurrency, self._attempts = Answers(cache), concurrency, attempts
        waits = httpx.Timeout(timeout, connect=min(timeout, CONNECTING))
        self._http = httpx.Client(headers={"User-Agent": agent, "Accept": ACCEPT}, timeout=waits, verify=_trusted())
        self._backoff = wait_exponential(multiplier=pause, max=LONGEST_PAUSE) + wait_random(0, pause)
        self._turn = threading.BoundedSemaphore(concurrency)
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._reached = set[str]()  # addresses that have answered
        self._quiet_until = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def action(self, url: str, **params: str) -> dict[str, Any]:
        """The reply of the MediaWiki action API at `url`, in format version 2.

        Raises:
            ConfigError: `url` is no web address.
            DataError: it refuses the request, or gives no answer.
        """
        said = FORMAT | params
        if (kept := self._kept(url, said)) is not None:
            return kept
        method = "POST" if len(urlencode(said)) > LONGEST_ADDRESS else "GET"
        try:
            return self._ask(method, url, said, replies.of_api, self._attempts)
        except Passing as error:
            raise self._given_up(url, error) from None

    def select(self, url: str, query: str, *, divisible: bool = True) -> list[dict[str, str]]:
        """The rows of a SPARQL SELECT: the values of the variables that are bound.

        A `divisible` query that took longer than the service allows is not asked again, now or later:
        the caller asks for less, and a second run goes the same way. Any other is asked again like one
        that failed in passing.

        Raises:
            TimedOut: the service ran out of its time.
            ConfigError: `url` is no web address.
            DataError: it refuses the query, or gives no answer.
        """
        said = {"query": query}
        kept = self._kept(url, said)
        if kept is None or (TIMED_OUT in kept and not divisible):
            kept = self._select(url, said, divisible)
        if TIMED_OUT in kept:
            raise TimedOut
        return [{name: cell["value"] for name, cell in row.items()} for row in kept["results"]["bindings"]]

    def each(self, ask: Callable[[T], R], todo: Sequence[T], title: str) -> Iterator[R]:
        """`ask` of each, in order, as many at once as the client allows; an error of one ends it."""
        with Progress(title, len(todo)) as progress:
            for n, result in enumerate(self._results(ask, todo), start=1):
                progress.advance(note=f"{len(todo) - n} left")
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
            self._over.set()  # nobody waits any longer for another attempt
            pool.shutdown(cancel_futures=True)
            self._over.clear()

    def _kept(self, url: str, params: Mapping[str, str]) -> dict[str, Any] | None:
        kept = self._answers.get(url, params)
        if kept is not None:
            self._count("cached")
        return kept

    def _select(self, url: str, params: Mapping[str, str], divisible: bool) -> dict[str, Any]:
        try:
            return self._ask("POST", url, params, replies.of_sparql, 1 if divisible else self._attempts)
        except (Late, Broken):
            if divisible:
                self._answers.put(url, params, b'{"%s": true}' % TIMED_OUT.encode())
            raise TimedOut from None
        except Passing as error:
            raise self._given_up(url, error) from None

    def _ask(self, method: str, url: str, params: Mapping[str, str], read: Read, late: int) -> dict[str, Any]:
        """Ask until there is an answer, and keep it. At most `late` times may the service run out of its
        time, and once more if all we know is that its answer broke off.
        """

        def spent(state: RetryCallState) -> bool:
            error = _error(state)
            if isinstance(error, Unreached) and url not in self._reached and (state.seconds_since_start or 0) > REACHED:
                return True
            most = late + isinstance(error, Broken) if isinstance(error, Late | Broken) else self._attempts
            return state.attempt_number >= min(most, self._attempts) or self._over.is_set()

        retrying = Retrying(
            stop=spent,
            wait=self._backoff,
            sleep=sleep_using_event(self._over),
            before_sleep=partial(self._heed, url),
            retry=retry_if_exception_type(Passing),
            reraise=True,
        )
        body, reply = retrying(self._once, method, url, params, read)
        self._answers.put(url, params, body)
        return reply

    def _once(self, method: str, url: str, params: Mapping[str, str], read: Read) -> tuple[bytes, dict[str, Any]]:
        with self._turn:
            if self._over.wait(self._quiet_until - time.monotonic()):
                raise Passing("another request that failed")
            self._count("asked")
            response = self._send(method, url, params)
            self._reached.add(url)
        return response.content, read(response)

    def _send(self, method: str, url: str, params: Mapping[str, str]) -> httpx.Response:
        try:
            if method == "POST":
                return self._http.post(url, data=params)
            return self._http.get(url, params=params)
        except (httpx.InvalidURL, httpx.UnsupportedProtocol):
            raise ConfigError(f"{url!r} is no web address: give one that begins with https://.") from None
        except httpx.ReadTimeout:
            raise Late("none in time") from None
        except (httpx.RemoteProtocolError, httpx.ReadError, httpx.DecodingError):
            raise Broken("one that broke off") from None
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError) as error:
            raise Unreached(f"no connection ({type(error).__name__}: {error})") from None
        except httpx.RequestError as error:
            raise Passing(f"no connection ({type(error).__name__})") from None

    def _heed(self, url: str, state: RetryCallState) -> None:
        """What one request is asked to wait, the others wait too; a wait that one would notice is told."""
        if state.upcoming_sleep >= NOTICED:
            log.info("%s gave no answer: %s; asked again in %.0f s", url, _error(state), state.upcoming_sleep)
        with self._lock:
            self.counts["waited"] += 1
            self._quiet_until = max(self._quiet_until, time.monotonic() + _error(state).asked)

    def _given_up(self, url: str, error: Passing) -> DataError:
        if isinstance(error, Unreached) and url not in self._reached:
            return DataError(f"{url} cannot be reached, {error}: check the network and the address.")
        return DataError(
            f"{url} gave no answer in {self._attempts} attempts, at last {error}: "
            "check the address, or start again later; what it has answered is kept."
        )

    def _count(self, what: str) -> None:
        with self._lock:
            self.counts[what] += 1


@cache
def _trusted() -> ssl.SSLContext:
    """Reading the certificates takes a tenth of a second: once a process, not once a client."""
    return httpx.create_ssl_context()


def _error(state: RetryCallState) -> Passing:
    assert state.outcome is not None
    error = state.outcome.exception()
    assert isinstance(error, Passing)
    return error
