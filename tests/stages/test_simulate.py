"""The simulation stage with a scripted supervisor: bad replies are counted and never reach the data."""

import json
import tracemalloc
from contextlib import nullcontext
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from omegaconf import DictConfig, OmegaConf

from ditto.engines.base import Failure, Request, Sampling
from ditto.engines.scripted import Script, ScriptedEngine
from ditto.errors import StageError
from ditto.journal import Journal
from ditto.models import Model
from ditto.prompts import Prompts
from ditto.records import Character, Dialogue, read_jsonl
from ditto.run import CONF
from ditto.simulate.settings import Simulation
from ditto.stages import characters, simulate
from ditto.store import Artifact, Store
from tests.commands import TINY


@pytest.fixture
def cfg(tmp_path: Path) -> DictConfig:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return compose("config", overrides=[*TINY, f"paths.root={tmp_path}", "characters.languages=[en]"])


def simulated(cfg: DictConfig, model: Model, script: Script, monkeypatch: pytest.MonkeyPatch) -> Artifact:
    engine = ScriptedEngine(script, identity=model.identity)
    monkeypatch.setattr(simulate, "engine_for", lambda *_: nullcontext(engine))
    store = Store(cfg.paths.root)
    return simulate.run(cfg, store, characters.run(cfg, store), model)


def asks_for_queries(request: Request) -> bool:
    return request.schema is not None


def questions(request: Request) -> str:
    return json.dumps([{"question": f"Where is Sanaton, friend {request.sample}?"}, {"question": "Who is Keren?"}])


def test_good_replies_become_sessions_without_the_profile(
    cfg: DictConfig, model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = simulated(cfg, model, lambda r: questions(r) if asks_for_queries(r) else "I know it well.", monkeypatch)
    sessions = read_jsonl(made.path / "dialogues.jsonl", Dialogue)
    assert len(sessions) == 6
    assert all(sorted(t.kind for t in s.turns) == ["contrastive"] * 2 + ["specific"] * 2 for s in sessions)
    people = {c.id: c for c in characters.run(cfg, Store(cfg.paths.root)).split.train}
    assert all(people[s.character].article not in str(s.messages) for s in sessions)
    assert made.counts["requested"] == made.counts["done"] == 6 * 3 + 6 * 4


def test_bad_replies_are_counted_by_reason(cfg: DictConfig, model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    bad = ["", "no list", '[{"question": ""}]']

    def script(request: Request) -> str | Failure:
        if not asks_for_queries(request):
            return Failure("server error") if "friend" in request.messages[-1]["content"] else "中文的回答"
        return questions(request) if request.sample == 0 else bad[request.sample]

    with pytest.raises(StageError, match="no usable dialogue") as error:
        simulated(cfg, model, script, monkeypatch)
    # Six pairs: two bad samples each; four questions each, half of which meet a broken server.
    for reason in ("'not JSON': 6", "'empty question': 6", "'server error': 12", "'other language': 12"):
        assert reason in str(error.value)


def test_a_pair_without_a_valid_sample_has_no_queries(
    cfg: DictConfig, model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []

    def script(request: Request) -> str:
        if not asks_for_queries(request):
            return "I know it well."
        prompt = request.messages[0]["content"]
        seen.append(prompt)
        return "not JSON at all" if prompt == seen[0] else questions(request)

    made = simulated(cfg, model, script, monkeypatch)
    assert made.counts["rejected"] == {"not JSON": 3}
    assert made.counts["pairs without a valid sample"] == 1
    assert made.counts["queries"] == 5 * 4
    assert made.counts["requested"] == 6 * 3 + 5 * 4


@pytest.mark.parametrize(
    ("knowledge", "in_queries", "in_responses"), [("[query,response]", 1, 1), ("[query]", 1, 0), ("[]", 0, 0)]
)
def test_profiles_are_shown_in_the_tasks_that_know(
    cfg: DictConfig,
    model: Model,
    monkeypatch: pytest.MonkeyPatch,
    knowledge: str,
    in_queries: int,
    in_responses: int,
) -> None:
    asked: list[tuple[bool, str]] = []

    def script(request: Request) -> str:
        asked.append((asks_for_queries(request), str([m["content"] for m in request.messages])))
        return questions(request) if asks_for_queries(request) else "I know it well."

    OmegaConf.update(cfg, "simulate.knowledge", OmegaConf.create(knowledge))
    simulated(cfg, model, script, monkeypatch)
    people = characters.run(cfg, Store(cfg.paths.root)).split.train
    for of_queries, shown in ((True, in_queries), (False, in_responses)):
        texts = [text for is_query, text in asked if is_query == of_queries]
        assert texts
        assert all(any(c.label in text and c.description in text for c in people) for text in texts)
        assert all(any(c.article in text for c in people) == bool(shown) for text in texts)


@pytest.mark.parametrize("kind", ["specific", "contrastive"])
def test_queries_of_one_kind_alone_are_answered(
    cfg: DictConfig, model: Model, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    cfg.simulate.kinds = [kind]
    made = simulated(cfg, model, lambda r: questions(r) if asks_for_queries(r) else "I know it well.", monkeypatch)
    sessions = read_jsonl(made.path / "dialogues.jsonl", Dialogue)
    assert [[t.kind for t in s.turns] for s in sessions] == [[kind] * 2] * 6
    assert (made.counts["pairs without a valid sample"], made.counts["queries"]) == (0, 6 * 2)
    assert made.counts["requested"] == 6 * 3 + 6 * 2


def test_characters_are_simulated_in_the_chosen_languages_alone(
    cfg: DictConfig, model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    cfg.characters.languages, cfg.simulate.languages = ["en", "zh"], ["en"]
    made = simulated(cfg, model, lambda r: questions(r) if asks_for_queries(r) else "I know it well.", monkeypatch)
    assert [s.lang for s in read_jsonl(made.path / "dialogues.jsonl", Dialogue)] == ["en"] * 6


def test_memory_does_not_grow_with_the_number_of_characters(
    tmp_path: Path, model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Profiles are shared by many requests and long: those of some pairs at a time may be in memory."""
    monkeypatch.setattr(simulate, "AT_ONCE", 16)
    prompts = {"en": Prompts("nano", "en")}
    sampling = Sampling(max_tokens=200)
    peaks = []
    for n in (32, 256):
        people = [
            Character(
                id=f"Q{i}", lang="en", label=f"Label{i}", description="d", claims=(), article=f"{i} tells. " * 4000
            )
            for i in range(n)
        ]
        engine = ScriptedEngine(lambda r: questions(r) if asks_for_queries(r) else "I know.", max_length=10**6)
        monkeypatch.setattr(engine, "asked", Forgetful())
        journal = Journal(tmp_path / f"{n}.jsonl")
        simulator = simulate.Simulator(engine, journal, prompts, Simulation(sampling, sampling), "scripted")
        tracemalloc.start()
        counts = simulator.write(people, tmp_path / f"{n}-dialogues.jsonl")
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert counts["dialogues"] == n
        assert counts["requested"] == counts["done"] == n * 5
    assert peaks[1] < 1.3 * peaks[0]


class Forgetful(list[Request]):
    """Keeps nothing of what it is given."""

    def __iadd__(self, _: object) -> "Forgetful":
        return self
