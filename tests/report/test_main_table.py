"""The main table holds the right rows of a study, what was published, and comparisons adjusted together."""

import math
import re
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.text import Text

from ditto.evaluate.comparisons import adjusted, paired, roles_needed
from ditto.records import Metric, Verdict
from ditto.report.main_table import Cell, MainTable, main_table, published, rows
from ditto.report.main_table_text import markdown, notes, show
from ditto.report.matrix import ALL, Entry, Judged, by_character, matrix, to_csv
from ditto.report.published import TABLE_2

PAPER = Path(__file__).parents[3] / "shared/paper.md"
BASE, TUNED, TAUGHT = Entry("base", "xs", ""), Entry("imitation", "xs", "xs"), Entry("imitation", "xs", "l")
TEACHER, OTHER = Entry("supervision", "", "xs"), Entry("base", "s", "")


def votes(metric: Metric, values: list[float | None], lang: str = "en") -> list[Verdict]:
    """One turn of each role."""
    return [
        Verdict(character=f"{metric}{n}", lang=lang, turn=0, metric=metric, sample=0, value=value, reason="")
        for n, value in enumerate(values)
    ]


ROLES = {
    BASE: [
        *votes("identity", [0, 1, 0, 0, 0, 0]),
        *votes("knowledge", [3, 4, 2, 5, 3, 4]),
        *votes("identity", [1, 0], "zh"),
    ],
    TUNED: [
        *votes("identity", [1, 1, 1, 1, 1, 1]),
        *votes("knowledge", [4, 3, 3, 5, 3, 5]),
        *votes("identity", [1, 1], "zh"),
    ],
    TAUGHT: votes("identity", [0, 0, 0, 0, 0, 0]),
    TEACHER: votes("identity", [1, 0, 0, 0, 0, 0]),
    OTHER: votes("identity", [None, 1, 0, 1, 1, 0]),
}
GRADES = {BASE: votes("quality", [5, 6, 4]), TUNED: votes("quality", [7, 8, 7]), TAUGHT: votes("quality", [1, 1, 1])}
NONE: Judged = {}


def value(table: MainTable, name: str, language: str, metric: str) -> float:
    return rows(table.cells)[name][language, metric].value


def test_a_model_stands_as_it_was_and_as_it_taught_itself() -> None:
    table = main_table(ROLES, GRADES)
    assert list(rows(table.cells)) == ["xs", "xs + DITTO", "s"]
    assert value(table, "xs", ALL, "identity") == 2 / 8
    assert value(table, "xs", "zh", "identity") == 1 / 2
    assert value(table, "xs + DITTO", ALL, "identity") == 1.0
    assert value(table, "s", "en", "identity") == 3 / 5
    assert value(table, "xs + DITTO", ALL, "quality") == 22 / 3
    assert {cell.source for cell in table.cells} == {"measured"}


def test_the_columns_are_all_languages_then_each_and_the_quality() -> None:
    columns = main_table(ROLES, GRADES).columns
    played = ["identity", "knowledge", "rejection"]
    assert columns == [*((lang, m) for lang in (ALL, "en", "zh") for m in played), (ALL, "quality")]


def test_the_bounds_are_those_of_the_matrix() -> None:
    (line,) = (x for x in matrix(ROLES) if (x.row, x.seed, x.language, x.metric) == ("base", "xs", ALL, "knowledge"))
    cell = rows(main_table(ROLES, NONE).cells)["xs"][ALL, "knowledge"]
    assert (cell.value, cell.ci_low, cell.ci_high) == (line.value, line.ci_low, line.ci_high)
    assert line.ci_low < line.value < line.ci_high


def test_the_aggregation_is_that_of_the_study_but_quality_has_one_alone() -> None:
    scored = {entry: [v for v in verdicts if v.metric == "knowledge"] for entry, verdicts in ROLES.items()}
    scored[BASE] += votes("rejection", [1, 1, 0, 1, 0, 0])
    faithful = rows(main_table(scored, GRADES, "faithful").cells)["xs"]
    assert math.isnan(faithful[ALL, "rejection"].ci_low)
    assert faithful[ALL, "quality"].value == 5.0
    assert faithful[ALL, "quality"].ci_low < 5.0


def test_a_study_may_bring_its_own_quality() -> None:
    table = main_table(GRADES, GRADES)
    assert value(table, "xs", ALL, "quality") == 5.0
    assert len(table.columns) == 4
    assert table.questions == 3


