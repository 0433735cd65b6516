"""What a judge's verdicts on planted answers say about the judge."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from ditto.errors import DataError
from ditto.evaluate import parse
from ditto.evaluate.agreement import alpha, kappa
from ditto.evaluate.comparisons import Difference, paired
from ditto.evaluate.planted import Kind, Planted
from ditto.evaluate.statistics import Interval, Labels, Scores, interval, means
from ditto.records import Metric, Verdict

HIGH: Final = 5.5  # a mark above it says that the answer is right
N_PLACES: Final = 4
METRICS: Final[tuple[Metric, ...]] = ("identity", "knowledge", "rejection")


@dataclass(frozen=True, slots=True)
class Exam:
    """A planted answer and the votes on it."""

    planted: Planted
    verdicts: Sequence[Verdict]

    @property
    def role(self) -> str:
        return self.planted.answer.character

    def decided(self, metric: Metric) -> float | None:
        """1 where the votes say what is right on the metric, 0 where not; None without any."""
        votes = self.votes(metric)
        if not votes or metric not in self.planted.truth:
            return None
        mean, right = float(np.mean(votes)), self.planted.truth[metric]
        middle = HIGH if metric == "knowledge" else 0.5
        return float((mean > middle) == (right > middle))

    def votes(self, metric: Metric) -> list[float]:
        return [v.value for v in self.verdicts if v.metric == metric and v.value is not None]


@dataclass(frozen=True, slots=True)
class Line:
    """One kind of planted answers under one metric: how many, the share judged right, the mean of the votes."""

    kind: str
    metric: str
    cases: int
    scored: int
    accuracy: Interval
    mean: float


@dataclass(frozen=True, slots=True)
class Metered:
    """A judge on one metric: agreement with the truth, of its votes among each other, and the share it could read."""

    metric: str
    accuracy: Interval
    kappa: float | None
    alpha: float | None
    spread: float | None
    parsed: float | None


@dataclass(frozen=True, slots=True)
class Validation:
    """All figures. `places` are the shares of identity votes for each place in the list of candidates; `long_right` and
    `long_wrong` by how much a long stretch moves the marks of right and of wrong answers; `misled` the share of right
    verdicts that an instruction in the answer costs; `own` by how much its marks lie further above the truth on its own
    answers than on others'.
    """

    metrics: Sequence[Metered]
    lines: Sequence[Line]
    places: Sequence[Interval]
    long_right: Difference | None
    long_wrong: Difference | None
    misled: Difference | None
    own: Difference | None
    scored_nothing: int


def validate(exams: Sequence[Exam]) -> Validation:
    """Everything that planted answers tell."""
    return Validation(
        metrics=[_metered(exams, metric) for metric in METRICS],
        lines=[line for kind in dict.fromkeys(e.planted.kind for e in exams) for line in _lines(exams, kind)],
        places=_places(exams),
        long_right=_difference(exams, ["long"], ["reference"], _marks),
        long_wrong=_difference(exams, ["long and wrong"], ["other role"], _marks),
        misled=_difference(exams, ["other role"], ["instruction"], _rights),
        own=_difference(exams, ["own answer"], ["reference", "fact swapped", "refusal"], _excess),
        scored_nothing=sum(v.value is not None for e in exams if e.planted.kind == "empty" for v in e.verdicts),
    )


def _metered(exams: Sequence[Exam], metric: Metric) -> Metered:
    known = [e for e in exams if metric in e.planted.truth]
    middle = HIGH if metric == "knowledge" else 0.5
    truth = {(e.role, i): float(_says(e, metric, e.planted.truth[metric], middle)) for i, e in enumerate(known)}
    judged = {
        (e.role, i): float(_says(e, metric, float(np.mean(e.votes(metric))), middle))
        for i, e in enumerate(known)
        if e.votes(metric)
    }
    asked = [v for e in exams for v in e.verdicts if v.metric == metric and not v.reason.startswith("no answer")]
    votes = [votes for e in exams if len(votes := e.votes(metric)) > 1]
    return Metered(
        metric,
        accuracy=_accuracy(known, metric),
        kappa=_defined(lambda: kappa(truth, judged)),
        alpha=_alpha(exams, metric),
        spread=float(np.mean([np.std(v, ddof=1) for v in votes])) if votes else None,
        parsed=sum(v.value is not None for v in asked) / len(asked) if asked else None,
    )


def _says(exam: Exam, metric: Metric, value: float, middle: float) -> bool:
    """The verdict as a statement about the answer: for rejection, that it refuses."""
    return (value > middle) == exam.planted.reject if metric == "rejection" else value > middle


def _lines(exams: Sequence[Exam], kind: Kind) -> list[Line]:
    of = [e for e in exams if e.planted.kind == kind]
    lines = []
    for metric in METRICS:
        known = [e for e in of if metric in e.planted.truth]
        votes = [np.mean(e.votes(metric)) for e in known if e.votes(metric)]
        if known:
            mean = float(np.mean(votes)) if votes else float("nan")
            lines.append(Line(kind, metric, len(known), len(votes), _accuracy(known, metric), mean))
    return lines


def _accuracy(exams: Sequence[Exam], metric: Metric) -> Interval:
    return interval(means([_scores(exams, lambda e: e.decided(metric))])[:, 0])


def _scores(exams: Sequence[Exam], value: Callable[[Exam], float | None]) -> Scores:
    """By role, without what has no value."""
    found: dict[str, list[float]] = defaultdict(list)
    for exam in exams:
        if (one := value(exam)) is not None:
            found[exam.role].append(one)
    return found


def _alpha(exams: Sequence[Exam], metric: Metric) -> float | None:
    """Agreement of a judge with itself, vote by vote, or of a panel."""
    raters: dict[tuple[str, int], dict[tuple[str, int], float]] = defaultdict(dict)
    for i, exam in enumerate(exams):
        for v in exam.verdicts:
            if v.metric == metric and v.value is not None:
                raters[v.judge, v.sample][exam.role, i] = v.value
    among: Sequence[Labels] = list(raters.values())
    return _defined(lambda: alpha(among, "interval" if metric == "knowledge" else "nominal"))


def _defined(measure: Callable[[], float]) -> float | None:
    try:
        return measure()
    except DataError:
        return None


def _places(exams: Sequence[Exam]) -> list[Interval]:
    """How often each place among the candidates is chosen, read once more from the transcripts.

    Where candidates keep one order, a role's own place is the right one in all its turns: hence by role.
    """
    chosen: dict[str, list[int]] = defaultdict(list)
    for exam in exams:
        for v in exam.verdicts:
            place = parse.choice(v.transcript, N_PLACES) if v.metric == "identity" and v.value is not None else None
            if isinstance(place, int):
                chosen[exam.role].append(place)
    shares = [{role: [float(p == n) for p in places] for role, places in chosen.items()} for n in range(N_PLACES)]
    return [interval(means([share])[:, 0]) for share in shares] if chosen else []


def _difference(
    exams: Sequence[Exam], one: Sequence[Kind], other: Sequence[Kind], values: Callable[[Exam], list[float]]
) -> Difference | None:
    """Between answers of two sorts, over the roles that have both."""

    def of(kinds: Sequence[Kind]) -> Scores:
        found: dict[str, list[float]] = defaultdict(list)
        for exam in exams:
            if exam.planted.kind in kinds:
                found[exam.role] += values(exam)
        return found

    try:
        return paired(of(one), of(other))
    except DataError:
        return None


def _marks(exam: Exam) -> list[float]:
    votes = exam.votes("knowledge") if "knowledge" in exam.planted.truth else []
    return [float(np.mean(votes))] if votes else []


def _excess(exam: Exam) -> list[float]:
    """How far the mark lies above the one that is right."""
    return [mark - exam.planted.truth["knowledge"] for mark in _marks(exam)]


def _rights(exam: Exam) -> list[float]:
    return [right for metric in METRICS if (right := exam.decided(metric)) is not None]
