"""`judge=llm`: verdicts by a language model, as the paper defines them (section 4), with several votes each.

Every vote is one request. A reply without a single readable verdict is asked for once more, with a reminder of the
form; what cannot be read then is an unscored vote with its reason, so that no role is lost.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from string import ascii_uppercase
from typing import Any, Final

from ditto.engines.ask import Tally, ask
from ditto.engines.base import Completion, Engine, Failure, Request, Result, Sampling
from ditto.errors import ConfigError
from ditto.evaluate import parse
from ditto.evaluate.case import Case
from ditto.evaluate.parse import Unparsed
from ditto.evaluate.shown import mark, masked
from ditto.journal import Journal
from ditto.prompts import Prompts
from ditto.prompts.inert import inert
from ditto.records import Character, Claim, Message, Metric, Verdict

SUMMARY: Final = 1200  # characters of an article that introduce a role
EXAMPLES: Final[Mapping[Metric, Mapping[str, Any]]] = {
    "identity": {"reason": "...", "choice": "B"},
    "knowledge": {"reason": "...", "score": 4},
    "rejection": {"reason": "...", "refuses": False},
    "quality": {"reason": "...", "score": 4},
}


@dataclass(frozen=True, slots=True)
class Voting:
    """How a model is asked for verdicts: `votes` a case and metric. Upstream neither masks nor shuffles.

    Raises:
        ConfigError: a value outside its range.
    """

    votes: int = 3
    temperature: float = 0.2
    max_tokens: int = 512
    mask: bool = True
    shuffle: bool = True
    prompts: str = "judge"
    seed: int = 0

    def __post_init__(self) -> None:
        if self.votes < 1 or self.max_tokens < 1:
            raise ConfigError(f"judge.votes={self.votes} and max_tokens={self.max_tokens} must be at least 1.")
        if self.votes > 1 and self.temperature == 0:
            raise ConfigError(
                f"judge.votes={self.votes} at judge.temperature=0 would be all the same: raise it, or ask for one."
            )
        assert self.sampling

    @property
    def sampling(self) -> Sampling:
        return Sampling(self.temperature, max_tokens=self.max_tokens, n=self.votes, seed=self.seed)


@dataclass(frozen=True, slots=True)
class Vote:
    """One question to the judge. `order` is that of the candidates, as they are shown."""

    case: Case
    metric: Metric
    sample: int
    request: Request
    order: tuple[Character, ...] = ()

    def value(self, said: Completion) -> float | Unparsed:
        """What the reply says, as a verdict's value."""
        # Where a reply was cut, its last word may be half of one: a 1 that was to be a 10.
        reply = said.text + "…" * (said.finish == "length")
        if self.metric == "identity":
            chosen = parse.choice(reply, len(self.order))
            right = self.case.session.character.id
            return chosen if isinstance(chosen, Unparsed) else float(self.order[chosen].id == right)
        if self.metric == "rejection":
            refused = parse.refuses(reply)
            return refused if isinstance(refused, Unparsed) else float(refused == self.case.question.reject)
        return parse.score(reply)


