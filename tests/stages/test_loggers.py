"""What dashboards are told: each step of a tuning, a cell, a report."""

import csv
import json
import shutil
import signal
import time
from pathlib import Path
from typing import Any

import pytest
from omegaconf import DictConfig

from ditto import study
from ditto.errors import ConfigError
from ditto.models import Model
from ditto.stages import arms, dashboard, report, tune
from ditto.stages.check import check
from ditto.store import Artifact, Store
from tests.commands import CELL, ditto, made, start
from tests.stages.conftest import composed
from tests.studies import Made, config, role, session

FIGURES = {"loss", "learning_rate", "gradient_norm", "tokens_per_second", "flop_utilisation", "peak_gib", "step"}
KEY = "0123456789abcdef" * 2 + "01234567"


def rows(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def told(cfg: DictConfig, folder: Path) -> None:
    """Tell of every cell in `folder`."""
    for cell in study.load(folder):
        with dashboard.cell_run(cfg, cell.seed, cell.supervisor) as run:
            assert run
            dashboard.tell_cell(run, cfg, cell)


@pytest.fixture
def whole(tmp_path: Path) -> Made:
    """A study of four cells that `logger=csv` is told of."""
    return Made(config(tmp_path, "logger=csv"), ["small", "large"], [session(role(n)) for n in range(8)])


@pytest.mark.parametrize("accumulate", [1, 2])
def test_csv_has_a_line_a_step(tmp_path: Path, simulated: Artifact, model: Model, accumulate: int) -> None:
    often = "+trainer.log_every_n_steps=2"  # Lightning's own figures, which are none of ours
    cfg = composed(tmp_path, "logger=csv", "tuning.steps=6", f"tuning.accumulate={accumulate}", often)
    with dashboard.cell_run(cfg, model.name, model.name) as run:
        tuned = tune.run(cfg, Store(cfg.paths.root), simulated, model, model, told=run)
    (file,) = (tmp_path / "logs").rglob("metrics.csv")
    assert file.parent.name == f"{study.folder(cfg).name}-random@random"
    lines = rows(file)
    assert [int(line["step"]) for line in lines] == [1, 2, 3, 4, 5, 6]
    assert set(lines[0]) == FIGURES
    assert all(float(line[name]) > 0 for line in lines for name in FIGURES)
    written = [float(line["loss"]) for line in rows(tuned.path / "loss.csv")]
    assert [float(line["loss"]) for line in lines] == pytest.approx(written, abs=1e-6)
    assert tuned.counts["tokens a second"] > 0
    assert tuned.counts["peak GiB"] > tuned.counts["estimated GiB"] > 0


@pytest.mark.slow
def test_rank_0_alone_tells_of_its_steps(tmp_path: Path, simulated: Artifact, model: Model) -> None:
    cfg = composed(tmp_path, "logger=csv", "tuning.steps=4", "trainer=ddp", "trainer.devices=2")
    with dashboard.cell_run(cfg, model.name, model.name) as run:
        tune.run(cfg, Store(cfg.paths.root), simulated, model, model, told=run)
    (file,) = (tmp_path / "logs").rglob("metrics.csv")
    assert [int(line["step"]) for line in rows(file)] == [1, 2, 3, 4]
    assert json.loads((file.parent / "run.json").read_text("utf-8"))["config"]["tuning"]["steps"] == 4


def test_a_logger_changes_no_artifact_and_no_study(tmp_path: Path, simulated: Artifact, model: Model) -> None:
    without, csvs, other = composed(tmp_path), composed(tmp_path, "logger=csv"), composed(tmp_path, "logger=wandb")
    keys = {tune.recipe(cfg, simulated, model, model).key for cfg in (without, csvs, other)}
    assert len(keys) == len({study.key(cfg) for cfg in (without, csvs, other)}) == 1


def test_a_cell_is_told_from_its_artifacts(tmp_path: Path, whole: Made) -> None:
    folder = whole.save()
    told(whole.cfg, folder)
    names = [f"{folder.name}-{seed}@{supervisor}" for seed in whole.models for supervisor in whole.models]
    assert sorted(f.name for f in (tmp_path / "logs").iterdir()) == sorted(names)
    place = tmp_path / "logs" / f"{folder.name}-small@large"
    run = json.loads((place / "run.json").read_text("utf-8"))
    assert (run["name"], run["group"], run["job_type"]) == ("small@large", folder.name, "cell")
    assert run["config"]["tuning"]["steps"] == whole.cfg.tuning.steps
    losses = rows(next((tmp_path / "tune").glob("small-on-large-*")) / "loss.csv")
    assert [float(line["loss"]) for line in rows(place / "metrics.csv")] == [float(line["loss"]) for line in losses]
    summary = json.loads((place / "summary.json").read_text("utf-8"))
    assert summary["counts/tune/steps"] == 20
    assert summary["counts/answer/imitation/usage/dollars"] == 0.25
    assert {name for name in summary if name.startswith("seconds/")} == {
        f"seconds/{name}"
        for stage in ("characters", "benchmark", "simulate", "tune", "answer/", "judge/")
        for name in ([f"{stage}{row}" for row in ("base", "supervision", "imitation")] if "/" in stage else [stage])
    }


def test_a_cells_scores_are_those_of_the_matrix(tmp_path: Path, whole: Made) -> None:
    folder = whole.save()
    told(whole.cfg, folder)
    report.run(whole.cfg, folder, "s")
    [line] = [
        line
        for line in rows(tmp_path / "report" / "s" / "matrix.csv")
        if [*line.values()][:5] == ["imitation", "small", "large", "all", "knowledge"]
    ]
    summary = json.loads((tmp_path / "logs" / f"{folder.name}-small@large" / "summary.json").read_text("utf-8"))
    for name, column in (("", "value"), ("_low", "ci_low"), ("_high", "ci_high")):
        assert summary[f"imitation/knowledge{name}"] == pytest.approx(float(line[column]), abs=1e-4)


def test_what_opens_doors_is_not_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SERVER_TOKEN", KEY)
    asks = [
        "engine@supervisor_engine=openai",
        "supervisor_engine.base_url=http://me:my-word@host/v1",
        "+supervisor_engine.more.api_key=a-key-of-mine",
        "+supervisor_engine.more.header='Bearer ${oc.env:SERVER_TOKEN}'",
    ]
    one = Made(config(tmp_path, "logger=csv", *asks), ["one"], [session(role(n)) for n in range(2)])
    told(one.cfg, one.save())
    (file,) = (tmp_path / "logs").rglob("run.json")
    engine = json.loads(file.read_text("utf-8"))["config"]["supervisor_engine"]
    assert (engine["base_url"], engine["key_env"]) == ("http://***@host/v1", "OPENAI_API_KEY")
    assert engine["more"] == {"api_key": "***", "header": "Bearer ***"}
    secrets = (KEY, "my-word", "a-key-of-mine")
    assert not [f for f in (tmp_path / "logs").rglob("*") if f.is_file() for s in secrets if s in f.read_text("utf-8")]


@pytest.mark.parametrize(("samples", "shown"), [(0, 0), (6, 6), (1000, 32)])
def test_samples_are_the_first_turns_with_their_verdicts(tmp_path: Path, whole: Made, samples: int, shown: int) -> None:
    folder = whole.save()
    told(config(tmp_path, "logger=csv", f"logger.samples={samples}"), folder)
    file = tmp_path / "logs" / f"{folder.name}-small@large" / "samples.csv"
    assert file.exists() == bool(shown)
    if shown:
        turns = rows(file)
        assert len(turns) == shown
        assert (turns[0]["role"], turns[4]["role"]) == ("Role 0", "Role 1")
        assert turns[0]["question"] == "Where do you live, asked 0?"
        assert turns[0]["answer"] == "imitation-small-on-large says: Role 0 lives in Delft (0)."
        assert turns[0]["identity_reason"] == "as the judge sees it"
        assert (bool(turns[0]["knowledge"]), bool(turns[1]["knowledge"])) == (True, False)


def test_several_votes_are_averaged_and_none_is_none(tmp_path: Path) -> None:
    def votes(row: str, s: object, turn: int, metric: str) -> list[float | None]:
        return [None, None] if turn else [1.0, None, 0.0]

    study_of = Made(config(tmp_path, "logger=csv"), ["one"], [session(role(n)) for n in range(2)], votes=votes)
    told(study_of.cfg, study_of.save())
    (file,) = (tmp_path / "logs").rglob("samples.csv")
    assert [turn["identity"] for turn in rows(file)[:2]] == ["0.5", ""]


def test_losses_of_a_later_round_follow_on(tmp_path: Path) -> None:
    for stage, lines in (("tune", "1,0.5\n2,0.4\n"), ("answer", ""), ("tune-again", "1,0.3\n")):
        folder = tmp_path / stage.partition("-")[0] / stage
        folder.mkdir(parents=True)
        (folder / "loss.csv").write_text(f"step,loss\n{lines}", "utf-8")
        (folder / "manifest.json").write_text(json.dumps({"counts": {"steps": lines.count("\n")}}), "utf-8")
    artifacts = [tmp_path / "tune" / "tune", tmp_path / "answer" / "answer", tmp_path / "tune" / "tune-again"]
    assert list(dashboard._losses(artifacts, "loss.csv")) == [(1, 0.5), (2, 0.4), (3, 0.3)]


def test_a_report_is_a_run_of_its_own(tmp_path: Path, whole: Made) -> None:
    folder = whole.save()
    dashboard.tell_report(whole.cfg, report.run(whole.cfg, folder, "s"), [folder])
    place = tmp_path / "logs" / f"{folder.name}-summary"
    run = json.loads((place / "run.json").read_text("utf-8"))
    assert (run["name"], run["group"], run["job_type"]) == ("s", folder.name, "summary")
    assert json.loads((place / "summary.json").read_text("utf-8"))["cells"] == 4
    shown, written = rows(place / "matrix.csv"), rows(tmp_path / "report" / "s" / "matrix.csv")
    assert [row["seed"] for row in shown] == [row["seed"] for row in written]
    assert [float(row["value"]) for row in shown] == [float(row["value"]) for row in written]
    assert {row["verdict"] for row in rows(place / "findings.csv")} <= {"holds", "does not hold", "cannot tell"}


def test_the_arms_of_an_ablation_have_a_run_as_well(tmp_path: Path) -> None:
    sessions = [session(role(n)) for n in range(4)]
    cfgs = [config(tmp_path, "logger=csv", "study.name=n", f"tuning.steps={n}", f"study.arm={n}") for n in (1, 2)]
    folders = [Made(cfg, ["one"], sessions).save() for cfg in cfgs]
    dashboard.tell_report(cfgs[0], arms.run(cfgs[0], folders), folders)
    (place,) = (tmp_path / "logs").glob("n-*-summary")
    assert {row["arm"] for row in rows(place / "differences.csv")} == {"2.0"}
    assert json.loads((place / "run.json").read_text("utf-8"))["config"]["studies"] == [f.name for f in folders]


def test_a_name_that_no_id_can_have_becomes_one() -> None:
    assert dashboard._id("mine: 100%/a#b-1@2+3") == "mine__100__a_b-1@2+3"
    long, longer = dashboard._id("x" * 200), dashboard._id("x" * 201)
    assert len(long) == len(longer) == 128
    assert long != longer


@pytest.mark.parametrize(
    ("overrides", "wrong"),
    [
        (["logger=csv", "+logger.nothing=1"], r"logger\.nothing is unknown"),
        (["logger=csv", "logger.samples=-1"], r"logger\.samples=-1 cannot be used"),
        (["logger=wandb", "logger.offline=maybe"], r"logger\.offline='maybe' cannot be used"),
        (["logger=wandb", "logger.project=null"], r"logger\.project=None cannot be used"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_runs(overrides: list[str], wrong: str) -> None:
    if "wandb" in overrides[0]:
        pytest.importorskip("wandb", reason="W&B is not installed: pip install -e '.[wandb]'")
    with pytest.raises(ConfigError, match=wrong):
        check(config(Path("nowhere"), *overrides))


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """W&B's runs below the root; there is a key, which must reach no file."""
    pytest.importorskip("wandb", reason="W&B is not installed: pip install -e '.[wandb]'")
    from tests.dashboards.wandb_files import offline

    monkeypatch.setenv("WANDB_API_KEY", KEY)
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.delenv("WANDB_DATA_DIR", raising=False)
    return lambda: offline(tmp_path / "logs")


@pytest.mark.slow
def test_a_sweep_leaves_a_run_a_cell_and_a_summary_and_can_be_told_of_again(tmp_path: Path, runs: Any) -> None:
    command = ["-m", *CELL, "model@supervisor=nano_xs,nano_s", "logger=wandb"]
    ditto(tmp_path, *command)
    first = runs()
    (group,) = {run.group for run in first}
    assert [(run.name, run.job_type) for run in first] == [
        ("nano_xs@nano_xs", "cell"),
        ("nano_xs@nano_s", "cell"),
        ("default", "summary"),
    ]
    assert [run.id for run in first] == [f"{group}-{name}" for name in ("nano_xs@nano_xs", "nano_xs@nano_s", "summary")]
    for cell in first[:2]:
        assert {step for step, row in cell.history.items() if "loss" in row} == {1, 2, 3}
        assert set(cell.history[3]) >= FIGURES - {"step"}
        assert cell.config["supervisor"]["name"] == cell.name.partition("@")[2]
        assert cell.summary["seconds/tune"] > 0
        assert 0 <= cell.summary["imitation/identity"] <= 1
        assert len(cell.table("samples")["data"]) == 20
    assert first[2].table("matrix")["columns"][:3] == ["row", "seed", "supervisor"]
    assert first[2].table("findings")["data"]
    assert (first[2].folder / "files" / first[2].history[0]["heatmaps/path"]).exists()
    assert not [f for f in tmp_path.rglob("*") if f.is_file() and KEY.encode() in f.read_bytes()]

    assert made(ditto(tmp_path, *command).stderr) == []
    assert len(runs()) == 3
    samples = [cell.table("samples")["data"] for cell in first[:2]]
    shutil.rmtree(tmp_path / "logs")
    assert made(ditto(tmp_path, *command).stderr) == []
    again = runs()
    assert [(run.id, run.name, run.group) for run in again] == [(run.id, run.name, run.group) for run in first]
    assert [cell.table("samples")["data"] for cell in again[:2]] == samples
    for one, other in zip(first[:2], again[:2], strict=True):
        assert [other.history[n]["loss"] for n in (1, 2, 3)] == pytest.approx(
            [one.history[n]["loss"] for n in (1, 2, 3)], abs=1e-6
        )
        assert other.summary["imitation/identity"] == one.summary["imitation/identity"]


@pytest.mark.slow
def test_a_tuning_that_was_killed_goes_on_with_its_run(tmp_path: Path, runs: Any) -> None:
    command = [*CELL, "logger=wandb", "tuning.steps=40", "checkpoint_every=5"]  # the last value holds
    process = start(tmp_path, *command)
    while process.poll() is None and not any(len(rows(f)) > 12 for f in (tmp_path / "logs").glob("*/metrics.csv")):
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert list((tmp_path / ".work" / "tune").glob("*/checkpoints/step-*"))
    ditto(tmp_path, *command)
    killed, whole, summary = runs()
    assert killed.folder.name.endswith(whole.id)  # what it held in memory is lost
    assert whole.name == "nano_xs@nano_xs"
    assert [step for step, row in whole.history.items() if "loss" in row] == list(range(1, 41))
    assert all(set(whole.history[step]) >= FIGURES - {"step"} for step in range(1, 41))
    assert summary.job_type == "summary"
