"""Run one cell, or a whole study, from the configuration.

python -m ditto.run                          one cell: the default model aligned with itself
python -m ditto.run +experiment=cross_sup    every nano seed tuned on every nano supervisor
python -m ditto.run --help                   what can be chosen
"""

import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException
from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException

from ditto import study
from ditto.config import one_line, register_resolvers
from ditto.errors import ConfigError, DittoError, Interrupted, StoreError
from ditto.store import DISK

PACKAGE: Final = Path(__file__).parent
# In a checkout the tree stands beside the package, in a wheel inside it.
CONF: Final = next(f for f in (PACKAGE / "conf", PACKAGE.parent / "conf") if f.is_dir())


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line. Errors come out as one sentence and an exit code (`ditto.errors`)."""
    if arguments is not None:
        sys.argv[1:] = list(arguments)
    os.environ.setdefault("DITTO_RUN_ID", f"{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}")
    os.environ["HYDRA_FULL_ERROR"] = "1"  # errors come to us instead of being printed by Hydra
    register_resolvers()
    failure: Exception | None = None
    try:
        _hydra()
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
    register_resolvers()  # workers of a launcher start here
    # torch and transformers load only once the configuration holds
    from transformers.utils import logging

    from ditto.stages import carried, cell, validate

    logging.disable_progress_bar()  # every stage shows its own
    tasks = {"cell": cell.run, "validate_judge": validate.run, "judge_answers": carried.run}
    if cfg.task not in tasks:
        raise ConfigError(f"task={cfg.task} is unknown: it is one of {', '.join(tasks)}.")
    folder = tasks[cfg.task](cfg)
    if cfg.task != "cell":
        return
    (Path(HydraConfig.get().runtime.output_dir) / study.CELL_DONE).write_text(str(folder.absolute()), "utf-8")


def _report() -> None:
    """Report on the studies whose cells this launch has finished, also when others of them failed."""
    if launch := study.Launch.current:
        from ditto.stages import report

        folders = sorted({Path(f.read_text("utf-8")) for f in launch.folder.rglob(study.CELL_DONE)})
        for folder in folders:
            report.run(launch.cfg, folder, folder.name if len(folders) > 1 else launch.cfg.study.name)


def _explain(error: Exception) -> int:
    """Print `error` as one sentence on stderr; returns the exit code."""
    if isinstance(error, (HydraException, OmegaConfBaseException)):
        error = ConfigError(one_line(error))
    elif isinstance(error, OSError):
        if error.errno not in DISK:
            raise error
        error = StoreError(f"Cannot write {error.filename}: {error.strerror}. Set paths.root to another folder.")
    assert isinstance(error, DittoError)
    print(f"ditto: {error}", file=sys.stderr)
    return error.exit_code


if __name__ == "__main__":
    main()
