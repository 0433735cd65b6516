"""A plan: what is there and what is to do by the stages' own recipes, with nothing made."""

import csv
import json
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from omegaconf import DictConfig
from pydantic import TypeAdapter

from ditto import study
from ditto.errors import ConfigError
from ditto.plan.step import Cell, Step, joined
from ditto.run import CONF, main
from ditto.stages import characters, plan
from ditto.store import Store
from tests.commands import TINY, ditto
from tests.plan.recorded import MODELS, WORDS, laid_out, manifests

SHAPES = Path(__file__).parent.parent / "plan" / "shapes"
CELL = ("model@seed=nano_xs", "characters.n_train=6", "characters.n_test=4")


def config(root: Path, *words: str) -> DictConfig:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return compose("config", [f"paths.root={root}", "plan=true", *words])


def planned(root: Path, *words: str) -> Cell:
    folder = root / "job"
    folder.mkdir(parents=True, exist_ok=True)
    plan.run(config(root, *words), folder)
    return TypeAdapter(Cell).validate_json((folder / plan.FILE).read_bytes())


def requests(steps: tuple[Step, ...], stage: str) -> int:
    return sum(a.work.requests for s in steps if s.stage == stage for a in s.asked)


def test_a_fresh_cell_is_all_to_do_and_nothing_is_made(tmp_path: Path) -> None:
    cell = planned(tmp_path, *CELL)
    assert [s.stage for s in cell.steps] == ["characters", "benchmark", "simulate", "tune", *["answer", "judge"] * 3]
    assert not any(s.cached for s in cell.steps)
    assert {f.name for f in tmp_path.iterdir()} == {"job"}


def test_what_is_there_is_cached_under_the_stages_own_key(tmp_path: Path) -> None:
    cfg = config(tmp_path, *CELL)
    made = characters.run(cfg, Store(cfg.paths.root)).artifact
    steps = planned(tmp_path, *CELL).steps
    assert [(s.stage, s.key) for s in steps if s.cached] == [("characters", made.key)]
    assert [s.key for s in steps] == [s.key for s in planned(tmp_path / "elsewhere", *CELL).steps]


def test_a_sweep_shares_simulations_and_base_rows_and_asks_as_often_as_the_recorded_one(tmp_path: Path) -> None:
    cells = [
        planned(tmp_path, *WORDS, f"model@seed={seed}", f"model@supervisor={supervisor}")
        for seed in MODELS
        for supervisor in MODELS
    ]
    whole = joined(cells)
    counts = {
        stage: sum(s.stage == stage for s in whole.steps) for stage in ("characters", "simulate", "tune", "answer")
    }
    assert counts == {"characters": 1, "simulate": 2, "tune": 4, "answer": 8}
    for stage in ("simulate", "answer"):
        recorded = [m["counts"] for m in manifests() if m["stage"] == stage]
        assert requests(whole.steps, stage) == pytest.approx(sum(c["requested"] for c in recorded), rel=0.3)
        prompt = sum(a.work.prompt for s in whole.steps if s.stage == stage for a in s.asked)
        assert prompt == pytest.approx(sum(c["usage"]["prompt_tokens"] for c in recorded), rel=0.3)


def test_a_judge_that_is_a_model_is_asked_for_every_vote(tmp_path: Path) -> None:
    cell = planned(tmp_path, *CELL, "judge=llm", "model@judge.model=nano_l", "judge.votes=3")
    answers = requests(cell.steps, "answer")
    specific = answers // 2  # the other half is to be refused, and has no evidence
    assert requests(cell.steps, "judge") == 3 * (2 * answers + specific)


