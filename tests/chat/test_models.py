"""What `model=` may say: a choice, a folder, a cell of a finished study, a hub name, a server's name."""

import json
from pathlib import Path

import pytest

from ditto import study
from ditto.chat.models import choices, find
from ditto.errors import ConfigError, ModelError, StoreError
from ditto.store import Artifact, Recipe, Store, verified
from ditto.study import Cell


def made(root: Path, stage: str, label: str, inputs: dict[str, str], salt: str = "") -> Artifact:
    settings = {"salt": salt, "model": None}

    def produce(folder: Path) -> dict[str, int]:
        if stage == "tune":
            (folder / "model").mkdir()
            (folder / "model" / "config.json").write_text('{"model_type": "llama", "max_position_embeddings": 300}')
        return {}

    return Store(root).make(Recipe(stage, label, 1, settings, inputs), produce)


def finished(root: Path, name: str, seed: str, supervisor: str, salt: str = "") -> Path:
    """A study with one cell, as its stages leave it; returns the tuned model's folder."""
    label = f"{seed}-on-{supervisor}"
    tuned = made(root, "tune", label, {}, salt)
    benchmark = made(root, "benchmark", name, {})
    answered = made(root, "answer", f"imitation-{label}", {"benchmark": benchmark.key, "tune": tuned.key})
    judged = made(root, "judge", f"imitation-{label}", {"answer": answered.key})
    folder = root / "study" / f"{name}-0123456789ab"
    folder.mkdir(parents=True, exist_ok=True)
    cell = {"seed": seed, "supervisor": supervisor, "seed_parameters": 1, "supervisor_parameters": 1}
    (folder / f"{seed}@{supervisor}.json").write_text(json.dumps({**cell, "rows": {"imitation": judged.path.name}}))
    assert study.load(folder) == [Cell(seed, supervisor, 1, 1, {"imitation": judged.path.name})]
    return tuned.path / "model"


def test_a_choice_of_the_configuration() -> None:
    assert (find("nano_m", Path("x")).path, find("qwen3_8b", Path("x")).template) == (
        "embedded:nano_m",
        {"enable_thinking": False},
    )
    assert {"nano_xs", "gemma3_4b"} <= set(choices())
    assert not {"hf", "api"} & set(choices())


def test_a_folder_or_the_artifact_around_it(tmp_path: Path) -> None:
    folder = finished(tmp_path, "s", "mine", "nano_l")
    for given in (folder, folder.parent):
        model = find(str(given), tmp_path)
        assert (Path(model.path), model.max_length) == (folder, 300)


def test_a_cell_is_its_tuned_model_spoken_to_like_its_seed(tmp_path: Path) -> None:
    folder = finished(tmp_path, "s", "nano_s", "nano_l")
    model = find("nano_s@nano_l", tmp_path)
    assert (Path(model.path), model.dtype, model.max_length) == (folder, "float32", 512)


def test_a_cell_of_several_studies_needs_its_study(tmp_path: Path) -> None:
    folders = [finished(tmp_path, name, "nano_s", "nano_l", salt=name) for name in ("one", "two")]
    with pytest.raises(ConfigError, match="add study=<one of one-0123456789ab, two-0123456789ab>"):
        find("nano_s@nano_l", tmp_path)
    for name in ("two", "two-0123456789ab"):
        assert Path(find("nano_s@nano_l", tmp_path, name).path) == folders[1]
    with pytest.raises(ConfigError, match="Of the study 'three' there is none"):
        find("nano_s@nano_l", tmp_path, "three")


def test_studies_that_share_the_tuned_model_are_one(tmp_path: Path) -> None:
    folders = [finished(tmp_path, name, "nano_s", "nano_l") for name in ("one", "two")]
    assert folders[0] == folders[1] == Path(find("nano_s@nano_l", tmp_path).path)


def test_a_cell_whose_model_is_gone_or_damaged_is_said(tmp_path: Path) -> None:
    folder = finished(tmp_path, "s", "nano_s", "nano_l")
    (folder / "config.json").write_text("{}")
    verified.cache_clear()
    with pytest.raises(StoreError, match="damaged"):
        find("nano_s@nano_l", tmp_path)
    folder.parent.rename(tmp_path / "elsewhere")
    with pytest.raises(StoreError, match="run its study again"):
        find("nano_s@nano_l", tmp_path)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("nano_n", "did you mean nano_"),
        ("nano_s@nano_1", "has the cell nano_s@nano_1: did you mean nano_s@nano_l?"),
        ("gpt2@gpt3", "run a study that has it first"),
        ("zzzzz", "give a choice of conf/model, a folder, owner/name or seed@supervisor"),
    ],
)
def test_what_is_not_there_is_said(tmp_path: Path, name: str, sentence: str) -> None:
    finished(tmp_path, "s", "nano_s", "nano_l")
    with pytest.raises(ConfigError, match=sentence):
        find(name, tmp_path)


def test_a_folder_without_a_model_is_said(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"it has no config.json"):
        find(str(tmp_path), tmp_path)


@pytest.mark.parametrize("name", ["gpt-x", "api:gpt-x"])
def test_a_server_may_call_it_what_it_likes(name: str, tmp_path: Path) -> None:
    assert find(name, tmp_path, served=True).served_as == "gpt-x"
    assert find("nano_s", tmp_path, served=True).path == "embedded:nano_s"
