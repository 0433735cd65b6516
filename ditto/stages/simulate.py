"""Stage `simulate`: the supervision LLM writes the dialogues (paper, section 3.2)."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from ditto.config import plain, typed
from ditto.engines.ask import Tally, ask
from ditto.errors import StageError
from ditto.journal import Journal
from ditto.models import Model
from ditto.records import write_jsonl
from ditto.simulate.queries import choose_queries, pair, query_requests
from ditto.simulate.responses import dialogues, response_request
from ditto.simulate.settings import Simulation
from ditto.stages import characters
from ditto.stages.engine import load_engine, load_prompts
from ditto.store import Artifact, Recipe, Store

VERSION = 1


def run(cfg: DictConfig, store: Store, people: characters.Loaded, supervisor: Model) -> Artifact:
    settings = typed(cfg.simulate, Simulation)
    prompts = load_prompts(cfg, people.languages)
    recipe = Recipe(
        "simulate",
        supervisor.name,
        VERSION,
        {
            "supervisor": supervisor.identity,
            "simulate": plain(cfg.simulate),
            "prompts": {lang: p.digest for lang, p in prompts.items()},
            "batch_size": cfg.engine.batch_size,
        },
        {"characters": people.artifact.key},
    )
    train, seed = people.split.train, settings.seed

    def produce(folder: Path) -> Mapping[str, Any]:
        engine = load_engine(cfg, supervisor)
        journal, tally, rejected = Journal(folder / "journal.jsonl"), Tally(), Counter[str]()
        pairs = pair(train, seed)
        asked, cut_queries = query_requests(pairs, prompts, engine, settings.query, settings.n_queries)
        samples = ask(engine, asked, journal, tally, f"{supervisor.name} writes queries")
        queries = choose_queries(pairs, samples, settings.query.n, seed, rejected)
        valid = {(q.source, q.character.id, q.character.lang) for q in queries if q.kind == "contrastive"}
        prepared = [
            response_request(q.character, q.text, prompts[q.character.lang], engine, settings.response) for q in queries
        ]
        replies = ask(engine, [r for r, _ in prepared], journal, tally, f"{supervisor.name} answers them")
        claims = {(c.id, c.lang): c.claims for c in train}
        sessions = dialogues(queries, replies, claims, prompts, seed, rejected)
        if not sessions:
            raise StageError(
                f"{supervisor.name} wrote no usable dialogue: {dict(rejected)}. Look at {folder / 'journal.jsonl'}."
            )
        return {
            **tally.counts(),
            "pairs": len(pairs),
            "pairs without a valid sample": len(pairs) - len(valid),
            "queries": len(queries),
            "rejected": dict(sorted(rejected.items())),
            "profiles cut": cut_queries + sum(n for _, n in prepared),
            "dialogues": write_jsonl(folder / "dialogues.jsonl", sessions),
            "turns": sum(len(d.turns) for d in sessions),
        }

    return store.make(recipe, produce)
