"""W&B's own files of offline runs are read back."""

import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("wandb", reason="W&B is not installed: pip install -e '.[wandb]'")

from ditto.dashboards import wandb as dashboard
from ditto.dashboards.base import Outcome
from ditto.dashboards.telling import Telling
from ditto.dashboards.wandb import Wandb, has_key
from ditto.errors import ConfigError
from tests.dashboards.conftest import RUN
from tests.dashboards.wandb_files import finished

KEY = "0123456789abcdef" * 2 + "01234567"


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name.startswith("ditto")]


def board(folder: Path, offline: bool | None = None) -> Wandb:
    return Wandb(str(folder), 20, "ditto", offline)


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    return tmp_path / "logs"


def test_a_run_is_read_back(logs: Path, outcome: Outcome, caplog: pytest.LogCaptureFixture) -> None:
    dashboard._say_how_to_upload.cache_clear()
    with caplog.at_level(logging.INFO, logger="ditto"):
        run = Telling(board(logs), RUN)
        run.metrics(1, {"loss": 0.5})
        run.metrics(3, {"loss": 0.25})
        run.end(lambda: outcome)
        run.close(failed=False)
    [found] = finished(logs)
    assert (found.id, found.name, found.group, found.job_type) == ("s-1-a@b", "a@b", "s-1", "cell")
    assert found.config["tuning"] == {"steps": 3}
    assert {step: row["loss"] for step, row in found.history.items() if "loss" in row} == {1: 0.5, 3: 0.25}
    assert (found.summary["imitation/identity"], found.summary["verdict"]) == (0.5, "holds")
    assert found.table("samples")["data"] == [["Who | you?\nSay.", 1.0], ["是谁", None]]
    assert (found.folder / "files" / found.history[4]["scatter/path"]).stat().st_size
    assert found.exit_code == 0
    assert said(caplog) == [f"wandb       offline; to upload the runs: wandb sync {logs}/wandb/offline-run-*"]


def test_runs_of_one_process_are_apart_and_one_that_goes_on_is_whole(logs: Path) -> None:
    for steps in ((1, 2, 3), (3, 4)):
        run = Telling(board(logs), RUN)
        for step in steps:
            run.metrics(step, {"loss": float(step)})
        run.close(failed=step == 3)
    *_, last = found = finished(logs)
    assert {run.id for run in found} == {RUN.id}
    assert sorted(last.history) == [1, 2, 3, 4]
    assert last.exit_code == 0


def test_no_file_gets_the_key_nor_the_machine_nor_the_command(
    logs: Path, outcome: Outcome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_API_KEY", KEY)
    monkeypatch.setattr("sys.argv", ["pytest", "+engine.more.secret=do-not-tell"])
    run = Telling(board(logs, offline=True), RUN)
    run.metrics(1, {"loss": 0.5})
    run.end(lambda: outcome)
    run.close(failed=False)
    files = [f for f in tmp_path.rglob("*") if f.is_file()]
    assert finished(logs)
    assert not [f for f in files if KEY.encode() in f.read_bytes() or b"do-not-tell" in f.read_bytes()]
    assert not [f for f in files if f.name in ("requirements.txt", "wandb-metadata.json", "output.log", "diff.patch")]


@pytest.mark.parametrize(
    ("environment", "netrc", "there"),
    [
        ({}, "", False),
        ({"WANDB_API_KEY": KEY}, "", True),
        ({}, f"machine api.wandb.ai login user password {KEY}\n", True),
        ({}, f"machine somewhere.else login user password {KEY}\n", False),
        ({"WANDB_BASE_URL": "https://wandb.here:8080"}, f"machine api.wandb.ai login user password {KEY}\n", False),
        ({"WANDB_BASE_URL": "https://wandb.here:8080"}, f"machine wandb.here:8080 login user password {KEY}\n", True),
        ({}, "machine", False),
    ],
)
def test_where_a_key_is_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], netrc: str, there: bool
) -> None:
    (tmp_path / "netrc").write_text(netrc)
    (tmp_path / "netrc").chmod(0o600)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert has_key() is there


@pytest.mark.parametrize(
    ("offline", "key", "mode", "taken"),
    [
        (None, "", None, "offline"),
        (None, KEY, None, "online"),
        (None, KEY, "disabled", None),
        (True, KEY, "online", "offline"),
        (False, "", "offline", "online"),
    ],
)
def test_online_and_offline(
    logs: Path, monkeypatch: pytest.MonkeyPatch, offline: bool | None, key: str, mode: str | None, taken: str | None
) -> None:
    monkeypatch.setenv("WANDB_API_KEY", key)
    if mode:
        monkeypatch.setenv("WANDB_MODE", mode)
    assert board(logs, offline)._mode() == taken


UNREACHABLE = """
import logging, sys
from ditto.dashboards import wandb
from ditto.dashboards.telling import Telling
from tests.dashboards.conftest import RUN

logging.basicConfig(format="%(name)s: %(message)s")
wandb.PATIENCE = 1.0
run = Telling(wandb.Wandb(sys.argv[1], 20, "ditto", None), RUN)
run.metrics(1, {"loss": 0.5})
run.metrics(2, {"loss": 0.5})
run.close(failed=False)
"""


def test_a_server_that_cannot_be_reached_is_one_warning(logs: Path) -> None:
    """In a process of its own, for W&B looks up its server once a process."""
    environment = os.environ | {"WANDB_API_KEY": KEY, "WANDB_BASE_URL": "http://127.0.0.1:9"}
    command = [sys.executable, "-c", UNREACHABLE, str(logs)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=60)
    [warning] = [line for line in done.stderr.splitlines() if line.startswith("ditto")]
    assert "Wandb cannot be told of s-1-a@b, and the study goes on: " in warning
    assert "connection refused" in warning
    assert (logs / RUN.id / "metrics.csv").read_text("utf-8") == "step,loss\n1,0.5\n2,0.5\n"


def test_without_wandb_it_is_one_sentence(monkeypatch: pytest.MonkeyPatch, logs: Path) -> None:
    monkeypatch.setattr("ditto.dashboards.wandb.find_spec", lambda name: None)
    with pytest.raises(
        ConfigError, match=r"needs wandb, which is not installed: pip install 'ditto-roleplay\[wandb\]'"
    ):
        board(logs)
