"""Stage `judge`: verdicts on answers, one a turn, metric and vote."""

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

from omegaconf import DictConfig

from ditto.config import build, defining, typed
from ditto.engines.ask import Tally
from ditto.errors import ConfigError, StageError
from ditto.evaluate.case import Case, cases
from ditto.evaluate.llm import LLMJudge, Voting
from ditto.journal import Journal
from ditto.models import Model
from ditto.prompts import FOLDER, Prompts
from ditto.records import Answer, Metric, Session, Verdict, read_jsonl, write_jsonl
from ditto.stages import benchmark
from ditto.stages.engine import engine_for
from ditto.store import Artifact, Recipe, Store

VERSION = 2
log = logging.getLogger(__name__)
Counts = dict[str, Any]


class Rules(Protocol):
    """A judge that needs no model; `identity` is what its verdicts are keyed by."""

    @property
    def identity(self) -> str: ...

    @property
    def metrics(self) -> Sequence[Metric]: ...

    def check(self, tests: Sequence[Session]) -> None: ...

    def judge(self, session: Session, answer: Answer) -> list[Verdict]: ...


@dataclass(frozen=True, slots=True)
class Member:
    """A model that judges, alone or in a panel under its `name`."""

    name: str
    model: Model
    engine: DictConfig
    voting: Voting

    @property
    def identity(self) -> dict[str, Any]:
        return {
            "model": self.model.identity,
            "engine": defining(self.engine),
            "voting": asdict(self.voting),
            "prompts": {lang: self.prompts(lang).digest for lang in self.languages},
        }

    @property
    def languages(self) -> list[str]:
        """Those that the pack has, and English, which stands in for others."""
        return sorted({"en", *(f.name for f in self._pack.glob("*/") if f.is_dir())})

    @property
    def _pack(self) -> Path:
        pack = self.voting.prompts
        return Path(pack) if "/" in pack else FOLDER / pack

    def prompts(self, lang: str) -> Prompts:
        """In the language of what is judged, or in English where the pack has not that one."""
        return Prompts(self.voting.prompts, lang if lang in self.languages else "en", "judging")

    def judge(self, shown: Sequence[Case], folder: Path) -> tuple[list[Verdict], Counts]:
        """All votes, through a journal of its own in `folder`."""
        journal, tally = Journal(folder / f"journal{self.name and '-' + self.name}.jsonl"), Tally()
        languages = {case.answer.lang: self.prompts(case.answer.lang) for case in shown}
        with engine_for(self.engine, self.model) as engine:
            verdicts = LLMJudge(engine, self.voting, languages, self.name).judge(shown, journal, tally)
        journal.compact()
        return verdicts, {**tally.counts(), "usage": asdict(engine.usage)}


def members(node: DictConfig) -> list[Member]:
    """The models that judge; none where the judge goes by rules.

    Raises:
        ConfigError: a value that cannot be meant.
    """
    panel = node.get("members", {})
    nodes = {"": node} if "model" in node else {str(name): panel[name] for name in panel}
    if "members" in node and (unknown := sorted(set(map(str, node)) - {"members"})):
        name = unknown[0]
        raise ConfigError(f"judge.{name} is unknown: each member of a panel has its own, judge.members.<name>.{name}.")
    return [_member(name, one) for name, one in nodes.items()]


def _member(name: str, node: DictConfig) -> Member:
    voting = node.copy()
    voting._set_flag("struct", False)
    model: Model = build(voting.pop("model"))
    voting.pop("engine")
    return Member(name, model, node.engine, typed(voting, Voting))


def identity(node: DictConfig) -> Any:
    """What the verdicts of the judge are keyed by."""
    found = members(node)
    return {member.name: member.identity for member in found} if found else rules(node).identity


def check_judge(node: DictConfig) -> None:
    """Build the judge, with its engines but without weights.

    Raises:
        DittoError: what is wrong with it.
    """
    for member in members(node):
        assert all(member.prompts(lang).texts for lang in member.languages)
        with engine_for(member.engine, member.model):
            pass
    if not members(node):
        rules(node)


def check_metrics(node: DictConfig, tests: Sequence[Session]) -> None:
    """See that the judge can give the verdicts which the benchmark asks for.

    Raises:
        ConfigError: it goes by rules, and has none for a metric.
    """
    if members(node):
        return
    judge = rules(node)
    if unknown := sorted({metric for session in tests for metric in session.metrics} - set(judge.metrics)):
        raise ConfigError(
            f"The judge {type(judge).__name__} goes by rules and has none for {unknown[0]}: use judge=llm."
        )
    judge.check(tests)


def recipe(cfg: DictConfig, answered: Artifact, label: str) -> Recipe:
    return Recipe("judge", label, VERSION, {"judge": identity(cfg.judge)}, {"answer": answered.key})


def run(
    cfg: DictConfig, store: Store, tests: benchmark.Loaded, answered: Artifact, label: str, model: Model | None = None
) -> Artifact:
    """Verdicts on `answered`, which `model` has given."""
    found = members(cfg.judge)
    if model and any(member.model.identity == model.identity for member in found):
        log.warning("%s judges its own answers, and models prefer what they would have said.", model.name)

    def produce(folder: Path) -> Mapping[str, Any]:
        shown = cases(tests.sessions, read_jsonl(answered.path / "answers.jsonl", Answer))
        verdicts, counts = _judged(cfg.judge, found, shown, folder)
        unscored = Counter(v.reason for v in verdicts if v.value is None)
        scored = sum(v.value is not None for v in verdicts)
        if len(verdicts) != scored + unscored.total():
            raise StageError(f"Verdicts are lost: {len(verdicts)} made, {scored} scored, {unscored.total()} not.")
        return {
            "verdicts": write_jsonl(folder / "verdicts.jsonl", verdicts),
            "scored": scored,
            "unscored": dict(sorted(unscored.items())),
            **counts,
        }

    return store.make(recipe(cfg, answered, label), produce)


def _judged(
    node: DictConfig, found: Sequence[Member], shown: Sequence[Case], folder: Path
) -> tuple[list[Verdict], Counts]:
    if not found:
        judge = rules(node)
        return [v for case in shown for v in judge.judge(case.session, case.answer)], {}
    each = [member.judge(shown, folder) for member in found]
    verdicts = [verdict for made, _ in each for verdict in made]
    counts = {member.name: counted for member, (_, counted) in zip(found, each, strict=True)}
    return verdicts, counts.get("", counts)


def rules(node: DictConfig) -> Rules:
    """The judge that `node` configures, which asks no model."""
    judge: Rules = build(node)
    return judge
