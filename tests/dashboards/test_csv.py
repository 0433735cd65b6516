"""A run as plain files."""

import json
from pathlib import Path

from ditto.dashboards.base import Outcome
from ditto.dashboards.csv import Csv
from ditto.dashboards.telling import Telling
from tests.dashboards.conftest import RUN


def test_a_run_lies_in_a_folder_of_its_own(tmp_path: Path, outcome: Outcome) -> None:
    run = Telling(Csv(str(tmp_path), 20), RUN)
    run.metrics(1, {"loss": 0.5})
    run.end(lambda: outcome)
    run.close(failed=False)
    folder = tmp_path / RUN.id
    assert json.loads((folder / "run.json").read_text("utf-8"))["config"] == {"tuning": {"steps": 3}}
    assert json.loads((folder / "summary.json").read_text("utf-8")) == {"imitation/identity": 0.5, "verdict": "holds"}
    assert (folder / "metrics.csv").read_text("utf-8") == "step,loss\n1,0.5\n"
    assert (folder / "samples.csv").read_text("utf-8") == 'question,identity\n"Who | you?\nSay.",1.0\n是谁,\n'
