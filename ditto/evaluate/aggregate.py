"""From votes to the score of a turn: `corrected`, as ditto reports, and `faithful`, as upstream computes.

They differ where upstream's arithmetic (`eval/call_openai_api_gpt4_eval.py` and `scoring.py`) is at fault:

| | corrected | faithful |
|---|---|---|
| identity, no vote parsed | the turn is unscored | the turn scores 0 |
| knowledge, some votes not parsed | the mean of the others | the whole role is lost, on every metric |
| knowledge, mean of 0 | the turn scores 0 | the turn is missing |
| rejection, as many votes for as against | the turn scores 0.5 | the first of these votes decides |
| rejection, no vote parsed | the turn is unscored | the whole role is lost, on every metric |
| the answer failed | the turn is unscored | the whole role is lost, on every metric |
| quality | the mean of the votes | there is none |
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from ditto.evaluate.statistics import Scores
from ditto.evaluate.upstream import Scored
from ditto.records import Metric, Verdict

ALL: Final = "all"
Table = Mapping[str, Mapping[Metric, float]]  # the mean by language, or "all" of them, and metric; NaN of no turns
Votes = Sequence[float | None]
TurnKey = tuple[str, str, int, Metric]  # character, language, turn


@dataclass(frozen=True, slots=True)
class Turn:
    """Upstream's scores of one turn; `knowledge` is NaN where it is missing."""

    lang: str
    identity: float
    knowledge: float
    rejection: float


def turn_scores(verdicts: Iterable[Verdict]) -> dict[TurnKey, float]:
    """The score of each turn and metric, in the verdicts' order.

    Votes on a turn are averaged, for rejection counted; what was not scored is left out.
    """
    votes: dict[TurnKey, list[float]] = defaultdict(list)
    for v in verdicts:
        if v.value is not None:
            votes[v.character, v.lang, v.turn, v.metric].append(v.value)
    return {
        key: _majority(values) if key[3] == "rejection" else float(np.mean(values)) for key, values in votes.items()
    }


def corrected(verdicts: Iterable[Verdict]) -> dict[Metric, Scores]:
    """The scores of each role's turns by metric. A role's languages belong together, as in the matrix."""
    scores: dict[Metric, dict[str, list[float]]] = {}
    for (character, _, _, metric), score in turn_scores(verdicts).items():
        scores.setdefault(metric, {}).setdefault(character, []).append(score)
    return dict(scores)


def faithful(verdicts: Iterable[Verdict]) -> Table:
    """Upstream's table from votes. Each role's votes stand in the order in which they were cast."""
    roles: dict[tuple[str, str], dict[int, dict[Metric, list[float | None]]]] = {}
    for v in verdicts:
        turns = roles.setdefault((v.character, v.lang), {})
        turns.setdefault(v.turn, {}).setdefault(v.metric, []).append(v.value)
    kept = [(lang, turn) for (_, lang), turns in roles.items() if not _lost(turns.values()) for turn in turns.values()]
    return _table([_turn(lang, votes) for lang, votes in kept])


def faithful_table(scored: Iterable[Scored]) -> Table:
    """Upstream's table from its own scored file, not rounded; identity is what it calls consistency."""
    return _table(
        [
            Turn(role.lang, consistency, knowledge or float("nan"), float(refused == label))
            for role in scored
            for consistency, knowledge, refused, label in zip(
                role.consist_scores, role.knowledge_scores, role.reject_scores, role.rejection_labels, strict=True
            )
        ]
    )


def _majority(votes: Sequence[float]) -> float:
    share = float(np.mean(votes))
    return share if len(votes) == 1 or share == 0.5 else float(share > 0.5)


def _lost(turns: Iterable[Mapping[Metric, Votes]]) -> bool:
    """Whether upstream's scoring of the role would end in an error, of which nothing is kept."""
    return any(None in turn.get("knowledge", ()) or not _parsed(turn.get("rejection", ())) for turn in turns)


def _turn(lang: str, votes: Mapping[Metric, Votes]) -> Turn:
    """A vote for rejection is whether refusal equals the label, so the most common vote is so, too."""
    identity, knowledge = _parsed(votes.get("identity", ())), _parsed(votes.get("knowledge", ()))
    [(rejection, _)] = Counter(_parsed(votes["rejection"])).most_common(1)
    return Turn(
        lang,
        identity=float(np.mean(identity)) if identity else 0.0,
        knowledge=(float(np.mean(knowledge)) if knowledge else 0.0) or float("nan"),
        rejection=rejection,
    )


def _parsed(votes: Votes) -> list[float]:
    return [vote for vote in votes if vote is not None]


def _table(turns: Sequence[Turn]) -> Table:
    languages = sorted({turn.lang for turn in turns})
    return {
        language: _means([turn for turn in turns if language in (ALL, turn.lang)]) for language in (ALL, *languages)
    }


def _means(turns: Sequence[Turn]) -> dict[Metric, float]:
    return {
        "identity": _mean([turn.identity for turn in turns]),
        "knowledge": _mean([turn.knowledge for turn in turns]),
        "rejection": _mean([turn.rejection for turn in turns]),
    }


def _mean(values: Sequence[float]) -> float:
    """The mean without the missing ones."""
    return float(np.nanmean(values)) if not np.isnan(values).all() else float("nan")
