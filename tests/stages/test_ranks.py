"""Several ranks train what one trains, and what goes wrong in one of them is one sentence."""

import os
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM

from ditto.errors import DittoError, StageError
from ditto.models import Model
from ditto.stages import tune
from ditto.store import Artifact, Store
from tests.stages.conftest import composed

STEPS = ("tuning.steps=20", "tuning.batch_size=4", "tuning.accumulate=2")
PLAIN = ("trainer=cpu", "tuning.accumulate=1")


def losses(made: Artifact) -> list[float]:
    return [float(line.split(",")[1]) for line in (made.path / "loss.csv").read_text().splitlines()[1:]]


def tuned(root: Path, simulated: Artifact, model: Model, *overrides: str) -> Artifact:
    return tune.run(composed(root, *STEPS, *overrides), Store(root), simulated, model, model)


@pytest.mark.slow
@pytest.mark.parametrize("adapter", ["nano", "lora"])
@pytest.mark.parametrize("trainer", ["ddp", "fsdp", "zero1", "zero2", "zero3"])
def test_two_ranks_have_the_loss_curve_and_the_weights_of_one(
    tmp_path: Path,
    simulated: Artifact,
    model: Model,
    trainer: str,
    adapter: str,
) -> None:
    if trainer.startswith("zero") and find_spec("deepspeed") is None:
        pytest.skip("DeepSpeed is not installed: pip install -e '.[deepspeed]'")
    tuning = (f"tuning={adapter}", "tuning.lr=0.0005", "tuning.min_lr=0", "tuning.max_length=64")
    tuning += ("tuning.adapter.lora_dropout=0",) if adapter == "lora" else ()
    one = tuned(tmp_path / "one", simulated, model, *tuning, *PLAIN)
    two = tuned(tmp_path / "two", simulated, model, *tuning, f"trainer={trainer}", "trainer.devices=2")
    assert losses(two) == pytest.approx(losses(one), rel=1e-4)
    assert losses(one)[-1] < losses(one)[0]
    a, b = (AutoModelForCausalLM.from_pretrained(made.path / "model").state_dict() for made in (one, two))
    assert all(torch.allclose(a[name], b[name], atol=1e-4) for name in a)
    assert one.counts["trained"] == two.counts["trained"] > 0
    assert sorted(f.name for f in one.path.iterdir()) == sorted(f.name for f in two.path.iterdir())


SRUN = """#!/usr/bin/env python3
import os, subprocess, sys
asked = dict(word[2:].split("=") for word in sys.argv[1:] if word.startswith("--"))
command = [word for word in sys.argv[1:] if not word.startswith("--")]
nodes, tasks = int(asked["nodes"]), int(asked["ntasks-per-node"])
ranks = []
for rank in range(nodes * tasks):
    told = {"NTASKS": nodes * tasks, "PROCID": rank, "LOCALID": rank % tasks, "NODEID": rank // tasks,
            "NTASKS_PER_NODE": tasks, "NNODES": nodes, "NODELIST": "localhost", "JOB_ID": 7001, "JOB_NAME": "ditto"}
    environment = {**os.environ, **{f"SLURM_{name}": str(value) for name, value in told.items()}}
    ranks.append(subprocess.Popen(command, env=environment))
sys.exit(max(rank.wait() for rank in ranks))
"""


@pytest.mark.slow
def test_two_nodes_of_a_slurm_allocation_train_what_one_process_trains(
    tmp_path: Path, simulated: Artifact, model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SLURM's part is played by a script that starts the tasks with the variables srun sets."""
    srun = tmp_path / "bin" / "srun"
    srun.parent.mkdir()
    srun.write_text(SRUN)
    srun.chmod(0o755)
    one = tuned(tmp_path / "one", simulated, model, *PLAIN)
    monkeypatch.setenv("PATH", f"{srun.parent}:{os.environ['PATH']}")
    nodes = ("trainer=ddp", "launch=srun", "trainer.num_nodes=2", "trainer.devices=1")
    two = tuned(tmp_path / "two", simulated, model, *nodes)
    assert losses(two) == pytest.approx(losses(one), rel=1e-4)


def test_what_goes_wrong_in_a_rank_is_its_one_sentence(
    tmp_path: Path,
    simulated: Artifact,
    model: Model,
) -> None:
    with pytest.raises(DittoError, match=r"tuning.max_length=16 tokens") as error:
        tuned(tmp_path, simulated, model, "trainer=ddp", "trainer.devices=2", "tuning.max_length=16")
    assert "\n" not in str(error.value)


def test_a_launcher_that_fails_is_named_with_its_log(
    tmp_path: Path,
    simulated: Artifact,
    model: Model,
) -> None:
    with pytest.raises(StageError, match=r"status 1; .*ranks\.log"):
        tuned(
            tmp_path, simulated, model, "trainer=ddp", "trainer.devices=2", "launch.command=[python,-m,no_such_thing]"
        )
