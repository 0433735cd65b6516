"""The look at everything before anything runs."""

from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from omegaconf import DictConfig

from ditto.errors import ConfigError
from ditto.run import CONF
from ditto.stages.check import check


def config(*overrides: str) -> DictConfig:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return compose("config", overrides=list(overrides))


def test_a_seed_alone_supervises_itself(model_folder: Path) -> None:
    seed, supervisor = check(config("model@seed=hf", f"seed.path={model_folder}"))
    assert seed == supervisor
    assert seed.name == model_folder.name


def test_two_models_of_one_name_are_refused(model_folder: Path) -> None:
    overrides = ["model@seed=hf", f"seed.path={model_folder}", "seed.name=nano_m", "model@supervisor=nano_m"]
    with pytest.raises(ConfigError, match=r"supervisor\.name"):
        check(config(*overrides))


@pytest.mark.parametrize("precision", ["bf16-true", "16-true"])
def test_a_precision_that_rounds_the_optimiser_away_is_refused(precision: str) -> None:
    with pytest.raises(ConfigError, match="bf16-mixed"):
        check(config(f"trainer.precision={precision}"))
