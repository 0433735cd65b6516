"""Sessions kept aside measure the loss, and the best weights are kept."""

import signal
from pathlib import Path

import pytest
import torch
from omegaconf import OmegaConf
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

from ditto.errors import ConfigError, Interrupted
from ditto.models import Model, load_tokenizer
from ditto.records import Dialogue, read_jsonl
from ditto.stages import rank, tune
from ditto.stages.check import check
from ditto.store import Artifact, Store
from ditto.tune.batches import padded
from ditto.tune.data import encode
from ditto.tune.module import summed_loss
from tests.stages.conftest import composed

# Three of six characters; at this rate the others are soon known by heart, and what was kept aside gets worse.
ASIDE = ("tuning.validation=0.5", "tuning.validate_every=4", "tuning.steps=30", "tuning.lr=0.02", "tuning.min_lr=0.02")


def measured(folder: Path) -> dict[int, float]:
    lines = (folder / "validation.csv").read_text().splitlines()
    assert lines[0] == "step,loss"
    return {int(step): float(loss) for step, loss in (line.split(",") for line in lines[1:])}


def sessions(simulated: Artifact) -> list[Dialogue]:
    return list(read_jsonl(simulated.path / "dialogues.jsonl", Dialogue))


def loss_of(path: Path, model: Model, aside: list[Dialogue]) -> float:
    tokenizer = load_tokenizer(model)
    batch = padded([encode(session.messages, tokenizer, {}) for session in aside], tokenizer.pad_token_id)
    network = AutoModelForCausalLM.from_pretrained(path).eval()
    with torch.inference_mode():
        return float(summed_loss(network, batch) / (batch["labels"][:, 1:] >= 0).sum())


@pytest.mark.parametrize("keep", ["last", "best"])
def test_the_exported_weights_have_the_loss_that_was_measured(
    tmp_path: Path, simulated: Artifact, model: Model, keep: str
) -> None:
    cfg = composed(tmp_path, *ASIDE, f"tuning.keep={keep}")
    made = tune.run(cfg, Store(cfg.paths.root), simulated, model, model)
    losses = measured(made.path)
    assert list(losses) == [4, 8, 12, 16, 20, 24, 28, 30]
    step = 30 if keep == "last" else min(losses, key=losses.__getitem__)
    assert made.counts["best step"] == min(losses, key=losses.__getitem__)
    assert made.counts["kept aside"] == 3
    found = {c: loss_of(made.path / "model", model, [s]) for c, s in ((s.character, s) for s in sessions(simulated))}
    # Which characters they are follows from the seed: three whose mean loss is the one that was written down.
    aside = [s for s in sessions(simulated) if s.character in _chosen(simulated)]
    assert loss_of(made.path / "model", model, aside) == pytest.approx(losses[step], abs=2e-4)
    assert len(found) == 6
    assert not list(made.path.glob("best*"))


def _chosen(simulated: Artifact) -> set[str]:
    from random import Random

    return set(Random(0).sample(sorted(s.character for s in sessions(simulated)), 3))


def test_a_resumed_tuning_measures_the_same(tmp_path: Path, simulated: Artifact, model: Model) -> None:
    files = []
    for name, stop in (("whole", 0), ("ended", 16)):
        folder = tmp_path / name
        folder.mkdir()
        job = tune.job_in(folder, composed(folder, *ASIDE, "tuning.keep=best"), simulated, model)
        OmegaConf.save(job, folder / "job.yaml")

        def told(step: int, loss: float, stop: int = stop) -> None:
            if step == stop:
                signal.raise_signal(signal.SIGTERM)

        if stop:
            with pytest.raises(Interrupted):
                rank.train(job, told)
        rank.train(job, lambda step, loss: None)
        files.append([(folder / f).read_bytes() for f in ("validation.csv", "model/model.safetensors")])
    assert files[0] == files[1]


@pytest.mark.slow
def test_two_ranks_measure_what_one_measures(tmp_path: Path, simulated: Artifact, model: Model) -> None:
    gentle = ("tuning.lr=0.0005", "tuning.min_lr=0", "tuning.accumulate=1")
    one, two = (
        tune.run(composed(tmp_path / name, *ASIDE, *gentle, *more), Store(tmp_path / name), simulated, model, model)
        for name, more in (("one", ()), ("two", ("trainer=ddp", "trainer.devices=2")))
    )
    assert measured(two.path) == pytest.approx(measured(one.path), rel=1e-4)


def test_as_many_of_the_best_weights_stay_as_were_asked_for(tmp_path: Path, simulated: Artifact, model: Model) -> None:
    cfg = composed(tmp_path, *ASIDE, "tuning.best=3")
    made = tune.run(cfg, Store(cfg.paths.root), simulated, model, model)
    losses = measured(made.path)
    best = sorted(sorted(losses, key=losses.__getitem__)[:3])
    assert [f.name for f in sorted((made.path / "best").iterdir())] == [f"step-{n:08d}.safetensors" for n in best]
    aside = [s for s in sessions(simulated) if s.character in _chosen(simulated)]
    for step in best:
        network = AutoModelForCausalLM.from_pretrained(made.path / "model")
        network.load_state_dict(load_file(made.path / "best" / f"step-{step:08d}.safetensors"), strict=False)
        network.save_pretrained(tmp_path / "again")
        assert loss_of(tmp_path / "again", model, aside) == pytest.approx(losses[step], abs=2e-4)


def test_the_best_needs_something_to_measure_it_on(tmp_path: Path) -> None:
    for wish in ("tuning.keep=best", "tuning.best=2"):
        with pytest.raises(ConfigError, match=rf"{wish} cannot be meant: .*tuning\.validation"):
            check(composed(tmp_path, wish))
