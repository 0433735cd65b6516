"""A judge's means put right by people's verdicts on a few of the same answers: `report.labels=<file>`."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ditto.evaluate.aggregate import turn_scores
from ditto.evaluate.correction import corrected
from ditto.evaluate.labels import Labelled
from ditto.records import Answer, Verdict
from ditto.report.matrix import Entry, measured

ENOUGH: Final = 3  # roles
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of `people.csv`: the judge's own mean, and the one that people would have given."""

    row: str
    seed: str
    supervisor: str
    metric: str
    judge: float
    value: float
    ci_low: float
    ci_high: float
    n_labelled: int


def put_right(
    entry: Entry, verdicts: Sequence[Verdict], answers: Sequence[Answer], labels: Sequence[Labelled]
) -> list[Line]:
    """A line for each metric that people judged of enough roles; a label counts where its text is the answer's.

    What few labels there are otherwise is told and left: rows share some short answers by chance.
    """
    said = {(a.character, a.lang, a.turn): a.text for a in answers}
    own = [x for x in labels if x.text and said.get((x.character, x.lang, x.turn)) == x.text]
    scores = turn_scores(verdicts)
    lines = []
    for metric in measured(metric for label in own for metric in label.verdicts):
        turns = {key[:3]: i for i, key in enumerate(scores) if key[3] == metric}
        judge = {(who[0], i): scores[*who, metric] for who, i in turns.items()}
        human = {
            (x.character, turns[who]): x.verdicts[metric]
            for x in own
            if metric in x.verdicts and (who := (x.character, x.lang, x.turn)) in turns
        }
        if (roles := len({who for who, _ in human})) >= ENOUGH:
            lines.append(_line(entry, metric, judge, human))
        elif human:
            log.info("people      %s %s: verdicts on %d roles only, too few", entry.row, metric, roles)
    return lines


def _line(
    entry: Entry, metric: str, judge: Mapping[tuple[str, int], float], human: Mapping[tuple[str, int], float]
) -> Line:
    mean, right = sum(judge.values()) / len(judge), corrected(judge, human)
    place = (entry.row, entry.seed, entry.supervisor)
    return Line(*place, metric, mean, right.value, right.low, right.high, len(human))
