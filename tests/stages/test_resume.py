"""A tuning that was killed goes on from its last checkpoint and ends as if nothing had happened."""

import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from random import Random

import pytest
import pytorch_lightning as pl
import torch
from omegaconf import OmegaConf
from transformers import AutoModelForCausalLM

from ditto.errors import Interrupted, StoreError
from ditto.models import Model
from ditto.stages import rank, tune
from ditto.store import Artifact
from tests.stages.conftest import composed

STEPS = 40
ONE = (sys.executable,)
TWO = (sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2")
SHORT = (f"tuning.steps={STEPS}", "tuning.accumulate=2", "tuning.max_length=64", "checkpoint_every=7")


class Tuning:
    """A tuning in a folder of its own, run by ranks in processes of their own."""

    def __init__(self, folder: Path, simulated: Artifact, model: Model, *overrides: str) -> None:
        self.folder = folder
        folder.mkdir()
        job = tune.job_in(folder, composed(folder, *SHORT, *overrides), simulated, model)
        OmegaConf.save(job, folder / "job.yaml")

    def start(self, launcher: tuple[str, ...]) -> subprocess.Popen[bytes]:
        with (self.folder / "log").open("ab") as log:
            command = [*launcher, "-m", "ditto.stages.rank", str(self.folder / "job.yaml")]
            return subprocess.Popen(command, stdout=log, stderr=log)

    def alone(self) -> None:
        """To the end in this process, which saves the start of another."""
        rank.train(OmegaConf.load(self.folder / "job.yaml"), lambda step, loss: None)

    def run(self, launcher: tuple[str, ...]) -> None:
        assert self.start(launcher).wait(timeout=300) == 0, (self.folder / "log").read_text()

    def stop_after(self, step: int, launcher: tuple[str, ...], how: int) -> int:
        """Signal the ranks once that step is written down; returns how the launcher ended."""
        process = self.start(launcher)
        while process.poll() is None and len(self.losses()) < step:
            time.sleep(0.002)
        process.send_signal(how)
        return process.wait(timeout=120)

    def losses(self) -> list[str]:
        file = self.folder / rank.LOSSES
        return file.read_text().splitlines()[1:] if file.exists() else []

    def checkpoints(self) -> list[str]:
        return sorted(path.name for path in (self.folder / rank.CHECKPOINTS).glob("*"))

    def weights(self) -> dict[str, torch.Tensor]:
        state: dict[str, torch.Tensor] = AutoModelForCausalLM.from_pretrained(self.folder / "model").state_dict()
        return state

    def bytes(self) -> list[bytes]:
        return [(self.folder / name).read_bytes() for name in ("model/model.safetensors", rank.LOSSES)]


Make = Callable[..., Tuning]


@pytest.fixture
def make(tmp_path: Path, simulated: Artifact, model: Model) -> Make:
    return lambda name, *overrides: Tuning(tmp_path / name, simulated, model, *overrides)


@pytest.mark.slow
@pytest.mark.parametrize(("adapter", "kills"), [("nano", (6, 21)), ("lora", (17,))])
def test_killed_at_random_steps_it_ends_with_the_same_bytes(make: Make, adapter: str, kills: tuple[int, ...]) -> None:
    """Dropout included: LoRA's adapters have some."""
    whole, killed = make("whole", f"tuning={adapter}"), make("killed", f"tuning={adapter}")
    whole.alone()
    for step in kills:
        killed.stop_after(step + Random(step).randrange(8), ONE, signal.SIGKILL)
        assert not (killed.folder / "model").exists()
    assert killed.checkpoints()
    killed.alone()
    assert killed.bytes() == whole.bytes()
    assert len(killed.losses()) == STEPS


@pytest.mark.slow
def test_sigterm_saves_the_step_it_comes_in(make: Make) -> None:
    whole, ended = make("whole"), make("ended", "checkpoint_every=0")
    whole.alone()
    assert ended.stop_after(11, ONE, signal.SIGTERM) == 1
    (saved,) = ended.checkpoints()
    assert saved == f"step-{len(ended.losses()):08d}"
    assert "the same command goes on" in (ended.folder / rank.ERROR).read_text()
    ended.alone()
    assert ended.bytes() == whole.bytes()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("trainer", "how"), [("ddp", signal.SIGKILL), ("fsdp", signal.SIGTERM), ("zero3", signal.SIGTERM)]
)
def test_two_ranks_go_on_together(make: Make, trainer: str, how: int) -> None:
    if trainer == "zero3":
        pytest.importorskip("deepspeed", reason="DeepSpeed is not installed: pip install -e '.[deepspeed]'")
    gentle = ("tuning.lr=0.0005", "tuning.min_lr=0")
    whole, killed = make("whole", *gentle), make("killed", *gentle, f"trainer={trainer}", "trainer.devices=2")
    whole.alone()
    killed.stop_after(17, TWO, how)
    assert killed.checkpoints()
    killed.run(TWO)
    assert [float(line.split(",")[1]) for line in killed.losses()] == pytest.approx(
        [float(line.split(",")[1]) for line in whole.losses()], rel=1e-4
    )
    a, b = whole.weights(), killed.weights()
    assert all(torch.allclose(a[name], b[name], atol=1e-4) for name in a)


