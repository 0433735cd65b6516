"""Response simulation: the character answers from its profile (paper, section 3.2)."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial
from random import Random

from ditto.characters.sentences import sentences
from ditto.engines.base import Measure, Request, Result, Sampling
from ditto.prompts import Prompts
from ditto.prompts.inert import inert
from ditto.records import Character, Claim, Dialogue, Message, Turn
from ditto.simulate.filters import Malformed, text_of
from ditto.simulate.profile import fit, slots
from ditto.simulate.queries import Query


def response_request(
    character: Character, query: str, prompts: Prompts, engine: Measure, sampling: Sampling
) -> tuple[Request, int]:
    """The query to the character with its profile in view, and whether the profile was cut (0 or 1)."""

    def build(articles: Sequence[str]) -> tuple[Message, ...]:
        system = prompts.render("response", **slots(character, articles[0]))
        return ({"role": "system", "content": system}, {"role": "user", "content": query})

    limit = engine.max_length - sampling.max_tokens
    messages, cuts = fit(build, (character.article,), engine.count_tokens, limit)
    return Request(messages, sampling), cuts


def brief(character: Character, prompts: Mapping[str, Prompts]) -> str:
    """The brief introduction: all that a tuned model is told of whom it plays."""
    label, description = inert(character.label), inert(character.description)
    return prompts[character.lang].render("brief", label=label, description=description)


def dialogues(
    queries: Sequence[Query],
    replies: Sequence[Result],
    claims: Mapping[tuple[str, str], Sequence[Claim]],
    prompts: Mapping[str, Prompts],
    seed: int,
    rejected: Counter[str],
) -> list[Dialogue]:
    """Each character's turns in random order, under its brief introduction instead of the profile."""
    turns: dict[tuple[str, str], list[Turn]] = defaultdict(list)
    characters = {(q.character.id, q.character.lang): q.character for q in queries}

    @lru_cache(maxsize=64)
    def told(who: tuple[str, str]) -> tuple[Claim, ...]:
        return sentences(characters[who]) if who in characters else ()

    for query, reply in zip(queries, replies, strict=True):
        try:
            response = text_of(reply, query.character.lang)
        except Malformed as reason:
            rejected[str(reason)] += 1
            continue
        source = (query.source, query.character.lang)
        cited = evidence(claims[source], partial(told, source), f"{query.text}\n{response}")
        turn = Turn(query=query.text, response=response, kind=query.kind, source=query.source, evidence=cited)
        turns[query.character.id, query.character.lang].append(turn)
    out = []
    for who in sorted(turns):
        Random(f"{seed}/{who}").shuffle(turns[who])
        out.append(dialogue(*who, turns[who], brief(characters[who], prompts)))
    return out


def evidence(claims: Sequence[Claim], article: Callable[[], Sequence[Claim]], text: str) -> tuple[Claim, ...]:
    """What the turn rests on: the claims whose value is named in `text`, and the sentences of the article, which is
    asked for where there are such claims, that are the only ones to name such a value.
    """
    named = tuple(claim for claim in claims if claim.value in text)
    naming = [[sentence for sentence in article() if claim.value in sentence.value] for claim in named]
    return (*named, *dict.fromkeys(found[0] for found in naming if len(found) == 1))


def dialogue(character: str, lang: str, turns: Sequence[Turn], system: str) -> Dialogue:
    """The turns under what the character's player is told."""
    messages: list[Message] = [{"role": "system", "content": system}]
    for turn in turns:
        messages.append({"role": "user", "content": turn.query})
        messages.append({"role": "assistant", "content": turn.response})
    return Dialogue(character=character, lang=lang, system=system, turns=tuple(turns), messages=tuple(messages))
