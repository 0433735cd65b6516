"""`engine=openai`: any server that speaks OpenAI's chat completions: vLLM's, llama.cpp's, a hosted one.

So many requests are in flight at once; each is retried after growing, jittered pauses, or as long as
the server's `Retry-After` says; what stays without a usable reply fails with its reason. What a server
turns out not to offer (several samples at once, JSON schemas) is left out from then on.
"""

import asyncio
import json
import logging
import os
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from threading import Event
from typing import Any, ClassVar, Final
from urllib.parse import urlsplit

import openai
from aiolimiter import AsyncLimiter

from ditto.engines.base import Batch, Completion, Failure, Request, Result, Usage
from ditto.engines.retries import Refused, Unusable, retrying, why
from ditto.engines.tokens import Tokens, spoken
from ditto.errors import ConfigError, StageError
from ditto.models import Model
from ditto.records import Message
from ditto.store import digest

log = logging.getLogger(__name__)
GIVE_UP: Final = 10  # requests in a row that stay without a reply
NO_KEY: Final = "none"


@dataclass(frozen=True, slots=True)
class Price:
    """Dollars for a million tokens."""

    input: float
    output: float


@dataclass(frozen=True, slots=True)
class Call:
    """One HTTP request: the samples of one conversation that are drawn together, as (position, request)."""

    samples: tuple[tuple[int, Request], ...]

    @property
    def positions(self) -> list[int]:
        return [i for i, _ in self.samples]

    @property
    def request(self) -> Request:
        """The first sample's, which stands for all."""
        return self.samples[0][1]