@dataclass(frozen=True, slots=True)
class LLMJudge:
    """A model that gives verdicts, under the `name` it has in a panel."""

    engine: Engine
    voting: Voting
    prompts: Mapping[str, Prompts]
    name: str = ""

    def judge(self, cases: Sequence[Case], journal: Journal, tally: Tally) -> list[Verdict]:
        """All votes on all cases, each scored or unscored with its reason."""
        votes = [vote for case in cases if case.answered for vote in self.votes(case)]
        title = f"judge {self.name}".strip()
        results = ask(self.engine, [vote.request for vote in votes], journal, tally, title)
        again = {i: self._reminded(votes[i], r) for i, r in enumerate(results) if _unreadable(votes[i], r)}
        if again:
            replies = ask(self.engine, list(again.values()), journal, tally, f"{title} again")
            better = dict(zip(again, replies, strict=True))
            results = [better.get(i, result) for i, result in enumerate(results)]
        verdicts = iter([self._verdict(vote, result) for vote, result in zip(votes, results, strict=True)])
        return [verdict for case in cases for verdict in self._of(case, verdicts)]

    def _of(self, case: Case, verdicts: Iterator[Verdict]) -> list[Verdict]:
        asked = len(case.metrics) * self.voting.votes
        if case.answered:
            return [next(verdicts) for _ in range(asked)]
        reason = f"no answer: {case.answer.reason or 'empty'}"
        return [
            self._told(case, metric, sample, None, reason)
            for metric in case.metrics
            for sample in range(self.voting.votes)
        ]

    def votes(self, case: Case) -> list[Vote]:
        """What the judge is asked about an answer."""
        return [self._vote(case, metric, sample) for metric in case.metrics for sample in range(self.voting.votes)]

    def _vote(self, case: Case, metric: Metric, sample: int) -> Vote:
        order = self._order(case, sample) if metric == "identity" else ()
        slots = {name: inert(text) for name, text in self._slots(case, metric, order).items()}
        text = self.prompts[case.answer.lang].render(metric, mark=mark(slots), **slots)
        schema = _schema(metric, len(order))
        request = Request(({"role": "user", "content": text},), self.voting.sampling, sample, schema)
        return Vote(case, metric, sample, request, order)

    def _order(self, case: Case, sample: int) -> tuple[Character, ...]:
        """The candidates in an order of each vote's own, so that no place is always the right one's."""
        shown = list(case.session.candidates)
        if self.voting.shuffle:
            who = case.session.character
            Random(f"{self.voting.seed}/{who.lang}/{who.id}/{case.answer.turn}/{sample}").shuffle(shown)
        return tuple(shown)

    def _slots(self, case: Case, metric: Metric, order: Sequence[Character]) -> dict[str, str]:
        role, question, text = case.session.character, case.question, case.answer.text or ""
        query = question.query
        if metric == "identity" and self.voting.mask:
            query, text = (masked(t, (role.label, *role.aliases)) for t in (query, text))
        slots = {"label": role.label, "query": query, "answer": text}
        if metric == "identity":
            slots["candidates"] = "\n".join(
                f"{letter}. {who.label}: {introduction(who)}".removesuffix(": ")
                for letter, who in zip(ascii_uppercase, order, strict=False)
            )
        elif metric == "knowledge":
            slots |= {"summary": introduction(role), "evidence": "\n".join(map(_fact, question.evidence))}
        elif metric == "quality":
            slots["before"] = _conversation(case)
        return slots

    def _reminded(self, vote: Vote, result: Result) -> Request:
        assert isinstance(result, Completion)
        example = json.dumps(EXAMPLES[vote.metric])
        reminder = self.prompts[vote.case.answer.lang].render("reminder", example=example)
        more: tuple[Message, ...] = (
            {"role": "assistant", "content": result.text},
            {"role": "user", "content": reminder},
        )
        first = vote.request
        return Request((*first.messages, *more), first.sampling, first.sample, first.schema)

    def _verdict(self, vote: Vote, result: Result) -> Verdict:
        if isinstance(result, Failure):
            return self._told(vote.case, vote.metric, vote.sample, None, f"judge: {result.reason}")
        value = vote.value(result)
        if isinstance(value, Unparsed):
            return self._told(vote.case, vote.metric, vote.sample, None, f"judge: {value.reason}", result.text)
        return self._told(vote.case, vote.metric, vote.sample, value, "", result.text)

    def _told(
        self, case: Case, metric: Metric, sample: int, value: float | None, reason: str, transcript: str = ""
    ) -> Verdict:
        return Verdict(
            character=case.answer.character,
            lang=case.answer.lang,
            turn=case.answer.turn,
            metric=metric,
            sample=sample,
            value=value,
            reason=reason,
            transcript=transcript,
            judge=self.name,
        )


def introduction(who: Character) -> str:
    """What a judge is told of a role: its summary, or its description and the beginning of its article."""
    return who.summary or f"{who.description}\n{who.article[:SUMMARY]}".strip()


def _fact(claim: Claim) -> str:
    return f"- {claim.property}: {claim.value}" if claim.property else f"- {claim.value}"


def _conversation(case: Case) -> str:
    """What was said before the answer, a line each."""
    questions = case.session.questions
    return "\n".join(f"User: {questions[a.turn].query}\nAssistant: {a.text or ''}" for a in case.answers[:-1])


def _schema(metric: Metric, n: int) -> dict[str, Any]:
    wanted: dict[str, Any] = {"score": {"type": "number", "minimum": 1, "maximum": 10}}
    if metric == "identity":
        wanted = {"choice": {"type": "string", "enum": list(ascii_uppercase[:n])}}
    elif metric == "rejection":
        wanted = {"refuses": {"type": "boolean"}}
    properties = {"reason": {"type": "string"}, **wanted}
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def _unreadable(vote: Vote, result: Result) -> bool:
    return isinstance(result, Completion) and isinstance(vote.value(result), Unparsed)
