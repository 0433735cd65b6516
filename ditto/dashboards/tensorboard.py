"""`logger=tensorboard`: `tensorboard --logdir <folder>/tensorboard`; each group has a folder there, with its runs."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import NonNegativeInt

from ditto.dashboards.base import Run, Table
from ditto.errors import ConfigError

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter


@dataclass(frozen=True, slots=True)
class TensorBoard:
    """
    Raises:
        ConfigError: TensorBoard is not installed.
    """

    folder: str
    samples: NonNegativeInt

    def __post_init__(self) -> None:
        if find_spec("tensorboard") is None:
            raise ConfigError(
                "logger=tensorboard needs tensorboard, which is not installed: "
                "pip install 'ditto-roleplay[tensorboard]'."
            )

    def open(self, run: Run) -> "TensorBoardBoard":
        return TensorBoardBoard(Path(self.folder) / "tensorboard" / run.group / run.name, run)


class TensorBoardBoard:
    """One file of events each time it is opened; from its first step on, those of earlier files are void."""

    def __init__(self, folder: Path, run: Run) -> None:
        self._folder, self._run = folder, run
        self._writer: SummaryWriter | None = None

    def metrics(self, step: int, values: Mapping[str, float]) -> None:
        for name, value in values.items():
            self._at(step).add_scalar(name, value, step)

    def summary(self, step: int, values: Mapping[str, Any]) -> None:
        """Numbers become scalars at `step`, the rest one text."""
        numbers = {name: value for name, value in values.items() if isinstance(value, (int, float))}
        self.metrics(step, numbers)
        if texts := {name: value for name, value in values.items() if name not in numbers}:
            self._at(step).add_text("summary", _code(texts), step)

    def table(self, step: int, table: Table) -> None:
        rows = [table.columns, ["---"] * len(table.columns), *table.rows]
        lines = [f"| {' | '.join(map(_cell, row))} |" for row in rows]
        self._at(step).add_text(table.name, "\n".join(lines), step)

    def image(self, step: int, file: Path) -> None:
        import numpy as np
        from PIL import Image

        with Image.open(file) as image:
            self._at(step).add_image(file.stem, np.asarray(image.convert("RGB")), step, dataformats="HWC")

    def close(self, *, failed: bool) -> None:
        if self._writer:
            self._writer.close()

    def _at(self, step: int) -> "SummaryWriter":
        if self._writer is None:
            from torch.utils.tensorboard import SummaryWriter

            self._writer = SummaryWriter(str(self._folder), purge_step=step)
            self._writer.add_text("config", _code(self._run.config), step)
        return self._writer


def _code(values: Mapping[str, Any]) -> str:
    """Markdown's block of code."""
    return "\n".join(f"    {line}" for line in json.dumps(values, indent=2, ensure_ascii=False).splitlines())


def _cell(value: Any) -> str:
    return "" if value is None else " ".join(str(value).replace("|", "\\|").split())
