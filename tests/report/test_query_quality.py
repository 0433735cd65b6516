"""Shares of queries by supervisor, clustered by the role they were written for, and what is told of the largest one."""

import csv
import io
import math
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ditto.evaluate.query_quality import GRADES, Checked, Grade
from ditto.records import Kind
from ditto.report.matrix import ALL, to_csv
from ditto.report.query_quality import Difference, Line, Supervisor, differences, quality
from ditto.report.query_quality_figure import bars, draw
from ditto.report.query_quality_terminal import show
from ditto.simulate.settings import KINDS

SMALL, LARGE, SERVED = Supervisor("small", 10), Supervisor("large", 1_000), Supervisor("served", None)


def query(source: int, verdict: Grade, kind: Kind = "specific", lang: str = "en") -> Checked:
    who = source if kind == "specific" else source + 1
    return Checked(
        character=f"q{who}", lang=lang, query="?", kind=kind, source=f"q{source}", verdict=verdict, reason="so it is"
    )


def queries(verdicts: Sequence[Grade], n_roles: int = 20, kinds: Sequence[Kind] = KINDS) -> list[Checked]:
    """The same for each of the roles."""
    return [query(i, verdict, kind) for i in range(n_roles) for kind in kinds for verdict in verdicts]


def told(asked: dict[Supervisor, list[Checked]]) -> dict[tuple[str, str, str], Line]:
    return {(x.supervisor, x.language, x.kind): x for x in quality(asked)}


def test_there_is_a_line_for_each_language_and_kind_and_all_of_them_by_size() -> None:
    asked = {LARGE: queries(["correct"]), SMALL: [query(1, "unsure", lang="zh"), query(2, "incorrect", lang="zh")]}
    assert list(told(asked)) == [
        *(("small", lang, kind) for lang in ("zh", ALL) for kind in ("specific", ALL)),
        *(("large", lang, kind) for lang in ("en", ALL) for kind in (*KINDS, ALL)),
    ]


def test_shares_are_over_queries_and_bounds_over_the_roles_they_were_written_for() -> None:
    few = [query(1, "correct"), *[query(2, "incorrect")] * 3]
    line = told({SMALL: few})["small", ALL, ALL]
    assert (line.correct, line.unsure, line.incorrect) == (0.25, 0.0, 0.75)
    assert (line.correct_low, line.correct_high, line.queries, line.roles) == (0.0, 1.0, 4, 2)
    both = told({SMALL: [query(i, "correct", kind) for i in (1, 2) for kind in KINDS]})["small", ALL, ALL]
    assert (both.queries, both.roles) == (4, 2)


@given(st.lists(st.tuples(st.integers(0, 5), st.sampled_from(GRADES), st.sampled_from(KINDS)), min_size=1))
def test_shares_are_of_one_whole(drawn: list[tuple[int, Grade, Kind]]) -> None:
    asked = [query(*one) for one in drawn]
    for line in quality({SMALL: asked}):
        shares = [getattr(line, grade) for grade in GRADES]
        assert sum(shares) == pytest.approx(1)
        assert all(getattr(line, f"{g}_low") <= getattr(line, g) <= getattr(line, f"{g}_high") for g in GRADES)
        assert line.queries == sum(line.kind in (ALL, query.kind) for query in asked)


def test_the_largest_is_compared_with_the_smallest_by_kind() -> None:
    better = [query(i, "correct" if i % 10 else "unsure", kind) for i in range(20) for kind in KINDS]
    worse = [query(i, "correct" if i % 2 else "unsure", "specific") for i in range(20)]
    worse += [query(i, "correct" if i % 10 else "unsure", "contrastive") for i in range(20)]
    found = differences({LARGE: better, SMALL: worse, SERVED: queries(["incorrect"]), Supervisor("mid", 99): worse})
    assert [(x.supervisor, x.against, x.kind, x.roles) for x in found] == [
        ("large", "small", "specific", 20),
        ("large", "small", "contrastive", 20),
    ]
    assert [x.value for x in found] == [pytest.approx(0.4), 0.0]
    assert found[0].ci_low > 0
    assert found[0].adjusted == pytest.approx(2 * found[0].p)
    assert found[0].adjusted < 0.05
    assert (found[1].ci_low, found[1].ci_high, found[1].adjusted) == (0.0, 0.0, 1.0)


