"""A run to be told of, and a dashboard that writes down what it hears."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from ditto.dashboards.base import Outcome, Run, Table

RUN = Run("s-1-a@b", "a@b", "s-1", "cell", {"tuning": {"steps": 3}})


@pytest.fixture
def outcome(tmp_path: Path) -> Outcome:
    picture = tmp_path / "scatter.png"
    Image.new("RGB", (8, 6), "red").save(picture)
    table = Table("samples", ("question", "identity"), [["Who | you?\nSay.", 1.0], ["是谁", None]])
    return Outcome(4, {"imitation/identity": 0.5, "verdict": "holds"}, [table], [picture])


@pytest.fixture(autouse=True)
def _no_key(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nobody's login, and W&B's own files below the test's folder."""
    for name in ("WANDB_API_KEY", "WANDB_MODE", "WANDB_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("WANDB_DATA_DIR", str(tmp_path / "logs" / "wandb"))


@dataclass
class Scripted:
    """`fails` names the method that raises."""

    folder: str
    fails: str = ""
    samples: int = 20
    heard: list[Any] = field(default_factory=list)

    def open(self, run: Run) -> "Scripted":
        self._hear("open", run.id)
        return self

    def metrics(self, step: int, values: Any) -> None:
        self._hear("metrics", step, dict(values))

    def summary(self, step: int, values: Any) -> None:
        self._hear("summary", step)

    def table(self, step: int, table: Table) -> None:
        self._hear("table", step)

    def image(self, step: int, file: Path) -> None:
        self._hear("image", step)

    def close(self, *, failed: bool) -> None:
        self._hear("close", failed)

    def _hear(self, what: str, *more: Any) -> None:
        if what == self.fails:
            raise RuntimeError(f"{what} is out of order,\nas it happens")
        self.heard.append((what, *more))
