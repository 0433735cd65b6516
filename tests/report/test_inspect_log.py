"""A row as an Inspect log, read back by Inspect itself. Needs `pip install 'ditto-roleplay[inspect]'`."""

import math
from pathlib import Path

import pytest

from ditto.evaluate.case import cases
from ditto.evaluate.statistics import interval, means
from ditto.records import Answer, Character, Claim, Metric, Question, Session, Verdict
from ditto.report.inspect_log import REFUSE, Judged, log
from ditto.report.matrix import by_character

pytest.importorskip("inspect_ai", reason="inspect_ai is not installed")

FACT = Claim(id="c", property="genre", value="landscape")
QUESTIONS = (
    Question(query="What do you paint?", reject=False, evidence=(FACT,)),
    Question(query="Have you seen the web?", reject=True),
    Question(query="Where is your home?", reject=False, evidence=(FACT,), reference="In Ember."),
)


def session(id: str, lang: str = "en") -> Session:
    who = Character(id=id, lang=lang, label=id.upper(), description="a painter")
    return Session(character=who, candidates=(who,), questions=QUESTIONS)


def answer(id: str, turn: int, text: str | None, lang: str = "en") -> Answer:
    return Answer(character=id, lang=lang, turn=turn, text=text, reason="" if text else "over length")


def vote(
    id: str, turn: int, metric: Metric, value: float | None, sample: int = 0, reason: str = "", judge: str = ""
) -> Verdict:
    return Verdict(
        character=id, lang="en", turn=turn, metric=metric, sample=sample, value=value, reason=reason,
        transcript=f"I say {value}.", judge=judge,
    )  # fmt: skip


ANSWERS = [answer("ann", 0, "Landscapes."), answer("ann", 1, "What web?"), answer("ann", 2, None)]
VERDICTS = [
    vote("ann", 0, "identity", 1.0),
    vote("ann", 0, "knowledge", 8.0, judge="a"),
    vote("ann", 0, "knowledge", 5.0, 1, judge="b"),
    vote("ann", 1, "identity", 0.0, reason="it names no role"),
    vote("ann", 2, "identity", None, reason="no answer: over length"),
]


def row(*, in_conversation: bool = True, sessions: tuple[Session, ...] = (session("ann"),)) -> Judged:
    shown = cases(sessions, ANSWERS)
    return Judged(
        name="base-xs",
        key="0123456789ab",
        made="2026-11-21T15:34:24Z",
        benchmark="nano-1",
        cases=shown,
        told=["You are Ann." if in_conversation else ""] * len(shown),
        verdicts=VERDICTS,
        in_conversation=in_conversation,
        settings={"answers": {"temperature": 0.0}},
    )


def test_a_sample_is_a_turn_with_all_that_was_said_before_it() -> None:
    first, second, third = log(row()).samples or []
    assert [s.id for s in (first, second, third)] == ["ann/en/0", "ann/en/1", "ann/en/2"]
    assert [(m.role, m.content) for m in second.messages] == [
        ("system", "You are Ann."),
        ("user", "What do you paint?"),
        ("assistant", "Landscapes."),
        ("user", "Have you seen the web?"),
        ("assistant", "What web?"),
    ]
    assert second.output.completion == "What web?"
    assert (third.output.completion, third.output.error) == ("", "over length")
    assert third.messages == third.input
    assert [s.target for s in (first, second, third)] == [["genre: landscape"], [REFUSE], ["In Ember."]]
    assert second.metadata["to be turned down"] is True


def test_queries_answered_by_themselves_have_nothing_before_them() -> None:
    _, second, _ = log(row(in_conversation=False)).samples or []
    assert [(m.role, m.content) for m in second.messages] == [
        ("user", "Have you seen the web?"),
        ("assistant", "What web?"),
    ]


def test_scores_are_the_reports_and_every_vote_is_shown() -> None:
    first, second, third = ((s.scores or {}) for s in log(row()).samples or [])
    assert set(first) == {"identity", "knowledge"}
    assert first["knowledge"].value == 6.5
    assert first["knowledge"].explanation == "a, vote 1: 8\nI say 8.0.\n\nb, vote 2: 5\nI say 5.0."
    assert (second["identity"].value, second["identity"].explanation) == (
        0.0,
        "vote 1: 0\nit names no role\nI say 0.0.",
    )
    assert math.isnan(float(str(third["identity"].value)))
    assert "over length" in (third["identity"].explanation or "")


def test_the_means_are_the_reports_and_what_is_unscored_is_counted() -> None:
    results = log(row()).results
    assert results is not None
    identity, knowledge = results.scores
    mean = interval(means([by_character(VERDICTS, "identity")])[:, 0])
    assert {k: m.value for k, m in identity.metrics.items()} == {
        "mean": mean.value,
        "ci_low": mean.low,
        "ci_high": mean.high,
    }
    assert (identity.name, identity.scored_samples, identity.unscored_samples) == ("identity", 2, 1)
    assert (knowledge.name, knowledge.scored_samples, knowledge.unscored_samples) == ("knowledge", 1, 0)


def test_inspect_lists_it_and_reads_it_back(tmp_path: Path) -> None:
    from inspect_ai.log import list_eval_logs, read_eval_log, read_eval_log_sample, write_eval_log

    file = tmp_path / "base-xs.eval"
    write_eval_log(log(row()), str(file))
    assert [info.name for info in list_eval_logs(str(tmp_path))] == [file.as_uri()]
    read = read_eval_log(str(file))
    assert (read.status, read.eval.model, len(read.samples or [])) == ("success", "ditto/base-xs", 3)
    assert [s.name for s in read.results.scores if read.results] == ["identity", "knowledge"]
    sample = read_eval_log_sample(str(file), "ann/en/2", 1)
    assert math.isnan(float(str((sample.scores or {})["identity"].value)))
    assert sample.target == ["In Ember."]


def test_equal_rows_make_equal_files() -> None:
    assert log(row()).model_dump_json() == log(row()).model_dump_json()
