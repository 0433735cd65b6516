"""The report of a study from what its cells have left: the main table, MT-Bench's column, Inspect logs."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from omegaconf import DictConfig

from ditto import study
from ditto.errors import ConfigError, DataError, StoreError
from ditto.records import Answer, Character, Metric, Question, Session, Verdict, write_jsonl
from ditto.run import CONF
from ditto.stages import lineage, report
from ditto.stages.engine import load_prompts
from ditto.store import Artifact, Recipe, Store
from tests import studies

ROLES = tuple(Character(id=f"p{n}", lang="en", label=f"P{n}", description="a potter") for n in range(3))


def config(root: Path, *overrides: str) -> DictConfig:
    words = [f"paths.root={root}", "report.figures=false", "model@seed=nano_xs", *overrides]
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return compose("config", words)


def row(cfg: DictConfig, metric: Metric, name: str, value: float, tune: str | None = None) -> str:
    """Every role asked one question and judged alike; the folder of the verdicts."""
    store = Store(cfg.paths.root)
    sessions = [
        Session(character=r, candidates=(r,), questions=(Question(query="Who?", reject=False),), metrics=(metric,))
        for r in ROLES
    ]
    answers = [Answer(character=r.id, lang="en", turn=0, text=f"{name}.") for r in ROLES]
    verdicts = [
        Verdict(character=r.id, lang="en", turn=0, metric=metric, sample=0, value=value, reason="") for r in ROLES
    ]
    asked = kept(store, Recipe("benchmark", metric, 1, {"metric": metric}), "sessions", sessions)
    settings = {
        "with_profile": name.startswith("supervision"),
        "model": None if tune else name,
        "prompts": {"en": load_prompts(cfg, ["en"])["en"].digest},
    }
    inputs = {"benchmark": asked.key} | ({"tune": tune} if tune else {})
    answered = kept(store, Recipe("answer", name, 1, settings, inputs), "answers", answers)
    recipe = Recipe("judge", name, 1, {"judge": value}, {"answer": answered.key})
    return kept(store, recipe, "verdicts", verdicts).path.name


def kept(store: Store, recipe: Recipe, name: str, records: list[object]) -> Artifact:
    def produce(folder: Path) -> Mapping[str, int]:
        return {name: write_jsonl(folder / f"{name}.jsonl", records)}

    return store.make(recipe, produce)  # type: ignore[arg-type]


def finished(cfg: DictConfig, metric: Metric, tuned: float, tune: str = "t1") -> Path:
    """A study of one self-aligned cell; returns its folder."""
    rows = {
        "base": row(cfg, metric, "base-xs", 0.0 if metric == "identity" else 4.0),
        "supervision": row(cfg, metric, "supervision-xs", 1.0),
        "imitation": row(cfg, metric, "imitation-xs-on-xs", tuned, tune),
    }
    return study.save(cfg, study.Cell("xs", "xs", 1, 1, rows))


def lines(folder: Path) -> list[str]:
    return [line for line in (folder / "main_table.csv").read_text("utf-8").splitlines() if line.startswith("measured")]


def test_the_main_table_is_written_and_printed_when_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plain = config(tmp_path)
    cells = finished(plain, "identity", 1.0)
    assert not (report.run(plain, cells, "plain") / "main_table.csv").exists()
    assert "published" not in capsys.readouterr().out
    folder = report.run(config(tmp_path, "+experiment=main_table"), cells, "asked")
    assert "measured,xs,tuned,all,identity,1.0000,1.0000,1.0000" in lines(folder)
    assert "| xs + DITTO | 1.00 [1.00, 1.00] |" in (folder / "main_table.md").read_text("utf-8")
    assert "+ DITTO" in capsys.readouterr().out


def test_quality_comes_from_the_study_that_is_named(tmp_path: Path) -> None:
    played, graded = config(tmp_path), config(tmp_path, "study.name=mt")
    cells = finished(played, "identity", 1.0)
    others = finished(graded, "quality", 7.0)
    for name in ("mt", others.name):
        cfg = config(tmp_path, "report.main_table=true", f"report.mt_bench={name}")
        report.check_report(cfg)
        found = lines(report.run(cfg, cells, "both"))
        assert "measured,xs,base,all,quality,4.0000,4.0000,4.0000" in found
        assert "measured,xs,tuned,all,quality,7.0000,7.0000,7.0000" in found


def test_quality_of_another_model_of_the_same_name_is_refused(tmp_path: Path) -> None:
    cells = finished(config(tmp_path), "identity", 1.0)
    finished(config(tmp_path, "study.name=mt"), "quality", 7.0, tune="t2")
    cfg = config(tmp_path, "report.main_table=true", "report.mt_bench=mt")
    with pytest.raises(ConfigError, match=r"report.mt_bench=mt: imitation-xs-on-xs-\w+ is not by the model of"):
        report.run(cfg, cells, "both")


def test_a_study_that_is_not_there_or_not_one_is_told_at_once(tmp_path: Path) -> None:
    cfg = config(tmp_path, "report.mt_bench=mt")
    with pytest.raises(ConfigError, match="Of the study 'mt' there is none: run it first"):
        report.check_report(cfg)
    folders = [finished(config(tmp_path, "study.name=mt", f"benchmark.seed={n}"), "quality", 7.0) for n in range(2)]
    with pytest.raises(ConfigError, match=f"are several: name one of .*{folders[1].name.rpartition('-')[2]}"):
        report.check_report(cfg)


def test_two_studies_of_one_name_are_not_mixed(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    first = finished(config(tmp_path), "identity", 1.0)
    folder = report.run(config(tmp_path, "report.main_table=true"), first, "default")
    second = finished(config(tmp_path, "benchmark.seed=7"), "quality", 7.0)
    assert report.run(config(tmp_path), second, "default") == folder
    assert f"{folder} holds the report of {first.name}, which has other settings: this one replaces it." in caplog.text
    assert not (folder / "main_table.csv").exists()
    assert json.loads((folder / "report.json").read_text("utf-8"))["studies"] == [second.name]


def test_what_an_older_version_left_is_no_part_of_the_report(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = tmp_path / "report" / "default"
    folder.mkdir(parents=True)
    for name in ("report.json", "replicates.csv", "people.csv", "plan.csv"):
        (folder / name).write_text("{}", "utf-8")
    report.run(config(tmp_path), finished(config(tmp_path), "identity", 1.0), "default")
    assert sorted(f.name for f in folder.iterdir()) == ["index.html", "matrix.csv", "pgr.csv", "report.json"]
    [sentence] = [x for x in caplog.messages if "version" in x]
    assert sentence == f"{folder} holds the report of another task or version of ditto: this one replaces it."


def test_the_same_report_again_keeps_what_was_asked_for_before(tmp_path: Path) -> None:
    cells = finished(config(tmp_path), "identity", 1.0)
    folder = report.run(config(tmp_path, "report.main_table=true"), cells, "default")
    before = (folder / "report.json").read_bytes()
    report.run(config(tmp_path), cells, "default")
    assert (folder / "main_table.csv").exists()
    assert (folder / "report.json").read_bytes() == before


def test_an_unfinished_matrix_and_an_unscored_cell_are_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    def votes(row: str, *_: object) -> list[float | None]:
        return [None] if row == "imitation-large-on-large" else [1.0]

    made = studies.Made(
        config(tmp_path),
        ["small", "large"],
        [studies.session(studies.role(n)) for n in range(3)],
        votes=votes,
        reason="no number",
        skip={("small", "large")},
    )
    folder = report.run(config(tmp_path, "report.main_table=true", "report.figures=true"), made.save(), "holes")
    assert [x for x in caplog.messages if "lacks" in x or "unscored" in x] == [
        "The matrix lacks small on large: the same command with study.only_missing=true runs what is left.",
        "Every verdict is unscored of imitation large on large: 30 times because of 'no number'.",
    ]
    assert json.loads((folder / "report.json").read_text("utf-8"))["missing"] == [["small", "large"]]
    assert "- Every verdict is unscored of large + DITTO." in (folder / "main_table.md").read_text("utf-8")
    assert (folder / "heatmaps.png").exists()


def test_a_study_of_one_cell_has_nothing_to_be_told_of(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    words = ("report.main_table=true", "report.figures=true")
    folder = report.run(config(tmp_path, *words), finished(config(tmp_path), "identity", 1.0), "one")
    assert caplog.messages == []
    found = json.loads((folder / "report.json").read_text("utf-8"))
    assert {f["source"] for f in found["findings"]} == {"table 2", "section 6 (1)"}
    assert found["pgr"] == found["missing"] == []


def test_inspect_is_asked_for_before_anything_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report, "find_spec", lambda name: None)
    report.check_report(config(tmp_path))
    with pytest.raises(ConfigError, match=r"pip install 'ditto-roleplay\[inspect\]'"):
        report.check_report(config(tmp_path, "report.inspect=true"))


def test_verdicts_know_what_they_are_about(tmp_path: Path) -> None:
    cfg = config(tmp_path)
    name = row(cfg, "identity", "imitation-xs-on-xs", 1.0, "t1")
    found = lineage.judged(tmp_path, name)
    assert (found.name, found.model) == ("imitation-xs-on-xs", (None, "t1"))
    assert (found.benchmark / "sessions.jsonl").is_file()
    for file in found.benchmark.iterdir():
        file.unlink()
    found.benchmark.rmdir()
    with pytest.raises(StoreError, match="run its study again"):
        lineage.judged(tmp_path, name)


def test_every_row_becomes_a_log_that_inspect_reads(tmp_path: Path) -> None:
    pytest.importorskip("inspect_ai", reason="inspect_ai is not installed")
    from inspect_ai.log import read_eval_log

    cfg = config(tmp_path, "report.inspect=true")
    folder = report.run(cfg, finished(cfg, "identity", 1.0), "logs") / "inspect"
    names = ["base-xs", "imitation-xs-on-xs", "supervision-xs"]
    assert sorted(f.stem for f in folder.iterdir()) == names
    base, _, supervision = (read_eval_log(str(folder / f"{name}.eval")) for name in names)
    told = load_prompts(cfg, ["en"])["en"].render("brief", label="P0", description="a potter")
    assert [[m.content for m in log.samples[0].messages] for log in (base, supervision)] == [
        [told, "Who?", "base-xs."],
        ["Who?", "supervision-xs."],
    ]
    others = config(tmp_path, "report.inspect=true", "prompts=paper")
    report.run(others, next((tmp_path / "study").iterdir()), "logs")
    assert read_eval_log(str(folder / "base-xs.eval")).samples[0].messages[0].content == "Who?"


@pytest.mark.parametrize(
    ("words", "error", "says"),
    [
        (["report.aggregation=fathful"], ConfigError, "report.aggregation=fathful is unknown: it is one of corrected"),
        (["report.labels=none.jsonl"], DataError, "none.jsonl cannot be read"),
        (["report.labels={labels}"], DataError, r"label 1 has identity=7.0: it must be from 0 to 1"),
    ],
)
def test_what_a_report_cannot_use_is_refused_before_anything_runs(
    tmp_path: Path, words: list[str], error: type[Exception], says: str
) -> None:
    labels = tmp_path / "labels.jsonl"
    labels.write_text('{"character": "p0", "lang": "en", "turn": 0, "text": "x", "verdicts": {"identity": 7}}\n')
    with pytest.raises(error, match=says):
        report.check_report(config(tmp_path, *(word.format(labels=labels) for word in words)))
