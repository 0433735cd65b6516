"""Simulating many characters with long articles: the memory beside the characters themselves."""

import json
import tempfile
from functools import partial
from pathlib import Path

from benchmarks.journal import Row, growth
from benchmarks.timing import alone
from ditto.engines.base import Request, Sampling
from ditto.engines.scripted import ScriptedEngine
from ditto.journal import Journal
from ditto.prompts import Prompts
from ditto.records import Character
from ditto.simulate.settings import Simulation
from ditto.stages.simulate import Simulator

SIZES = (1_000, 4_000)
ARTICLE = 40_000  # characters of text


class Forgetful(list[Request]):
    """Keeps nothing of what it is given."""

    def __iadd__(self, _: object) -> "Forgetful":  # type: ignore[misc, override]
        return self


def run() -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        return [(f"{n:,} characters", *alone(growth, partial(_simulate, n), Path(folder))) for n in SIZES]


def _simulate(n: int, folder: Path) -> None:
    people = [
        Character(id=f"Q{i}", lang="en", label=f"Label{i}", description="d", claims=(), article=_article(i))
        for i in range(n)
    ]
    engine = ScriptedEngine(_reply, max_length=10**6)
    engine.asked = Forgetful()
    sampling, journal = Sampling(max_tokens=200), Journal(folder / f"{n}.jsonl")
    simulator = Simulator(engine, journal, {"en": Prompts("nano", "en")}, Simulation(sampling, sampling), "scripted")
    counts = simulator.write(people, folder / f"{n}-dialogues.jsonl")
    assert counts["dialogues"] == n


def _article(i: int) -> str:
    return f"{i} tells of towns. " * (ARTICLE // len(f"{i} tells of towns. "))


def _reply(request: Request) -> str:
    if request.schema is None:
        return "I know it well."
    return json.dumps([{"question": f"Where is Sanaton, friend {request.sample}?"}, {"question": "Who is Keren?"}])
