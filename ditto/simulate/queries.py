"""Query simulation: questions that one character can answer and another cannot (paper, section 3.2)."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Final

from ditto.engines.base import Measure, Request, Result, Sampling
from ditto.prompts import Prompts
from ditto.records import Character, Kind, Message
from ditto.simulate.filters import Malformed, questions_of
from ditto.simulate.profile import fit, slots

SCHEMA: Final[Mapping[str, Any]] = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {"explanation": {"type": "string"}, "question": {"type": "string"}},
        "required": ["question"],
    },
}
Pair = tuple[Character, Character]


@dataclass(frozen=True, slots=True)
class Query:
    """A question to `character`; contrastive where it was written for its partner."""

    character: Character
    source: str
    kind: Kind
    text: str


def pair(characters: Sequence[Character], seed: int) -> list[Pair]:
    """Both directions of random pairs within each language: (who can answer, who cannot).

    With an odd number, the last one is paired with the first once more.
    """
    pairs: list[Pair] = []
    for lang in sorted({c.lang for c in characters}):
        order = sorted((c for c in characters if c.lang == lang), key=lambda c: c.id)
        Random(f"{seed}/{lang}").shuffle(order)
        if len(order) % 2:
            order.append(order[0])
        for a, b in zip(order[::2], order[1::2], strict=True):
            pairs += [(a, b), (b, a)] if a.id != b.id else []
    return pairs


def query_requests(
    pairs: Sequence[Pair], prompts: Mapping[str, Prompts], engine: Measure, sampling: Sampling, n_queries: int
) -> tuple[list[Request], int]:
    """`sampling.n` requests for each pair in turn, and how many profiles had to be cut."""
    requests, n_cut = list[Request](), 0
    for a, b in pairs:

        def build(articles: Sequence[str], a: Character = a, b: Character = b) -> tuple[Message, ...]:
            both = slots(a, articles[0], "a_") | slots(b, articles[1], "b_")
            return ({"role": "user", "content": prompts[a.lang].render("query", n=n_queries, **both)},)

        limit = engine.max_length - sampling.max_tokens
        messages, cuts = fit(build, (a.article, b.article), engine.count_tokens, limit)
        requests += [Request(messages, sampling, sample, SCHEMA) for sample in range(sampling.n)]
        n_cut += cuts
    return requests, n_cut


def choose_queries(
    pairs: Sequence[Pair],
    replies: Sequence[Result],
    n: int,
    seed: int,
    rejected: Counter[str],
    repaired: Counter[str],
) -> list[Query]:
    """One of each pair's format-valid samples, at random: its questions are specific to the first
    character and contrastive for the second. What is not valid goes into `rejected` by reason, what
    had to be repaired into `repaired`.
    """
    queries: list[Query] = []
    for i, (a, b) in enumerate(pairs):
        valid = [q for reply in replies[i * n : (i + 1) * n] if (q := _questions(reply, a.lang, rejected, repaired))]
        if valid:
            chosen = Random(f"{seed}/{a.lang}/{a.id}/{b.id}").choice(valid)
            queries += [Query(a, a.id, "specific", text) for text in chosen]
            queries += [Query(b, a.id, "contrastive", text) for text in chosen]
    return queries


def _questions(reply: Result, lang: str, rejected: Counter[str], repaired: Counter[str]) -> list[str]:
    try:
        return questions_of(reply, lang, repaired)
    except Malformed as reason:
        rejected[str(reason)] += 1
        return []
