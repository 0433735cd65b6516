"""What the page holds of a study, as JSON: the study's numbers, and a chunk of texts for every row.

Texts are kept in the order of the benchmark's turns, so that turn `i` is the same question in every row.
"""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ditto.evaluate.aggregate import turn_scores
from ditto.records import Answer, Session, Verdict
from ditto.report.matrix import Entry, Line, measured, to_csv

Json = dict[str, Any]
POINTS: Final = 400  # of a learning curve; more cannot be told apart on a screen
USAGE: Final = ("prompt_tokens", "completion_tokens", "cached_tokens", "dollars")


@dataclass(frozen=True, slots=True)
class Texts:
    """A row's texts. `sessions` are those of the artifact `benchmark`."""

    entry: Entry
    benchmark: str
    sessions: Sequence[Session]
    answers: Sequence[Answer]
    verdicts: Sequence[Verdict]


@dataclass(frozen=True, slots=True)
class Cut:
    """After how many characters a judge's reply and any other text end; None leaves them whole."""

    replies: int | None = None
    texts: int | None = None

    def reply(self, text: str) -> str:
        return _shortened(text, self.replies)

    def text(self, text: str) -> str:
        return _shortened(text, self.texts)


WHOLE: Final = Cut()


def sessions_chunk(sessions: Sequence[Session], cut: Cut = WHOLE) -> Json:
    """The benchmark's roles with what they are asked."""
    return {"sessions": [_session(session, cut) for session in sessions]}


def row_chunk(row: Texts, cut: Cut = WHOLE) -> Json:
    """A row's answers and verdicts, turn by turn: null where there is none."""
    answers = {(a.character, a.lang, a.turn): a for a in row.answers}
    votes: dict[tuple[str, str, int], list[Verdict]] = {}
    for v in row.verdicts:
        votes.setdefault((v.character, v.lang, v.turn), []).append(v)
    scores = turn_scores(row.verdicts)
    turns = [(s.character.id, s.character.lang, turn) for s in row.sessions for turn in range(len(s.questions))]
    return {
        "answers": [_answer(answers.get(turn), cut) for turn in turns],
        "verdicts": [
            {
                metric: {
                    "score": scores.get((*turn, metric)),
                    "votes": [_vote(v, cut) for v in votes[turn] if v.metric == metric],
                }
                for metric in measured(v.metric for v in votes.get(turn, ()))
            }
            for turn in turns
        ],
    }


def matrix_rows(lines: Iterable[Line]) -> list[dict[str, str]]:
    """The lines of `matrix.csv`, their numbers as it has them."""
    return list(csv.DictReader(io.StringIO(to_csv(lines))))


def model_names(manifests: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """What the models are called that settings tell by their identities: those that answered untuned."""
    return {
        str(m["settings"]["model"]): m["label"].partition("-")[2]
        for m in manifests
        if m["stage"] == "answer" and m["settings"].get("model")
    }


def artifact(manifest: Mapping[str, Any], names: Mapping[str, str]) -> Json:
    """What the page tells of a stage's result: how it was made, and what it took. `names` are those of models."""
    settings = flat(manifest["settings"])
    usage = list(_usages(manifest["counts"]))
    return {
        **{name: manifest.get(name) for name in ("stage", "label", "key", "made", "git", "python", "seconds")},
        "packages": manifest.get("packages", {}),
        "settings": {key: f"{names[value]} ({value})" if value in names else value for key, value in settings.items()},
        "counts": flat({k: v for k, v in manifest["counts"].items() if k != "usage"}),
        "usage": {name: sum(u.get(name, 0) for u in usage) for name in USAGE} if usage else None,
    }


def flat(value: Any, name: str = "") -> dict[str, Any]:
    """Nested settings as one level, `tuning.lr`; lists as a text."""
    if isinstance(value, Mapping):
        return {k: v for key, one in value.items() for k, v in flat(one, f"{name}.{key}".strip(".")).items()}
    return {name: ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else value}


def curve(losses: Sequence[tuple[int, float]]) -> Json:
    """Steps and losses; of a long tuning, means of as many steps each as leave `POINTS`."""
    width = -(-len(losses) // POINTS) or 1
    parts = [losses[i : i + width] for i in range(0, len(losses), width)]
    return {
        "steps": [part[-1][0] for part in parts],
        "loss": [round(sum(loss for _, loss in part) / len(part), 5) for part in parts],
        "mean_of": width,
    }


def _usages(counts: Mapping[str, Any]) -> Iterable[Mapping[str, float]]:
    """A stage's own usage, or that of each member of a panel."""
    if "usage" in counts:
        yield counts["usage"]
    for part in counts.values():
        if isinstance(part, Mapping) and "usage" in part:
            yield part["usage"]


def _session(session: Session, cut: Cut) -> Json:
    role = session.character
    return {
        "id": role.id,
        "lang": role.lang,
        "label": role.label,
        "description": cut.text(role.description),
        "candidates": [candidate.label for candidate in session.candidates],
        "told": None if session.system is None else cut.text(session.system),
        "turns": [
            {
                "query": cut.text(q.query),
                "reject": q.reject,
                "evidence": [[c.property, cut.text(c.value)] for c in q.evidence],
                "reference": cut.text(q.reference),
            }
            for q in session.questions
        ],
    }


def _answer(answer: Answer | None, cut: Cut) -> list[str | None] | None:
    """Text and reason; the text is None where the model failed."""
    if answer is None:
        return None
    return [None if answer.text is None else cut.text(answer.text), answer.reason]


def _vote(v: Verdict, cut: Cut) -> list[Any]:
    return [v.judge, v.sample, v.value, cut.reply(v.reason), cut.reply(v.transcript)]


def _shortened(text: str, most: int | None) -> str:
    if most is None or len(text) <= most:
        return text
    return f"{text[:most]} … [{len(text) - most} characters left out]"
