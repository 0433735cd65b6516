"""The tuning stage: any precision of the seed comes out as it went in, and works."""

from pathlib import Path

import pytest
import torch
from hydra import compose, initialize_config_dir
from omegaconf import DictConfig
from transformers import AutoModelForCausalLM

from ditto.models import Model
from ditto.records import Dialogue, Turn, write_jsonl
from ditto.run import CONF
from ditto.stages import tune
from ditto.store import Artifact, Store


@pytest.fixture
def cfg(tmp_path: Path) -> DictConfig:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return compose("config", overrides=[f"paths.root={tmp_path}", "tuning.steps=3", "tuning.batch_size=4"])


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


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_a_seed_is_tuned_and_saved_in_its_own_precision(
    cfg: DictConfig, simulated: Artifact, model: Model, dtype: str
) -> None:
    seed = Model(name=model.name, path=model.path, dtype=dtype, max_length=512)
    made = tune.run(cfg, Store(cfg.paths.root), simulated, seed, model)
    tuned = AutoModelForCausalLM.from_pretrained(made.path / "model")
    base = AutoModelForCausalLM.from_pretrained(model.path)
    assert tuned.dtype == getattr(torch, dtype)
    assert not torch.equal(tuned.lm_head.weight.float(), base.lm_head.weight)
    losses = [float(line.split(",")[1]) for line in (made.path / "loss.csv").read_text().splitlines()[1:]]
    assert len(losses) == 3
    assert losses[-1] < losses[0]
    assert tune.tuned_model(made, seed, model).dtype == dtype
