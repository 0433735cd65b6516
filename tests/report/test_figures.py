"""Figures come out the same twice and say what is in them, whole matrix or not."""

import math
from pathlib import Path

import pytest

from ditto.report.figures import draw
from ditto.report.matrix import ALL, METRICS, Line

SEEDS, SUPERVISORS = ["nano_xs", "nano_m", "nano_l"], ["nano_s", "nano_l"]
FILES = ["heatmaps.png", "heatmaps.svg", "scatter.png", "scatter.svg"]


def line(row: str, seed: str, supervisor: str, metric: str, value: float = 0.5, language: str = ALL) -> Line:
    value = value * 10 if metric == "knowledge" else value
    return Line(row, seed, supervisor, language, metric, value, value - 0.1, value + 0.1, 8, 8)


def lines() -> list[Line]:
    cells = [("base", s, "") for s in SEEDS] + [("supervision", "", t) for t in SUPERVISORS]
    cells += [("imitation", s, t) for s in SEEDS for t in SUPERVISORS]
    return [
        line(*cell, metric, 0.3 + 0.05 * i, language)
        for i, cell in enumerate(cells)
        for metric in METRICS
        for language in ("en", ALL)
    ]


def drawn(folder: Path, shown: list[Line]) -> dict[str, bytes]:
    folder.mkdir()
    draw(shown, SEEDS, SUPERVISORS, folder)
    return {file.name: file.read_bytes() for file in sorted(folder.iterdir())}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The figures of the whole matrix."""
    return drawn(tmp_path_factory.mktemp("figures") / "whole", lines())


def test_both_figures_are_written_for_print_and_screen(whole: dict[str, bytes]) -> None:
    assert list(whole) == FILES
    assert all(whole[name].startswith(b"\x89PNG") for name in FILES[::2])
    assert all(whole[name].startswith(b"<?xml") for name in FILES[1::2])


def test_the_same_cells_give_the_same_bytes_without_their_languages(whole: dict[str, bytes], tmp_path: Path) -> None:
    kept = [x for x in lines() if x.language == ALL]
    assert drawn(tmp_path / "again", kept) == whole


def test_another_value_gives_other_figures(whole: dict[str, bytes], tmp_path: Path) -> None:
    other = [*lines(), line("imitation", SEEDS[-1], SUPERVISORS[-1], "rejection", 0.1)]
    files = drawn(tmp_path / "other", other)
    assert all(files[name] != whole[name] for name in FILES)


def test_a_reader_finds_models_metrics_and_values(whole: dict[str, bytes]) -> None:
    # Text is drawn as paths; matplotlib leaves each text as a comment before them.
    heatmaps, scatter = (whole[name].decode() for name in ("heatmaps.svg", "scatter.svg"))
    for metric in METRICS:
        assert f"<!-- {metric} (" in heatmaps
        assert f"<!-- {metric} (" in scatter
    for name in {*SEEDS, *SUPERVISORS, "base", "supervision"}:
        assert f"<!-- {name} -->" in heatmaps
    for label in (*(f"seed {s}" for s in SEEDS), *(f"supervisor {t}" for t in SUPERVISORS)):
        assert f"<!-- {label} -->" in scatter
    assert "<!-- 0.30 -->" in heatmaps
    assert "<!-- 0.20–0.40 -->" in heatmaps


def test_a_matrix_with_holes_is_drawn(tmp_path: Path) -> None:
    missing = [("imitation", "nano_xs", "nano_s"), ("supervision", "", "nano_l"), ("base", "nano_m", "")]
    holes = [x for x in lines() if (x.row, x.seed, x.supervisor) not in missing]
    assert list(drawn(tmp_path / "a", holes)) == FILES


def test_an_empty_matrix_is_drawn(tmp_path: Path) -> None:
    assert list(drawn(tmp_path / "a", [])) == FILES


def test_an_unscored_cell_is_left_blank(tmp_path: Path) -> None:
    nan = math.nan
    unscored = [Line(x.row, x.seed, x.supervisor, ALL, x.metric, nan, nan, nan, 0, 8) for x in lines()]
    files = drawn(tmp_path / "a", unscored)
    assert list(files) == FILES
    assert "nan -->" not in files["heatmaps.svg"].decode()


def test_a_matrix_of_one_cell_is_drawn(tmp_path: Path) -> None:
    draw([x for x in lines() if x.language == ALL], SEEDS[:1], SUPERVISORS[:1], tmp_path)
    assert {file.name for file in tmp_path.iterdir()} == set(FILES)


def test_a_bound_off_by_the_last_digit_is_drawn(tmp_path: Path) -> None:
    close = [Line(x.row, x.seed, x.supervisor, ALL, x.metric, 0.7, math.nextafter(0.7, 1), 0.8, 8, 8) for x in lines()]
    assert list(drawn(tmp_path / "a", close)) == FILES
