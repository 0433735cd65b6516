"""Stage `judge`: verdicts on answers, one per turn and metric."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from omegaconf import DictConfig

from ditto.config import build
from ditto.errors import StageError
from ditto.records import Answer, Session, Verdict, read_jsonl, write_jsonl
from ditto.stages import benchmark
from ditto.store import Artifact, Recipe, Store

VERSION = 1


class Judge(Protocol):
    """Turns an answer into verdicts. `identity` is what they are keyed by."""

    @property
    def identity(self) -> str: ...

    def judge(self, session: Session, answer: Answer) -> list[Verdict]: ...


def run(cfg: DictConfig, store: Store, tests: benchmark.Loaded, answered: Artifact, label: str) -> Artifact:
    judge: Judge = build(cfg.judge)
    recipe = Recipe("judge", label, VERSION, {"judge": judge.identity}, {"answer": answered.key})

    def produce(folder: Path) -> Mapping[str, Any]:
        answers = read_jsonl(answered.path / "answers.jsonl", Answer)
        sessions = {(s.character.id, s.character.lang): s for s in tests.sessions}
        verdicts = [v for a in answers for v in judge.judge(sessions[a.character, a.lang], a)]
        unscored = Counter(v.reason for v in verdicts if v.value is None)
        scored = sum(v.value is not None for v in verdicts)
        if len(verdicts) != scored + unscored.total():
            raise StageError(f"Verdicts are lost: {len(verdicts)} made, {scored} scored, {unscored.total()} not.")
        return {
            "verdicts": write_jsonl(folder / "verdicts.jsonl", verdicts),
            "scored": scored,
            "unscored": dict(sorted(unscored.items())),
        }

    return store.make(recipe, produce)
