"""Stage `answer`: a model answers the benchmark.

base and imitation know the brief introduction alone and answer a session as one conversation;
supervision has the profile in view and answers each query by itself, as in the simulation (paper,
sections 4 and 6).
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from omegaconf import DictConfig

from ditto.config import defining, plain, typed
from ditto.engines.ask import Tally, ask
from ditto.engines.base import Completion, Engine, Failure, Request, Result, Sampling
from ditto.journal import Journal
from ditto.models import Model
from ditto.prompts import Prompts
from ditto.records import Answer, Message, Row, Session, write_jsonl
from ditto.simulate.responses import brief, response_request
from ditto.stages import benchmark
from ditto.stages.engine import engine_for, load_prompts, supervisors
from ditto.store import Artifact, Recipe, Store

VERSION: Final = 1
BROKEN: Final = Failure("earlier turn failed")


def engine_of(cfg: DictConfig, row: Row) -> DictConfig:
    """The configuration of the engine that answers for `row`."""
    return supervisors(cfg) if row == "supervision" else cfg.engine


def prompts_for(cfg: DictConfig, tests: benchmark.Loaded) -> dict[str, Prompts]:
    return load_prompts(cfg, sorted({s.character.lang for s in tests.sessions}))


def recipe(cfg: DictConfig, tests: benchmark.Loaded, model: Model, row: Row, tuned: Artifact | None = None) -> Recipe:
    settings = {
        "with_profile": row == "supervision",
        "model": None if tuned else model.identity,
        "answer": plain(cfg.answer),
        "prompts": {lang: p.digest for lang, p in prompts_for(cfg, tests).items()},
        "engine": defining(engine_of(cfg, row)),
    }
    inputs = {"benchmark": tests.artifact.key} | ({"tune": tuned.key} if tuned else {})
    return Recipe("answer", f"{row}-{model.name}", VERSION, settings, inputs)


def run(
    cfg: DictConfig, store: Store, tests: benchmark.Loaded, model: Model, row: Row, tuned: Artifact | None = None
) -> Artifact:
    sampling, prompts = typed(cfg.answer, Sampling), prompts_for(cfg, tests)

    def produce(folder: Path) -> Mapping[str, Any]:
        journal, title = Journal(folder / "journal.jsonl"), f"{row} {model.name} answers"
        with engine_for(engine_of(cfg, row), model) as engine:
            interview = Interview(engine, tests.sessions, prompts, sampling, journal, title)
            answers = interview.with_profile() if row == "supervision" else interview.in_conversation()
        journal.compact()
        return {
            **interview.tally.counts(),
            "answers": write_jsonl(folder / "answers.jsonl", answers),
            "usage": asdict(engine.usage),
        }

    return store.make(recipe(cfg, tests, model, row, tuned), produce)


@dataclass(frozen=True)
class Interview:
    """A model before the benchmark's sessions."""

    engine: Engine
    sessions: Sequence[Session]
    prompts: Mapping[str, Prompts]
    sampling: Sampling
    journal: Journal
    title: str
    tally: Tally = field(default_factory=Tally)

    def with_profile(self) -> list[Answer]:
        """Every query by itself, the profile in view."""
        asked = [(s, turn) for s in self.sessions for turn in range(len(s.questions))]
        requests = [self._with_profile(s, s.questions[turn].query) for s, turn in asked]
        results = ask(self.engine, requests, self.journal, self.tally, self.title)
        return [_answer(s, turn, result) for (s, turn), result in zip(asked, results, strict=True)]

    def in_conversation(self) -> list[Answer]:
        """All sessions side by side, a turn at a time; a failed turn ends its session."""
        talks = [self._opening(s) for s in self.sessions]
        answers: list[list[Answer]] = [[] for _ in self.sessions]
        for turn in range(max(len(s.questions) for s in self.sessions)):
            due = [i for i, s in enumerate(self.sessions) if turn < len(s.questions)]
            replies = self._turn(turn, [i for i in due if all(a.text is not None for a in answers[i])], talks)
            for i in due:
                if i not in replies:
                    self.tally.add(BROKEN)
                answers[i].append(_answer(self.sessions[i], turn, replies.get(i, BROKEN)))
                if text := answers[i][-1].text:
                    talks[i].append({"role": "assistant", "content": text})
        return [answer for session in answers for answer in session]

    def _opening(self, session: Session) -> list[Message]:
        told = brief(session.character, self.prompts) if session.system is None else session.system
        return [{"role": "system", "content": told}] if told else []

    def _with_profile(self, session: Session, query: str) -> Request:
        role = session.character
        return response_request(role, query, self.prompts[role.lang], self.engine, self.sampling)[0]

    def _turn(self, turn: int, sessions: Sequence[int], talks: Sequence[list[Message]]) -> dict[int, Result]:
        """Put the turn's question to these sessions; their results."""
        for i in sessions:
            talks[i].append({"role": "user", "content": self.sessions[i].questions[turn].query})
        requests = [Request(tuple(talks[i]), self.sampling) for i in sessions]
        title = f"{self.title} turn {turn + 1}"
        return dict(zip(sessions, ask(self.engine, requests, self.journal, self.tally, title), strict=True))


def _answer(session: Session, turn: int, result: Result) -> Answer:
    text = result.text if isinstance(result, Completion) and result.text else None
    reason = result.reason if isinstance(result, Failure) else "" if text else "empty"
    return Answer(character=session.character.id, lang=session.character.lang, turn=turn, text=text, reason=reason)
