"""A sweep whose jobs run side by side makes what cells share first, once, and loses nothing to a job that fails."""

import logging
import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import psutil
import pytest
import submitit
from hydra.core.plugins import Plugins
from hydra.core.utils import JobReturn, JobStatus
from omegaconf import DictConfig

from ditto import run, study
from ditto.errors import ConfigError, StageError
from tests.commands import TINY, ditto, made, matrix, start

Plugins.instance()  # imports them; whoever imports one before has another class than Hydra
from hydra_plugins.hydra_joblib_launcher.joblib_launcher import JoblibLauncher  # noqa: E402
from hydra_plugins.hydra_submitit_launcher.submitit_launcher import LocalLauncher  # noqa: E402

from hydra_plugins.ditto_waves import _lost_jobs_returned  # noqa: E402

FOUR = ("-m", "model@seed=nano_xs,nano_s", "model@supervisor=nano_xs,nano_s")
BESIDE = "hydra/launcher=joblib"
CELLS = ["cell s@s", "cell s@xs", "cell xs@s", "cell xs@xs"]
PARTS = ["base s", "base xs", "simulate s", "simulate xs", "supervision s", "supervision xs"]


@pytest.fixture(autouse=True)
def _logging() -> Iterator[None]:
    """Hydra's handlers would outlive the streams of a test."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:], root.level = handlers, level
    study.Launch.current = None


class Launched:
    """The waves that a launcher was handed, each job by part and models; those in `fails` fail."""

    def __init__(self) -> None:
        self.waves, self.numbers, self.fails = list[list[str]](), list[int](), set[str]()

    def launch(self, launcher: JoblibLauncher, overrides: Sequence[Sequence[str]], first: int) -> list[JobReturn]:
        assert launcher.hydra_context
        assert launcher.config
        loader = launcher.hydra_context.config_loader
        jobs = [self._named(loader.load_sweep_config(launcher.config, list(words))) for words in overrides]
        self.waves.append(sorted(jobs))
        self.numbers.append(first)
        if "launcher" in self.fails:
            raise MemoryError("a worker was killed")
        return [self._returned(job) for job in jobs]

    def _returned(self, job: str) -> JobReturn:
        returned = JobReturn(status=JobStatus.FAILED if job in self.fails else JobStatus.COMPLETED)
        returned.return_value = StageError(f"{job} cannot be done.") if job in self.fails else None
        return returned

    @staticmethod
    def _named(cfg: DictConfig) -> str:
        seed, supervisor = (cfg[role].name.removeprefix("nano_") for role in ("seed", "supervisor"))
        models = {
            "benchmark": "",
            "simulate": supervisor,
            "filter": supervisor,
            "supervision": supervisor,
            "base": seed,
        }
        again = f"+{cfg.replicate}" if cfg.replicate else ""
        return f"{cfg.study.part} {models.get(cfg.study.part, f'{seed}@{supervisor}')}{again}".strip()


@pytest.fixture
def launched(monkeypatch: pytest.MonkeyPatch) -> Launched:
    seen = Launched()

    def launch(self: JoblibLauncher, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> list[JobReturn]:
        return seen.launch(self, job_overrides, initial_job_idx)

    monkeypatch.setattr(JoblibLauncher, "launch", launch)
    return seen


def test_what_cells_share_comes_first_and_once(launched: Launched, tmp_path: Path) -> None:
    run.main([*FOUR, BESIDE, f"paths.root={tmp_path}"])
    assert launched.waves == [["benchmark"], PARTS, CELLS]
    assert launched.numbers == [0, 1, 7]


def test_filters_come_after_the_simulations_they_share(launched: Launched, tmp_path: Path) -> None:
    run.main([*FOUR, "filter=consistency", BESIDE, f"paths.root={tmp_path}"])
    assert launched.waves == [["benchmark"], PARTS, ["filter s", "filter xs"], CELLS]


def test_replicates_share_their_bases_and_not_their_simulations(launched: Launched, tmp_path: Path) -> None:
    words = ["-m", "model@seed=nano_xs", "study.replicates=2", BESIDE, f"paths.root={tmp_path}"]
    run.main(words)
    shared = ["base xs", "simulate xs", "simulate xs+1", "supervision xs"]
    assert launched.waves == [["benchmark"], shared, ["cell xs@xs", "cell xs@xs+1"]]


def test_a_single_cell_is_one_job(launched: Launched, tmp_path: Path) -> None:
    run.main(["-m", "model@seed=nano_xs", BESIDE, f"paths.root={tmp_path}"])
    assert launched.waves == [["cell xs@xs"]]


def test_a_plan_has_no_waves(launched: Launched, tmp_path: Path) -> None:
    run.main([*FOUR, BESIDE, f"paths.root={tmp_path}", "plan=true"])
    assert launched.waves == [CELLS]


@pytest.mark.parametrize(
    ("fails", "cells", "says"),
    [
        ("cell s@s", CELLS, "cell nano_s@nano_s (job 10) failed: cell s@s cannot be done."),
        ("base s", CELLS[2:], "cell nano_s@nano_xs is not run: it needs base nano_s, which failed."),
        ("simulate xs", ["cell s@s", "cell xs@s"], "cell nano_s@nano_xs is not run: it needs simulate nano_xs"),
        ("benchmark", None, "cell nano_s@nano_s is not run: it needs benchmark default, which failed."),
        ("launcher", None, "cell nano_s@nano_s is not run: it needs benchmark default, which failed."),
    ],
)
def test_a_failure_is_named_and_stops_only_what_needs_it(
    fails: str,
    cells: list[str] | None,
    says: str,
    launched: Launched,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    launched.fails = {fails}
    with pytest.raises(SystemExit) as ended:
        run.main([*FOUR, BESIDE, f"paths.root={tmp_path}"])
    printed = capfd.readouterr().err
    assert ended.value.code == StageError.exit_code
    assert launched.waves[2:] == ([cells] if cells else [])
    assert says in printed
    assert "study.only_missing=true" in printed
    last = printed.splitlines()[-1]
    expected = "JoblibLauncher broke down under its jobs: a worker was killed" if fails == "launcher" else fails
    assert last.startswith(f"ditto: {expected}")


def test_what_is_wrong_in_every_cell_is_told_once_and_at_the_end(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        run.main(["-m", "model@seed=nano_xs,nano_s,nano_m", "rounds=0", f"paths.root={tmp_path}"])
    printed = capfd.readouterr().err
    assert printed.count("rounds=0 cannot be meant") == 2
    assert printed.count("failed: for the same reason.") == 2
    assert "only_missing" not in printed  # which would not help


def test_a_cell_whose_configuration_is_wrong_is_left_to_its_job(launched: Launched, tmp_path: Path) -> None:
    wrong = ["-m", "model@seed=nano_xs,hf", "model@supervisor=nano_s", BESIDE, f"paths.root={tmp_path}"]
    launched._named = lambda cfg: cfg.study.part  # type: ignore[method-assign]
    run.main(wrong)
    assert launched.waves == [["benchmark"], ["base", "simulate", "supervision"], ["cell", "cell"]]


@pytest.mark.parametrize("word", ["study.part=tune", "study.only_missing=maybe"])
def test_what_cannot_be_meant_starts_nothing(
    word: str, launched: Launched, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        run.main([*FOUR, BESIDE, f"paths.root={tmp_path}", word])
    assert ended.value.code == ConfigError.exit_code
    assert f"ditto: {word} " in capfd.readouterr().err
    assert not launched.waves


def test_an_interrupted_job_of_submitit_is_queued_again() -> None:
    run._queue_again()  # no job of submitit: nothing happens
    received = list[int]()
    former = signal.signal(signal.SIGUSR2, lambda number, _: received.append(number))
    try:
        run._queue_again()
    finally:
        signal.signal(signal.SIGUSR2, former)
    assert received == [signal.SIGUSR2]


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_lost_job_of_submitit_hides_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(submitit.Job, "_results_timeout_s", 0)
    executor = submitit.LocalExecutor(tmp_path)
    functions: list[Callable[[], object]] = [_die, os.getpid]
    jobs = [executor.submit(function) for function in functions]
    with _lost_jobs_returned(LocalLauncher(submitit_folder=str(tmp_path))):
        lost, found = [job.results()[0] for job in jobs]
    assert lost.status == JobStatus.FAILED
    assert f"The job {jobs[0].job_id} was lost (FINISHED)" in str(lost._return_value)
    assert isinstance(found, int)


@pytest.fixture(scope="module")
def serial(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two cells, one after the other."""
    root = tmp_path_factory.mktemp("serial")
    ditto(root, *SWEEP)
    return root


