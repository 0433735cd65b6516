"""Stage `plant`: answers with known verdicts, from the benchmark's references and from a file of people's."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from omegaconf import DictConfig, OmegaConf

from ditto.errors import ConfigError, DataError
from ditto.evaluate.case import cases
from ditto.evaluate.labels import labelled
from ditto.evaluate.planted import Planted, apart, plant
from ditto.records import Answer, Session, read_jsonl, write_jsonl
from ditto.stages import answer, benchmark, judge
from ditto.store import Artifact, Recipe, Store

VERSION: Final = 2


@dataclass(frozen=True, slots=True)
class Loaded:
    """`tests` asks the question of every planted answer in a turn of its own."""

    artifact: Artifact
    tests: benchmark.Loaded
    planted: list[Planted]


def run(cfg: DictConfig, store: Store, tests: benchmark.Loaded) -> Loaded:
    labels = Path(cfg.validate.labels) if cfg.validate.labels else None
    own = _own_answers(cfg, store, tests) if cfg.validate.own else []
    settings = {
        "seed": cfg.validate.seed,
        "labels": _content(labels),
        "truth": judge.identity(cfg.validate.truth) if own else None,
    }
    inputs = {"benchmark": tests.artifact.key} | {f"own {i}": artifact.key for i, artifact in enumerate(own)}
    recipe = Recipe("plant", cfg.study.name, VERSION, settings, inputs)

    def produce(folder: Path) -> Mapping[str, Any]:
        more = labelled(labels, tests.sessions) if labels else []
        for artifact in own:
            answers = read_jsonl(artifact.path / "answers.jsonl", Answer)
            more += judged_by_rules(tests.sessions, answers, judge.rules(cfg.validate.truth))
        sessions, planted = apart(tests.sessions, plant(tests.sessions, cfg.validate.seed) + more)
        write_jsonl(folder / "sessions.jsonl", sessions)
        write_jsonl(folder / "planted.jsonl", planted)
        kinds = Counter(one.kind for one in planted)
        return {"answers": write_jsonl(folder / "answers.jsonl", [one.answer for one in planted]), "kinds": dict(kinds)}

    made = store.make(recipe, produce)
    asked = benchmark.Loaded(made, read_jsonl(made.path / "sessions.jsonl", Session))
    return Loaded(made, asked, read_jsonl(made.path / "planted.jsonl", Planted))


def check_plant(cfg: DictConfig) -> None:
    """See that a judge's own answers can be told right from wrong, and that there is a judge to give them.

    Raises:
        ConfigError: they cannot, or there is none.
    """
    if not cfg.validate.own:
        return
    if not judge.members(cfg.judge):
        raise ConfigError("validate.own=true asks the judge for answers: use judge=llm, this one is no model.")
    if not cfg.validate.truth or judge.members(cfg.validate.truth):
        raise ConfigError("validate.own=true needs a judge that knows the truth: judge@validate.truth=oracle, on nano.")


def judged_by_rules(sessions: Sequence[Session], answers: Sequence[Answer], rules: judge.Rules) -> list[Planted]:
    """The answers with the verdicts of a judge that goes by rules as what is right."""
    return [
        Planted(
            kind="own answer",
            answer=case.answer,
            reject=case.question.reject,
            truth={v.metric: v.value for v in rules.judge(case.session, case.answer) if v.value is not None},
        )
        for case in cases(sessions, answers)
    ]


def _own_answers(cfg: DictConfig, store: Store, tests: benchmark.Loaded) -> list[Artifact]:
    """What each judging model answers with the profile in view."""
    made = []
    for member in judge.members(cfg.judge):
        own = cfg.copy()
        OmegaConf.set_struct(own, False)
        own.supervisor_engine = member.engine
        made.append(answer.run(own, store, tests, member.model, "supervision"))
    return made


def _content(path: Path | None) -> str | None:
    try:
        return sha256(path.read_bytes()).hexdigest() if path else None
    except OSError as error:
        raise DataError(f"validate.labels={path} cannot be read: {error.strerror}.") from None
