"""The filter stage: every turn has one check, what stays is what was there, and off means as before."""

import json
from contextlib import nullcontext
from pathlib import Path

import pytest
from omegaconf import DictConfig

from ditto.engines.base import Failure, Request
from ditto.engines.scripted import Script, ScriptedEngine
from ditto.errors import ConfigError, StageError
from ditto.models import Model
from ditto.records import Dialogue, read_jsonl
from ditto.stages import characters, simulate, tune
from ditto.stages import filter as filtering
from ditto.stages.check import check
from ditto.stages.filter import Check
from ditto.store import Artifact, Store
from tests.commands import TINY
from tests.stages.conftest import composed

OTHER = "query of the other kind"


def config(root: Path, *overrides: str) -> DictConfig:
    return composed(root, *TINY, "characters.languages=[en]", "prompts=paper", *overrides)


def reply(request: Request) -> str:
    """Two questions, any response, and verdicts by which every contrastive query that names Keren is a wrong one."""
    if request.schema is None:
        return "I know it well."
    if request.schema["type"] == "array":
        return json.dumps([{"question": "Where is Sanaton, friend?"}, {"question": "Who is Keren?"}])
    if "refuses" not in request.schema["properties"]:
        return '{"reason": "", "sound": true}'
    return json.dumps({"reason": "", "refuses": "Sanaton, friend" in request.messages[0]["content"]})


def made(cfg: DictConfig, model: Model, script: Script, monkeypatch: pytest.MonkeyPatch) -> tuple[Artifact, int]:
    """The dialogues to learn from, and how often the filter asked."""
    engine, asking = (ScriptedEngine(s, identity=model.identity, max_length=10**6) for s in (reply, script))
    monkeypatch.setattr(simulate, "engine_for", lambda *_: nullcontext(engine))
    monkeypatch.setattr(filtering, "engine_for", lambda *_: nullcontext(asking))
    store = Store(cfg.paths.root)
    return filtering.run(cfg, store, characters.run(cfg, store), model), len(asking.asked)


def simulation(root: Path) -> list[Dialogue]:
    [folder] = (root / "simulate").iterdir()
    return read_jsonl(folder / "dialogues.jsonl", Dialogue)