SWEEP = ("-m", "model@seed=nano_xs,nano_s", "model@supervisor=nano_xs", *TINY, "tuning.steps=60", "checkpoint_every=2")


@pytest.mark.slow
def test_only_missing_starts_no_job_for_what_is_there(serial: Path, tmp_path: Path) -> None:
    root = tmp_path / "root"
    shutil.copytree(serial, root)
    before = matrix(root)
    (root / "report" / "default" / "matrix.csv").unlink()
    log = ditto(root, *SWEEP, "study.only_missing=true").stderr
    assert log.count("  there") == 2
    assert "cached" not in log
    assert matrix(root) == before
    next(root.glob("study/*/nano_s@nano_xs.json")).unlink()
    log = ditto(root, *SWEEP, "study.only_missing=true").stderr
    assert log.count("  there") == 1
    assert "imitation-nano_s-on" in log
    assert "imitation-nano_xs-on" not in log
    assert matrix(root) == before


def jobs_of(launch: psutil.Process) -> Iterator[tuple[psutil.Process, str]]:
    """The running jobs of submitit that it has started, with the log of each."""
    for process in launch.children(recursive=True):
        try:
            if "submitit.core._submit" in process.cmdline():
                logs = [Path(file.path) for file in process.open_files() if file.path.endswith("job.log")]
                yield process, "".join(log.read_text("utf-8") for log in logs)
        except psutil.NoSuchProcess:
            continue