@pytest.mark.slow
@pytest.mark.parametrize("trainer", ["fsdp", "zero2"])
def test_one_rank_goes_on_where_two_were_where_the_strategy_allows_it(make: Make, trainer: str) -> None:
    if trainer == "zero2":
        pytest.importorskip("deepspeed", reason="DeepSpeed is not installed: pip install -e '.[deepspeed]'")
    tuning = make("tuning", "tuning.lr=0.0005", "tuning.min_lr=0", f"trainer={trainer}", "trainer.devices=2")
    tuning.stop_after(17, TWO, signal.SIGTERM)
    file = tuning.folder / "job.yaml"
    OmegaConf.save(OmegaConf.merge(OmegaConf.load(file), {"trainer": {"devices": 1}}), file)
    status = tuning.start(ONE).wait(timeout=120)
    if trainer == "zero2":
        assert status == 1
        told = (tuning.folder / rank.ERROR).read_text()
        assert "saved by 2 ranks, and ZeRO cannot go on with 1: start as many as before" in told
    else:
        assert status == 0, (tuning.folder / "log").read_text()
        whole = make("whole", "tuning.lr=0.0005", "tuning.min_lr=0")
        whole.alone()
        assert [float(line.split(",")[1]) for line in tuning.losses()] == pytest.approx(
            [float(line.split(",")[1]) for line in whole.losses()], rel=1e-4
        )


def test_an_exit_that_is_asked_for_stays_one(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """As submitit ends a job that is preempted, to have it queued again."""
    tuning = make("tuning")
    monkeypatch.setattr(pl.Trainer, "save_checkpoint", lambda *_, **__: sys.exit(144))
    with pytest.raises(SystemExit) as ended:
        rank.train(OmegaConf.load(tuning.folder / "job.yaml"), lambda step, loss: None)
    assert ended.value.code == 144


def test_a_checkpoint_whose_writing_was_killed_leaves_the_former_one(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process ends as SIGKILL would end it: in the middle of the second checkpoint's file."""
    tuning = make("tuning")
    job = OmegaConf.load(tuning.folder / "job.yaml")
    saved = list[str]()

    def save(trainer: object, path: Path, *_: object, **__: object) -> None:
        if len(saved) == 1:
            path.write_bytes(b"half of it")
            raise KeyboardInterrupt
        saved.append(str(path))
        original(trainer, path)

    original = pl.Trainer.save_checkpoint
    monkeypatch.setattr(pl.Trainer, "save_checkpoint", save)
    with pytest.raises(KeyboardInterrupt):
        rank.train(job, lambda step, loss: None)
    assert tuning.checkpoints() == ["partial", "step-00000007"]
    monkeypatch.undo()
    told = list[int]()
    rank.train(job, lambda step, loss: told.append(step))
    whole = make("whole")
    rank.train(OmegaConf.load(whole.folder / "job.yaml"), lambda step, loss: None)
    assert tuning.bytes() == whole.bytes()
    assert told == list(range(1, STEPS + 1))


@contextmanager
def disk_of(size: int) -> Iterator[None]:
    """No file may grow beyond `size` bytes: writing ends as on a full disk."""
    former = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        yield resource.setrlimit(resource.RLIMIT_FSIZE, (size, former[1]))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, former)


def test_a_disk_that_is_full_is_one_sentence_and_the_former_checkpoint_stays(make: Make) -> None:
    tuning, whole = make("tuning"), make("whole")
    job = OmegaConf.load(tuning.folder / "job.yaml")
    with ExitStack() as stack:

        def told(step: int, loss: float) -> None:
            if step == 10:
                stack.enter_context(disk_of(4096))

        with pytest.raises(StoreError, match=r"checkpoints: the disk is full\. Free space") as error:
            rank.train(job, told)
    assert "\n" not in str(error.value)
    assert tuning.checkpoints() == ["step-00000007"]
    tuning.alone()
    whole.alone()
    assert tuning.bytes() == whole.bytes()


def test_a_disk_that_is_full_when_the_model_is_saved_is_one_sentence(make: Make) -> None:
    job = OmegaConf.load(make("tuning", "checkpoint_every=0").folder / "job.yaml")
    with pytest.raises(StoreError, match=r"tuning: the disk is full\. Free space"), disk_of(4096):
        rank.train(job, lambda step, loss: None)


def test_no_checkpoint_stays_in_the_artifact(tmp_path: Path, simulated: Artifact, model: Model) -> None:
    cfg = composed(tmp_path, "checkpoint_every=1")
    made = tune.run(cfg, tune.Store(cfg.paths.root), simulated, model, model)
    assert sorted(f.name for f in made.path.iterdir()) == ["loss.csv", "manifest.json", "model"]


def test_ctrl_c_in_a_tuning_is_ctrl_c(make: Make) -> None:
    job = OmegaConf.load(make("tuning").folder / "job.yaml")
    former = signal.signal(signal.SIGINT, signal.default_int_handler)  # in the background, a shell has it ignored
    try:
        with pytest.raises(KeyboardInterrupt):
            rank.train(job, lambda step, loss: signal.raise_signal(signal.SIGINT) if step == 3 else None)
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, former)


def test_a_sigterm_is_one_sentence(make: Make) -> None:
    job = OmegaConf.load(make("tuning").folder / "job.yaml")
    with pytest.raises(Interrupted, match="after step 3, which is saved"):
        rank.train(job, lambda step, loss: signal.raise_signal(signal.SIGTERM) if step == 3 else None)
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
