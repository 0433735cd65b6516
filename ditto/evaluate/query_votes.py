"""Queries checked by a model's votes: has a right answer to turn them down?"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from ditto.engines.ask import Tally, ask
from ditto.engines.base import Engine, Result, Sampling
from ditto.evaluate.query_quality import Checked, Put
from ditto.evaluate.reading import CHECK, reads, turned_down
from ditto.journal import Journal
from ditto.prompts import Prompts
from ditto.simulate.filters import Malformed, whole


def by_votes(
    queries: Sequence[Put],
    prompts: Mapping[str, Prompts],
    engine: Engine,
    sampling: Sampling,
    journal: Journal,
    tally: Tally,
) -> tuple[list[Checked], int]:
    """Each query's verdict by `sampling.n` votes, and how many profiles had to be cut."""
    asked = [reads(q.query, "check", CHECK, prompts[q.query.character.lang], engine, sampling) for q in queries]
    requests = [replace(request, sample=sample) for request, _ in asked for sample in range(sampling.n)]
    replies = ask(engine, requests, journal, tally, "check queries")
    votes = [replies[i : i + sampling.n] for i in range(0, len(replies), sampling.n)]
    return [_counted(q, mine) for q, mine in zip(queries, votes, strict=True)], sum(n_cut for _, n_cut in asked)


def _counted(put: Put, replies: Sequence[Result]) -> Checked:
    """The majority of the readable votes beside the query's kind."""
    votes, unread = Counter[bool](), Counter[str]()
    for reply in replies:
        try:
            votes[turned_down(whole(reply))] += 1
        except Malformed as malformed:
            unread[str(malformed)] += 1
    if not votes:
        return put.checked("unsure", f"no readable vote: {', '.join(sorted(unread))}")
    reason = f"{votes[True]} of {votes.total()} readable votes turn it down"
    if votes[True] == votes[False]:
        return put.checked("unsure", reason)
    agrees = (votes[True] > votes[False]) == (put.query.kind == "contrastive")
    return put.checked("correct" if agrees else "incorrect", reason)
