"""`judge=oracle`: exact verdicts where the facts of every answer are known, without a model.

In the nano world this is ground truth. For other characters the same rules look for the words of the
claims, which is a rough check and no more; LLM judges are for those.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from ditto.errors import ConfigError
from ditto.records import Answer, Claim, Metric, Question, Session, Verdict


@dataclass(frozen=True, slots=True)
class Oracle:
    """Scores one answer by three rules, each reading the answer's text alone.

    identity: of the four candidates, exactly the right one speaks so. `speech` names the properties
    that hold how a role speaks; with none named, any claim that the query does not name counts.
    knowledge: 1 to 10, by the share of the question's evidence that is stated. Questions to
    refuse, or without evidence, have no fact to state and are not scored.
    rejection: whether the answer refuses, as `refusal` marks it in its language, equals the label.
    """

    speech: Sequence[str]
    refusal: Mapping[str, str]

    metrics: ClassVar[tuple[Metric, ...]] = ("identity", "knowledge", "rejection")

    @property
    def identity(self) -> str:
        """What identifies the judge in the key of its verdicts."""
        return f"oracle/{sorted(self.speech)}/{sorted(self.refusal.items())}"

    def check(self, tests: Sequence[Session]) -> None:
        """Refuse roles of whose speech it has no sign.

        Raises:
            ConfigError: no candidate has a claim that tells how it speaks.
        """
        told = {claim.property for session in tests for role in session.candidates for claim in role.claims}
        if self.speech and not told & set(self.speech):
            raise ConfigError(
                f"judge=oracle tells roles by their claims {', '.join(self.speech)}, which no role of this benchmark "
                "has: it knows the nano world alone, use judge=llm."
            )

    def judge(self, session: Session, answer: Answer) -> list[Verdict]:
        """The verdicts on one answer; unscored with the reason where there is no answer."""
        question = session.questions[answer.turn]
        stating = bool(question.evidence) and not question.reject
        metrics: list[Metric] = ["identity", "knowledge", "rejection"] if stating else ["identity", "rejection"]
        return [self._verdict(session, question, answer, metric) for metric in metrics]

    def _verdict(self, session: Session, question: Question, answer: Answer, metric: Metric) -> Verdict:
        value: float | None
        if answer.text is None:
            value, reason = None, f"no answer: {answer.reason}"
        elif metric == "identity":
            value, reason = self._identity(session, question, answer.text)
        elif metric == "knowledge":
            value, reason = self._knowledge(question, answer.text, answer.lang)
        else:
            value, reason = self._rejection(question, answer.text, answer.lang)
        return Verdict(
            character=answer.character,
            lang=answer.lang,
            turn=answer.turn,
            metric=metric,
            sample=0,
            value=value,
            reason=reason,
        )

    def _identity(self, session: Session, question: Question, text: str) -> tuple[float, str]:
        scores = [sum(claim.value in text for claim in self._signs(c.claims, question)) for c in session.candidates]
        best = max(scores)
        chosen = [c for c, score in zip(session.candidates, scores, strict=True) if best and score == best]
        right = [c.id for c in chosen] == [session.character.id]
        return float(right), f"speaks like {', '.join(c.label for c in chosen) or 'none of the candidates'}"

    def _signs(self, claims: Sequence[Claim], question: Question) -> list[Claim]:
        return [c for c in claims if (c.property in self.speech if self.speech else c.value not in question.query)]

    def _knowledge(self, question: Question, text: str, lang: str) -> tuple[float, str]:
        if self._refuses(text, lang):
            return 1.0, "refuses"
        stated = [claim for claim in question.evidence if claim.value in text]
        value = 1 + 9 * len(stated) / len(question.evidence)
        return value, f"states {len(stated)} of {len(question.evidence)} facts"

    def _rejection(self, question: Question, text: str, lang: str) -> tuple[float, str]:
        refuses = self._refuses(text, lang)
        return float(refuses == question.reject), "refuses" if refuses else "answers"

    def _refuses(self, text: str, lang: str) -> bool:
        return lang in self.refusal and self.refusal[lang] in text
