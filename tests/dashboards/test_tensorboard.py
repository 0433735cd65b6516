"""TensorBoard's own reader finds a run."""

from pathlib import Path
from typing import Any

import pytest

from ditto.dashboards.base import Outcome
from ditto.dashboards.telling import Telling
from ditto.dashboards.tensorboard import TensorBoard
from ditto.errors import ConfigError
from tests.dashboards.conftest import RUN


@pytest.fixture
def read(tmp_path: Path) -> Any:
    pytest.importorskip("tensorboard", reason="TensorBoard is not installed: pip install -e '.[tensorboard]'")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    return lambda: EventAccumulator(str(tmp_path / "tensorboard" / RUN.group / RUN.name)).Reload()


def text(events: Any, tag: str) -> str:
    *_, event = events.Tensors(f"{tag}/text_summary")  # this reader keeps the texts of steps that are void
    return event.tensor_proto.string_val[0].decode()


def test_a_run_is_there_once_however_often_it_went_on(tmp_path: Path, outcome: Outcome, read: Any) -> None:
    for steps in ((1, 2, 3), (2, 3)):  # killed after the third step, and on from a checkpoint after the first
        run = Telling(TensorBoard(str(tmp_path), 20), RUN)
        for step in steps:
            run.metrics(step, {"loss": 1 / step})
        run.close(failed=True)
    for _ in range(2):
        run = Telling(TensorBoard(str(tmp_path), 20), RUN)
        run.end(lambda: outcome)
        run.close(failed=False)
    events = read()
    assert [(e.step, e.value) for e in events.Scalars("loss")] == [(n, pytest.approx(1 / n)) for n in (1, 2, 3)]
    assert [(e.step, e.value) for e in events.Scalars("imitation/identity")] == [(4, 0.5)]
    assert [image.step for image in events.Images("scatter")] == [4]
    assert '"steps": 3' in text(events, "config")
    assert '"verdict": "holds"' in text(events, "summary")
    assert text(events, "samples").splitlines() == [
        "| question | identity |",
        "| --- | --- |",
        "| Who \\| you? Say. | 1.0 |",
        "| 是谁 |  |",
    ]


def test_without_tensorboard_it_is_one_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("ditto.dashboards.tensorboard.find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"needs tensorboard, which is not installed: pip install"):
        TensorBoard(str(tmp_path), 20)