def test_what_does_not_pass_is_left_out_and_counted(
    tmp_path: Path, model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    artifact, _ = made(config(tmp_path, "filter=self"), model, reply, monkeypatch)
    before, after = simulation(tmp_path), read_jsonl(artifact.path / "dialogues.jsonl", Dialogue)
    checks = read_jsonl(artifact.path / "checks.jsonl", Check)
    # Of each character's four turns, the specific one with Keren and the contrastive one with Sanaton stay.
    assert [(c.character, c.turn) for c in checks] == [(d.character, i) for d in before for i in range(4)]
    assert {c.reason for c in checks if not c.kept} == {OTHER}
    kept = [
        turn
        for d, of in zip(before, range(6), strict=True)
        for i, turn in enumerate(d.turns)
        if checks[4 * of + i].kept
    ]
    assert [turn for d in after for turn in d.turns] == kept
    for d in after:
        assert [m["content"] for m in d.messages] == [
            d.system,
            *(t for turn in d.turns for t in (turn.query, turn.response)),
        ]
    counts = artifact.counts
    assert (counts["turns"], counts["kept"], counts["dropped"]) == (24, 12, {OTHER: 12})
    assert counts["kept by kind"] == {"contrastive": 6, "specific": 6}
    assert (counts["dialogues"], counts["dialogues left out"]) == (6, 0)


def test_what_cannot_be_read_is_dropped_and_a_dialogue_without_turns_is_left_out(
    tmp_path: Path, model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = list[str]()

    def script(request: Request) -> str | Failure:
        profile = request.messages[0]["content"].partition("Question:")[0]
        seen.append(profile)
        return Failure("server error") if profile in seen[:2] else reply(request)

    artifact, _ = made(config(tmp_path, "filter=self"), model, script, monkeypatch)
    counts = artifact.counts
    assert counts["failed"] == {"server error": counts["unreadable"]["server error"] * 2}
    assert (
        counts["turns"] == counts["kept"] + sum(counts["dropped"].values()) + sum(counts["unreadable"].values()) == 24
    )
    assert (counts["dialogues"], counts["dialogues left out"]) == (5, 1)
    reasons = [c.reason for c in read_jsonl(artifact.path / "checks.jsonl", Check)]
    assert reasons.count("unreadable: server error") == 4


def test_nothing_left_is_an_error(tmp_path: Path, model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(StageError, match=r"random keeps none of its 24 turns: .'no verdict': 24."):
        made(config(tmp_path, "filter=self"), model, lambda _: "I like it.", monkeypatch)


def test_killed_in_the_middle_it_ends_with_the_same_bytes_and_asks_nothing_twice(
    tmp_path: Path, model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = iter(range(20))

    def dying(request: Request) -> str:
        if next(left, None) is None:
            raise KeyboardInterrupt
        return reply(request)

    monkeypatch.setattr(filtering, "AT_ONCE", 2)
    whole, n_whole = made(config(tmp_path / "whole", "filter=self"), model, reply, monkeypatch)
    cfg = config(tmp_path / "killed", "filter=self")
    with pytest.raises(KeyboardInterrupt):
        made(cfg, model, dying, monkeypatch)
    resumed, n_resumed = made(cfg, model, reply, monkeypatch)
    assert resumed.key == whole.key
    assert n_resumed == n_whole - 16  # two batches were stored
    for name in ("dialogues.jsonl", "checks.jsonl", "journal.jsonl"):
        assert (resumed.path / name).read_bytes() == (whole.path / name).read_bytes()


def test_without_a_filter_the_simulation_is_learnt_from_under_its_former_key(
    tmp_path: Path, model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    cfg = config(tmp_path)
    artifact, n_asked = made(cfg, model, reply, monkeypatch)
    store = Store(cfg.paths.root)
    simulated = simulate.run(cfg, store, characters.run(cfg, store), model)
    assert (artifact.key, artifact.path, n_asked) == (simulated.key, simulated.path, 0)
    recipe = tune.recipe(cfg, artifact, model, model)
    assert recipe.inputs == {"simulate": simulated.key}
    assert set(recipe.settings) == {"seed", "tuning", "precision"}
    filtered, _ = made(config(tmp_path, "filter=self"), model, reply, monkeypatch)
    assert tune.recipe(cfg, filtered, model, model).inputs == {"filter": filtered.key}


def test_a_filter_is_keyed_by_what_changes_it(tmp_path: Path, model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    def script(request: Request) -> str:
        return "I know it well." if request.schema is None else reply(request)

    changes = {"self": "max_tokens=99", "consistency": "agree=2"}
    variants = [(f"filter={name}", *more) for name, change in changes.items() for more in ((), (f"filter.{change}",))]
    keys = {made(config(tmp_path, *words), model, script, monkeypatch)[0].key for words in variants}
    assert len(keys) == len(variants)
    assert len(simulation(tmp_path)) == 6


def test_a_nano_model_is_held_to_what_it_says_again(tmp_path: Path) -> None:
    cfg = composed(tmp_path, *TINY, "model@seed=nano_xs", "filter=consistency")
    model, _ = check(cfg)
    store = Store(cfg.paths.root)
    artifact = filtering.run(cfg, store, characters.run(cfg, store), model)
    counts = artifact.counts
    assert counts["requested"] == counts["done"] == 5 * counts["turns"]
    assert 0 < counts["kept"] < counts["turns"]
    assert counts["turns"] == counts["kept"] + sum(counts["dropped"].values()) + sum(counts["unreadable"].values())
    assert filtering.run(cfg, store, characters.run(cfg, store), model).cached


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (("filter=self", "filter.prompts=nowhere"), r"no prompt .*nowhere/en/check\.txt"),
        (("filter=self", "+filter.prompt=build"), r"filter\.prompt is unknown"),
        (("filter=consistency", "filter.agree=6"), r"filter\.agree=6 of filter\.response\.n=5"),
        (("filter=consistency", "filter.response.temperature=0"), r"n=5 needs a temperature above 0"),
        (("+filter=3",), "filter=3 is a bare value: choose with filter="),
        (("rounds=0",), "rounds=0 cannot be meant: it is a whole number from 1 on"),
        (("rounds=two",), "rounds=two cannot be meant"),
        (("rounds=true",), "rounds=True cannot be meant"),
    ],
)
def test_what_cannot_be_meant_is_said_before_anything_runs(tmp_path: Path, overrides: tuple[str], said: str) -> None:
    if overrides[0].startswith("+"):
        cfg = composed(tmp_path, "filter=self")
        cfg._set_flag("struct", False)
        cfg.filter = 3
    else:
        cfg = composed(tmp_path, *overrides)
    with pytest.raises(ConfigError, match=said):
        check(cfg)
