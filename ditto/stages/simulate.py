"""Stage `simulate`: the supervision LLM writes the dialogues (paper, section 3.2)."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from omegaconf import DictConfig

from ditto.config import defining, plain, typed
from ditto.engines.ask import Tally, ask
from ditto.engines.base import Engine
from ditto.errors import StageError
from ditto.journal import Journal
from ditto.models import Model
from ditto.prompts import Prompts
from ditto.records import Character, Dialogue, write_jsonl
from ditto.simulate.queries import Pair, choose_queries, pair, query_requests
from ditto.simulate.responses import dialogues, response_request
from ditto.simulate.settings import Simulation
from ditto.stages import characters
from ditto.stages.engine import engine_for, load_prompts, supervisors
from ditto.store import Artifact, Recipe, Store

VERSION: Final = 3
# Pairs whose requests are in memory together: enough to keep many GPUs busy, and both directions of a pair.
AT_ONCE: Final = 512


def recipe(cfg: DictConfig, people: characters.Loaded, supervisor: Model, tuned: Artifact | None = None) -> Recipe:
    return Recipe(
        "simulate",
        supervisor.name,
        VERSION,
        {
            "supervisor": None if tuned else supervisor.identity,
            "simulate": plain(cfg.simulate),
            "prompts": {lang: p.digest for lang, p in load_prompts(cfg, people.languages).items()},
            "engine": defining(supervisors(cfg, tuned)),
        },
        {"characters": people.artifact.key} | ({"tune": tuned.key} if tuned else {}),
    )


def run(
    cfg: DictConfig, store: Store, people: characters.Loaded, supervisor: Model, tuned: Artifact | None = None
) -> Artifact:
    """The dialogues that `supervisor` writes, which may be the model of an earlier round (`tuned`)."""
    settings = typed(cfg.simulate, Simulation)
    prompts = load_prompts(cfg, people.languages)

    def produce(folder: Path) -> Mapping[str, Any]:
        journal = Journal(folder / "journal.jsonl")
        with engine_for(supervisors(cfg, tuned), supervisor) as engine:
            simulator = Simulator(engine, journal, prompts, settings, supervisor.name)
            counts = simulator.write(people.split.train, folder / "dialogues.jsonl")
        if not counts["dialogues"]:
            raise StageError(
                f"{supervisor.name} wrote no usable dialogue: {dict(simulator.rejected)}. "
                f"Look at {folder / 'journal.jsonl'}."
            )
        journal.compact()
        return counts

    return store.make(recipe(cfg, people, supervisor, tuned), produce)


@dataclass
class Simulator:
    """A supervisor at work, and the counts of what it did."""

    engine: Engine
    journal: Journal
    prompts: Mapping[str, Prompts]
    settings: Simulation
    name: str
    tally: Tally = field(default_factory=Tally)
    rejected: Counter[str] = field(default_factory=Counter)
    repaired: Counter[str] = field(default_factory=Counter)
    seen: Counter[str] = field(default_factory=Counter)

    def write(self, train: Sequence[Character], path: Path) -> Mapping[str, Any]:
        """Write the dialogues of all characters to `path`, some pairs at a time; returns the counts."""
        pairs = pair(self.settings.chosen(train), self.settings.seed)
        parts = [pairs[i : i + AT_ONCE] for i in range(0, len(pairs), AT_ONCE)]
        n_dialogues = write_jsonl(path, (dialogue for part in parts for dialogue in self._dialogues(part)))
        return {
            **self.tally.counts(),
            "pairs": len(pairs),
            **{name: self.seen[name] for name in ("pairs without a valid sample", "queries", "profiles cut")},
            "rejected": dict(sorted(self.rejected.items())),
            "repaired": dict(sorted(self.repaired.items())),
            "dialogues": n_dialogues,
            "turns": self.seen["turns"],
            "usage": asdict(self.engine.usage),
        }

    def _dialogues(self, pairs: Sequence[Pair]) -> Iterator[Dialogue]:
        seed, query, response = self.settings.seed, self.settings.query, self.settings.response
        known = self.settings.known
        shown = [(known(a, "query"), known(b, "query")) for a, b in pairs]
        asked, n_cut = query_requests(shown, self.prompts, self.engine, query, self.settings.n_queries)
        samples = ask(self.engine, asked, self.journal, self.tally, f"{self.name} writes queries")
        queries = choose_queries(pairs, samples, query.n, seed, self.rejected, self.repaired)
        valid = {(q.source, q.character.id, q.character.lang) for q in queries if q.kind == "contrastive"}
        queries = [q for q in queries if q.kind in self.settings.kinds]
        prepared = [
            response_request(
                known(q.character, "response"), q.text, self.prompts[q.character.lang], self.engine, response
            )
            for q in queries
        ]
        replies = ask(self.engine, [r for r, _ in prepared], self.journal, self.tally, f"{self.name} answers them")
        claims = {(c.id, c.lang): c.claims for c, _ in pairs}
        self.seen["pairs without a valid sample"] += len(pairs) - len(valid)
        self.seen["queries"] += len(queries)
        self.seen["profiles cut"] += n_cut + sum(n for _, n in prepared)
        for dialogue in dialogues(queries, replies, claims, self.prompts, seed, self.rejected):
            self.seen["turns"] += len(dialogue.turns)
            yield dialogue
