"""A biased judge's mean is put right by a few human labels, with fewer of them than without the judge."""

from collections import defaultdict

import numpy as np
import pytest

from ditto.errors import DataError
from ditto.evaluate.correction import corrected
from ditto.evaluate.statistics import Interval, Labels, interval, means

TRUTH = 6.0
TRIALS = 500


def simulated(
    rng: np.random.Generator, noise: float, labelled: int = 20, *, binary: bool = False
) -> tuple[Labels, Labels]:
    """A judge of 200 roles, 5 turns each, who is 1.5 too kind and unsure by `noise`; people score 4 turns of some."""
    wanted = rng.normal(TRUTH, 1, (200, 1)) + rng.normal(0, 1, (200, 5))
    judged = wanted + 1.5 + rng.normal(0, noise, (200, 1)) + rng.normal(0, noise, (200, 5))
    if binary:
        wanted, judged = (wanted > TRUTH).astype(float), (judged > TRUTH).astype(float)
    chosen = rng.choice(200, labelled, replace=False)
    judge = {(f"Q{role}", turn): float(judged[role, turn]) for role in range(200) for turn in range(5)}
    return judge, {(f"Q{role}", turn): float(wanted[role, turn]) for role in chosen for turn in range(4)}


def people_alone(human: Labels) -> Interval:
    scores = defaultdict(list)
    for (role, _), value in human.items():
        scores[role].append(value)
    return interval(means([scores])[:, 0])


def width(found: Interval) -> float:
    return found.high - found.low


@pytest.mark.parametrize("binary", [False, True])
@pytest.mark.parametrize("noise", [0.2, 1.0, 5.0])
def test_the_corrected_interval_covers_what_people_would_say(noise: float, *, binary: bool) -> None:
    rng, truth = np.random.default_rng(0), 0.5 if binary else TRUTH
    found = [corrected(*simulated(rng, noise, binary=binary)) for _ in range(TRIALS)]
    assert 0.92 <= np.mean([f.low <= truth <= f.high for f in found]) <= 0.98
    assert np.mean([f.value for f in found]) == pytest.approx(truth, abs=0.05)


def test_the_judge_alone_is_far_off() -> None:
    judge, human = simulated(np.random.default_rng(1), 0.2)
    assert np.mean(list(judge.values())) > TRUTH + 1
    assert corrected(judge, human).high < TRUTH + 1


def test_a_good_judge_narrows_the_interval_and_a_poor_one_hardly_widens_it() -> None:
    rng = np.random.default_rng(2)
    good, poor = ([simulated(rng, noise) for _ in range(50)] for noise in (0.2, 5.0))
    gained, lost = (
        np.mean([width(corrected(*x)) / width(people_alone(x[1])) for x in trials]) for trials in (good, poor)
    )
    assert gained < 0.6
    assert lost < 1.1


def test_a_judge_that_says_one_thing_leaves_the_peoples_mean() -> None:
    judge, human = simulated(np.random.default_rng(3), 0.2)
    found = corrected(dict.fromkeys(judge, 7.0), human)
    assert found.value == pytest.approx(np.mean(list(human.values())))
    assert width(found) == pytest.approx(width(people_alone(human)), rel=0.15)


def test_a_judge_that_contradicts_people_gets_no_weight() -> None:
    judge, human = simulated(np.random.default_rng(4), 0.2)
    assert corrected({turn: -score for turn, score in judge.items()}, human).value == pytest.approx(
        np.mean(list(human.values()))
    )


def test_a_judge_that_is_off_by_the_same_everywhere_is_put_right() -> None:
    judge, human = simulated(np.random.default_rng(5), 0.0)
    found = corrected(judge, human)
    assert found.value == pytest.approx(np.mean(list(judge.values())) - 1.5, abs=0.1)


def test_where_people_scored_every_turn_the_judge_is_not_heard() -> None:
    judge, _ = simulated(np.random.default_rng(6), 1.0)
    human = {turn: score - 1 for turn, score in judge.items()}
    assert corrected(judge, human).value == pytest.approx(np.mean(list(human.values())))


def test_more_turns_of_a_role_are_not_more_roles() -> None:
    judge, human = simulated(np.random.default_rng(7), 0.5)
    doubled = [
        {(role, turn + 10 * k): x for (role, turn), x in labels.items() for k in (0, 1)} for labels in (judge, human)
    ]
    once, twice = corrected(judge, human), corrected(*doubled)
    assert (twice.value, twice.low, twice.high) == pytest.approx((once.value, once.low, once.high))


def test_labels_that_cannot_be_used_are_refused() -> None:
    judge, human = simulated(np.random.default_rng(8), 0.5)
    with pytest.raises(DataError, match="2 turns have a human score and no judge's, the first is Q900, turn 1"):
        corrected(judge, {**human, ("Q900", 1): 5.0, ("Q901", 0): 5.0})
    with pytest.raises(DataError, match="scored turns of 2 roles"):
        corrected(judge, {("Q0", 0): 5.0, ("Q0", 1): 5.0, ("Q1", 0): 5.0})
    with pytest.raises(DataError, match="scored turns of 0 roles"):
        corrected(judge, {})
    where = next(iter(human))
    for labels in (({**judge, where: float("nan")}, human), (judge, {**human, where: float("nan")})):
        with pytest.raises(DataError, match=f"score of {where[0]}, turn {where[1]}, is nan"):
            corrected(*labels)
