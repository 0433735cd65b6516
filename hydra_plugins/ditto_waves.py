"""Hydra's sweep over all combinations, in an order for jobs side by side. Hydra looks for sweepers in this package."""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hydra._internal.core_plugins.basic_launcher import BasicLauncher
from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.utils import JobReturn, JobStatus
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext
from omegaconf import DictConfig, OmegaConf, open_dict

from ditto import parts, study
from ditto.errors import ConfigError, DittoError, StageError

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Job:
    """What is started: a cell with what it shares, or (`key`) a part that cells share."""

    name: str
    overrides: Sequence[str]
    shared: Sequence[parts.Shared] = ()
    key: str | None = None


class Waves(BasicSweeper):
    """Cells run side by side, after what they share; a job that fails stops none but the cells that need it.

    With Hydra's own launcher, which runs one job after another, the first cell to need a part makes it.
    """

    launcher: Launcher
    hydra_context: HydraContext
    config: DictConfig

    def __init__(self, params: dict[str, str] | None = None) -> None:
        super().__init__(max_batch_size=None, params=params)

    def sweep(self, arguments: list[str]) -> list[Sequence[JobReturn]]:
        """Run all combinations of the values in `arguments`.

        Raises:
            ConfigError: what is asked of the study cannot be meant.
            Exception: what ended the first job that failed, after all others have run.
        """
        parts.check_study(self.config.study)
        folder = Path(self.config.hydra.sweep.dir)
        folder.mkdir(parents=True, exist_ok=True)
        OmegaConf.save(self.config, folder / "multirun.yaml")
        cells = [job for overrides in self._combinations(arguments) if (job := self._cell(overrides, folder))]
        is_study = self.config.task == parts.CELL
        side_by_side = is_study and not self.config.plan and not isinstance(self.launcher, BasicLauncher)
        run = Run(self.launcher)
        for wave in parts.WAVES if side_by_side and len(cells) > 1 else ():
            run.start(_parts(cells, wave))
            cells = run.able(cells)
        run.start(cells)
        if run.failures:
            if is_study and not all(isinstance(error, ConfigError) for error in run.failures):
                log.error("The same command with study.only_missing=true runs the cells that are not finished.")
            raise run.failures[0]
        return run.returned

    def _combinations(self, arguments: list[str]) -> list[list[str]]:
        parser = OverridesParser.create(config_loader=self.hydra_context.config_loader)
        [combinations] = self.split_arguments(parser.parse_overrides([*self._parse_config(), *arguments]), None)
        return combinations

    def _cell(self, overrides: list[str], folder: Path) -> Job | None:
        """The job of a cell; None where the cell is there and only missing ones are asked for."""
        cfg = self._composed(overrides)
        if cfg.task != parts.CELL:
            return Job(cfg.task, overrides)
        try:
            file, shared = parts.cell(cfg), parts.shared(cfg)
        except DittoError:  # the job will say so
            return Job(parts.CELL, overrides)
        # The order of an ablation's arms is that of their jobs, so all of them are started.
        if not cfg.study.only_missing or cfg.study.arm is not None or not file.exists():
            return Job(f"{parts.CELL} {file.stem}", overrides, shared)
        log.info("%-11s %s  there", parts.CELL, file.stem)
        found = folder / "there" / file.parent.name / study.CELL_DONE
        found.parent.mkdir(parents=True, exist_ok=True)
        found.write_text(str(file.parent.absolute()), "utf-8")
        return None

    def _composed(self, overrides: list[str]) -> DictConfig:
        cfg = self.hydra_context.config_loader.load_sweep_config(self.config, overrides)
        with open_dict(cfg):
            del cfg["hydra"]
        return cfg


def _parts(cells: Sequence[Job], wave: Sequence[str]) -> list[Job]:
    """A job for each part of the wave that some cell needs."""
    jobs = dict[str, Job]()
    for cell in cells:
        for part in cell.shared:
            if part.part in wave:
                overrides = [*cell.overrides, f"study.part={part.part}"]
                jobs.setdefault(part.key, Job(part.name, overrides, key=part.key))
    return list(jobs.values())


@dataclass
class Run:
    """The jobs of a sweep so far: what they returned, and what failed."""

    launcher: Launcher
    returned: list[Sequence[JobReturn]] = field(default_factory=list)
    failures: list[Exception] = field(default_factory=list)
    lacking: dict[str, str] = field(default_factory=dict)  # names of parts that failed, by key
    n_started: int = 0

    def start(self, jobs: Sequence[Job]) -> None:
        """Run `jobs` with the launcher and wait for all of them."""
        if not jobs:
            return
        returned = self._launch(jobs)
        for number, (job, result) in enumerate(zip(jobs, returned, strict=True), self.n_started):
            if result.status != JobStatus.COMPLETED:
                self._fail(job, number, result._return_value)
        self.returned.append(returned)
        self.n_started += len(jobs)

    def able(self, cells: Sequence[Job]) -> list[Job]:
        """The cells for which no part has failed; says of the others that they are not run."""
        able = []
        for cell in cells:
            if lacks := [self.lacking[part.key] for part in cell.shared if part.key in self.lacking]:
                log.error("%s is not run: it needs %s, which failed.", cell.name, ", ".join(lacks))
            else:
                able.append(cell)
        return able

    def _launch(self, jobs: Sequence[Job]) -> Sequence[JobReturn]:
        try:
            with _lost_jobs_returned(self.launcher):
                return self.launcher.launch([job.overrides for job in jobs], initial_job_idx=self.n_started)
        except Exception as error:
            said = f"{type(self.launcher).__name__} broke down under its jobs: {error}"
            return [_failed(StageError(said)) for _ in jobs]

    def _fail(self, job: Job, number: int, error: Exception) -> None:
        unforeseen = not isinstance(error, (DittoError, OSError))
        said = "for the same reason." if str(error) in map(str, self.failures) else error
        log.error("%s (job %d) failed: %s", job.name, number, said, exc_info=error if unforeseen else None)
        self.failures.append(error)
        if job.key:
            self.lacking[job.key] = job.name


@contextmanager
def _lost_jobs_returned(launcher: Launcher) -> Iterator[None]:
    """Have submitit return a job that was killed or ran out of time as a failed one.

    By itself it raises at the first of them, and nobody waits for the jobs after it.
    """
    if "submitit" not in type(launcher).__module__:
        yield
        return
    import submitit

    kind: Any = submitit.Job
    results: Callable[[Any], list[Any]] = kind.results

    def returned(job: Any) -> list[Any]:
        try:
            return results(job)
        except submitit.core.utils.UncompletedJobError:
            said = f"The job {job.job_id} was lost ({job.state}): {job.paths.stderr} holds what it said last."
            return [_failed(StageError(said))]

    kind.results = returned
    try:
        yield
    finally:
        kind.results = results


def _failed(error: Exception) -> JobReturn:
    lost = JobReturn(status=JobStatus.FAILED)
    lost.return_value = error
    return lost
