"""Stage `answer`: a model answers the benchmark.

base and imitation know the brief introduction alone and answer a session as one conversation;
supervision has the profile in view and answers each query by itself, as in the simulation (paper,
sections 4 and 6).
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from omegaconf import DictConfig

from ditto.config import plain, typed
from ditto.engines.ask import Tally, ask
from ditto.engines.base import Completion, Engine, Failure, Request, Result, Sampling
from ditto.journal import Journal
from ditto.models import Model
from ditto.prompts import Prompts
from ditto.records import Answer, Message, Row, Session, write_jsonl
from ditto.simulate.responses import brief, response_request
from ditto.stages import benchmark
from ditto.stages.engine import load_engine, load_prompts
from ditto.store import Artifact, Recipe, Store

VERSION: Final = 1
BROKEN: Final = Failure("earlier turn failed")


def run(
    cfg: DictConfig, store: Store, tests: benchmark.Loaded, model: Model, row: Row, tuned: Artifact | None = None
) -> Artifact:
    sampling = typed(cfg.answer, Sampling)
    prompts = load_prompts(cfg, sorted({s.character.lang for s in tests.sessions}))
    settings = {
        "with_profile": row == "supervision",
        "model": None if tuned else model.identity,
        "answer": plain(cfg.answer),
        "prompts": {lang: p.digest for lang, p in prompts.items()},
        "batch_size": cfg.engine.batch_size,
    }
    inputs = {"benchmark": tests.artifact.key} | ({"tune": tuned.key} if tuned else {})
    recipe = Recipe("answer", f"{row}-{model.name}", VERSION, settings, inputs)

    def produce(folder: Path) -> Mapping[str, Any]:
        engine, journal, tally = load_engine(cfg, model), Journal(folder / "journal.jsonl"), Tally()
        respond = with_profile if row == "supervision" else in_conversation
        answers = respond(engine, tests.sessions, prompts, sampling, journal, tally, f"{row} {model.name} answers")
        return {**tally.counts(), "answers": write_jsonl(folder / "answers.jsonl", answers)}

    return store.make(recipe, produce)


def with_profile(
    engine: Engine,
    sessions: Sequence[Session],
    prompts: Mapping[str, Prompts],
    sampling: Sampling,
    journal: Journal,
    tally: Tally,
    title: str,
) -> list[Answer]:
    requests = [
        response_request(s.character, q.query, prompts[s.character.lang], engine, sampling)[0]
        for s in sessions
        for q in s.questions
    ]
    results = iter(ask(engine, requests, journal, tally, title))
    return [_answer(s, turn, next(results)) for s in sessions for turn in range(len(s.questions))]


def in_conversation(
    engine: Engine,
    sessions: Sequence[Session],
    prompts: Mapping[str, Prompts],
    sampling: Sampling,
    journal: Journal,
    tally: Tally,
    title: str,
) -> list[Answer]:
    """All sessions side by side, a turn at a time; a failed turn ends its session."""
    talks: list[list[Message]] = [[{"role": "system", "content": brief(s.character, prompts)}] for s in sessions]
    answers: list[list[Answer]] = [[] for _ in sessions]
    for turn in range(max(len(s.questions) for s in sessions)):
        due = [i for i, s in enumerate(sessions) if turn < len(s.questions)]
        open_ = [i for i in due if all(a.text is not None for a in answers[i])]
        for i in open_:
            talks[i].append({"role": "user", "content": sessions[i].questions[turn].query})
        results = ask(
            engine, [Request(tuple(talks[i]), sampling) for i in open_], journal, tally, f"{title} turn {turn + 1}"
        )
        replies = dict(zip(open_, results, strict=True))
        for i in due:
            if i not in replies:
                tally.add(BROKEN)
            answers[i].append(_answer(sessions[i], turn, replies.get(i, BROKEN)))
            if text := answers[i][-1].text:
                talks[i].append({"role": "assistant", "content": text})
    return [answer for session in answers for answer in session]


def _answer(session: Session, turn: int, result: Result) -> Answer:
    text = result.text if isinstance(result, Completion) and result.text else None
    reason = result.reason if isinstance(result, Failure) else "" if text else "empty"
    return Answer(character=session.character.id, lang=session.character.lang, turn=turn, text=text, reason=reason)
