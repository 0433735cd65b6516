"""The simulation stage with a scripted supervisor: bad replies are counted and never reach the data."""

import json
from contextlib import nullcontext
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from omegaconf import DictConfig

from ditto.engines.base import Failure, Request
from ditto.engines.scripted import Script, ScriptedEngine
from ditto.errors import StageError
from ditto.models import Model
from ditto.records import Dialogue, read_jsonl
from ditto.run import CONF
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
