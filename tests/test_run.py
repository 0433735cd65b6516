"""The command line as a whole: sweeps, kills, races, and one sentence for every error."""

import json
import logging
import random
import signal
import time
from pathlib import Path

import pytest

from ditto import run, study
from ditto.journal import Journal
from ditto.nano.source import NanoCharacters
from ditto.records import write_jsonl
from tests.commands import CELL, TINY, ditto, made, matrix, start

PEOPLE = [
    {"id": f"p{i}", "lang": "en", "label": f"Person {i}", "description": "a person",
     "claims": [{"id": f"c{i}{j}", "property": f"thing {j}", "value": f"value {i}-{j}"} for j in range(3)],
     "article": f"Person {i} owns value {i}-0. It is old."}
    for i in range(8)
]  # fmt: skip


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One cell, run to its end without a disturbance."""
    root = tmp_path_factory.mktemp("finished")
    ditto(root, *CELL)
    return root


def test_a_cell_ends_in_a_report(finished: Path) -> None:
    folder = finished / "report" / "default"
    assert {f.name for f in folder.iterdir()} >= {"matrix.csv", "report.json", "heatmaps.png", "scatter.svg"}
    header, *lines = matrix(finished).splitlines()
    assert header == "row,seed,supervisor,language,metric,value,ci_low,ci_high,n_scored,n_total"
    assert len(lines) == 3 * 3 * 3  # rows, languages with `all`, metrics
    assert not list((finished / ".work").rglob("*.jsonl"))


def test_every_count_adds_up(finished: Path) -> None:
    for file in [*finished.glob("simulate/*/manifest.json"), *finished.glob("answer/*/manifest.json")]:
        counts = json.loads(file.read_text())["counts"]
        assert counts["requested"] == counts["done"] + sum(counts["failed"].values())
        assert len(Journal(file.parent / "journal.jsonl")) == counts["done"]


def test_a_second_run_makes_nothing(finished: Path) -> None:
    before = matrix(finished)
    log = ditto(finished, *CELL).stderr
    assert made(log) == []
    assert log.count("cached") == 10
    assert matrix(finished) == before


def test_a_cold_run_elsewhere_gives_the_same_bytes(finished: Path, tmp_path: Path) -> None:
    ditto(tmp_path / "other", *CELL, cwd=tmp_path)
    assert matrix(tmp_path / "other") == matrix(finished)
    for name in ("dialogues.jsonl", "journal.jsonl", "answers.jsonl", "verdicts.jsonl", "model.safetensors"):
        files = sorted(f.relative_to(finished) for f in finished.rglob(name))
        assert files
        assert all((finished / f).read_bytes() == (tmp_path / "other" / f).read_bytes() for f in files)


@pytest.mark.slow
def test_ten_kills_change_nothing_and_ask_nothing_twice(finished: Path, tmp_path: Path) -> None:
    rng, journals = random.Random(0), dict[Path, bytes]()
    for _ in range(10):
        process = start(tmp_path, *CELL)
        assert process.stderr
        next(line for line in process.stderr if line.startswith("characters"))  # the first stage; Python has started
        time.sleep(rng.uniform(0.0, 6.0))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        for manifest in tmp_path.rglob("*/manifest.json"):
            assert json.loads(manifest.read_text())["files"]
        for artifact in tmp_path.glob("[a-z]*/*-*"):
            if artifact.parent.name not in ("study", "jobs", "report"):
                assert (artifact / "manifest.json").exists()
        for journal in tmp_path.rglob("journal.jsonl"):
            place = Path(*journal.parts[-3:])
            whole = journal.read_bytes().rpartition(b'"end": true}\n')
            stored = whole[0] + whole[1]
            assert stored.startswith(journals.get(place, b""))
            journals[place] = stored
    ditto(tmp_path, *CELL)
    assert matrix(tmp_path) == matrix(finished)
    assert journals
    for place, stored in journals.items():
        rows = (tmp_path / place).read_text().splitlines()
        assert len({json.loads(row)["key"] for row in rows}) == len(rows)
        assert (tmp_path / place).read_bytes().startswith(stored)


@pytest.mark.slow
def test_two_runs_at_once_make_each_artifact_once(finished: Path, tmp_path: Path) -> None:
    processes = [start(tmp_path, *CELL) for _ in range(2)]
    logs = [process.communicate(timeout=300)[1] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], logs
    both = made(logs[0]) + made(logs[1])
    assert len(both) == len(set(both)) == 10
    assert matrix(tmp_path) == matrix(finished)


@pytest.mark.slow
def test_sweeps_and_launchers_give_the_cell_the_same_numbers(finished: Path, tmp_path: Path) -> None:
    sweep = ("-m", "model@seed=nano_xs,nano_s", "model@supervisor=nano_xs", *TINY)
    log = ditto(tmp_path / "serial", *sweep).stderr
    stages = [name.split()[0] for name in made(log)]
    assert {s: stages.count(s) for s in stages} == {
        "characters": 1, "benchmark": 1, "simulate": 1, "tune": 2, "answer": 5, "judge": 5,
    }  # fmt: skip
    ditto(tmp_path / "joblib", *sweep, "hydra/launcher=joblib", "hydra.launcher.n_jobs=2")
    assert matrix(tmp_path / "joblib") == matrix(tmp_path / "serial")
    assert set(matrix(finished).splitlines()) <= set(matrix(tmp_path / "serial").splitlines())


@pytest.mark.slow
def test_a_damaged_artifact_is_named_and_made_again(finished: Path, tmp_path: Path) -> None:
    ditto(tmp_path, *CELL)
    victim = next(tmp_path.glob("tune/*/model/model.safetensors"))
    victim.write_bytes(victim.read_bytes()[:-1])
    log = ditto(tmp_path, *CELL).stderr
    assert "model/model.safetensors does not match" in log
    assert made(log) == [f"tune {victim.parent.parent.name}"]
    assert matrix(tmp_path) == matrix(finished)


@pytest.mark.slow
def test_a_failed_cell_does_not_stop_the_others(tmp_path: Path) -> None:
    process = start(tmp_path, "-m", "tuning.max_length=16,512", *CELL)
    _, log = process.communicate(timeout=300)
    assert process.returncode == 6, log
    assert "Not one dialogue fits tuning.max_length=16 tokens" in log
    assert ",nano_xs,nano_xs," in matrix(tmp_path)


@pytest.mark.slow
def test_anyones_model_and_characters_work_in_the_same_command(tmp_path: Path, model_folder: Path) -> None:
    people = tmp_path / "people.jsonl"
    write_jsonl(people, NanoCharacters(n_train=10, n_test=4, languages=["en"]).split().train)
    words = ["characters=jsonl", f"characters.path={people}", "characters.n_test=4", "benchmark=claims", "judge=words"]
    ditto(tmp_path, *words, "model@seed=hf", f"seed.path={model_folder}", "model@supervisor=nano_xs", "tuning.steps=2")
    assert ",random,nano_xs," in matrix(tmp_path)


def bad(tmp_path: Path, name: str) -> list[str]:
    """The arguments of a run that cannot be meant."""
    people = tmp_path / "people.jsonl"
    jsonl = ["characters=jsonl", f"characters.path={people}", "characters.n_test=4", "benchmark=claims", "judge=words"]
    rows = [json.dumps(person) for person in PEOPLE]
    if name == "missing field":
        rows[2] = json.dumps({k: v for k, v in PEOPLE[2].items() if k != "label"})
    elif name == "wrong type":
        rows[2] = json.dumps(PEOPLE[2] | {"label": 7})
    elif name == "duplicate id":
        rows[2] = rows[1]
    elif name == "no rows":
        rows = []
    people.write_text("".join(row + "\n" for row in rows))
    if name == "bad utf-8":
        people.write_bytes(people.read_bytes().replace(b"Person 3", b"Person \xff"))
    if name == "overlap":
        jsonl.append(f"characters.test_path={people}")
    if name == "disk":
        (tmp_path / "file").write_text("in the way")
        return [f"paths.root={tmp_path / 'file' / 'root'}"]
    return jsonl


@pytest.mark.parametrize(
    ("name", "code", "says"),
    [
        ("missing field", 3, "people.jsonl, line 3 lacks the field 'label'"),
        ("wrong type", 3, "people.jsonl, line 3, field 'label'"),
        ("bad utf-8", 3, "people.jsonl, line 4 is not UTF-8"),
        ("no rows", 3, "people.jsonl has no rows"),
        ("duplicate id", 3, "has the character p1 (en) twice"),
        ("overlap", 3, "both trained on and tested"),
        ("disk", 5, "paths.root"),
    ],
)
def test_bad_files_get_one_sentence(
    name: str, code: int, says: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    arguments = ["model@seed=nano_xs", f"paths.root={tmp_path / 'root'}", *bad(tmp_path, name)]
    assert_refused(arguments, code, says, capfd)


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["model@seed=gpt5"], 2, "Could not find 'model/gpt5'"),
        (["modle=nano_s"], 2, "Could not override 'modle'"),
        (["jugde=llm"], 2, "jugde is not there: did you mean judge?"),
        (["tuning.stepz=3"], 2, "tuning.stepz is not there: did you mean tuning.steps?"),
        (["+experiment=cross_sup", "model@seed=nano_xs,nano_s", "logger=wanbd"], 2, "Could not find 'logger/wanbd'"),
        (["+experiment=cross_sup", "model@seed=nano_xs,nano_s", "tuning.stepz=3"], 2, "did you mean tuning.steps?"),
        (["model@seed=nano_xs,nano_s"], 2, "Ambiguous value for argument 'model@seed=nano_xs,nano_s'"),
        (["tuning=7"], 2, "tuning=7 gives a number where one of the group's choices is meant"),
        (["+experiment=nothing"], 2, "Could not find 'experiment/nothing'"),
        (["+experiment=cross_sup", "model@seed="], 2, "Could not find 'model/'"),
        (["model@seed=hf", "seed.path=./nowhere"], 4, "./nowhere is not a model folder"),
        (["model@seed=hf"], 2, "seed.path has no value"),
        (["tuning.lr=-1"], 2, "tuning.lr=-1.0 cannot be meant"),
        (["tuning.lr=1e9"], 2, "tuning.lr=1000000000.0 cannot be meant"),
        (["tuning.steps=0"], 2, "tuning.steps=0 cannot be meant"),
        (["tuning.steps=many"], 2, "tuning.steps='many' cannot be used"),
        (["tuning.warmup=2"], 2, "tuning.warmup=2.0 cannot be meant"),
        (["tuning.batch_size=0"], 2, "tuning.batch_size=0 cannot be meant"),
        (["simulate.query.top_p=0"], 2, "sampling.top_p=0.0 cannot be meant"),
        (["simulate.n_queries=-3"], 2, "simulate.n_queries=-3 cannot be meant"),
        (["engine.batch_size=0"], 2, "engine.batch_size=0 cannot be meant"),
        (["characters.n_train=100000"], 2, "characters.n_train=100000"),
        (["benchmark.specific=0"], 2, "benchmark.specific=0"),
        (["threads=0"], 2, "threads=0"),
        (["+seed.colour=red"], 2, "seed.colour is unknown"),
        (["prompts.pack=none"], 2, "There is no prompt"),
    ],
)
def test_bad_configuration_gets_one_sentence(
    arguments: list[str], code: int, says: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert_refused([*CELL, f"paths.root={tmp_path}", *arguments], code, says, capfd)


def test_a_tokenizer_without_chat_template_is_refused(
    tmp_path: Path, model_folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    for file in model_folder.iterdir():
        if file.name != "chat_template.jinja":
            (tmp_path / file.name).write_bytes(file.read_bytes())
    arguments = ["model@seed=hf", f"seed.path={tmp_path}", f"paths.root={tmp_path / 'root'}"]
    assert_refused(arguments, 4, "has no chat template", capfd)


def assert_refused(arguments: list[str], code: int, says: str, capfd: pytest.CaptureFixture[str]) -> None:
    """The command ends with `code`, its last line is the one sentence, and nothing was made."""
    study.Launch.current = None
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    with pytest.raises(SystemExit) as ended:
        run.main(arguments)
    for handler in set(root.handlers) - set(handlers):
        handler.close()  # Hydra's own would outlive the streams of this test
    root.handlers[:] = handlers
    root.setLevel(level)
    printed = capfd.readouterr().err
    assert ended.value.code == code, printed
    sentences = [line for line in printed.splitlines() if line.startswith("ditto: ")]
    assert len(sentences) == 1, printed
    assert says in sentences[0]
    assert "Traceback" not in printed
    assert "Error executing job" not in printed  # Hydra's line with the whole command
    assert all(artifact.startswith("characters ") for artifact in made(printed))
