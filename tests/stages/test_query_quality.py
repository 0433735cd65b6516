"""Queries from characters to a table: by the oracle on nano supervisors, and by a model that is scripted."""

import csv
import json
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from omegaconf import DictConfig

from ditto import run
from ditto.engines.base import Request
from ditto.engines.scripted import Script, ScriptedEngine
from ditto.errors import ConfigError
from ditto.evaluate.query_quality import Checked
from ditto.records import Dialogue, Question, Session, read_jsonl
from ditto.stages import query_quality
from tests.stages.conftest import composed

pytestmark = pytest.mark.usefixtures("tidied")
ONE = ("task=query_quality", "study.name=small", "model@supervisor=nano_xs")
SMALL = (*ONE, "characters.n_train=4")
LLM = ("judge=llm", "model@judge.model=hf")


def table(folder: Path) -> list[dict[str, str]]:
    with (folder / "quality.csv").open() as file:
        return list(csv.DictReader(file))


def test_supervisors_are_compared_at_the_end_of_the_launch(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    words = ("+experiment=query_quality", "model@supervisor=nano_l,nano_xs", "characters.n_train=4")
    run.main([*words, f"paths.root={tmp_path}"])
    folder = tmp_path / "report" / "query_quality"
    rows = table(folder)
    shown = [(row["supervisor"], row["parameters"]) for row in rows if (row["language"], row["kind"]) == ("all", "all")]
    assert shown == [("nano_xs", "49920"), ("nano_l", "549504")]
    share = {(r["supervisor"], r["kind"]): float(r["correct"]) for r in rows if r["language"] == "all"}
    assert share["nano_l", "specific"] > 0.9
    assert share["nano_xs", "specific"] < 0.6
    assert {f.name for f in folder.iterdir()} == {"quality.csv", "differences.csv", "quality.png", "quality.svg"}
    assert "nano_l writes more correct ones than nano_xs" in capfd.readouterr().out


def test_every_query_of_the_dialogues_has_its_record(tmp_path: Path) -> None:
    folder = query_quality.run(composed(tmp_path, *SMALL))
    [simulated] = (tmp_path / "simulate").iterdir()
    turns = [(d.character, d.lang, t) for d in read_jsonl(simulated / "dialogues.jsonl", Dialogue) for t in d.turns]
    checked = read_jsonl(folder / "queries.jsonl", Checked)
    assert [(c.character, c.lang, c.query, c.kind, c.source) for c in checked] == [
        (who, lang, turn.query, turn.kind, turn.source) for who, lang, turn in turns
    ]
    counts = json.loads((folder / "manifest.json").read_text("utf-8"))["counts"]
    assert counts["queries"] == counts["correct"] + counts["unsure"] + counts["incorrect"] == len(turns) > 0


def test_what_is_there_is_used_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    first = query_quality.run(composed(tmp_path, *SMALL))
    caplog.set_level("INFO")
    assert query_quality.run(composed(tmp_path, *SMALL)) == first
    assert sum("cached" in record.getMessage() for record in caplog.records) == 3


def test_replicates_are_more_queries_for_the_same_roles_and_other_simulations_are_refused(tmp_path: Path) -> None:
    folders = [query_quality.run(composed(tmp_path, *SMALL, f"replicate={n}")) for n in range(2)]
    folder = query_quality.finish(composed(tmp_path, *SMALL, "study.replicates=2", "report.figures=false"), folders)
    [row] = [row for row in table(folder) if (row["language"], row["kind"]) == ("all", "all")]
    assert (row["queries"], row["roles"]) == ("96", "4")
    assert not list(folder.glob("*.png"))
    with pytest.raises(ConfigError, match="nano_xs has 2 simulations in this launch: vary nothing but the supervisor"):
        query_quality.finish(composed(tmp_path, *SMALL), folders)


class Asked:
    """A scripted model that checks, in the place of the configured one."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, script: Script) -> None:
        self.engine = ScriptedEngine(script)
        monkeypatch.setattr(query_quality, "engine_for", lambda *_: nullcontext(self.engine))


def agreeing(request: Request) -> str:
    return json.dumps({"reason": "so it is", "refuses": request.sample == 0})


def with_model(root: Path, folder: Path, *words: str) -> DictConfig:
    return composed(root, *SMALL, *LLM, f"judge.model.path={folder}", *words)


def test_a_model_votes_on_each_query(tmp_path: Path, model_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Asked(monkeypatch, agreeing)
    checked = read_jsonl(query_quality.run(with_model(tmp_path, model_folder)) / "queries.jsonl", Checked)
    assert {(c.kind, c.verdict) for c in checked} == {("specific", "correct"), ("contrastive", "incorrect")}
    assert {c.reason for c in checked} == {"1 of 3 readable votes turn it down"}
    n_asked = len(asked.engine.asked)
    tied = query_quality.run(with_model(tmp_path, model_folder, "judge.votes=2"))
    assert {c.verdict for c in read_jsonl(tied / "queries.jsonl", Checked)} == {"unsure"}
    query_quality.run(with_model(tmp_path, model_folder, "judge.mask=false"))  # which says nothing of queries
    assert len(asked.engine.asked) == n_asked + n_asked * 2 // 3


def test_killed_in_the_middle_it_ends_with_the_same_bytes(
    tmp_path: Path, model_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = iter(range(40))

    def dying(request: Request) -> str:
        if next(left, None) is None:
            raise KeyboardInterrupt
        return agreeing(request)

    whole, killed = tmp_path / "whole", tmp_path / "killed"
    all_of_it = Asked(monkeypatch, agreeing)
    kept = query_quality.run(with_model(whole, model_folder))
    Asked(monkeypatch, dying)
    with pytest.raises(KeyboardInterrupt):
        query_quality.run(with_model(killed, model_folder))
    rest = Asked(monkeypatch, agreeing)
    resumed = query_quality.run(with_model(killed, model_folder))
    assert len(rest.engine.asked) == len(all_of_it.engine.asked) - 40
    for name in ("queries.jsonl", "journal.jsonl", "supervisor.json"):
        assert (resumed / name).read_bytes() == (kept / name).read_bytes()


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["judge=panel"], 2, "judge=panel checks no queries, one judge does: use judge=oracle or judge=llm."),
        (["judge=llm", "judge.votes=0"], 2, "judge.votes=0"),
        (["simulate.n_queries=0"], 2, "simulate.n_queries=0"),
        (
            ["characters=jsonl", "characters.path={bare}", "characters.n_test=4"],
            2,
            "no character has any: use judge=llm",
        ),
        (["plan=true"], 2, "task=query_quality is none"),
    ],
)
def test_what_cannot_be_meant_is_one_sentence(
    tmp_path: Path, words: list[str], code: int, says: str, capfd: pytest.CaptureFixture[str]
) -> None:
    bare = tmp_path / "people.jsonl"
    people = [{"id": f"p{i}", "lang": "en", "label": f"P {i}", "description": "a potter"} for i in range(6)]
    bare.write_text("".join(json.dumps(person) + "\n" for person in people))
    chosen = [word.format(bare=bare) for word in words]
    with pytest.raises(SystemExit) as ended:
        run.main([*ONE, f"paths.root={tmp_path}", *chosen])
    printed = capfd.readouterr().err
    assert ended.value.code == code, printed
    [sentence] = [line for line in printed.splitlines() if line.startswith("ditto: ")]
    assert says in sentence
    assert "Traceback" not in printed
    assert not list(tmp_path.glob("simulate/*"))


class Coin:
    """Rules for answers, and none for queries."""

    identity, metrics = "coin", ("identity",)

    def check(self, tests: list[Session]) -> None: ...

    def judge(self, session: Session, answer: Any) -> list[Question]:
        return []


def test_rules_that_know_nothing_of_queries_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="The judge Coin checks no queries: use judge=oracle or judge=llm"):
        query_quality.checker_of(DictConfig({"_target_": f"{__name__}.Coin"}))
