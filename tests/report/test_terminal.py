"""The terminal shows both tables, whatever its width."""

import math

import pytest
from rich.cells import cell_len
from rich.text import Text

from ditto.evaluate.statistics import Interval
from ditto.records import Metric
from ditto.report.findings import Finding, Verdict
from ditto.report.matrix import ALL, METRICS, Line
from ditto.report.terminal import show


def finding(
    source: str, statement: str, metric: Metric, difference: Interval, verdict: Verdict, needed: int | None = None
) -> Finding:
    return Finding(
        source=source,
        statement=statement,
        metric=metric,
        difference=difference,
        effect=1.5 if needed else math.nan,
        null=0.0,
        p=0.01,
        adjusted=0.0125,
        roles=8,
        replicates=1,
        verdict=verdict,
        needed=needed,
        sentence="",
    )


def line(row: str, seed: str, supervisor: str, metric: str, value: float, language: str = ALL) -> Line:
    return Line(row, seed, supervisor, language, metric, value, value - 0.125, value + 0.125, 7, 8)


CELLS = [("base", "nano_m", ""), ("supervision", "", "nano_l"), ("imitation", "nano_m", "nano_l")]
LINES = [
    line(*cell, metric, 0.5 + 0.25 * i + shift, language)
    for i, cell in enumerate(CELLS)
    for language, shift in (("en", 1), (ALL, 0), ("zh", -1))
    for metric in METRICS
]
FOUND = [
    finding("table 2", "tuned models are above their bases", "identity", Interval(0.25, 0.125, 0.375), "holds"),
    finding("section 6 (1)", "imitation is below supervision", "knowledge", Interval(1, 0.5, 2), "does not hold"),
    finding("section 6 (3)", "higher in nano_l than in nano_xs", "rejection", Interval(0, -1, 1), "cannot tell", 1234),
]


@pytest.fixture
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not a terminal, as in a log."""
    for name in ("FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)


def test_both_tables_are_printed_with_their_numbers(wide: None, capsys: pytest.CaptureFixture[str]) -> None:
    show(LINES, FOUND, "my study")
    text = capsys.readouterr().out
    assert "my study" in text
    base, supervision, imitation = (next(x for x in text.splitlines() if x.startswith(f"│ {c[0]} ")) for c in CELLS)
    assert base.split("│")[2:4] == [" nano_m ", " -          "]
    assert base.count("0.50 [0.38, 0.62]") == 3
    assert supervision.count("0.75 [0.62, 0.88]") == 3
    assert imitation.count("1.00 [0.88, 1.12]") == 3
    assert all("21/24" in row for row in (base, supervision, imitation))
    for found in FOUND:
        (row,) = (x for x in text.splitlines() if f" {found.source} " in x and found.metric in x)
        assert found.verdict in row
        assert found.statement.split()[0] in row
    assert "+0.25 [+0.12, +0.38]" in text
    assert "0.013" in text
    assert "+1.5" in text
    assert "1,234" in text
    assert "\x1b" not in text


def test_what_was_not_scored_is_called_so(wide: None, capsys: pytest.CaptureFixture[str]) -> None:
    show([Line("base", "xs", "", ALL, m, math.nan, math.nan, math.nan, 0, 8) for m in METRICS], [], "none")
    text = capsys.readouterr().out
    assert text.count("unscored") == 3
    assert "0/24" in text
    assert "This matrix can say nothing on the paper's statements" in text
    assert "nan" not in text


@pytest.mark.parametrize("width", [80, 40])
def test_a_narrow_terminal_gets_narrow_tables(
    width: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", str(width))
    show(LINES, FOUND, "my study")
    text = Text.from_ansi(capsys.readouterr().out).plain
    assert max(cell_len(row) for row in text.splitlines()) <= width
    assert all(word in text for word in ("identity", "holds", "tell") if width == 80)
