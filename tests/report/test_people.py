"""People's verdicts on a few answers move a judge's mean to where theirs would be."""

from random import Random

import pytest

from ditto.evaluate.labels import Labelled
from ditto.records import Answer, Verdict
from ditto.report.matrix import Entry
from ditto.report.people import put_right

ENTRY = Entry("base", "s", "")
ROLES, TURNS = 40, 5


def study() -> tuple[list[Verdict], list[Answer], dict[tuple[str, int], float]]:
    """Answers whose true marks the judge sees two too high, with some noise."""
    rng, verdicts, answers, truth = Random(0), list[Verdict](), list[Answer](), dict[tuple[str, int], float]()
    for role in map(str, range(ROLES)):
        for turn in range(TURNS):
            truth[role, turn] = rng.uniform(1, 7)
            answers.append(Answer(character=role, lang="en", turn=turn, text=f"{role}/{turn}"))
            value = truth[role, turn] + 2 + rng.gauss(0, 0.3)
            verdicts.append(
                Verdict(character=role, lang="en", turn=turn, metric="knowledge", sample=0, value=value, reason="")
            )
    return verdicts, answers, truth


def labels(truth: dict[tuple[str, int], float], roles: int, text: str = "{}/{}") -> list[Labelled]:
    return [
        Labelled(character=r, lang="en", turn=t, text=text.format(r, t), verdicts={"knowledge": value})
        for (r, t), value in truth.items()
        if int(r) < roles
    ]


def test_a_biased_judge_is_put_right_by_a_few_labels() -> None:
    verdicts, answers, truth = study()
    (line,) = put_right(ENTRY, verdicts, answers, labels(truth, roles=8))
    right = sum(truth.values()) / len(truth)
    assert line.judge == pytest.approx(right + 2, abs=0.2)
    assert line.ci_low <= right <= line.ci_high
    assert line.ci_high - line.ci_low < 0.8  # of labels alone, above 1
    assert (line.row, line.metric, line.n_labelled) == ("base", "knowledge", 8 * TURNS)


def test_labels_of_other_answers_say_nothing() -> None:
    verdicts, answers, truth = study()
    assert put_right(ENTRY, verdicts, answers, labels(truth, roles=8, text="another")) == []


def test_labels_of_two_roles_are_too_few() -> None:
    verdicts, answers, truth = study()
    assert put_right(ENTRY, verdicts, answers, labels(truth, roles=2)) == []
    assert len(put_right(ENTRY, verdicts, answers, labels(truth, roles=3))) == 1