def test_every_part_has_its_own_engine_and_price(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    api = ("model@supervisor=api", "supervisor.name=gpt-4o-mini", "engine@supervisor_engine=openai")
    cell = planned(tmp_path, *CELL, *api)
    engines = {s.label: s.asked[0].served for s in cell.steps if s.asked}
    assert (engines["gpt-4o-mini"].engine, engines["gpt-4o-mini"].input) == ("openai", 0.15)
    assert engines["base-nano_xs"].engine == "transformers"
    unknown = planned(tmp_path, *CELL, *api, "supervisor.name=other")
    assert any("No price of other is known" in note for note in unknown.notes)


def test_gpus_are_planned_for_where_there_are_none(tmp_path: Path) -> None:
    folder = SHAPES / "qwen2_5_72b"
    words = ("model@seed=hf", f"seed.path={folder}", "seed.dtype=bfloat16", "tuning=full", *CELL[1:])
    gpus = ("hardware=h100", "hardware.count=8", "trainer=zero3", "trainer.devices=8")
    cell = planned(tmp_path, *words, *gpus, "engine=vllm", "engine.tensor_parallel=4")
    states = {m.zero: round(m.weights + m.states) for m in cell.memory}
    assert states == {0: 1219, 1: 745, 2: 508, 3: 152}
    assert [m.zero for m in cell.memory if m.chosen] == [3]
    assert any("has no tokenizer here" in note for note in cell.notes)
    alone = planned(tmp_path, *words, *gpus, "engine=vllm")
    assert any("qwen2_5_72b does not fit: its engine lacks" in note for note in alone.notes)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["task=collect"], "plan=true plans the cells of a study, and task=collect is none"),
        (["trainer=gpu"], "cannot run on cpu: choose the GPUs, such as hardware=h100"),
        (["hardware=h100"], "trainer.accelerator=cpu cannot run on H100: add trainer=gpu"),
        (
            ["hardware=h100", "trainer=zero3", "trainer.devices=8"],
            "trainer.devices takes 8 devices of hardware.count=1",
        ),
        (["hardware.memory=0"], "hardware.memory=0.* cannot be meant"),
        (["hardware.count=two"], "hardware.count='two' cannot be used"),
    ],
)
def test_what_cannot_be_planned_is_one_sentence(tmp_path: Path, words: list[str], says: str) -> None:
    with pytest.raises(ConfigError, match=says) as error:
        planned(tmp_path, *CELL, *words)
    assert "\n" not in str(error.value)


def test_neither_true_nor_false_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="plan=maybe cannot be meant"):
        plan.wanted(config(tmp_path, "plan=maybe"))


def test_a_plan_asks_as_often_as_the_matrix_does(tmp_path: Path) -> None:
    sweep = ("+experiment=cross_sup", *(f"model@{role}=nano_xs,nano_s" for role in ("seed", "supervisor")), *TINY)
    ditto(tmp_path, *sweep, "plan=true")
    out = ditto(tmp_path, *sweep, "report.figures=false").stdout
    assert "planned / measured" in out
    with (tmp_path / "report" / "cross_sup" / "plan.csv").open(encoding="utf-8", newline="") as file:
        *stages, total = csv.DictReader(file)
    assert len(stages) == 2 + 4 + 2 * (2 + 2 + 4)
    assert all(row["requests_planned"] == row["requests_measured"] for row in stages)
    assert int(total["requests_measured"]) > 0
    for kind in ("prompt", "reply"):
        assert float(total[f"{kind}_tokens_planned"]) == pytest.approx(float(total[f"{kind}_tokens_measured"]), rel=0.3)


@pytest.mark.usefixtures("tidied")
def test_the_command_prints_the_plan_of_a_sweep_and_keeps_what_is_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    laid_out(tmp_path, manifests())
    sweep = ["+experiment=cross_sup", "model@seed=nano_xs", "model@supervisor=nano_xs,nano_s", "plan=true"]
    main([*sweep, *WORDS, f"paths.root={tmp_path}"])
    out = capsys.readouterr().out
    assert "To do:" in out
    assert "on 1 x cpu, API cost $0.00." in out
    assert "at 2N operations a token" in out
    assert not (tmp_path / "characters").exists()
    kept = next((tmp_path / "plan").glob("cross_sup-*.jsonl"))
    labels = [json.loads(line)["label"] for line in kept.read_text("utf-8").splitlines()]
    assert labels.count("nano_s") == 1
    assert kept.stem == study.folder(config(tmp_path, *WORDS, *CELL[:1])).name
