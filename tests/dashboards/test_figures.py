"""Figures stay on the disk line by line, whatever ends the process."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ditto.dashboards.figures import Figures

NAMES = st.sampled_from(["loss", "learning_rate", "gradient_norm"])
VALUES = st.dictionaries(NAMES, st.floats(allow_nan=False), min_size=1)
# From which step each job goes on, and what it has of its steps.
JOBS = st.lists(st.tuples(st.integers(1, 6), st.lists(VALUES, min_size=1, max_size=5)), min_size=1, max_size=4)


@given(jobs=JOBS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_job_that_goes_on_replaces_the_steps_from_its_first_on(tmp_path: Path, jobs: list[tuple[int, list]]) -> None:
    file, expected = tmp_path / "metrics.csv", dict[int, dict[str, float]]()
    file.unlink(missing_ok=True)
    for first, told in jobs:
        figures = Figures(file)
        expected = {step: values for step, values in expected.items() if step < first}
        for step, values in enumerate(told, first):
            figures.add(step, values)
            expected[step] = values
            assert figures.read() == expected  # before anything is closed
        figures.close()
    assert list(Figures(file).read()) == sorted(expected)


@pytest.mark.parametrize("half", ["3,0.", "3,0.25", "3"])
def test_half_a_line_is_none(tmp_path: Path, half: str) -> None:
    file = tmp_path / "metrics.csv"
    file.write_text(f"step,loss\n1,0.5\n2,0.4\n{half}", "utf-8")
    figures = Figures(file)
    assert figures.read() == {1: {"loss": 0.5}, 2: {"loss": 0.4}}
    figures.add(3, {"loss": 0.3})
    figures.close()
    assert file.read_text("utf-8") == "step,loss\n1,0.5\n2,0.4\n3,0.3\n"


def test_only_steps_without_figures_are_filled(tmp_path: Path) -> None:
    figures = Figures(tmp_path / "metrics.csv")
    figures.add(2, {"loss": 0.5, "learning_rate": 0.1})
    losses = {step: {"loss": 9.0} for step in (1, 2, 3)}
    assert sorted(figures.fill(losses)) == [1, 3]
    assert figures.read() == {1: {"loss": 9.0}, 2: {"loss": 0.5, "learning_rate": 0.1}, 3: {"loss": 9.0}}
    assert list(figures.read()) == [1, 2, 3]
    assert figures.fill(losses) == {}


def test_nothing_is_written_where_there_is_nothing_to_fill(tmp_path: Path) -> None:
    assert Figures(tmp_path / "metrics.csv").fill({}) == {}
    assert not (tmp_path / "metrics.csv").exists()
