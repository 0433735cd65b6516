"""What is written down of a training, and when it is stopped."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as pl
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from ditto.errors import StageError
from ditto.tune.watch import WINDOW, Watch

# Lightning advises on workers and log intervals.
pytestmark = pytest.mark.filterwarnings("ignore")


class Planned(pl.LightningModule):
    """Has the losses it is told to have."""

    def __init__(self, losses: Sequence[float]) -> None:
        super().__init__()
        self.losses, self.model = losses, nn.Linear(1, 1)

    def training_step(self, batch: dict[str, Tensor], index: int) -> Tensor:
        zero: Tensor = self.model(torch.zeros(1, 1)).sum() * 0
        return zero + self.losses[index]

    def configure_optimizers(self) -> Any:
        return torch.optim.SGD(self.parameters(), lr=0.1)


def watched(losses: Sequence[float], file: Path) -> Watch:
    watch = Watch(file, lambda step, loss: None)
    batches = [{"lines": torch.tensor([2 * i, 2 * i + 1])} for i in range(len(losses))]
    quiet = {"enable_progress_bar": False, "enable_model_summary": False, "logger": False}
    trainer = pl.Trainer(
        accelerator="cpu", max_steps=len(losses), callbacks=[watch], enable_checkpointing=False, **quiet
    )
    trainer.fit(Planned(losses), DataLoader(batches, batch_size=None))  # type: ignore[arg-type]
    return watch


def test_every_step_is_written_down(tmp_path: Path) -> None:
    losses = [2.0, 1.5, 1.25]
    assert watched(losses, tmp_path / "loss.csv").losses == losses
    assert (tmp_path / "loss.csv").read_text().split() == ["step,loss", "1,2.000000", "2,1.500000", "3,1.250000"]


def test_a_loss_that_runs_away_ends_the_training_with_the_batch_that_did_it(tmp_path: Path) -> None:
    losses = [1.0] * WINDOW + [0.5] * WINDOW + [2.0, 9.5, *[2.0] * WINDOW]
    with pytest.raises(StageError, match=r"first 1; the worst, 9.5, is of step 22, on lines 42, 43 of dialogues"):
        watched(losses, tmp_path / "loss.csv")


def test_a_single_bad_batch_or_a_noisy_loss_ends_nothing(tmp_path: Path) -> None:
    losses = [1.0, 3.0] * WINDOW + [8.0] + [1.0, 3.0] * WINDOW
    assert len(watched(losses, tmp_path / "loss.csv").losses) == len(losses)