@pytest.mark.parametrize(
    ("large", "small", "says"),
    [
        ("correct", "unsure", "Of contrastive queries it holds: large writes more correct ones than small (+1.00"),
        ("unsure", "correct", "Of contrastive queries it does not hold: large writes more correct ones than small (-1"),
        ("correct", "correct", "Of contrastive queries 20 roles cannot tell: large writes more correct ones than"),
    ],
)
def test_a_difference_is_said_in_a_sentence(large: Grade, small: Grade, says: str) -> None:
    [found] = differences(
        {LARGE: queries([large], kinds=["contrastive"]), SMALL: queries([small], kinds=["contrastive"])}
    )
    assert found.sentence.startswith(says)
    assert found.sentence.endswith(("p < 0.001).", "p = 1.000)."))


@pytest.mark.parametrize(
    "others",
    [
        {},
        {SERVED: queries(["correct"])},
        {Supervisor("twin", 10): queries(["correct"])},
        {LARGE: [query(1, "correct")]},
    ],
)
def test_nothing_is_said_without_two_sizes_and_two_roles(others: dict[Supervisor, list[Checked]]) -> None:
    assert differences({SMALL: queries(["unsure"])} | others) == []


def test_a_size_that_nobody_tells_is_left_empty() -> None:
    lines = quality({SERVED: queries(["correct"]), LARGE: queries(["unsure"])})
    rows = list(csv.DictReader(io.StringIO(to_csv(lines, Line))))
    assert {(row["supervisor"], row["parameters"]) for row in rows} == {("large", "1000"), ("served", "")}
    assert rows[0]["unsure_low"] == "1.0000"
    assert math.isnan(lines[-1].parameters)


def test_a_figure_has_a_panel_a_kind_and_whole_bars(tmp_path: Path) -> None:
    lines = quality({SMALL: queries(["correct", "unsure", "incorrect", "incorrect"]), LARGE: queries(["correct"])})
    first, second = bars(lines).axes
    assert [axes.get_title() for axes in (first, second)] == ["role-specific queries", "contrastive queries"]
    assert [label.get_text() for label in first.get_xticklabels()] == ["small", "large"]
    assert [bar.get_height() for container in first.containers[:3] for bar in container] == [
        0.25,
        1.0,
        0.25,
        0.0,
        0.5,
        0.0,
    ]
    assert len(bars([x for x in lines if x.kind == "specific"]).axes) == 1
    draw(lines, tmp_path)
    assert (tmp_path / "quality.png").read_bytes()[1:4] == b"PNG"
    assert b"correct" in (tmp_path / "quality.svg").read_bytes()


def test_a_terminal_shows_all_languages_and_the_sentences(capsys: pytest.CaptureFixture[str]) -> None:
    asked = {SMALL: queries(["unsure"]), SERVED: queries(["correct"]), LARGE: queries(["correct"])}
    found: list[Difference] = differences(asked)
    show(quality(asked), found, "name")
    printed = capsys.readouterr().out
    assert all(x.sentence in printed for x in found)
    rows = [[cell.strip() for cell in row.split("│")[1:-1]] for row in printed.splitlines() if row.startswith("│")]
    assert [row[:3] for row in rows[::3]] == [
        ["small", "10", "specific"],
        ["large", "1,000", "specific"],
        ["served", "unknown", "specific"],
    ]
    assert rows[0][3:] == ["0.00 [0.00, 0.00]", "1.00 [1.00, 1.00]", "0.00 [0.00, 0.00]", "20", "20"]
