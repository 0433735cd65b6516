"""`benchmark=build` through its stage: a draft by a scripted model, and a benchmark with a person's corrections."""

import csv
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest
from omegaconf import DictConfig

from ditto.engines.base import Failure, Request
from ditto.engines.scripted import ScriptedEngine
from ditto.errors import ConfigError, DataError, StageError
from ditto.models import Model
from ditto.records import write_jsonl
from ditto.stages import benchmark, build, characters
from ditto.stages.benchmark import Loaded, check_benchmark
from ditto.store import Store
from tests.evaluate.people import PEOPLE, Reply, person, script
from tests.stages.conftest import composed

TRAINED = tuple(person(i) for i in (7, 8))


@pytest.fixture
def overrides(tmp_path: Path, model_folder: Path) -> list[str]:
    write_jsonl(tmp_path / "train.jsonl", TRAINED)
    write_jsonl(tmp_path / "test.jsonl", PEOPLE)
    return [
        "characters=jsonl",
        f"characters.path={tmp_path / 'train.jsonl'}",
        f"characters.test_path={tmp_path / 'test.jsonl'}",
        "benchmark=build",
        "model@benchmark.model=hf",
        f"benchmark.model.path={model_folder}",
        "benchmark.specific=2",
        "benchmark.contrastive=2",
    ]


class Author:
    """A scripted model in the place of the configured one, and how often it was asked."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, reply: Reply) -> None:
        self.engine = ScriptedEngine(reply)
        monkeypatch.setattr(build, "engine_for", lambda *_: nullcontext(self.engine))


def made(cfg: DictConfig) -> Loaded:
    store = Store(cfg.paths.root)
    return benchmark.run(cfg, store, characters.run(cfg, store))


def draft(root: Path) -> Path:
    [folder] = (root / "draft").iterdir()
    return folder


def test_a_benchmark_is_made_once_and_corrections_ask_nothing_again(
    tmp_path: Path, overrides: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    author = Author(monkeypatch, script())
    first = made(composed(tmp_path, *overrides))
    n_asked = len(author.engine.asked)
    assert {(s.character.id, s.character.lang) for s in first.sessions} == {(p.id, p.lang) for p in PEOPLE}
    assert first.artifact.counts["turns"] == 32
    assert made(composed(tmp_path, *overrides)).artifact.cached

    sheet = tmp_path / "mine.csv"
    with (first.artifact.path / "sheet.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    rows[0]["drop"] = rows[1]["reject_corrected"] = "1"
    with sheet.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    cfg = composed(tmp_path, *overrides, f"benchmark.corrections={sheet}")
    second = made(cfg)
    assert len(author.engine.asked) == n_asked
    assert second.artifact.key != first.artifact.key
    assert second.artifact.counts["turns"] == 31
    assert second.sessions[0].questions[0].reject
    assert second.sessions[0].questions[1:] == first.sessions[0].questions[2:]

    again = composed(tmp_path, *overrides, f"benchmark.corrections={second.artifact.path / 'sheet.csv'}")
    assert made(again).sessions == second.sessions
    sheet.write_bytes(sheet.read_bytes() + b"\r\n")
    assert made(cfg).artifact.key != second.artifact.key


def test_killed_in_the_middle_it_ends_with_the_same_bytes(
    tmp_path: Path, overrides: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    left = iter(range(60))

    def dying(request: Request) -> str | Failure:
        if next(left, None) is None:
            raise KeyboardInterrupt
        return script()(request)

    whole, killed = tmp_path / "whole", tmp_path / "killed"
    Author(monkeypatch, script())
    kept = made(composed(whole, *overrides)).artifact
    Author(monkeypatch, dying)
    with pytest.raises(KeyboardInterrupt):
        made(composed(killed, *overrides))
    author = Author(monkeypatch, script())
    resumed = made(composed(killed, *overrides)).artifact
    assert 0 < len(author.engine.asked) < 24 + 16 + 32 + 32
    assert resumed.key == kept.key
    for name in ("sessions.jsonl", "sheet.csv"):
        assert (resumed.path / name).read_bytes() == (kept.path / name).read_bytes()
    for name in ("sessions.jsonl", "checks.jsonl", "journal.jsonl"):
        assert (draft(killed) / name).read_bytes() == (draft(whole) / name).read_bytes()


@pytest.mark.parametrize(
    "override",
    [
        "benchmark.specific=1",
        "benchmark.temperature=0.9",
        "benchmark.seed=1",
        "benchmark.prompts=nano",
        "benchmark.engine.batch_size=1",
        "benchmark.model.max_length=512",
    ],
)
def test_a_draft_is_keyed_by_whatever_changes_it(tmp_path: Path, overrides: list[str], override: str) -> None:
    keys = {
        str(build.author_of(composed(tmp_path, *overrides, *more).benchmark).identity(["en", "zh"]))
        for more in ([], [override], ["benchmark.engine.device=cpu"])
    }
    assert len(keys) == 2


def test_a_shared_name_is_refused_before_anything_is_asked(
    tmp_path: Path, overrides: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    author = Author(monkeypatch, script())
    write_jsonl(tmp_path / "train.jsonl", (*TRAINED, replace(person(9), aliases=("EN2",))))
    with pytest.raises(DataError, match=r"'en2' .en. of Q9 and Q2"):
        made(composed(tmp_path, *overrides))
    assert author.engine.asked == []


def test_a_model_that_writes_nothing_usable_makes_no_benchmark(
    tmp_path: Path, overrides: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    Author(monkeypatch, lambda _: "I cannot do that.")
    with pytest.raises(StageError, match=r"random wrote no usable question: .'not JSON': 24."):
        made(composed(tmp_path, *overrides))


def test_a_sheet_that_drops_everything_is_refused(
    tmp_path: Path, overrides: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    Author(monkeypatch, script())
    sheet = made(composed(tmp_path, *overrides)).artifact.path / "sheet.csv"
    (tmp_path / "mine.csv").write_text(sheet.read_text("utf-8-sig").replace(",,,\n", ",,,1\n"), "utf-8")
    with pytest.raises(DataError, match=r"mine\.csv drops every question"):
        made(composed(tmp_path, *overrides, f"benchmark.corrections={tmp_path / 'mine.csv'}"))


@pytest.mark.parametrize(
    ("override", "error", "says"),
    [
        ("benchmark.specific=0", ConfigError, "specific=0"),
        ("+benchmark.speciffic=3", ConfigError, "benchmark.speciffic is unknown"),
        ("benchmark.prompts=nowhere", ConfigError, "no prompt .*nowhere"),
        ("benchmark.checks=judge", ConfigError, r"no prompt .*evidence\.txt"),
        ("benchmark.corrections=missing.csv", DataError, r"benchmark\.corrections=missing\.csv cannot be read"),
        ("benchmark.corrections=3", ConfigError, r"benchmark\.corrections=3 must be a file"),
    ],
)
def test_what_cannot_be_meant_is_said_before_anything_runs(
    tmp_path: Path, overrides: list[str], override: str, error: type[Exception], says: str
) -> None:
    check_benchmark(composed(tmp_path, *overrides).benchmark)
    with pytest.raises(error, match=says):
        check_benchmark(composed(tmp_path, *overrides, override).benchmark)


def test_the_models_own_name_is_that_of_its_draft(
    tmp_path: Path, overrides: list[str], monkeypatch: pytest.MonkeyPatch, model: Model
) -> None:
    Author(monkeypatch, script())
    made(composed(tmp_path, *overrides))
    assert draft(tmp_path).name.startswith(f"{model.name}-")
