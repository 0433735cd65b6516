"""Answers that people have judged, from a file: one `Labelled` a line."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ditto.errors import DataError
from ditto.evaluate.planted import Planted
from ditto.records import Answer, Metric, Session, read_jsonl


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """An answer to question `turn` of a role, and the verdicts a person gave on it (values as in `Verdict`)."""

    character: str
    lang: str
    turn: int
    text: str
    verdicts: Mapping[Metric, float]


def read_labels(path: Path) -> list[Labelled]:
    """The file's labels.

    Raises:
        DataError: a line does not fit, or a verdict is outside its metric's range.
    """
    labels = read_jsonl(path, Labelled)
    for n, label in enumerate(labels, start=1):
        for metric, value in label.verdicts.items():
            low, high = (0, 1) if metric in ("identity", "rejection") else (1, 10)
            if not low <= value <= high:
                raise DataError(f"{path}, label {n} has {metric}={value}: it must be from {low} to {high}.")
    return labels


def labelled(path: Path, sessions: Sequence[Session]) -> list[Planted]:
    """The file's answers as cases with known verdicts.

    Raises:
        DataError: a line does not fit, or is about a question that the benchmark does not ask.
    """
    of = {(s.character.id, s.character.lang): s for s in sessions}
    made = []
    for n, label in enumerate(read_labels(path), start=1):
        session = of.get((label.character, label.lang))
        if session is None or not 0 <= label.turn < len(session.questions):
            raise DataError(
                f"{path}, label {n} is about turn {label.turn} of {label.character} ({label.lang}), which this "
                "benchmark does not ask: label answers to its own questions."
            )
        answer = Answer(character=label.character, lang=label.lang, turn=label.turn, text=label.text or None)
        made.append(
            Planted(kind="human", answer=answer, reject=session.questions[label.turn].reject, truth=label.verdicts)
        )
    return made
