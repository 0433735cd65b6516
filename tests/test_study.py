"""A study's cells lie together when their settings are equal, and come back by size."""

from dataclasses import replace
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from omegaconf import DictConfig
from omegaconf.errors import InterpolationResolutionError

from ditto import study
from ditto.config import register_resolvers
from ditto.errors import StoreError
from ditto.run import CONF
from ditto.study import Cell


def config(*overrides: str) -> DictConfig:
    """The project's own configuration with some values changed."""
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return compose("config", list(overrides))


def cell(seed: str, supervisor: str, seed_parameters: int = 1, supervisor_parameters: int = 1) -> Cell:
    rows = {row: f"{row}-{seed}-{supervisor}" for row in ("base", "supervision", "imitation")}
    return Cell(seed, supervisor, seed_parameters, supervisor_parameters, rows)


@pytest.fixture(scope="module")
def plain_key() -> str:
    return study.key(config())


@pytest.mark.parametrize(
    "change",
    [
        "model@seed=nano_s",
        "model@supervisor=nano_l",
        "paths.root=elsewhere",
        "report.figures=false",
        "threads=4",
        "replicate=2",
        "study.replicates=3",
        "trainer=zero3",
    ],
)
def test_models_and_where_things_lie_or_run_do_not_change_the_study(change: str, plain_key: str) -> None:
    assert study.key(config(change)) == plain_key


@pytest.mark.parametrize(
    "change",
    [
        "tuning.steps=7",
        "tuning.seed=1",
        "characters.n_train=50",
        "benchmark.seed=1",
        "simulate.n_queries=2",
        "answer.max_tokens=50",
        "prompts=paper",
        "judge=words",
        "trainer.precision=bf16-true",
    ],
)
def test_whatever_changes_a_number_changes_the_study(change: str, plain_key: str) -> None:
    assert study.key(config(change)) != plain_key


def test_a_cell_comes_back_as_it_was_saved(tmp_path: Path) -> None:
    cfg, saved = config(f"paths.root={tmp_path}", "study.name=mine"), cell("nano_s", "nano_l", 10, 20)
    folder = study.save(cfg, saved)
    assert folder == study.folder(cfg) == tmp_path / "study" / f"mine-{study.key(cfg)}"
    assert study.load(folder) == [saved]


def test_a_cell_that_ran_again_replaces_itself(tmp_path: Path) -> None:
    cfg = config(f"paths.root={tmp_path}")
    study.save(cfg, cell("a", "b", 1))
    study.save(cfg, cell("a", "c"))
    folder = study.save(cfg, cell("a", "b", 2))
    assert sorted(c.seed_parameters for c in study.load(folder)) == [1, 2]


def test_cells_are_ordered_by_size_and_not_by_name(tmp_path: Path) -> None:
    cfg, sizes = config(f"paths.root={tmp_path}"), {"nano_l": 9, "nano_m": 5, "nano_xs": 1, "again_xs": 1}
    folder = tmp_path
    for seed, parameters in sizes.items():
        for supervisor, more in sizes.items():
            folder = study.save(cfg, cell(seed, supervisor, parameters, more))
    order = ["again_xs", "nano_xs", "nano_m", "nano_l"]
    assert [(c.seed, c.supervisor) for c in study.load(folder)] == [(s, t) for s in order for t in order]


def test_a_folder_without_cells_is_an_empty_study(tmp_path: Path) -> None:
    (tmp_path / "notes.json").write_text("{}")
    assert study.load(tmp_path) == []


@pytest.mark.parametrize("text", ["{", "[]", '{"seed": "a"}', '{"seed": "a", "model": "b"}'])
def test_a_cell_of_another_version_is_one_sentence(tmp_path: Path, text: str) -> None:
    (tmp_path / "a@b.json").write_text(text)
    with pytest.raises(StoreError, match=r"a@b\.json is damaged or of another version of ditto: remove it"):
        study.load(tmp_path)


def test_replicates_of_a_cell_lie_beside_it_in_one_study(tmp_path: Path) -> None:
    saved = [replace(cell("nano_s", "nano_l"), replicate=n) for n in range(3)]
    folders = {study.save(config(f"paths.root={tmp_path}", f"replicate={one.replicate}"), one) for one in saved}
    (folder,) = folders
    assert study.load(folder) == saved


def test_the_seeds_of_simulation_and_tuning_follow_the_replicate() -> None:
    first, third = config(), config("replicate=2")
    assert (first.simulate.seed, first.simulate.query.seed, first.simulate.response.seed, first.tuning.seed) == (0,) * 4
    assert (third.simulate.seed, third.simulate.query.seed, third.simulate.response.seed, third.tuning.seed) == (2,) * 4
    assert (first.benchmark, first.characters) == (third.benchmark, third.characters)


@pytest.mark.parametrize(
    ("words", "sweep"), [([], "range(1)"), (["study.replicates=3"], "range(3)"), (["+study.replicates=3"], "range(3)")]
)
def test_a_sweep_runs_every_cell_as_often_as_asked(words: list[str], sweep: str) -> None:
    register_resolvers()
    with initialize_config_dir(str(CONF), version_base="1.3"):
        cfg = compose("config", ["+experiment=cross_sup", *words], return_hydra_config=True)
    assert cfg.hydra.sweeper.params.replicate == sweep


def test_no_replicates_at_all_are_refused() -> None:
    register_resolvers()
    with initialize_config_dir(str(CONF), version_base="1.3"):
        cfg = compose("config", ["study.replicates=0"], return_hydra_config=True)
    with pytest.raises(InterpolationResolutionError, match=r"study\.replicates=0 cannot be meant"):
        _ = cfg.hydra.sweeper.params.replicate
