"""Answers carried both ways: ours into upstream's files, and files of theirs before our judge."""

import csv
from pathlib import Path

import pytest

from ditto import run
from ditto.evaluate.upstream import answers
from tests.evaluate.roles import EN, ZH, conversation, record, write

pytestmark = pytest.mark.usefixtures("tidied")
SAID = ["I paint a landscape.", "I do not know it.", "My home is Ember."]
SCORES = {"consist_scores": [1.0, 0.0, 1.0], "reject_scores": [0, 1, 1], "knowledge_scores": [8.0, 0, 4.0]}
LANGUAGES = ("characters.languages=[en,zh]", "characters.n_train=2", "characters.n_test=4")


def others() -> list[dict[str, object]]:
    """Enough roles of one language for four candidates each."""
    return [record(EN), record(ZH)]


def given(folder: Path) -> tuple[Path, Path, Path]:
    """The input, answers to it, and the same answers scored."""
    asked = others()
    told = [one | {"messages": conversation(one, SAID)} for one in asked]
    return (
        write(folder / "input.jsonl", *asked),
        write(folder / "told.jsonl", *told),
        write(folder / "scored.jsonl", *(one | SCORES for one in told)),
    )


def judged(root: Path, asked: Path, files: str, *words: str) -> list[dict[str, str]]:
    run.main(
        [
            *("+experiment=judge_answers", f"benchmark.path={asked}", f"given={files}", "judge=words"),
            *(f"paths.root={root}", *LANGUAGES, *words),
        ]
    )
    with (root / "report" / "judge_answers" / "matrix.csv").open() as file:
        return list(csv.DictReader(file))


def test_files_are_judged_and_their_own_scores_stand_beside(tmp_path: Path) -> None:
    asked, told, scored = given(tmp_path)
    lines = judged(tmp_path / "root", asked, f"[{told},{scored}]")
    ours = {(x["seed"], x["metric"]): x for x in lines if x["row"] == "base" and x["language"] == "all"}
    assert set(ours) == {(name, m) for name in ("told", "scored") for m in ("identity", "knowledge", "rejection")}
    assert ours["told", "rejection"]["value"] == ours["scored", "rejection"]["value"] != ""
    theirs = {x["metric"]: float(x["value"]) for x in lines if x["row"] == "as scored" and x["language"] == "all"}
    assert theirs == {"identity": 0.6667, "knowledge": 6.0, "rejection": 0.6667}


def test_an_empty_answer_is_unscored(tmp_path: Path) -> None:
    asked, told, _ = given(tmp_path)
    write(told, *(one | {"messages": conversation(one, ["Pictures.", " ", "There."])} for one in others()))
    lines = judged(tmp_path / "root", asked, f"[{told}]")
    (line,) = (x for x in lines if x["language"] == "all" and x["metric"] == "rejection")
    assert (line["n_scored"], line["n_total"]) == ("4", "6")


@pytest.mark.parametrize(
    ("files", "says", "status"),
    [
        ("[]", "given=[] must name the files to judge", 2),
        ("[{told},{told}]", "each by another name", 2),
        ("[{folder}/none.jsonl]", "none.jsonl is not there", 3),
        ("[{input}]", "lacks the field 'messages'", 3),
        ("[{other}]", "answers turn 0 of en/Bea, which the benchmark does not ask", 3),
    ],
)
def test_what_cannot_be_judged_is_one_sentence(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], files: str, says: str, status: int
) -> None:
    asked, told, _ = given(tmp_path)
    bea = record(("Bea", "en", ["Bea", "Bob", "Cyd", "Dot"]), wiki_title=None)
    other = write(tmp_path / "other.jsonl", bea | {"messages": conversation(bea, SAID)})
    names = {"told": told, "folder": tmp_path, "input": asked, "other": other}
    with pytest.raises(SystemExit) as end:
        judged(tmp_path / "root", asked, files.format(**names))
    assert end.value.code == status
    assert says in capfd.readouterr().err


@pytest.mark.slow
def test_a_cells_rows_are_written_as_upstream_reads_them(tmp_path: Path) -> None:
    asked, _, _ = given(tmp_path)
    root = tmp_path / "root"
    cell = ("model@seed=nano_xs", "tuning.steps=2", "benchmark=wikirole", "judge=words", "answer.max_tokens=8")
    run.main(
        [
            *cell,
            *LANGUAGES,
            f"benchmark.path={asked}",
            f"paths.root={root}",
            "report.upstream=true",
            "report.figures=false",
        ]
    )
    (base,) = (root / "report" / "default" / "upstream").glob("base-*.jsonl")
    assert len(answers(base)) in (3, 6)
    assert {x["row"] for x in judged(root, asked, f"[{base}]")} == {"base"}


def test_only_upstreams_questions_can_be_written_so(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        run.main([f"paths.root={tmp_path}", "report.upstream=true"])
    assert "report.upstream=true needs benchmark=wikirole" in capfd.readouterr().err
