"""The mean that people would give, from a judge's scores of every turn and people's scores of a few.

Prediction-powered inference (Angelopoulos et al. 2023) with the judge's weight chosen for the least
variance (PPI++, 2024). Written here because `ppi-python` takes turns as independent and brings scikit-learn
and gdown.
"""

import numpy as np
from scipy.stats import t as student

from ditto.errors import DataError
from ditto.evaluate.statistics import LEVEL, Floats, Interval, Labels


def corrected(judge: Labels, human: Labels) -> Interval:
    """The people's mean score over all turns, with bounds at 95% that may leave the metric's scale.

    A judge that says nothing about people's scores gets no weight, and their own mean is left. It holds
    where the labelled roles are a random choice among the judge's, whatever the judge's bias.

    Raises:
        DataError: fewer than three roles with human scores, a turn among them without the judge's score,
            or a score that is no finite number.
    """
    _check(judge, human)
    roles = sorted({role for role, _ in judge})
    on_labelled = {turn: judge[turn] for turn in human}
    people = _pulls(human, roles)
    rest = _pulls(judge, roles) - _pulls(on_labelled, roles)
    weight = float(np.clip(-(people @ rest) / (rest @ rest), 0, 1)) if rest.any() else 0.0
    value = _mean(human) + weight * (_mean(judge) - _mean(on_labelled))
    labelled = len({role for role, _ in human})
    # Two degrees of freedom go to the mean and the judge's weight.
    error = np.sqrt(np.sum((people + weight * rest) ** 2) * labelled / (labelled - 2))
    half = float(student.ppf((1 + LEVEL) / 2, labelled - 2) * error)
    return Interval(value, value - half, value + half)


def _mean(labels: Labels) -> float:
    return float(np.mean(list(labels.values())))


def _pulls(labels: Labels, roles: list[str]) -> Floats:
    """How far each role moves the mean of `labels`; the squares sum to its variance between roles."""
    mean = _mean(labels)
    pulls = dict.fromkeys(roles, 0.0)
    for (role, _), value in labels.items():
        pulls[role] += (value - mean) / len(labels)
    return np.array([pulls[role] for role in roles])


def _check(judge: Labels, human: Labels) -> None:
    if unjudged := sorted(human.keys() - judge.keys()):
        role, turn = unjudged[0]
        raise DataError(f"{len(unjudged)} turns have a human score and no judge's, the first is {role}, turn {turn}.")
    labelled = len({role for role, _ in human})
    if labelled < 3:
        raise DataError(f"People scored turns of {labelled} roles: a corrected mean needs at least 3, better 20.")
    for who, labels in (("judge", judge), ("human", human)):
        for (role, turn), value in labels.items():
            if not np.isfinite(value):
                raise DataError(f"The {who} score of {role}, turn {turn}, is {value}: leave out what was not scored.")
