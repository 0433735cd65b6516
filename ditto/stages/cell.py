"""One cell of the matrix: a seed tuned on a supervisor's simulation, beside its base and its teacher."""

from collections.abc import Callable, Mapping
from pathlib import Path

from omegaconf import DictConfig

from ditto import study
from ditto.dashboards.telling import Telling
from ditto.models import Model, parameters
from ditto.parts import check_study
from ditto.records import Row
from ditto.stages import answer, benchmark, characters, dashboard, judge, simulate, tune
from ditto.stages import filter as filtering
from ditto.stages.check import check
from ditto.stages.push import push
from ditto.store import Artifact, Store


def run(cfg: DictConfig) -> Path | None:
    """Make whatever of the cell is not there yet; returns the folder of its study, or None after `study.part` of it."""
    check_study(cfg.study)
    seed, supervisor = check(cfg)
    store = Store(cfg.paths.root)
    people = characters.run(cfg, store)
    tests = benchmark.run(cfg, store, people)
    judge.check_metrics(cfg.judge, tests.sessions)

    def judged(row: Row, model: Model, made: Artifact | None = None) -> str:
        answered = answer.run(cfg, store, tests, model, row, made)
        return judge.run(cfg, store, tests, answered, f"{row}-{model.name}", model).path.name

    shared: Mapping[str, Callable[[], object]] = {
        "benchmark": lambda: tests,
        "simulate": lambda: simulate.run(cfg, store, people, supervisor),
        "filter": lambda: filtering.run(cfg, store, people, supervisor),
        "base": lambda: judged("base", seed),
        "supervision": lambda: judged("supervision", supervisor),
    }
    if cfg.study.part in shared:
        shared[cfg.study.part]()
        return None
    with dashboard.cell_run(cfg, seed.name, supervisor.name) as told:
        model, tuned = _aligned(cfg, store, people, seed, supervisor, told=told)
        for _ in range(1, cfg.rounds):
            model, tuned = _aligned(cfg, store, people, model, model, tuned)
        rows = {
            "base": judged("base", seed),
            "supervision": judged("supervision", supervisor),
            "imitation": judged("imitation", model, tuned),
        }
        if cfg.hub.push:
            push(cfg, tuned, store.root / "judge" / rows["imitation"], seed.name, supervisor.name)
        supervisor_parameters = None if supervisor.is_api else parameters(supervisor)
        cell = study.Cell(seed.name, supervisor.name, parameters(seed), supervisor_parameters, rows, cfg.replicate)
        folder = study.save(cfg, cell)
        if told:
            dashboard.tell_cell(told, cfg, cell)
    return folder


def _aligned(
    cfg: DictConfig,
    store: Store,
    people: characters.Loaded,
    seed: Model,
    supervisor: Model,
    tuned: Artifact | None = None,
    told: Telling | None = None,
) -> tuple[Model, Artifact]:
    """A round: the model that `seed` becomes on the dialogues of `supervisor`; both may be that of the round before."""
    dialogues = filtering.run(cfg, store, people, supervisor, tuned)
    made = tune.run(cfg, store, dialogues, seed, supervisor, tuned, told)
    return tune.tuned_model(made, seed, supervisor, tuned), made
