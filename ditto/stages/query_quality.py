"""`task=query_quality`: check every query that a supervisor's dialogues hold (`+experiment=query_quality`)."""

import json
import logging
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Protocol

from omegaconf import DictConfig

from ditto.config import build, defining, typed
from ditto.engines.ask import Tally
from ditto.errors import ConfigError
from ditto.evaluate.oracle import Oracle
from ditto.evaluate.query_quality import GRADES, Checked, Put, by_names, queries_put
from ditto.evaluate.query_votes import by_votes
from ditto.journal import Journal
from ditto.models import parameters
from ditto.prompts import Prompts
from ditto.records import Character, Dialogue, read_jsonl, write_jsonl
from ditto.report import query_quality_terminal
from ditto.report.matrix import to_csv
from ditto.report.query_quality import Difference, Line, Supervisor, differences, quality
from ditto.simulate.queries import pair
from ditto.simulate.settings import Simulation
from ditto.stages import characters, judge, simulate
from ditto.stages.check import check_names, models
from ditto.stages.engine import engine_for, supervisors
from ditto.store import Recipe, Store, verified, write_atomically

VERSION: Final = 1
PACK: Final = "build"
log = logging.getLogger(__name__)


class Checker(Protocol):
    """Who says how good a query is."""

    def identity(self, people: Sequence[Character]) -> Any:
        """What the verdicts on queries to `people` are keyed by.

        Raises:
            ConfigError: it can say nothing of them.
        """
        ...

    def check(self, queries: Sequence[Put], folder: Path) -> tuple[list[Checked], Mapping[str, Any]]:
        """A verdict on each query, and counts of what that took; what must survive a kill goes into `folder`."""
        ...


class Names:
    """The oracle's way: by the values of claims that a query names."""

    def identity(self, people: Sequence[Character]) -> Any:
        if not any(character.claims for character in people):
            raise ConfigError("This judge checks queries by claims, and no character has any: use judge=llm.")
        return "names"

    def check(self, queries: Sequence[Put], folder: Path) -> tuple[list[Checked], Mapping[str, Any]]:
        return [by_names(query) for query in queries], {}


@dataclass(frozen=True, slots=True)
class Votes:
    """A model's way, by the prompt that checks the labels of `benchmark=build`."""

    judge: judge.Member

    def identity(self, people: Sequence[Character]) -> Any:
        return {
            "model": self.judge.model.identity,
            "engine": defining(self.judge.engine),
            "sampling": asdict(self.judge.voting.sampling),
            "prompts": {lang: p.digest for lang, p in _prompts(character.lang for character in people).items()},
        }

    def check(self, queries: Sequence[Put], folder: Path) -> tuple[list[Checked], Mapping[str, Any]]:
        journal, tally = Journal(folder / "journal.jsonl"), Tally()
        prompts = _prompts(put.query.character.lang for put in queries)
        with engine_for(self.judge.engine, self.judge.model) as engine:
            checked, n_cut = by_votes(queries, prompts, engine, self.judge.voting.sampling, journal, tally)
        journal.compact()
        return checked, {**tally.counts(), "profiles cut": n_cut, "usage": asdict(engine.usage)}


def run(cfg: DictConfig) -> Path:
    """Check one supervisor's queries; returns the folder of the artifact."""
    check_names(cfg)
    build(cfg.characters)
    settings = typed(cfg.simulate, Simulation)
    checker = checker_of(cfg.judge)
    judge.check_judge(cfg.judge)
    _, supervisor = models(cfg)
    with engine_for(supervisors(cfg), supervisor):
        pass
    store = Store(cfg.paths.root)
    people = characters.run(cfg, store)
    train = settings.chosen(people.split.train)
    identity = checker.identity(train)
    simulated = simulate.run(cfg, store, people, supervisor)

    def produce(folder: Path) -> Mapping[str, Any]:
        dialogues = read_jsonl(simulated.path / "dialogues.jsonl", Dialogue)
        checked, counts = checker.check(queries_put(dialogues, train, pair(train, settings.seed)), folder)
        size = None if supervisor.is_api else parameters(supervisor)
        (folder / "supervisor.json").write_text(json.dumps(asdict(Supervisor(supervisor.name, size))), "utf-8")
        verdicts = Counter(query.verdict for query in checked)
        n_queries = write_jsonl(folder / "queries.jsonl", checked)
        return {"queries": n_queries, **{grade: verdicts[grade] for grade in GRADES}, **counts}

    recipe = Recipe("query_quality", supervisor.name, VERSION, {"checker": identity}, {"simulate": simulated.key})
    return store.make(recipe, produce).path


def checker_of(node: DictConfig) -> Checker:
    """The checker that `judge` stands for.

    Raises:
        ConfigError: it stands for none, or a value cannot be meant.
    """
    if "members" in node:
        raise ConfigError("judge=panel checks no queries, one judge does: use judge=oracle or judge=llm.")
    if found := judge.members(node):
        return Votes(found[0])
    if not isinstance(rules := judge.rules(node), Oracle):
        raise ConfigError(f"The judge {type(rules).__name__} checks no queries: use judge=oracle or judge=llm.")
    return Names()


def finish(cfg: DictConfig, folders: Sequence[Path]) -> Path:
    """Compare the supervisors whose queries are in `folders`; returns `<root>/report/<study>`.

    Raises:
        ConfigError: a supervisor has several simulations that are no replicates.
    """
    asked = _asked(folders, cfg.study.replicates or 1)
    folder: Path = Path(cfg.paths.root) / "report" / cfg.study.name
    lines, apart = quality(asked), differences(asked)
    write_atomically(folder / "quality.csv", to_csv(lines, Line))
    write_atomically(folder / "differences.csv", to_csv(apart, Difference))
    if cfg.report.figures:
        from ditto.report import query_quality_figure

        query_quality_figure.draw(lines, folder)
    query_quality_terminal.show(lines, apart, cfg.study.name)
    log.info("%-11s %s", "report", folder)
    return folder


def _asked(folders: Sequence[Path], replicates: int) -> dict[Supervisor, list[Checked]]:
    """The queries of each supervisor; those of its replicates together, as more queries for the same roles."""
    asked, simulations = defaultdict[Supervisor, list[Checked]](list), Counter[str]()
    for folder in folders:
        verified(folder)
        supervisor = Supervisor(**json.loads((folder / "supervisor.json").read_text("utf-8")))
        asked[supervisor] += read_jsonl(folder / "queries.jsonl", Checked)
        simulations[supervisor.name] += 1
    for name, n in simulations.items():
        if n > replicates:
            raise ConfigError(
                f"{name} has {n} simulations in this launch: vary nothing but the supervisor, or study.replicates."
            )
    return asked


def _prompts(languages: Iterable[str]) -> dict[str, Prompts]:
    return {lang: Prompts(PACK, lang, "building") for lang in sorted(set(languages))}