def test_p_is_adjusted_over_the_whole_table() -> None:
    table = main_table(ROLES, GRADES)
    pairs: list[tuple[Metric, Judged]] = [("identity", ROLES), ("knowledge", ROLES), ("quality", GRADES)]
    sides = [(by_character(judged[TUNED], m), by_character(judged[BASE], m)) for m, judged in pairs]
    assert [(c.model, c.metric) for c in table.comparisons] == [("xs", m) for m, _ in pairs]
    assert [c.difference for c in table.comparisons] == [paired(*both) for both in sides]
    assert [c.adjusted for c in table.comparisons] == adjusted([paired(*both).p for both in sides])
    worth = (0.05, 0.5, 0.5)
    assert [c.needed for c in table.comparisons] == [roles_needed(*b, d) for b, d in zip(sides, worth, strict=True)]


@pytest.mark.parametrize("base", [[], votes("identity", [1]), votes("identity", [None] * 6)])
def test_what_shares_no_two_roles_is_not_compared(base: list[Verdict]) -> None:
    table = main_table({BASE: base, TUNED: ROLES[TUNED]}, NONE)
    assert table.comparisons == ()
    assert "Holm" not in markdown(table, "t")


def test_the_published_rows_are_the_papers() -> None:
    cells = rows(published())
    assert len(cells) == 19
    assert cells["Qwen-7B-Chat + DITTO"][ALL, "knowledge"].value == 4.97
    assert {cell.language for columns in cells.values() for cell in columns.values()} == {ALL}


@pytest.mark.skipif(not PAPER.exists(), reason="the paper's figures are not here")
def test_no_published_figure_is_mistyped() -> None:
    lines = re.findall(r"^\| (.+?) \| (.+?) \| (.+?) \| (.+?) \|(.*)\|$", PAPER.read_text("utf-8"), re.MULTILINE)
    read = []
    for model, *columns in lines[1:]:
        name, both = model.removesuffix(" base / +DITTO"), "+DITTO" in model
        for state in range(1 + both):
            numbers = [column.strip().split(" / ") for column in columns]
            read.append((name, state == 1, *(float(n[min(state, len(n) - 1)] or "nan") for n in numbers)))
    assert list(map(str, TABLE_2)) == list(map(str, read))


def test_the_csv_holds_both_and_says_which() -> None:
    head, *lines = to_csv([*main_table(ROLES, GRADES).cells, *published()], Cell).splitlines()
    assert head == "source,model,state,language,metric,value,ci_low,ci_high"
    assert lines[0].startswith("measured,xs,base,en,identity,0.1667,")
    assert "published,Qwen-72B-Chat,tuned,all,quality,8.4300,," in lines
    assert "published,GPT-4-Turbo,base,all,quality,,," in lines


def test_the_document_marks_what_is_published_and_warns_of_few_questions() -> None:
    text = markdown(main_table(ROLES, GRADES), "mine")
    lines = text.splitlines()
    assert lines[0] == "# mine"
    widths = {line.count("|") for line in lines if line.startswith("| ") and "published" in line}
    assert widths == {lines[2].count("|")}
    assert "| GPT-4 (published) | 0.80 | 7.62 | 0.85 | - | - | - | - | - | - | 8.90 |" in lines
    (xs,) = (line for line in lines if line.startswith("| xs + DITTO |"))
    assert "1.00 [1.00, 1.00]" in xs
    assert "gpt-4-1106-preview" in text
    assert "has 3 questions" in text
    assert "roles needed to see" in text
    assert "nan" not in text
    assert len(notes(main_table({BASE: ROLES[BASE], TUNED: ROLES[TUNED]}, NONE))) == 1


def test_what_the_table_lacks_is_said_below_it() -> None:
    judged = {BASE: ROLES[BASE], TUNED: votes("identity", [None, None]), OTHER: ROLES[OTHER]}
    assert notes(main_table(judged, NONE))[1:] == [
        "No cell has these models tuned on their own dialogues, so they stand as bases: s.",
        "Every verdict is unscored of xs + DITTO.",
    ]


def test_a_bar_in_a_name_does_not_end_its_cell() -> None:
    assert r"| a\|b |" in markdown(main_table({Entry("base", "a|b", ""): ROLES[BASE]}, NONE), "t")


def test_the_terminal_fits_three_languages_into_its_width(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    judged = {Entry(e.row, e.seed and "qwen2_5_0_5b", e.supervisor and "qwen2_5_0_5b"): ROLES[e] for e in (BASE, TUNED)}
    show(main_table(judged, NONE), "my study")
    text = capsys.readouterr().out
    assert "…" not in text
    assert "0.25" in text
    assert "0.52 / 0.82" in text
    assert max(map(cell_len, text.splitlines())) <= 120


@pytest.mark.parametrize("width", [80, 40])
def test_a_narrow_terminal_gets_narrow_tables(
    width: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", str(width))
    show(main_table(ROLES, GRADES), "my study")
    text = Text.from_ansi(capsys.readouterr().out).plain
    assert max(cell_len(line) for line in text.splitlines()) <= width
