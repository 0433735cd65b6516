"""The page of a study from its artifacts: whole, unfinished, or with some of them gone."""

import json
import logging
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from ditto.stages import report
from tests.studies import Made, config, role, session


def made(root: Path, **more: Any) -> Made:
    return Made(config(root), ["small", "large"], [session(role(n)) for n in range(3)], **more)


def shown(folder: Path) -> dict[str, Any]:
    """What the page of the report in `folder` holds as numbers."""
    found = re.search(r'id="study">(.*?)</script>', (folder / "index.html").read_text("utf-8"))
    assert found
    study: dict[str, Any] = json.loads(found[1])
    return study


def test_a_report_ends_by_naming_the_page(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    study = made(tmp_path)
    with caplog.at_level(logging.INFO):
        folder = report.run(study.cfg, study.save(), "s")
    assert caplog.messages[-1] == f"page        {folder / 'index.html'}"


def test_the_page_can_be_left_out(tmp_path: Path) -> None:
    study = made(tmp_path)
    folder = report.run(config(tmp_path, "report.page=false"), study.save(), "s")
    assert not (folder / "index.html").exists()


def test_every_row_cell_and_artifact_is_there_once(tmp_path: Path) -> None:
    study = made(tmp_path)
    page = shown(report.run(study.cfg, study.save(), "s"))
    assert page["seeds"] == page["supervisors"] == ["small", "large"]
    assert [r["row"] for r in page["rows"]] == ["base"] * 2 + ["supervision"] * 2 + ["imitation"] * 4
    assert {r["benchmark"] for r in page["rows"]} == {"benchmark-0"}
    stages = [a["stage"] for a in page["artifacts"].values()]
    assert {stage: stages.count(stage) for stage in stages} == {
        "answer": 8,
        "benchmark": 1,
        "characters": 1,
        "judge": 8,
        "simulate": 2,
        "tune": 4,
    }
    [curve] = {json.dumps(c["training"]) for c in page["curves"].values()}
    assert json.loads(curve)["steps"] == list(range(1, 21))
    assert page["cells"][0]["artifacts"][0].startswith("characters/")
    assert sum(a["usage"]["dollars"] for a in page["artifacts"].values() if a["usage"]) == 0.25 * (8 + 2)


def test_models_are_called_by_their_names(tmp_path: Path) -> None:
    study = made(tmp_path)
    page = shown(report.run(study.cfg, study.save(), "s"))
    settings = {a["label"]: a["settings"] for a in page["artifacts"].values() if a["stage"] == "answer"}
    assert settings["base-small"]["model"] == "small (base-small)"  # such a model's identity is its label
    assert settings["imitation-small-on-large"]["model"] is None


def test_a_plan_stands_beside_what_was_measured(tmp_path: Path) -> None:
    study = made(tmp_path)
    folder = report.run(study.cfg, study.save(), "s")
    assert shown(folder)["plan"] == []
    (folder / "plan.csv").write_text("stage,requests_planned\nall,7\n", "utf-8")
    assert shown(report.run(study.cfg, study.save(), "s"))["plan"] == [{"stage": "all", "requests_planned": "7"}]


def test_the_matrix_has_the_digits_of_its_file(tmp_path: Path) -> None:
    study = made(tmp_path)
    folder = report.run(study.cfg, study.save(), "s")
    lines = [",".join(line.values()) for line in shown(folder)["matrix"]]
    assert lines == (folder / "matrix.csv").read_text("utf-8").splitlines()[1:]


def test_an_unfinished_matrix_names_what_it_lacks(tmp_path: Path) -> None:
    study = made(tmp_path, skip={("large", "small")})
    assert shown(report.run(study.cfg, study.save(), "s"))["missing"] == [["large", "small"]]


def test_a_row_whose_answers_are_gone_keeps_its_numbers(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    study = made(tmp_path, losses=False)
    cells = study.save()
    [answers] = (tmp_path / "answer").glob("base-small-*")
    shutil.rmtree(answers)
    page = shown(report.run(study.cfg, cells, "s"))
    assert [r["benchmark"] for r in page["rows"]] == [None] + ["benchmark-0"] * 7
    assert page["matrix"][0]["seed"] == "small"
    assert "The page shows the row without its texts" in caplog.text
    assert {c["training"] for c in page["curves"].values()} == {None}


def test_a_page_of_an_older_version_is_replaced(tmp_path: Path) -> None:
    study = made(tmp_path)
    old = tmp_path / "report" / "s" / "index.html"
    old.parent.mkdir(parents=True)
    old.write_text("old")
    assert report.run(study.cfg, study.save(), "s") == old.parent
    assert shown(old.parent)["study"] == "s"
