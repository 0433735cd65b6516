"""The look at everything before anything runs."""

from importlib.util import find_spec
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


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("+tunning=full", "tunning is unknown: there are .*'tuning'"),
        ("seed=nano_s", "seed=nano_s is a bare value: choose with model@seed="),
    ],
)
def test_a_misspelt_name_and_a_bare_value_are_refused(override: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        check(config(override))


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (("trainer.devices=0",), r"trainer\.devices=0 cannot be meant"),
        (("trainer.devices=auto",), r"trainer\.devices=auto cannot be meant"),
        (("trainer.num_nodes=-1",), r"trainer\.num_nodes=-1 cannot be meant"),
        (("trainer=ddp", "trainer.devices=4", "tuning.accumulate=5"), r"5 parts on each of 4 ranks"),
        (("trainer=ddp", "trainer.num_nodes=9", "trainer.devices=2"), r"1 parts on each of 18 ranks"),
        (("tuning.max_length=513",), r"max_length=513 is more than the 512 tokens of nano_m: give fewer"),
        (("tuning=lora", "+tuning.adapter.nothing=1"), r"tuning\.adapter\.nothing is unknown"),
    ],
)
def test_ranks_and_adapters_that_cannot_be_are_refused(overrides: tuple[str, ...], said: str) -> None:
    with pytest.raises(ConfigError, match=said) as error:
        check(config(*overrides))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (("trainer=zero3", "trainer.devices=2"), "cannot be divided"),
        (("trainer=fsdp", "trainer.devices=2"), "cannot be divided"),
        (("tuning.adapter=null",), "4 bits cannot learn"),
    ],
)
def test_a_quantised_seed_where_it_cannot_be_is_refused(overrides: tuple[str, ...], said: str) -> None:
    pytest.importorskip("bitsandbytes", reason="bitsandbytes is not installed: pip install -e '.[qlora]'")
    with pytest.raises(ConfigError, match=said):
        check(config("tuning=qlora", *overrides))


def test_qlora_without_bitsandbytes_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ditto.tune.method.find_spec", lambda name: None)
    with pytest.raises(ConfigError, match="needs bitsandbytes, which is not installed"):
        check(config("tuning=qlora"))


def test_zero_without_deepspeed_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ditto.tune.zero.find_spec", lambda name: None)
    with pytest.raises(ConfigError, match="needs DeepSpeed, which is not installed"):
        check(config("trainer=zero2"))


def test_ligers_kernels_are_asked_for_before_anything_runs() -> None:
    if find_spec("liger_kernel"):
        pytest.skip("Liger's kernels are installed")
    with pytest.raises(ConfigError, match="needs Liger's kernels, which are not installed: pip install liger-kernel"):
        check(config("tuning.liger=true"))


def test_a_report_on_what_is_not_there_is_refused_before_anything_runs(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="Of the study 'mt' there is none"):
        check(config(f"paths.root={tmp_path}", "report.mt_bench=mt"))