def preempt(launch: psutil.Process, root: Path, how: signal.Signals) -> None:
    """Signal the job that tunes, once it has saved a checkpoint."""
    while launch.is_running() and launch.status() != psutil.STATUS_ZOMBIE:
        saved = {file.parts[-3] for file in root.glob(".work/tune/*/checkpoints/step-*")}
        for process, log in jobs_of(launch):
            if any(f"{name}  ..." in log for name in saved):
                process.send_signal(how)
                return
        time.sleep(0.02)
    pytest.fail("No tuning was met.")


@pytest.mark.slow
@pytest.mark.timeout(1200)  # seven processes, on few cores
def test_a_preempted_job_goes_on_and_nothing_is_made_twice(serial: Path, tmp_path: Path) -> None:
    words = [*SWEEP, "hydra/launcher=submitit_local", "hydra.launcher.timeout_min=20"]
    launch = start(tmp_path, *words)
    preempt(psutil.Process(launch.pid), tmp_path, signal.SIGUSR2)
    out, err = launch.communicate(timeout=900)
    assert launch.returncode == 0, f"{out}\n{err}"
    errors = "".join(file.read_text("utf-8") for file in tmp_path.glob("jobs/*/*/.submitit/*/*_log.err"))
    output = "".join(file.read_text("utf-8") for file in tmp_path.glob("jobs/*/*/.submitit/*/*_log.out"))
    assert "Requeued job" in errors + output
    begun = made(errors)
    tuned = {name for name in begun if name.startswith("tune ")}
    assert len(tuned) == 2
    assert len(begun) == len(set(begun)) + 1  # the preempted tuning is taken up again
    assert "another process is making it" not in errors
    assert matrix(tmp_path) == matrix(serial)
