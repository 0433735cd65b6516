"""What a service's response says: an answer, a failure that passes, or a refusal."""

from typing import Any, Final

import httpx
import orjson

from ditto.errors import DataError
from ditto.retry_after import seconds_asked

PASSING: Final = frozenset({408, 425, 429})  # statuses that pass, beside all from 500 on
LONGEST_ASKED: Final = 600.0  # seconds a service may ask us to wait before we rather end
# Codes of the action API, or beginnings of them, of what passes.
BUSY: Final = ("maxlag", "ratelimited", "readonly", "internal_", "cirrussearch-too-busy-error")
OUT_OF_TIME: Final = b"TimeoutException"  # Blazegraph's word, as the end of an answer too


class Passing(Exception):
    """A failure that passes; its text says which. `asked` is how many seconds the service asks to wait."""

    def __init__(self, reason: str, asked: float | None = None) -> None:
        super().__init__(reason)
        self.asked = asked or 0.0


class Unreached(Passing):
    """Nobody took the call: no such host, nobody listening there, or no way to it."""


class Late(Passing):
    """The service ran out of its time."""


class Broken(Passing):
    """An answer broke off: the line was cut, or the service ran out of its time while it was answering."""


class Refused(DataError):
    """The service does not take the request, which is ours to change."""


def of_api(response: httpx.Response) -> dict[str, Any]:
    """The reply of a MediaWiki action API, whose errors come with HTTP 200.

    Raises:
        Passing: it is to be asked again.
        Refused: it refuses the request.
        DataError: it is no such API.
    """
    reply = _object(response)
    errors = reply.get("errors") or ([reply["error"]] if "error" in reply else [])
    for code in (str(error.get("code")) for error in errors):
        if code.startswith(BUSY):
            raise _passing(f"the error {code}", response)
    for error in errors:
        text = _short(str(error.get("text") or error.get("info")))
        raise Refused(f"{_address(response.url)} refuses the request ({error.get('code')}): {text}")
    return reply


def of_sparql(response: httpx.Response) -> dict[str, Any]:
    """The results of a SPARQL SELECT, as https://www.w3.org/TR/sparql11-results-json has them.

    Raises:
        Passing: it is to be asked again.
        DataError: it refuses the query, or is no SPARQL service.
    """
    reply = _object(response)
    try:
        list(reply["results"]["bindings"])
    except (KeyError, TypeError):
        raise DataError(f"{_address(response.url)} answers with no SPARQL results: check the address.") from None
    return reply


def _object(response: httpx.Response) -> dict[str, Any]:
    _check_status(response)
    try:
        reply = orjson.loads(response.content)
    except ValueError:
        if OUT_OF_TIME in response.content:
            raise Late("out of time in the middle of its answer") from None
        raise Broken("something that is no JSON") from None
    if not isinstance(reply, dict):
        raise Broken("something that is no JSON object")
    return reply


def _check_status(response: httpx.Response) -> None:
    status = response.status_code
    if status in PASSING or status >= 500:
        raise _passing(f"HTTP {status}", response)
    if response.next_request:
        raise DataError(
            f"{_address(response.url)} leads to {_address(response.next_request.url)}: give that address instead."
        )
    if status != 200:
        raise DataError(f"{_address(response.url)} refuses to answer (HTTP {status}{_words(response)}): check it.")


def _passing(reason: str, response: httpx.Response) -> Passing:
    asked = seconds_asked(response.headers.get("retry-after", ""))
    if asked and asked > LONGEST_ASKED:
        raise DataError(
            f"{_address(response.url)} asks to be left alone for {asked:.0f} s ({reason}): "
            "start again then; what it has answered is kept."
        )
    if response.status_code == 504 or (response.status_code >= 500 and OUT_OF_TIME in response.content):
        return Late(f"{reason}, out of time", asked)
    return Broken(reason, asked) if response.status_code == 502 else Passing(reason, asked)


def _address(url: httpx.URL) -> str:
    return str(url.copy_with(query=None))


def _words(response: httpx.Response) -> str:
    """The first words of a refusal, unless they are a web page."""
    if "html" in response.headers.get("content-type", ""):
        return ""
    return f", {_short(response.text)!r}" if response.text.strip() else ""


def _short(text: str) -> str:
    return " ".join(text.split())[:200]
