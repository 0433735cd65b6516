"""Where each step's figures go."""

import csv
from pathlib import Path

import pytest

from ditto.models import Model
from ditto.stages import tune
from ditto.store import Artifact, Store
from tests.stages.conftest import composed

FIGURES = {"loss", "learning_rate", "gradient_norm", "tokens_per_second", "flop_utilisation", "peak_gib", "step"}


@pytest.mark.parametrize("accumulate", [1, 2])
def test_csv_has_a_line_a_step(tmp_path: Path, simulated: Artifact, model: Model, accumulate: int) -> None:
    cfg = composed(tmp_path, "logger=csv", "tuning.steps=6", f"tuning.accumulate={accumulate}")
    made = tune.run(cfg, Store(cfg.paths.root), simulated, model, model)
    (file,) = (tmp_path / "logs").rglob("metrics.csv")
    with file.open() as stream:
        rows = list(csv.DictReader(stream))
    assert [int(row["step"]) for row in rows] == [1, 2, 3, 4, 5, 6]
    assert set(rows[0]) == FIGURES
    assert all(float(row[name]) > 0 for row in rows for name in FIGURES)
    written = [float(line.split(",")[1]) for line in (made.path / "loss.csv").read_text().splitlines()[1:]]
    assert [float(row["loss"]) for row in rows] == pytest.approx(written, abs=1e-6)
    assert made.counts["tokens a second"] > 0
    assert made.counts["peak GiB"] > made.counts["estimated GiB"] > 0


def test_a_logger_changes_no_artifact(tmp_path: Path, simulated: Artifact, model: Model) -> None:
    keys = [
        tune.run(composed(tmp_path, *more), Store(tmp_path), simulated, model, model).key
        for more in ((), ("logger=csv",))
    ]
    assert keys[0] == keys[1]


@pytest.mark.slow
def test_weights_and_biases_gets_the_figures_and_no_file_gets_the_key(
    tmp_path: Path, simulated: Artifact, model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("wandb", reason="W&B is not installed: pip install -e '.[wandb]'")
    key = "0123456789abcdef" * 2 + "01234567"
    monkeypatch.setenv("WANDB_API_KEY", key)
    monkeypatch.setenv("WANDB_SILENT", "true")
    cfg = composed(tmp_path, "logger=wandb", "logger.offline=true")
    tune.run(cfg, Store(cfg.paths.root), simulated, model, model)
    files = [f for f in tmp_path.rglob("*") if f.is_file()]
    (log,) = (f for f in files if f.suffix == ".wandb")
    assert b"tokens_per_second" in log.read_bytes()
    assert not [f for f in files if key.encode() in f.read_bytes()]
