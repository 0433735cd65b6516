"""Run one cell, or a whole study, from the configuration.

python -m ditto.run                          one cell: the default model aligned with itself
python -m ditto.run +experiment=cross_sup    every nano seed tuned on every nano supervisor
python -m ditto.run --help                   what can be chosen
"""

import os
import re
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Final

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException

from ditto import study
from ditto.config import one_line, register_resolvers
from ditto.errors import ConfigError, DittoError, Interrupted, StoreError
from ditto.store import DISK

PACKAGE: Final = Path(__file__).parent
# In a checkout the tree stands beside the package, in a wheel inside it.
CONF: Final = next(f for f in (PACKAGE / "conf", PACKAGE.parent / "conf") if f.is_dir())
REPORTED: Final = ("cell", "query_quality")  # tasks whose jobs are told of together, at the end of the launch
ENDED: Final = list[DittoError]()  # what ended the only job


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line. Errors come out as one sentence and an exit code (`ditto.errors`)."""
    if arguments is not None:
        sys.argv[1:] = list(arguments)
    os.environ.setdefault("DITTO_RUN_ID", f"{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}")
    os.environ["HYDRA_FULL_ERROR"] = "1"  # errors come to us instead of being printed by Hydra
    register_resolvers()
    failure: Exception | None = None
    try:
        _refuse_numbers(sys.argv[1:])
        _hydra()
        failure = ENDED.pop() if ENDED else None
    except BrokenPipeError:  # the reader of `--help | head` has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return
    except KeyboardInterrupt:
        failure = Interrupted("Interrupted. Whatever was finished is kept, and the same command goes on from there.")
    except (DittoError, HydraException, OmegaConfBaseException, OSError) as error:
        failure = error
    try:
        _report()
    except (DittoError, OSError) as error:
        failure = failure or error
    if failure:
        sys.exit(_explain(failure))


@hydra.main(version_base="1.3", config_path=str(CONF), config_name="config")
def _hydra(cfg: DictConfig) -> None:
    """One job. A single one's error is put aside, for Hydra would print the whole command before it; a sweep's is
    raised, so that the sweep knows.
    """
    register_resolvers()  # workers of a launcher start here
    try:
        _job(cfg)
    except DittoError as error:
        if HydraConfig.get().mode != RunMode.RUN:
            raise
        ENDED.append(error)


def _job(cfg: DictConfig) -> None:
    # torch and transformers load only once the configuration holds
    from transformers.utils import logging

    from ditto.stages import carried, cell, collect, plan, query_quality, validate

    logging.disable_progress_bar()  # every stage shows its own
    tasks = {
        "cell": cell.run,
        "collect": collect.run,
        "validate_judge": validate.run,
        "judge_answers": carried.run,
        "query_quality": query_quality.run,
    }
    if cfg.task not in tasks:
        raise ConfigError(f"task={cfg.task} is unknown: it is one of {', '.join(tasks)}.")
    if (cfg.study.replicates or 1) != 1 and HydraConfig.get().mode == RunMode.RUN:
        raise ConfigError(f"study.replicates={cfg.study.replicates} is for sweeps: add -m to the command.")
    job = Path(HydraConfig.get().runtime.output_dir)
    if plan.wanted(cfg):
        plan.run(cfg, job)
        return
    try:
        folder = tasks[cfg.task](cfg)
    except Interrupted:
        _queue_again()
        raise
    if cfg.task not in REPORTED or folder is None:
        return
    (job / study.CELL_DONE).write_text(str(folder.absolute()), "utf-8")


def _queue_again() -> None:
    """Inside a job of submitit, have it put back into the queue: a tuning that SIGTERM ended has saved itself."""
    if callable(signal.getsignal(signal.SIGUSR2)):
        signal.raise_signal(signal.SIGUSR2)


def _refuse_numbers(arguments: Sequence[str]) -> None:
    """A number in the place of a group's choice, which Hydra answers with a traceback.

    Raises:
        ConfigError: there is one.
    """
    groups = {folder.name for folder in CONF.iterdir() if folder.is_dir()}
    for argument in arguments:
        name, _, value = argument.partition("=")
        if name.partition("@")[0] in groups and re.fullmatch(r"-?\d+(\.\d+)?", value):
            raise ConfigError(f"{argument} gives a number where one of the group's choices is meant.")


def _report() -> None:
    """Report on what the jobs of this launch have finished, or planned, also when others of them failed."""
    if launch := study.Launch.current:
        from ditto.stages import arms, dashboard, plan, query_quality, report

        if launch.cfg.plan:
            plan.finish(launch.cfg, launch.folder)
            return
        done = sorted(launch.folder.rglob(study.CELL_DONE), key=lambda f: (len(f.parent.name), f.parent.name))
        folders = list(dict.fromkeys(Path(f.read_text("utf-8")) for f in done))
        if folders and launch.cfg.task == "query_quality":
            query_quality.finish(launch.cfg, folders)
            return
        for folder, name in arms.names(launch.cfg.study.name, folders).items():
            dashboard.tell_report(launch.cfg, report.run(launch.cfg, folder, name), [folder])
        if arms.varied(folders):
            dashboard.tell_report(launch.cfg, arms.run(launch.cfg, folders), folders)


def _of_one_cell(error: Exception) -> Exception:
    """What is wrong with the first cell of a sweep. Hydra, which cannot tell that it is one as long as something else
    is wrong, says of its values that they are ambiguous.
    """
    if "Ambiguous value for argument" not in str(error):
        return error
    words = [word for word in sys.argv[1:] if not word.startswith(("-", "hydra"))]
    values = OverridesParser.create().parse_overrides(words)
    cell = [
        f"{value.get_key_element()}={next(value.sweep_string_iterator())}"
        if value.is_sweep_override()
        else str(value.input_line)
        for value in values
    ]
    try:
        with hydra.initialize_config_dir(str(CONF), version_base="1.3"):
            hydra.compose("config", cell)
    except (HydraException, OmegaConfBaseException) as found:
        return found
    return error


def _meant(said: str) -> str:
    """The sentence, and what a name that is not there may have been meant to be."""
    if not (wrong := re.match(r"Could not override '([\w.]+)'", said)):
        return said
    with hydra.initialize_config_dir(str(CONF), version_base="1.3"):
        near = get_close_matches(wrong[1], list(_names(hydra.compose("config"))), n=1)
    return f"{wrong[1]} is not there: did you mean {near[0]}?" if near else said


def _names(node: DictConfig) -> Iterator[str]:
    """All names below `node`, from the top."""
    for key in map(str, node):
        yield key
        child = node._get_node(key)
        if isinstance(child, DictConfig) and not child._is_none():
            yield from (f"{key}.{name}" for name in _names(child))


def _explain(error: Exception) -> int:
    """Print `error` as one sentence on stderr; returns the exit code."""
    if isinstance(error, (HydraException, OmegaConfBaseException)):
        error = ConfigError(_meant(one_line(_of_one_cell(error))))
    elif isinstance(error, OSError):
        if error.errno not in DISK:
            raise error
        error = StoreError(f"Cannot write {error.filename}: {error.strerror}. Set paths.root to another folder.")
    assert isinstance(error, DittoError)
    print(f"ditto: {error}", file=sys.stderr)
    return error.exit_code


if __name__ == "__main__":
    main()
