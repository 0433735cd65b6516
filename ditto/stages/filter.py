"""Stage `filter`: the supervisor looks at its own turns, and those that do not pass are not learnt from.

The paper names the noise of simulated dialogues among its limitations, and this cleaning as work to do.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from omegaconf import DictConfig

from ditto.config import build, defining, plain
from ditto.engines.ask import Tally, ask
from ditto.engines.base import Engine, Request, Result
from ditto.errors import StageError
from ditto.filtering.base import Filter, Posed
from ditto.journal import Journal
from ditto.models import Model
from ditto.prompts import Prompts
from ditto.records import Character, Dialogue, read_jsonl, write_jsonl
from ditto.simulate.filters import Malformed
from ditto.simulate.responses import dialogue
from ditto.stages import characters, simulate
from ditto.stages.engine import engine_for, load_prompts, supervisors
from ditto.store import Artifact, Recipe, Store

VERSION: Final = 1
# Dialogues whose requests are in memory together.
AT_ONCE: Final = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """Whether turn `turn` of a simulated dialogue stays, and if not, why."""

    character: str
    lang: str
    turn: int
    kept: bool
    reason: str = ""


def check_filter(cfg: DictConfig) -> None:
    """Build the filter, where there is one, with its prompts.

    Raises:
        DittoError: what is wrong with it.
    """
    if cfg.get("filter"):
        loaded = build(cfg.filter).load(load_prompts(cfg, ["en"]))
        assert all(prompts.texts for prompts in loaded.values())


def recipe(
    cfg: DictConfig, people: characters.Loaded, simulated: Artifact, supervisor: Model, tuned: Artifact | None = None
) -> Recipe:
    filtering: Filter = build(cfg.filter)
    settings = {
        "supervisor": None if tuned else supervisor.identity,
        "filter": plain(cfg.filter),
        "prompts": {lang: p.digest for lang, p in filtering.load(load_prompts(cfg, people.languages)).items()},
        "engine": defining(supervisors(cfg, tuned)),
    }
    inputs = {"simulate": simulated.key} | ({"tune": tuned.key} if tuned else {})
    return Recipe("filter", supervisor.name, VERSION, settings, inputs)


def run(
    cfg: DictConfig, store: Store, people: characters.Loaded, supervisor: Model, tuned: Artifact | None = None
) -> Artifact:
    """The dialogues to learn from: the simulation, without the turns that `cfg.filter` drops where there is one."""
    simulated = simulate.run(cfg, store, people, supervisor, tuned)
    if not cfg.get("filter"):
        return simulated

    def produce(folder: Path) -> Mapping[str, Any]:
        journal, filtering = Journal(folder / "journal.jsonl"), build(cfg.filter)
        prompts = filtering.load(load_prompts(cfg, people.languages))
        with engine_for(supervisors(cfg, tuned), supervisor) as engine:
            sieve = Sieve(engine, journal, filtering, prompts, people.split.train, supervisor.name)
            counts = sieve.write(read_jsonl(simulated.path / "dialogues.jsonl", Dialogue), folder)
        if not counts["kept"]:
            told = counts["dropped"] | counts["unreadable"]
            raise StageError(f"{supervisor.name} keeps none of its {counts['turns']} turns: {told}.")
        journal.compact()
        return counts

    return store.make(recipe(cfg, people, simulated, supervisor, tuned), produce)


@dataclass
class Sieve:
    """A supervisor before its own dialogues with the characters `people`, and the counts of what it did."""

    engine: Engine
    journal: Journal
    filtering: Filter
    prompts: Mapping[str, Prompts]
    people: Sequence[Character]
    name: str
    tally: Tally = field(default_factory=Tally)
    dropped: Counter[str] = field(default_factory=Counter)
    unreadable: Counter[str] = field(default_factory=Counter)
    kept: Counter[str] = field(default_factory=Counter)
    n_cut: int = 0
    checks: list[Check] = field(default_factory=list)

    def write(self, talks: Sequence[Dialogue], folder: Path) -> Mapping[str, Any]:
        """Write `dialogues.jsonl` and `checks.jsonl`; returns the counts.

        Raises:
            StageError: turns are lost.
        """
        parts = [talks[i : i + AT_ONCE] for i in range(0, len(talks), AT_ONCE)]
        n_dialogues = write_jsonl(folder / "dialogues.jsonl", (t for part in parts for t in self._sifted(part)))
        n_turns = sum(len(talk.turns) for talk in talks)
        if n_turns != self.kept.total() + self.dropped.total() + self.unreadable.total():
            raise StageError(f"Turns are lost: of {n_turns}, {len(self.checks)} were checked.")
        write_jsonl(folder / "checks.jsonl", self.checks)
        return {
            **self.tally.counts(),
            "turns": n_turns,
            "kept": self.kept.total(),
            "dropped": dict(sorted(self.dropped.items())),
            "unreadable": dict(sorted(self.unreadable.items())),
            "kept by kind": dict(sorted(self.kept.items())),
            "dialogues": n_dialogues,
            "dialogues left out": len(talks) - n_dialogues,
            "profiles cut": self.n_cut,
            "usage": asdict(self.engine.usage),
        }

    def _sifted(self, talks: Sequence[Dialogue]) -> Iterator[Dialogue]:
        """The dialogues with the turns that stay; those that none stays of are left out."""
        who = {(c.id, c.lang): c for c in self.people}
        posed = [
            Posed(who[talk.character, talk.lang], who[turn.source, talk.lang], turn)
            for talk in talks
            for turn in talk.turns
        ]
        prepared = [self.filtering.requests(one, self.prompts[one.character.lang], self.engine) for one in posed]
        self.n_cut += sum(n for _, n in prepared)
        asked: list[Request] = [request for requests, _ in prepared for request in requests]
        replies = iter(ask(self.engine, asked, self.journal, self.tally, f"{self.name} checks its turns"))
        faults = iter([self._fault(one, [next(replies) for _ in range(self.filtering.asks)]) for one in posed])
        for talk in talks:
            turns = []
            for i, turn in enumerate(talk.turns):
                reason = next(faults)
                kept = not reason
                self.checks.append(Check(character=talk.character, lang=talk.lang, turn=i, kept=kept, reason=reason))
                if kept:
                    self.kept[turn.kind] += 1
                    turns.append(turn)
            if turns:
                yield dialogue(talk.character, talk.lang, turns, talk.system)

    def _fault(self, posed: Posed, replies: Sequence[Result]) -> str:
        """Why the turn is dropped; what the replies do not tell is dropped as well."""
        try:
            if reason := self.filtering.fault(posed, replies):
                self.dropped[reason] += 1
        except Malformed as unreadable:
            reason = f"unreadable: {unreadable}"
            self.unreadable[str(unreadable)] += 1
        return reason
