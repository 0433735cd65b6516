"""`task=collect`: make the characters and nothing else, to look at them before a model is asked."""

import logging
from pathlib import Path

from omegaconf import DictConfig

from ditto.stages import characters
from ditto.stages.check import check_names
from ditto.store import Store

log = logging.getLogger(__name__)


def run(cfg: DictConfig) -> Path:
    """Collect; returns the folder of the characters."""
    check_names(cfg)
    folder = characters.make(cfg, Store(cfg.paths.root)).path
    log.info("%-11s %s", "datasheet", folder / characters.SHEET)
    return folder
