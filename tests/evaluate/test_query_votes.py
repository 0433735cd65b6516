"""A model's votes on a query: the majority of those that can be read, and nothing asked twice."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from ditto.engines.ask import Tally
from ditto.engines.base import Failure, Request, Sampling
from ditto.engines.scripted import Script, ScriptedEngine
from ditto.evaluate.query_quality import Checked, Grade, Put
from ditto.evaluate.query_votes import by_votes
from ditto.journal import Journal
from ditto.prompts import Prompts
from ditto.records import Kind
from ditto.simulate.queries import Query
from tests.evaluate.people import check, person

PROMPTS = {lang: Prompts("build", lang, "building") for lang in ("en", "zh")}
THREE = Sampling(temperature=0.2, max_tokens=64, n=3)
YES, NO, LOST = json.dumps({"refuses": True}), json.dumps({"refuses": False}), "I could not say."
KINDS: Mapping[Kind, int] = {"specific": 1, "contrastive": 2}  # and who is asked, in the place of person 1
QUERIES = [
    Put(Query(person(i, lang), "Q1", kind, f"Say, {lang}1, is it far?"), person(1, lang), ())
    for lang in ("en", "zh")
    for kind, i in KINDS.items()
]


def checked(script: Script, folder: Path, sampling: Sampling = THREE) -> tuple[list[Checked], Tally, ScriptedEngine]:
    engine, tally = ScriptedEngine(script, batch_size=2), Tally()
    found, n_cut = by_votes(QUERIES, PROMPTS, engine, sampling, Journal(folder / "journal.jsonl"), tally)
    assert n_cut == 0
    return found, tally, engine


@pytest.mark.parametrize(
    ("votes", "specific", "contrastive", "reason"),
    [
        ([YES, YES, YES], "incorrect", "correct", "3 of 3 readable votes turn it down"),
        ([NO, YES, NO], "correct", "incorrect", "1 of 3 readable votes turn it down"),
        ([YES, LOST, YES], "incorrect", "correct", "2 of 2 readable votes turn it down"),
        ([YES, LOST, NO], "unsure", "unsure", "1 of 2 readable votes turn it down"),
        ([LOST, NO, LOST], "correct", "incorrect", "0 of 1 readable votes turn it down"),
        ([LOST, YES + NO, LOST], "unsure", "unsure", "no readable vote: no verdict, several verdicts"),
        ([LOST, Failure("timeout"), LOST], "unsure", "unsure", "no readable vote: no verdict, timeout"),
    ],
)
def test_the_majority_of_what_can_be_read_decides(
    tmp_path: Path, votes: Sequence[str | Failure], specific: Grade, contrastive: Grade, reason: str
) -> None:
    found, tally, engine = checked(lambda request: votes[request.sample], tmp_path)
    assert [c.verdict for c in found] == [specific, contrastive] * 2
    assert {c.reason for c in found} == {reason}
    assert len(engine.asked) == tally.requested == len(QUERIES) * 3
    assert tally.failed.total() == sum(isinstance(vote, Failure) for vote in votes) * len(QUERIES)


def test_the_model_sees_the_role_that_is_asked(tmp_path: Path) -> None:
    found, _, engine = checked(check, tmp_path, Sampling(max_tokens=64))
    assert [c.verdict for c in found] == ["correct"] * 4
    assert [c.lang for c in found] == ["en", "en", "zh", "zh"]
    shown = [request.messages[0]["content"] for request in engine.asked]
    assert all(put.query.text in text for put, text in zip(QUERIES, shown, strict=True))
    assert all(put.query.character.claims[0].value in text for put, text in zip(QUERIES, shown, strict=True))


def test_a_killed_check_asks_nothing_twice(tmp_path: Path) -> None:
    left = iter(range(5))

    def dying(request: Request) -> str:
        if next(left, None) is None:
            raise KeyboardInterrupt
        return check(request)

    with pytest.raises(KeyboardInterrupt):
        checked(dying, tmp_path)
    found, tally, engine = checked(check, tmp_path)
    (tmp_path / "whole").mkdir()
    assert found == checked(check, tmp_path / "whole")[0]
    assert (tally.requested, len(engine.asked)) == (12, 12 - 4)  # two whole batches of two were kept
