"""Every bad habit of a judge is told in its sentence, and of an honest one nothing is."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from ditto.engines.base import Failure
from ditto.engines.scripted import Script
from ditto.evaluate.case import cases
from ditto.evaluate.faults import faults
from ditto.evaluate.llm import Voting
from ditto.evaluate.planted import Planted
from ditto.evaluate.validation import validate
from ditto.records import Session, Verdict
from tests.evaluate import judges
from tests.evaluate.judges import exam, exams, judged, read, reply, script, sessions

SHUFFLED, KEPT = Voting(votes=2), Voting(votes=2, mask=False, shuffle=False)
ASKED, PLANTED = exam(sessions(6))


def told(
    habit: Script,
    folder: Path,
    voting: Voting = SHUFFLED,
    asked: Sequence[Session] = ASKED,
    planted: Sequence[Planted] = PLANTED,
) -> list[str]:
    verdicts, _, _ = judged(habit, cases(asked, [p.answer for p in planted]), folder, voting)
    return faults(validate(exams(planted, verdicts)))


def are(sentences: Sequence[str], *beginnings: str) -> bool:
    """Whether the sentences begin so, and there are no others."""
    return len(sentences) == len(beginnings) and all(map(str.startswith, sentences, beginnings))


@pytest.mark.parametrize("voting", [SHUFFLED, KEPT, replace(SHUFFLED, seed=5)], ids=["shuffled", "kept", "seed"])
@pytest.mark.parametrize("n_test", [4, 7])
def test_nothing_speaks_against_an_honest_judge(tmp_path: Path, voting: Voting, n_test: int) -> None:
    asked, planted = exam(sessions(n_test))
    assert told(script(judges.honest), tmp_path, voting, asked, planted) == []


def test_always_yes_is_exposed(tmp_path: Path) -> None:
    assert are(
        told(script(judges.always_yes), tmp_path)[:5],
        "On identity it agrees with the truth little better than chance would",
        "On knowledge it agrees with the truth little better than chance would: kappa 0.00.",
        "On rejection it agrees with the truth little better than chance would: kappa 0.00.",
        "Its votes on identity hardly agree with each other",
        "It prefers a place: 100% [100%, 100%] of its identity votes are for A.",
    )


@pytest.mark.parametrize("voting", [SHUFFLED, KEPT], ids=["shuffled", "kept"])
def test_always_first_is_exposed(tmp_path: Path, voting: Voting) -> None:
    sentences = told(script(judges.always_first), tmp_path, voting)
    assert "It prefers a place: 100% [100%, 100%] of its identity votes are for A." in sentences
    assert "On identity it agrees with the truth little better than chance would" in sentences[0]
    assert not any("knowledge" in sentence or "rejection" in sentence for sentence in sentences)


def test_a_random_judge_is_exposed(tmp_path: Path) -> None:
    sentences = told(judges.random, tmp_path)
    assert are(
        sentences[:6],
        *(f"On {m} it agrees with the truth little better" for m in ("identity", "knowledge", "rejection")),
        *(f"Its votes on {m} hardly agree with each other: alpha" for m in ("identity", "knowledge", "rejection")),
    )
    assert not any("place" in sentence or "instructions" in sentence for sentence in sentences)


@pytest.mark.parametrize("voting", [SHUFFLED, KEPT], ids=["shuffled", "kept"])
def test_an_obedient_judge_is_exposed(tmp_path: Path, voting: Voting) -> None:
    assert are(
        told(script(judges.obedient), tmp_path, voting),
        "It follows instructions in answers: ",
    )


def test_fondness_of_length_is_exposed(tmp_path: Path) -> None:
    assert are(
        told(script(judges.fond_of_length), tmp_path),
        "Length moves its marks of wrong answers: +3.00 [+3.00, +3.00]",
    )


def test_dislike_of_length_is_exposed(tmp_path: Path) -> None:
    def curt(shown: judges.Shown) -> str:
        long = shown.metric == "knowledge" and len(shown.answer) > 1000
        return reply(score=7) if long and "10" in judges.honest(shown) else judges.honest(shown)

    assert are(told(script(curt), tmp_path), "Length moves its marks of right answers: -3.00 [-3.00, -3.00]")


def test_votes_that_do_not_agree_are_exposed(tmp_path: Path) -> None:
    def moody(shown: judges.Shown, sample: int) -> str:
        return reply(score=(1, 10)[sample]) if shown.metric == "knowledge" else judges.honest(shown)

    sentences = told(lambda r: moody(read(r.messages[0]["content"]), r.sample), tmp_path)
    assert any(s.startswith("Its votes on knowledge hardly agree with each other: alpha -") for s in sentences)
    assert not any("identity" in s or "rejection" in s for s in sentences)


@pytest.mark.parametrize("how", ["hm", Failure("timeout")], ids=["garbled", "failed"])
def test_votes_that_cannot_be_read_are_exposed(tmp_path: Path, how: str | Failure) -> None:
    sentences = told(judges.failing(script(judges.honest), 0.2, how), tmp_path)
    assert [s.partition("Of its votes on ")[2].split(",")[0] for s in sentences] == [
        "identity",
        "knowledge",
        "rejection",
    ]
    assert all(s.endswith("% held no single verdict.") for s in sentences)


def test_a_mark_for_an_empty_answer_is_exposed(tmp_path: Path) -> None:
    verdicts, _, _ = judged(script(judges.honest), cases(ASKED, [p.answer for p in PLANTED]), tmp_path, SHUFFLED)
    empty = {(p.answer.character, p.answer.lang, p.answer.turn) for p in PLANTED if p.kind == "empty"}

    def generous(v: Verdict) -> Verdict:
        return replace(v, value=1.0, reason="") if (v.character, v.lang, v.turn) in empty else v

    sentences = faults(validate(exams(PLANTED, [generous(v) for v in verdicts])))
    votes = sum((v.character, v.lang, v.turn) in empty for v in verdicts)
    assert sentences == [f"It scored {votes} answers that are empty."]


def test_a_benchmark_without_evidence_speaks_against_nobody(tmp_path: Path) -> None:
    plain = [replace(s, questions=tuple(replace(q, evidence=()) for q in s.questions)) for s in sessions(4)]
    asked, planted = exam(plain)
    assert told(script(judges.honest), tmp_path, SHUFFLED, asked, planted) == []
