"""The figures of a judge's exam, each recomputed from votes that were chosen to make it known."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from ditto.evaluate.case import cases
from ditto.evaluate.faults import faults
from ditto.evaluate.planted import Kind, Planted
from ditto.evaluate.validation import Exam, validate
from ditto.records import Answer, Metric, Verdict
from tests.evaluate.judges import always_first, exam, exams, failing, honest, judged, reply, script, sessions

PLACE = {letter: reply(choice=letter) for letter in "ABCD"}


def one(
    kind: Kind,
    metric: Metric,
    truth: float | None,
    votes: Sequence[float | None],
    role: str = "a",
    reject: bool = False,
    reason: str = "judge: no verdict",
    chosen: str = "",
) -> Exam:
    """An exam on one metric."""
    answer = Answer(character=role, lang="en", turn=0, text="x")
    verdicts = [
        Verdict(
            character=role,
            lang="en",
            turn=0,
            metric=metric,
            sample=i,
            value=value,
            reason="" if value is not None else reason,
            transcript=PLACE[chosen[i]] if chosen else "",
        )
        for i, value in enumerate(votes)
    ]
    return Exam(
        Planted(kind=kind, answer=answer, reject=reject, truth={} if truth is None else {metric: truth}), verdicts
    )


@pytest.mark.parametrize(
    ("metric", "truth", "votes", "right"),
    [
        ("identity", 1, [1, 1, 0], 1),
        ("identity", 1, [1, 0, 0], 0),
        ("identity", 0, [0, 0, 1], 1),
        ("identity", 0, [None, 0, None], 1),
        ("knowledge", 10, [6, 6, 6], 1),
        ("knowledge", 10, [10, 2, 2], 0),
        ("knowledge", 1, [5, 6, 5], 1),
        ("rejection", 1, [None, None], None),
        ("rejection", None, [1], None),
    ],
)
def test_the_mean_of_the_votes_decides(
    metric: Metric, truth: float | None, votes: list[float | None], right: float | None
) -> None:
    assert one("reference", metric, truth, votes).decided(metric) == right


def test_accuracy_is_over_cases_and_readability_over_votes() -> None:
    found = validate(
        [
            one("reference", "identity", 1, [1, 1], "a"),
            one("reference", "identity", 1, [0, None], "b"),
            one("other role", "identity", 0, [0, 0], "a"),
            one("other role", "identity", 0, [None, None], "b"),
        ]
    )
    [identity, knowledge, rejection] = found.metrics
    assert identity.accuracy.value == pytest.approx(2 / 3)
    assert identity.parsed == 5 / 8
    assert identity.kappa == pytest.approx(0.4)  # observed 2/3, expected (2*1 + 1*2) / 9
    assert identity.spread == 0
    assert (knowledge.parsed, knowledge.kappa, knowledge.alpha, knowledge.spread) == (None,) * 4
    assert rejection.parsed is None
    assert [(line.kind, line.metric, line.cases, line.scored) for line in found.lines] == [
        ("reference", "identity", 2, 2),
        ("other role", "identity", 2, 1),
    ]
    assert [line.accuracy.value for line in found.lines] == [0.5, 1.0]


def test_a_vote_on_no_answer_is_not_held_against_reading() -> None:
    found = validate(
        [
            one("reference", "rejection", 1, [1]),
            one("empty", "rejection", None, [None], reason="no answer: empty"),
        ]
    )
    assert found.metrics[2].parsed == 1
    assert found.scored_nothing == 0


def test_kappa_on_rejection_is_about_what_the_answer_does() -> None:
    """Of a judge that finds all answers refusing, half the verdicts are right, and none of it is agreement."""
    both = [
        one("reference", "rejection", 1, [float(reject)], role, reject=reject)
        for role in "abcd"
        for reject in (True, False)
    ]
    [_, _, rejection] = validate(both).metrics
    assert rejection.accuracy.value == 0.5
    assert rejection.kappa == 0


def test_alpha_and_spread_are_among_votes_whatever_the_truth() -> None:
    steady = [one("reference", "knowledge", 10, [mark] * 3, role) for mark, role in ((2, "a"), (9, "b"))]
    [_, knowledge, _] = validate(steady).metrics
    assert (knowledge.alpha, knowledge.spread) == (1, 0)
    shaky = [one("reference", "knowledge", 10, votes, role) for votes, role in (([1, 10], "a"), ([10, 1], "b"))]
    [_, knowledge, _] = validate(shaky).metrics
    assert knowledge.alpha is not None
    assert knowledge.alpha < 0
    assert knowledge.spread == pytest.approx(40.5**0.5)


def test_a_panels_members_are_raters_of_their_own() -> None:
    def vote(role: str, judge: str, value: float) -> Verdict:
        return Verdict(
            character=role, lang="en", turn=0, metric="identity", sample=0, value=value, reason="", judge=judge
        )

    answer = Answer(character="a", lang="en", turn=0, text="x")
    planted = Planted(kind="reference", answer=answer, reject=False, truth={"identity": 1.0})
    apart = [Exam(planted, [vote(role, "one", float(i)), vote(role, "two", 1.0 - i)]) for i, role in enumerate("ab")]
    alike = [Exam(planted, [vote(role, "one", float(i)), vote(role, "two", float(i))]) for i, role in enumerate("ab")]
    assert (validate(apart).metrics[0].alpha or 0) < 0
    assert validate(alike).metrics[0].alpha == 1


def test_places_are_counted_in_the_transcripts_of_what_was_scored() -> None:
    votes = one("reference", "identity", 1, [1, 0, 0, None], chosen="ABAD")
    assert [share.value for share in validate([votes]).places] == pytest.approx([2 / 3, 1 / 3, 0, 0])
    assert validate([one("reference", "identity", 1, [1])]).places == []


def test_length_is_measured_on_right_and_on_wrong_answers() -> None:
    marks: list[tuple[Kind, float, float]] = [
        ("reference", 10, 9), ("long", 10, 8), ("other role", 1, 2), ("long and wrong", 1, 6)
    ]  # fmt: skip
    found = validate([one(kind, "knowledge", truth, [mark], role) for role in "abc" for kind, truth, mark in marks])
    assert found.long_right is not None
    assert found.long_wrong is not None
    assert (found.long_right.value, found.long_wrong.value) == (-1, 4)
    assert (found.long_wrong.low, found.long_wrong.high, found.long_wrong.roles) == (4, 4, 3)


def test_what_instructions_cost_is_measured_against_the_same_answers_without() -> None:
    verdicts: list[tuple[Kind, float]] = [("other role", 0), ("instruction", 1)]
    both = [one(kind, "identity", 0, [vote if role != "a" else 0], role) for role in "abcd" for kind, vote in verdicts]
    found = validate(both).misled
    assert found is not None
    assert found.value == 0.75


def test_favour_for_its_own_answers_is_measured_beyond_what_they_are_worth() -> None:
    marks: list[tuple[Kind, float, float]] = [
        ("own answer", 4, 7), ("reference", 10, 9), ("fact swapped", 1, 2), ("other role", 1, 9)
    ]  # fmt: skip
    found = validate([one(kind, "knowledge", truth, [mark], role) for role in "abc" for kind, truth, mark in marks])
    assert found.own is not None
    assert found.own.value == 3
    assert faults(found)[-1].startswith("It favours its own answers: +3.00 [+3.00, +3.00]")


def test_an_exam_of_one_role_has_no_differences() -> None:
    kinds: tuple[Kind, ...] = ("reference", "long", "other role", "instruction", "long and wrong")
    found = validate([one(kind, "knowledge", 1, [1]) for kind in kinds])
    assert (found.long_right, found.long_wrong, found.misled) == (None, None, None)


def test_verdicts_on_nothing_are_counted() -> None:
    assert validate([one("empty", "identity", None, [1, None, 0])]).scored_nothing == 2


def test_an_honest_judge_of_the_nano_world_is_right_on_all_kinds(tmp_path: Path) -> None:
    asked, planted = exam(sessions(4))
    verdicts, _, _ = judged(script(honest), cases(asked, [p.answer for p in planted]), tmp_path)
    found = validate(exams(planted, verdicts))
    assert all(line.accuracy.value == 1 and line.scored == line.cases for line in found.lines)
    assert all((m.kappa, m.alpha, m.spread, m.parsed) == (1, 1, 0, 1) for m in found.metrics if m.metric != "identity")
    assert found.metrics[0].kappa == 1
    assert {line.kind for line in found.lines} == {p.kind for p in planted} - {"empty"}


def test_all_figures_exist_for_a_judge_of_which_nothing_can_be_read(tmp_path: Path) -> None:
    asked, planted = exam(sessions(4))
    shown = cases(asked, [p.answer for p in planted])
    verdicts, _, _ = judged(failing(script(always_first), 1.0, "hm"), shown, tmp_path)
    found = validate(exams(planted, verdicts))
    assert [m.parsed for m in found.metrics] == [0, 0, 0]
    assert all(line.scored == 0 and line.cases > 0 for line in found.lines)
    assert (found.places, found.long_right, found.misled) == ([], None, None)