class OpenAIEngine:
    """Asks the server at `base_url` for the model `served_as`; the key is in the environment.

    `requests_per_minute` and `tokens_per_minute` are limits kept here; `pause` is the longest first
    pause before a retry, in seconds; `token_limit` is what the server calls `max_tokens`; `more` goes
    into every request's body.

    Raises:
        ConfigError: there is no key, or a value that cannot be meant.
    """

    DEFINES: ClassVar[tuple[str, ...]] = ("served_as", "structured", "more")

    def __init__(
        self,
        model: Model,
        *,
        base_url: str,
        key_env: str | None = "OPENAI_API_KEY",
        served_as: str | None = None,
        concurrency: int = 64,
        requests_per_minute: float | None = None,
        tokens_per_minute: float | None = None,
        timeout: float = 600.0,
        attempts: int = 8,
        pause: float = 1.0,
        samples_together: bool = True,
        structured: bool = True,
        token_limit: str = "max_tokens",  # noqa: S107
        more: Mapping[str, Any] | None = None,
        prices: Mapping[str, Mapping[str, float]] | None = None,
    ) -> None:
        positive = {
            "concurrency": concurrency,
            "attempts": attempts,
            "timeout": timeout,
            "pause": pause,
            "requests_per_minute": requests_per_minute,
            "tokens_per_minute": tokens_per_minute,
        }
        _check(base_url, positive)
        self.model = model
        self.max_length = model.max_length
        self.usage = Usage()
        self._name = served_as or model.served_as
        self.identity = digest([model.identity, self._name, structured, dict(more or {})])
        self._base_url, self._key_env, self._key = base_url, key_env, _key(key_env)
        self._concurrency, self._timeout, self._retry = concurrency, timeout, retrying(attempts, pause)
        self._rpm, self._tpm = requests_per_minute, tokens_per_minute
        self._together, self._structured = samples_together, structured
        self._token_limit, self._more = token_limit, dict(more or {})
        self._price = Price(**prices[self._name]) if prices and self._name in prices else Price(0.0, 0.0)
        self._lost = 0

    def count_tokens(self, messages: Sequence[Message]) -> int:
        if self._tokens:
            return len(self._tokens.prompt(messages))
        return sum(estimate(message["content"]) for message in messages)

    def generate(self, requests: Sequence[Request]) -> Iterator[Batch]:
        calls = calls_of(requests, together=self._together)
        with asyncio.Runner() as runner:
            batches = self._batches(calls)
            try:
                while batch := runner.run(anext(batches, None)):
                    yield batch
            finally:
                runner.run(batches.aclose())
        log.info("%-11s %s  %s", "openai", self._name, self.usage)

    def stream(self, request: Request, stop: Event) -> Iterator[Completion]:
        """See `ditto.engines.streaming`; the client's own two retries, and none once words have come.

        Raises:
            StageError: the server cannot be reached, refuses, or breaks off.
        """
        said = ""
        try:
            with openai.OpenAI(base_url=self._base_url, api_key=self._key, timeout=self._timeout) as client:
                body = self._body(Call(((0, request),)))
                with client.chat.completions.create(**body, stream=True) as chunks:
                    for choice in (choice for chunk in chunks for choice in chunk.choices[:1]):
                        said += choice.delta.content or ""
                        ended = choice.finish_reason == "stop"
                        yield Completion(spoken(said), "stop" if ended else "length", 0, 0)
                        if stop.is_set():
                            return
        except (openai.AuthenticationError, openai.PermissionDeniedError, openai.NotFoundError) as error:
            raise self._hopeless(error) from None
        except Exception as error:  # a stream breaks off with an error of whichever HTTP library openai uses
            reason = why(error) if isinstance(error, openai.APIStatusError) else type(error).__name__
            raise StageError(
                f"The server at {self._base_url} gave no whole reply ({reason}): see that it is well, and say it again."
            ) from None

    def close(self) -> None:
        """Nothing is held between calls."""

    @cached_property
    def _tokens(self) -> Tokens | None:
        return None if self.model.is_api else Tokens(self.model)

    async def _batches(self, calls: Sequence[Call]) -> AsyncGenerator[Batch]:
        """Results as they come in, all that are there at once."""
        results: asyncio.Queue[Batch | Exception] = asyncio.Queue()
        todo, left = iter(calls), len(calls)
        async with self._client() as client:
            await self._greet(client)
            limits = self._limits()

            async def work() -> None:
                for call in todo:
                    try:
                        results.put_nowait(await self._answer(client, call, limits))
                    except Exception as error:  # raised again where the results are awaited
                        results.put_nowait(error)
                        return

            workers = [asyncio.create_task(work()) for _ in range(min(self._concurrency, left))]
            try:
                while left:
                    batch, error, n = await _drain(results)
                    left -= n
                    if batch:
                        yield batch
                    if error:
                        raise error
            finally:
                for worker in workers:
                    worker.cancel()
                await asyncio.gather(*workers, return_exceptions=True)

    def _client(self) -> openai.AsyncOpenAI:
        return openai.AsyncOpenAI(base_url=self._base_url, api_key=self._key, max_retries=0, timeout=self._timeout)

    def _limits(self) -> list[AsyncLimiter]:
        requests = AsyncLimiter(1, 60 / self._rpm) if self._rpm else AsyncLimiter(1e9)
        return [requests, AsyncLimiter(self._tpm or 1e12)]

    async def _greet(self, client: openai.AsyncOpenAI) -> None:
        """One question that costs nothing: is a server there, and does it take the key?"""
        try:
            await client.models.list()
        except openai.APITimeoutError:
            return
        except openai.APIConnectionError:
            raise StageError(f"No server answers at {self._base_url}: start it, or set engine.base_url.") from None
        except (openai.AuthenticationError, openai.PermissionDeniedError) as error:
            raise self._hopeless(error) from None
        except (openai.OpenAIError, ValueError):
            return  # it has no list of models, or a bad moment

    async def _answer(self, client: openai.AsyncOpenAI, call: Call, limits: Sequence[AsyncLimiter]) -> Batch:
        """A result for each sample of the call.

        Raises:
            StageError: no request can succeed any more.
        """
        try:
            results = await self._draw(client, call, limits)
        except Refused as refused:
            return [(i, Failure(str(refused))) for i in call.positions]
        except (openai.APIError, Unusable) as error:
            self._lost += 1
            if self._lost >= GIVE_UP:
                raise StageError(
                    f"The server at {self._base_url} left {GIVE_UP} requests in a row without a usable reply, the last "
                    f"one with: {why(error)}. What is done is kept; run again when it is well."
                ) from None
            return [(i, Failure(why(error))) for i in call.positions]
        self._lost = 0
        batch = list(zip(call.positions, results, strict=False))
        for sample in call.samples[len(results) :]:
            self._together = False  # it gave fewer samples than it was asked for
            batch += await self._answer(client, Call((sample,)), limits)
        return batch

    async def _draw(self, client: openai.AsyncOpenAI, call: Call, limits: Sequence[AsyncLimiter]) -> list[Result]:
        """The call's results, leaving out what the server says it does not know."""
        try:
            return await self._retry(self._post, client, call, limits)  # type: ignore[no-any-return]
        except openai.BadRequestError as error:
            said = str(error).lower()
            if call.request.schema and self._structured and ("response_format" in said or "schema" in said):
                log.warning("%s takes no JSON schema; asking without.", self._base_url)
                self._structured = False
                return await self._draw(client, call, limits)
            if len(call.samples) > 1:
                return await self._draw(client, Call(call.samples[:1]), limits)
            raise Refused("prompt too long" if "context" in said else "refused by the server") from None
        except (openai.AuthenticationError, openai.PermissionDeniedError, openai.NotFoundError) as error:
            raise self._hopeless(error) from None
        except openai.RateLimitError as error:
            if error.code == "insufficient_quota":
                raise self._hopeless(error) from None
            raise

    async def _post(self, client: openai.AsyncOpenAI, call: Call, limits: Sequence[AsyncLimiter]) -> list[Result]:
        request = call.request
        expected = sum(estimate(m["content"]) for m in request.messages) + request.sampling.max_tokens
        await limits[0].acquire()
        await limits[1].acquire(min(expected, limits[1].max_rate))
        raw = await client.chat.completions.with_raw_response.create(**self._body(call))
        return self._results(raw.http_response.text, len(call.samples))

    def _body(self, call: Call) -> dict[str, Any]:
        request, n = call.request, len(call.samples)
        body: dict[str, Any] = {
            "model": self._name,
            "messages": [dict(message) for message in request.messages],
            "temperature": request.sampling.temperature,
            "top_p": request.sampling.top_p,
            "seed": int(request.key("")[:7], 16),
        }
        if n > 1:
            body["n"] = n
        if request.schema and self._structured:
            body["response_format"] = {
                "type": "json_schema",
                "json_schema": {"name": "reply", "schema": dict(request.schema)},
            }
        extra: dict[str, Any] = {self._token_limit: request.sampling.max_tokens}
        if self.model.template:
            extra["chat_template_kwargs"] = dict(self.model.template)
        return body | {"extra_body": extra | self._more}

    def _results(self, text: str, n: int) -> list[Result]:
        """The samples in a response's body, at most `n`.

        Raises:
            Unusable: it is no chat completion, or has no choice in it.
        """
        try:
            body = json.loads(text)
            choices = body["choices"][:n]
            usage = body.get("usage") or {}
            said = [(choice["message"]["content"] or "", choice["finish_reason"]) for choice in choices]
            prompt, reply = int(usage.get("prompt_tokens", 0)), int(usage.get("completion_tokens", 0))
        except (ValueError, TypeError, KeyError, AttributeError):
            raise Unusable("malformed reply") from None
        if not said:
            raise Unusable("no choices")
        self._count(prompt, reply, int((usage.get("prompt_tokens_details") or {}).get("cached_tokens") or 0))
        return [
            Completion(spoken(content), finish, prompt, reply // len(said))
            if finish in ("stop", "length")
            else Failure(f"ended by {finish}")
            for content, finish in said
        ]

    def _count(self, prompt: int, reply: int, cached: int) -> None:
        self.usage.prompt_tokens += prompt
        self.usage.completion_tokens += reply
        self.usage.cached_tokens += cached
        self.usage.dollars += (prompt * self._price.input + reply * self._price.output) / 1e6

    def _hopeless(self, error: openai.APIStatusError) -> StageError:
        """What ends the work at once, without the server's words: they may repeat the key."""
        reasons = {
            401: f"refuses the key in ${self._key_env}: set a valid one",
            403: f"forbids this to the key in ${self._key_env}: use another",
            404: f"knows no model {self._name!r}: check engine.served_as and the end of engine.base_url",
            429: f"says that the quota of the key in ${self._key_env} is used up",
        }
        reason = reasons[error.status_code]
        return StageError(
            f"The server at {self._base_url} {reason} (HTTP {error.status_code}). What is done is kept; run again then."
        )


def calls_of(requests: Sequence[Request], *, together: bool) -> list[Call]:
    """What to ask, in the order of the requests; samples of one conversation together where they may."""
    groups: dict[str, list[tuple[int, Request]]] = {}
    for i, request in enumerate(requests):
        alike = request if not together else replace(request, sample=0)
        groups.setdefault(alike.key(""), []).append((i, request))
    return [Call(tuple(group)) for group in groups.values()]


def estimate(text: str) -> int:
    """Tokens, where there is no tokenizer to ask: one for three bytes, which is rather too many."""
    return len(text.encode()) // 3 + 4


async def _drain(results: asyncio.Queue[Batch | Exception]) -> tuple[Batch, Exception | None, int]:
    """All results that are there, the first error among them, and how many calls they belong to."""
    came = [await results.get()]
    while not results.empty():
        came.append(results.get_nowait())
    errors = [one for one in came if isinstance(one, Exception)]
    batch = [pair for one in came if not isinstance(one, Exception) for pair in one]
    return batch, errors[0] if errors else None, len(came)


def _key(key_env: str | None) -> str:
    if key_env is None:
        return NO_KEY
    if key := os.environ.get(key_env, "").strip():
        return key
    raise ConfigError(
        f"engine=openai reads its key from the environment variable {key_env}, which is not set: "
        "export it, or set engine.key_env=null for a server that wants none."
    )


def _check(base_url: str, positive: Mapping[str, float | None]) -> None:
    for name, value in positive.items():
        if value is not None and value <= 0:
            raise ConfigError(f"engine.{name}={value} cannot be meant: it must be above 0.")
    parts = urlsplit(base_url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigError(f"engine.base_url={base_url} is no address: write http://host:port/v1.")
    if parts.username or parts.password or parts.query:
        raise ConfigError("engine.base_url holds a user, a password or a query: keys come from the environment only.")
