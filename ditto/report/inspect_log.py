"""A row's answers and verdicts as a log of Inspect, for its viewer: `inspect view --log-dir <report>/inspect`.

A sample is a turn: what the model was told and asked up to there, what it answered, and each metric's score
with the votes behind it. The format is that of `inspect_ai.log.EvalLog`, through whose classes it is made.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from ditto.evaluate.aggregate import corrected
from ditto.evaluate.case import Case
from ditto.evaluate.statistics import interval, means
from ditto.records import Metric, Verdict
from ditto.report.matrix import by_character, measured

if TYPE_CHECKING:
    from inspect_ai.log import EvalLog, EvalSample, EvalScore
    from inspect_ai.model import ChatMessage
    from inspect_ai.scorer import Score

REFUSE: Final = "(turns the question down)"
Votes = Mapping[tuple[str, str, int], Sequence[Verdict]]  # by character, language and turn


@dataclass(frozen=True, slots=True)
class Judged:
    """A row with its verdicts. `told` is the system message for each case; `made` when it was judged, as ISO 8601.

    `in_conversation` is whether a session was answered as one, or each query by itself.
    """

    name: str
    key: str
    made: str
    benchmark: str
    cases: Sequence[Case]
    told: Sequence[str]
    verdicts: Sequence[Verdict]
    in_conversation: bool
    settings: Mapping[str, Any]


def log(row: Judged) -> "EvalLog":
    """The row as a finished evaluation; equal rows make equal logs."""
    from inspect_ai.log import EvalConfig, EvalDataset, EvalLog, EvalResults, EvalSpec, EvalStats

    votes: dict[tuple[str, str, int], list[Verdict]] = {}
    for v in row.verdicts:
        votes.setdefault((v.character, v.lang, v.turn), []).append(v)
    metrics = measured(v.metric for v in row.verdicts)
    samples = [_sample(row, case, told, votes) for case, told in zip(row.cases, row.told, strict=True)]
    return EvalLog(
        status="success",
        eval=EvalSpec(
            eval_id=row.key,
            run_id=row.key,
            task_id=row.key,
            created=row.made,
            task=f"ditto {row.name}",
            dataset=EvalDataset(name=row.benchmark, samples=len(samples), sample_ids=[s.id for s in samples]),
            model=f"ditto/{row.name}",
            config=EvalConfig(),
            metadata=dict(row.settings),
        ),
        results=EvalResults(
            total_samples=len(samples),
            completed_samples=len(samples),
            scores=[_mean(samples, row.verdicts, metric) for metric in metrics],
        ),
        stats=EvalStats(started_at=row.made, completed_at=row.made),
        samples=samples,
    )


def _sample(row: Judged, case: Case, told: str, votes: Votes) -> "EvalSample":
    from inspect_ai.log import EvalSample
    from inspect_ai.model import ChatCompletionChoice, ChatMessageAssistant, ModelOutput

    answer, role = case.answer, case.session.character
    name = f"{role.id}/{role.lang}/{answer.turn}"
    asked = _asked(case, told, name, in_conversation=row.in_conversation)
    model = f"ditto/{row.name}"
    said = ChatMessageAssistant(id=f"{name}/answer", content=answer.text or "", model=model)
    given = answer.text is not None
    found = votes.get((answer.character, answer.lang, answer.turn), ())
    return EvalSample(
        id=name,
        epoch=1,
        input=asked,
        target=_target(case),
        messages=[*asked, said] if given else asked,
        output=ModelOutput(
            model=model,
            choices=[ChatCompletionChoice(message=said)] if given else [],
            completion=answer.text or "",
            error=None if given else answer.reason,
        ),
        scores={metric: _score(metric, found) for metric in measured(v.metric for v in found)},
        metadata={
            "character": role.label,
            "language": role.lang,
            "turn": answer.turn,
            "to be turned down": case.question.reject,
            "candidates": [candidate.label for candidate in case.session.candidates],
            "evidence": _evidence(case),
        },
    )


def _asked(case: Case, told: str, name: str, *, in_conversation: bool) -> "list[ChatMessage]":
    from inspect_ai.model import ChatMessageAssistant, ChatMessageSystem, ChatMessageUser

    made: list[ChatMessage] = [ChatMessageSystem(id=f"{name}/system", content=told)] if told else []
    for answer in case.answers[:-1] if in_conversation else ():
        made.append(ChatMessageUser(id=f"{name}/{answer.turn}/q", content=case.session.questions[answer.turn].query))
        made.append(ChatMessageAssistant(id=f"{name}/{answer.turn}/a", content=answer.text or ""))
    return [*made, ChatMessageUser(id=f"{name}/question", content=case.question.query)]


def _target(case: Case) -> list[str]:
    """What a good answer says: the benchmark's own one, or else to refuse, or what to rest on."""
    question = case.question
    return [question.reference] if question.reference else [REFUSE] if question.reject else _evidence(case)


def _evidence(case: Case) -> list[str]:
    return [f"{claim.property}: {claim.value}".removeprefix(": ") for claim in case.question.evidence]


def _score(metric: Metric, verdicts: Sequence[Verdict]) -> "Score":
    """The turn's score as the report takes it, with every vote and what the judge wrote."""
    from inspect_ai.scorer import Score

    votes = [v for v in verdicts if v.metric == metric]
    found = [value for scores in corrected(votes).get(metric, {}).values() for value in scores]
    told = "\n\n".join(map(_vote, votes))
    if not found:
        return Score.unscored(reason="grader_failed", explanation=told)
    return Score(value=found[0], explanation=told)


def _vote(vote: Verdict) -> str:
    who = f"{vote.judge}, vote {vote.sample + 1}" if vote.judge else f"vote {vote.sample + 1}"
    value = "unscored" if vote.value is None else f"{vote.value:g}"
    return "\n".join(filter(None, (f"{who}: {value}", vote.reason, vote.transcript)))


def _mean(samples: "Sequence[EvalSample]", verdicts: Sequence[Verdict], metric: Metric) -> "EvalScore":
    """The mean over turns with its bounds at 95%, resampled by character."""
    from inspect_ai.log import EvalMetric, EvalScore

    mean = interval(means([by_character(verdicts, metric)])[:, 0])
    asked = [sample.scores[metric] for sample in samples if sample.scores and metric in sample.scores]
    scored = sum(score.value == score.value for score in asked)  # what was not scored is NaN
    values = {"mean": mean.value, "ci_low": mean.low, "ci_high": mean.high} if scored else {}
    return EvalScore(
        name=metric,
        scorer=metric,
        scored_samples=scored,
        unscored_samples=len(asked) - scored,
        metrics={name: EvalMetric(name=name, value=value) for name, value in values.items()},
    )
