"""A plan is kept until its stages are done, and stands beside what they took."""

import csv
from pathlib import Path

import pytest

from ditto.plan import kept
from ditto.plan.step import Expected
from tests.plan.recorded import laid_out, manifests


def expectations(seconds: float) -> list[Expected]:
    return [
        Expected(stage=m["stage"], label=m["label"], key=m["key"], requests=500, seconds=seconds)
        for m in manifests()
        if m["stage"] != "benchmark"
    ]


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "plan.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_done_stages_stand_beside_what_was_planned(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root, report = laid_out(tmp_path / "root", manifests()), tmp_path / "report"
    report.mkdir()
    kept.keep(root, "mine", [*expectations(3.0), Expected(stage="judge", label="later", key="0" * 12, seconds=9.0)])
    kept.compare(root, "mine", report)
    told = rows(report)
    assert [row["stage"] for row in told].count("answer") == 8
    assert (told[-1]["stage"], told[-1]["requests_measured"]) == ("all", str(864 + 862 + 8 * 480))
    assert float(told[-1]["seconds_planned"]) == 3.0 * (len(told) - 1)
    assert "planned / measured" in capsys.readouterr().out
    assert "later" not in {row["label"] for row in told}


def test_another_plan_of_what_is_left_keeps_what_was_expected_of_the_rest(tmp_path: Path) -> None:
    root = laid_out(tmp_path / "root", manifests())
    first = expectations(3.0)
    kept.keep(root, "mine", first)
    kept.keep(root, "mine", [Expected(stage="answer", label="x", key=first[-1].key, seconds=8.0)])
    kept.compare(root, "mine", tmp_path)
    assert float(rows(tmp_path)[-1]["seconds_planned"]) == 3.0 * (len(rows(tmp_path)) - 2) + 8.0


def test_a_study_that_was_not_planned_is_not_compared(tmp_path: Path) -> None:
    kept.compare(laid_out(tmp_path / "root", manifests()), "mine", tmp_path)
    assert not (tmp_path / "plan.csv").exists()
    kept.keep(tmp_path, "nothing", [])
    kept.compare(tmp_path, "nothing", tmp_path)
    assert not (tmp_path / "plan.csv").exists()
