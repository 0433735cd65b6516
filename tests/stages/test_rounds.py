"""A tuned model that supervises and learns again: what a plan promises is what is made, by its lineage."""

import json
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import ModelCard
from omegaconf import DictConfig

from ditto import study
from ditto.records import Dialogue, read_jsonl
from ditto.stages import cell, lineage, plan, tune
from ditto.stages.check import models
from ditto.stages.engine import supervisors
from ditto.store import Artifact, Store
from tests.commands import CELL
from tests.stages.conftest import composed


def config(root: Path, *overrides: str) -> DictConfig:
    return composed(root, *CELL, "characters.languages=[en]", *overrides)


def manifests(root: Path, stage: str) -> dict[str, dict[str, Any]]:
    """By their labels."""
    found = [json.loads(file.read_text("utf-8")) for file in (root / stage).glob("*/manifest.json")]
    return {m["label"]: m for m in found}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One cell of two rounds, filtered."""
    root = tmp_path_factory.mktemp("rounds")
    cfg = config(root, "rounds=2", "filter=consistency", "filter.agree=1")
    folder = root / "job"
    folder.mkdir()
    plan.run(cfg, folder)
    cell.run(cfg)
    return root


def test_the_model_of_a_round_writes_and_learns_the_next_one(root: Path) -> None:
    simulated, tuned = manifests(root, "simulate"), manifests(root, "tune")
    first, second = tuned["nano_xs-on-nano_xs"], tuned["nano_xs-on-nano_xs-again"]
    filtered = manifests(root, "filter")
    assert simulated["nano_xs-on-nano_xs"]["inputs"]["tune"] == first["key"]
    assert simulated["nano_xs-on-nano_xs"]["settings"]["supervisor"] is None
    assert filtered["nano_xs-on-nano_xs"]["inputs"] == {
        "simulate": simulated["nano_xs-on-nano_xs"]["key"],
        "tune": first["key"],
    }
    assert first["inputs"] == {"filter": filtered["nano_xs"]["key"]}
    assert second["inputs"] == {"filter": filtered["nano_xs-on-nano_xs"]["key"], "tune": first["key"]}
    answered = manifests(root, "answer")
    assert set(answered) == {"base-nano_xs", "supervision-nano_xs", "imitation-nano_xs-on-nano_xs-again"}
    assert answered["imitation-nano_xs-on-nano_xs-again"]["inputs"]["tune"] == second["key"]


def test_its_card_names_what_it_was_tuned_from(root: Path) -> None:
    [card] = (root / "tune").glob("nano_xs-on-nano_xs-again-*/model/README.md")
    assert ModelCard.load(card).data.base_model == "nano_xs-on-nano_xs"


def test_the_second_round_is_written_by_other_weights(root: Path) -> None:
    folders = {m["label"]: root / "simulate" / f"{m['label']}-{m['key']}" for m in manifests(root, "simulate").values()}
    first, second = (read_jsonl(folder / "dialogues.jsonl", Dialogue) for _, folder in sorted(folders.items()))
    assert [d.turns for d in first] != [d.turns for d in second]


def test_everything_made_was_planned(root: Path) -> None:
    planned = json.loads((root / "job" / plan.FILE).read_text("utf-8"))["steps"]
    stages = ("characters", "benchmark", "simulate", "filter", "tune", "answer", "judge")
    made = {(stage, m["label"], m["key"]) for stage in stages for m in manifests(root, stage).values()}
    assert {(s["stage"], s["label"], s["key"]) for s in planned} == made
    asked = {s["label"]: s["asked"] for s in planned if s["stage"] == "filter"}
    assert set(asked) == {"nano_xs", "nano_xs-on-nano_xs"}
    assert all(work["work"]["requests"] == 5 * 6 * 2 * 3 for (work,) in asked.values())


def test_the_page_shows_every_round_by_its_lineage(root: Path) -> None:
    [folder] = (root / "study").iterdir()
    [one] = study.load(folder)
    stages = [path.parent.name for path in lineage.ancestors(root, one.rows.values())]
    assert [stages.count(stage) for stage in ("simulate", "filter", "tune")] == [2, 2, 2]


def test_one_round_is_the_first_of_two(root: Path) -> None:
    before = {path.name for path in (root / "tune").iterdir()}
    cell.run(config(root, "filter=consistency", "filter.agree=1"))
    assert {path.name for path in (root / "tune").iterdir()} == before
    assert len(list((root / "study").iterdir())) == 2


def test_a_tuned_supervisor_runs_where_the_seed_does(tmp_path: Path) -> None:
    cfg = config(tmp_path, "engine@supervisor_engine=openai")
    seed, supervisor = models(cfg)
    tuned = Store(tmp_path).promised(tune.recipe(cfg, Artifact(tmp_path, "k", {}, cached=False), seed, supervisor))
    assert supervisors(cfg)._target_.endswith("OpenAIEngine")
    assert supervisors(cfg, tuned)._target_ == cfg.engine._target_
