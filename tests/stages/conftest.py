"""A configuration made small, and a simulation for the stages that come after it."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from omegaconf import DictConfig

from ditto import study
from ditto.records import Dialogue, Turn, write_jsonl
from ditto.run import CONF
from ditto.store import Artifact


@pytest.fixture
def tidied() -> Iterator[None]:
    """Hydra's handlers would outlive the streams of a test that calls `run.main`."""
    study.Launch.current = None
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    for handler in set(root.handlers) - set(handlers):
        handler.close()
    root.handlers[:] = handlers
    root.setLevel(level)


def composed(root: Path, *overrides: str) -> DictConfig:
    small = (f"paths.root={root}", "tuning.steps=3", "tuning.batch_size=4", "tuning.accumulate=1")
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return compose("config", overrides=[*small, *overrides])


@pytest.fixture
def simulated(tmp_path: Path) -> Artifact:
    turn = Turn(
        query="Speaking of Sanaton, who is your mentor?", response="Ah, it is Keren.", kind="specific", source="x"
    )
    dialogues = [
        Dialogue(
            character=f"c{i}",
            lang="en",
            system=f"You are number {i}.",
            turns=(turn,),
            messages=(
                {"role": "system", "content": f"You are number {i}."},
                {"role": "user", "content": turn.query},
                {"role": "assistant", "content": turn.response},
            ),
        )
        for i in range(6)
    ]
    write_jsonl(tmp_path / "dialogues.jsonl", dialogues)
    return Artifact(tmp_path, "key", {}, cached=False)
