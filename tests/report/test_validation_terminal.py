"""A judge's validation on the terminal: every figure of it, and what speaks against the judge."""

import math

import pytest

from ditto.evaluate.comparisons import Difference
from ditto.evaluate.statistics import Interval
from ditto.evaluate.validation import Line, Metered, Validation
from ditto.report.validation_terminal import show

NOTHING = Interval(math.nan, math.nan, math.nan)
FOUND = Validation(
    metrics=[
        Metered("identity", Interval(0.75, 0.5, 0.875), kappa=0.61, alpha=0.82, spread=0.13, parsed=0.975),
        Metered("knowledge", NOTHING, kappa=None, alpha=None, spread=None, parsed=None),
    ],
    lines=[
        Line("reference", "identity", 12, 11, Interval(1.0, 1.0, 1.0), 0.96),
        Line("reference", "knowledge", 12, 0, NOTHING, math.nan),
        Line("other role", "identity", 7, 7, Interval(0.5, 0.25, 0.75), 0.31),
    ],
    places=[Interval(share, share, share) for share in (0.4, 0.3, 0.2, 0.1)],
    long_right=Difference(-0.25, -0.5, 0.125, 0.3, 6),
    long_wrong=Difference(1.5, 1.25, 2.0, 0.01, 6),
    misled=Difference(0.125, 0.0625, 0.25, 0.01, 6),
    own=Difference(0.5, 0.25, 0.75, 0.01, 6),
    scored_nothing=0,
)
SPENT = {"prompt_tokens": 812345.4, "completion_tokens": 54321.0, "dollars": 2.499}


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not a terminal, as in a log."""
    for name in ("FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.replace("┃", "│").strip("│").split("│")]


def test_every_figure_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    show(FOUND, ["It is bad."], SPENT, "my_judge")
    printed = capsys.readouterr().out
    rows = [cells(line) for line in printed.splitlines() if "│" in line]
    assert rows == [
        ["identity", "75.0% [50.0%, 87.5%]", "0.61", "0.82", "0.13", "97.5%"],
        ["knowledge", "-", "-", "-", "-", "-"],
        ["reference", "identity", "12", "11", "100.0% [100.0%, 100.0%]", "0.96"],
        ["", "knowledge", "12", "0", "-", "-"],
        ["other role", "identity", "7", "7", "50.0% [25.0%, 75.0%]", "0.31"],
    ]
    for sentence in (
        "my_judge: a judge against the truth",
        "Places chosen among the candidates: A 40%, B 30%, C 20%, D 10%.",
        "A long stretch moves the marks of right answers by -0.25 [-0.50, +0.12].",
        "A long stretch moves the marks of wrong answers by +1.50 [+1.25, +2.00].",
        "An instruction costs right verdicts +0.12 [+0.06, +0.25].",
        "Its own answers are marked above their worth, others' aside, by +0.50 [+0.25, +0.75].",
        "A thousand verdicts take 812,345 prompt and 54,321 reply tokens, $2.50.",
        "It is bad.",
    ):
        assert sentence in printed
    assert "Nothing speaks" not in printed
    assert "nan" not in printed


def test_what_was_not_measured_is_not_shown(capsys: pytest.CaptureFixture[str]) -> None:
    none = Validation(
        metrics=[], lines=[], places=[], long_right=None, long_wrong=None, misled=None, own=None, scored_nothing=0
    )  # fmt: skip
    show(none, [], {}, "oracle")
    printed = capsys.readouterr().out
    assert printed.splitlines()[-1] == "Nothing speaks against this judge here."
    assert not any(word in printed for word in ("Places", "stretch", "instruction", "thousand"))


def test_a_judge_that_costs_nothing_has_no_dollars(capsys: pytest.CaptureFixture[str]) -> None:
    show(FOUND, [], SPENT | {"dollars": 0.0}, "x")
    assert "reply tokens.\n" in capsys.readouterr().out


def test_brackets_in_a_sentence_are_no_markup(capsys: pytest.CaptureFixture[str]) -> None:
    sentence = "It prefers a place: 90% [80%, 95%] of its identity votes are for A."
    show(FOUND, [sentence], SPENT, "x")
    assert sentence in capsys.readouterr().out
