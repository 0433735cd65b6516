"""What a judge is shown: one answer, and the conversation before it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ditto.records import Answer, Metric, Question, Session


@dataclass(frozen=True, slots=True)
class Case:
    """The last of `answers`, which are those of the session up to it."""

    session: Session
    answers: tuple[Answer, ...]

    @property
    def answer(self) -> Answer:
        return self.answers[-1]

    @property
    def question(self) -> Question:
        return self.session.questions[self.answer.turn]

    @property
    def answered(self) -> bool:
        """Whether there is something to judge, which white space is not."""
        return bool((self.answer.text or "").strip())

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """What can be judged: no knowledge without evidence."""
        return tuple(m for m in self.session.metrics if m != "knowledge" or self.question.evidence)


def cases(sessions: Iterable[Session], answers: Sequence[Answer]) -> list[Case]:
    """A case for each answer, in the order of the answers."""
    of = {(s.character.id, s.character.lang): s for s in sessions}
    said: dict[tuple[str, str], tuple[Answer, ...]] = {}
    made = []
    for answer in answers:
        who = (answer.character, answer.lang)
        said[who] = (*said.get(who, ()), answer)
        made.append(Case(of[who], said[who]))
    return made
