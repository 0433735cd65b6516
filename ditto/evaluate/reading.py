"""A query under its role's profile, for a model to read, and whether it says that a right answer turns it down."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from ditto.engines.base import Measure, Request, Sampling
from ditto.evaluate import parse
from ditto.evaluate.evidence import numbered
from ditto.evaluate.parse import Unparsed
from ditto.evaluate.shown import mark
from ditto.prompts import Prompts
from ditto.records import Message
from ditto.simulate.filters import Malformed
from ditto.simulate.profile import fit, slots
from ditto.simulate.queries import Query

CHECK: Final[Mapping[str, Any]] = {
    "type": "object",
    "properties": {"reason": {"type": "string"}, "refuses": {"type": "boolean"}},
    "required": ["reason", "refuses"],
    "additionalProperties": False,
}


def reads(
    query: Query,
    task: str,
    schema: Mapping[str, Any],
    prompts: Prompts,
    engine: Measure,
    sampling: Sampling,
    **more: str,
) -> tuple[Request, int]:
    """What `task` of the prompts asks, everything fenced, and whether the profile was cut (0 or 1).

    The profile comes first, so that engines compute it once. `more` fills the slots of other texts than the query.
    """
    role, texts = query.character, {"query": query.text, **more}

    def build(articles: Sequence[str]) -> tuple[Message, ...]:
        profile = slots(role, articles[0]) | {"claims": numbered(role.claims)}
        word = mark(profile)
        word = mark(profile | texts) if any(word in text for text in texts.values()) else word
        return ({"role": "user", "content": prompts.render(task, mark=word, **texts, **profile)},)

    limit = engine.max_length - sampling.max_tokens
    messages, cuts = fit(build, (role.article,), engine.count_tokens, limit)
    return Request(messages, sampling, schema=schema), cuts


def turned_down(text: str) -> bool:
    """What a reply to `check` says.

    Raises:
        Malformed: it has no verdict, or several.
    """
    said = parse.refuses(text)
    if isinstance(said, Unparsed):
        raise Malformed(said.reason)
    return said
