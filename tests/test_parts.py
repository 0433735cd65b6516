"""Cells share what they would make alike, and nothing else."""

from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir

from ditto import parts, study
from ditto.run import CONF
from ditto.study import Cell

TWO = ("model@seed=nano_s", "model@supervisor=nano_l")


def keys(*overrides: str) -> dict[str, str]:
    """The key of each part of a cell."""
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return {one.part: one.key for one in parts.shared(compose("config", [*TWO, *overrides]))}


@pytest.fixture(scope="module")
def plain() -> dict[str, str]:
    return keys()


@pytest.mark.parametrize(
    ("change", "apart"),
    [
        ("tuning.steps=7", ""),
        ("trainer=ddp", ""),
        ("report.figures=false", ""),
        ("model@seed=nano_m", "base"),
        ("model@supervisor=nano_m", "simulate supervision"),
        ("simulate.n_queries=2", "simulate"),
        ("replicate=1", "simulate"),
        ("answer.max_tokens=50", "base supervision"),
        ("judge=words", "base supervision"),
        ("engine.batch_size=3", "benchmark simulate base supervision"),
        ("engine@supervisor_engine=transformers", "simulate supervision"),
        ("characters.n_train=50", "benchmark simulate base supervision"),
    ],
)
def test_a_value_sets_apart_the_parts_that_are_made_of_it(change: str, apart: str, plain: dict[str, str]) -> None:
    changed = keys(change)
    assert {part for part in plain if plain[part] != changed[part]} == set(apart.split())


def test_what_is_kept_of_a_simulation_is_shared_like_it(plain: dict[str, str]) -> None:
    filtered = keys("filter=consistency")
    assert {part: key for part, key in filtered.items() if part != "filter"} == plain
    assert filtered["filter"] == keys("filter=consistency", "model@seed=nano_m")["filter"]
    others = ("filter.agree=2", "simulate.n_queries=2", "model@supervisor=nano_m")
    assert len({keys("filter=consistency", *more)["filter"] for more in ((), *((one,) for one in others))}) == 4


def test_a_seed_that_supervises_itself_needs_no_name_twice() -> None:
    alone = ["model@seed=hf", "seed.path=some/model", "model@supervisor=hf"]
    assert keys(*alone) != keys(*alone, "seed.path=another/model")


def test_a_cells_file_is_where_it_is_saved(tmp_path: Path) -> None:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        cfg = compose("config", [*TWO, f"paths.root={tmp_path}", "replicate=2"])
    rows = {row: row for row in ("base", "supervision", "imitation")}
    folder = study.save(cfg, Cell("nano_s", "nano_l", 1, 2, rows, 2))
    assert parts.cell(cfg) == folder / "nano_s@nano_l+2.json"
    assert parts.cell(cfg).exists()
