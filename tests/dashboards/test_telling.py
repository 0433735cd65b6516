"""A run is opened late, told everything once, and costs nothing when its dashboard fails."""

import logging
from dataclasses import replace
from pathlib import Path

import pytest
from omegaconf import OmegaConf

from ditto.dashboards.base import Outcome
from ditto.dashboards.figures import Figures
from ditto.dashboards.telling import FIGURES, Telling, telling
from ditto.errors import ConfigError
from tests.dashboards.conftest import RUN, Scripted


def told(dashboard: Scripted, *steps: int, end: Outcome | None = None) -> None:
    run = Telling(dashboard, RUN)
    for step in steps:
        run.metrics(step, {"loss": 1 / step})
    if end:
        run.end(lambda: end)
    run.close(failed=False)


def steps(dashboard: Scripted) -> list[int]:
    return [step for what, step, *_ in dashboard.heard if what == "metrics"]


def test_a_run_that_is_told_nothing_is_not_opened(tmp_path: Path) -> None:
    dashboard = Scripted(str(tmp_path))
    told(dashboard)
    assert dashboard.heard == []


def test_a_run_that_goes_on_is_told_what_was_before(tmp_path: Path) -> None:
    first, second = Scripted(str(tmp_path)), Scripted(str(tmp_path))
    told(first, 1, 2, 3, 4)
    told(second, 3, 4, 5)
    assert steps(first) == [1, 2, 3, 4]
    assert steps(second) == [1, 2, 3, 4, 5]


def test_an_outcome_is_told_once(tmp_path: Path, outcome: Outcome) -> None:
    first, again, other = (Scripted(str(tmp_path)) for _ in range(3))
    told(first, 1, 2, 3, end=outcome)
    assert [what for what, *_ in first.heard] == ["open", *3 * ["metrics"], "summary", "table", "image", "close"]
    told(again, end=outcome)
    assert again.heard == []
    told(other, end=replace(outcome, summary={}))
    assert steps(other) == [1, 2, 3]


def test_another_picture_is_another_outcome(tmp_path: Path, outcome: Outcome) -> None:
    again = Scripted(str(tmp_path))
    told(Scripted(str(tmp_path)), end=outcome)
    outcome.images[0].write_bytes(b"another")
    told(again, end=outcome)
    assert ("image", 4) in again.heard


def test_losses_stand_in_for_figures_that_nobody_told(tmp_path: Path, outcome: Outcome) -> None:
    """Before the run is opened, and while it is open."""
    losses = {step: {"loss": 9.0} for step in (1, 2, 3)}
    late, live = Scripted(str(tmp_path / "late")), Scripted(str(tmp_path / "live"))
    told(late, end=replace(outcome, figures=losses))
    assert late.heard[1:4] == [("metrics", step, {"loss": 9.0}) for step in (1, 2, 3)]
    told(live, 1, 2, end=replace(outcome, figures=losses))
    assert live.heard[1:4] == [*(("metrics", n, {"loss": 1 / n}) for n in (1, 2)), ("metrics", 3, {"loss": 9.0})]


@pytest.mark.parametrize("method", ["open", "metrics", "summary", "table", "image", "close"])
def test_a_dashboard_that_fails_is_one_warning_and_told_again_by_the_next_job(
    tmp_path: Path, outcome: Outcome, caplog: pytest.LogCaptureFixture, method: str
) -> None:
    broken, whole = Scripted(str(tmp_path), fails=method), Scripted(str(tmp_path))
    with caplog.at_level(logging.WARNING, logger="ditto"):
        told(broken, 1, 2, 3, end=outcome)
    assert sorted(Figures(tmp_path / RUN.id / FIGURES).read()) == [1, 2, 3]
    said = f"Scripted cannot be told of s-1-a@b, and the study goes on: {method} is out of order, as it happens."
    assert caplog.messages == [said]
    told(whole, end=outcome)
    assert steps(whole) == ([] if method == "close" else [1, 2, 3])
    assert [what for what, *_ in broken.heard].count("close") == (method not in ("open", "close"))


def test_what_cannot_be_found_out_is_a_warning_as_well(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    def outcome() -> Outcome:
        raise OSError("no such file")

    Telling(Scripted(str(tmp_path)), RUN).end(outcome)
    assert len(caplog.messages) == 1


@pytest.mark.parametrize("error", [KeyboardInterrupt, ConfigError])
def test_a_job_that_ends_badly_says_so(tmp_path: Path, error: type[BaseException]) -> None:
    node = OmegaConf.create({"_target_": "ditto.dashboards.csv.Csv", "folder": str(tmp_path), "samples": 0})
    with pytest.raises(error), telling(node, lambda: RUN) as run:  # noqa: PT012
        assert run
        run._dashboard = dashboard = Scripted(str(tmp_path))
        run.metrics(1, {"loss": 1.0})
        raise error
    assert dashboard.heard[-1] == ("close", True)
    assert Figures(tmp_path / RUN.id / FIGURES).read() == {1: {"loss": 1.0}}


def test_without_a_logger_nothing_is_asked_of_the_run() -> None:
    with telling(None, lambda: pytest.fail("asked")) as run:
        assert run is None
