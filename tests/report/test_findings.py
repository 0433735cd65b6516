"""Each of the paper's statements holds, fails or stays open as the verdicts make it."""

import math
from collections.abc import Callable

import pytest

from ditto.records import Metric, Row, Verdict
from ditto.report.findings import Finding, findings
from ditto.report.matrix import Entry, Judged

SEEDS, SUPERVISORS = ("xs", "l"), ("s", "m")
Scores = Callable[[Entry, Metric, int], float | None]


def judged(scores: Scores, n: int = 12) -> Judged:
    """The whole matrix, each entry asked two turns of each of `n` characters."""
    entries = [Entry("base", s, "") for s in SEEDS] + [Entry("supervision", "", t) for t in SUPERVISORS]
    entries += [Entry("imitation", s, t) for s in SEEDS for t in SUPERVISORS]
    metrics: tuple[Metric, ...] = ("identity", "knowledge", "rejection")
    return {
        entry: [
            Verdict(
                character=f"Q{i}",
                lang="en",
                turn=turn,
                metric=metric,
                sample=0,
                value=scores(entry, metric, i),
                reason="",
            )
            for metric in metrics
            for i in range(n)
            for turn in (0, 1)
        ]
        for entry in entries
    }


def shifted(by: dict[tuple[Row, str, str], float], noise: float = 0.0) -> Scores:
    """5 everywhere but where `by` says so; `noise` moves every other character of imitation up and the rest down."""

    def score(entry: Entry, metric: Metric, i: int) -> float:
        sway = noise * (-1) ** i if entry.row == "imitation" and entry.seed == "l" and entry.supervisor == "m" else 0
        return 5 + sway + by.get((entry.row, entry.seed, entry.supervisor), 0) + i % 3

    return score


def found(scores: Scores, source: str, metric: Metric, n: int = 12) -> Finding:
    (one,) = (f for f in findings(judged(scores, n), SEEDS, SUPERVISORS) if (f.source, f.metric) == (source, metric))
    return one


def imitation(value: float, seeds: tuple[str, ...] = SEEDS, supervisors: tuple[str, ...] = SUPERVISORS) -> Scores:
    """Every imitation of these seeds and supervisors moved by `value`."""
    return shifted({("imitation", s, t): value for s in seeds for t in supervisors})


UNSURE = shifted({}, noise=2.0)
# The whole interval is above zero, and holds the margin.
ABOUT_MARGINAL = shifted({("imitation", s, "m"): 0.5 for s in SEEDS}, noise=0.7)

CASES: list[tuple[str, Metric, Scores, str]] = [
    ("table 2", "identity", imitation(1), "holds"),
    ("table 2", "knowledge", imitation(-1), "does not hold"),
    ("table 2", "rejection", imitation(0), "cannot be told"),
    ("table 2", "rejection", UNSURE, "cannot be told"),
    ("section 6 (1)", "identity", imitation(1), "holds"),
    ("section 6 (1)", "identity", imitation(-1), "does not hold"),
    ("section 6 (1)", "knowledge", imitation(-1), "holds"),
    ("section 6 (1)", "knowledge", imitation(1), "does not hold"),
    ("section 6 (1)", "rejection", imitation(-1), "holds"),
    ("section 6 (1)", "rejection", UNSURE, "cannot be told"),
    ("section 6 (2)", "knowledge", imitation(0.4, supervisors=("m",)), "holds"),
    ("section 6 (2)", "knowledge", imitation(0.5, supervisors=("m",)), "does not hold"),
    ("section 6 (2)", "knowledge", imitation(-3, supervisors=("m",)), "holds"),
    ("section 6 (2)", "knowledge", UNSURE, "cannot be told"),
    ("section 6 (2)", "knowledge", ABOUT_MARGINAL, "cannot be told"),
    ("section 6 (3)", "identity", imitation(0.04, seeds=("l",)), "holds"),
    ("section 6 (3)", "identity", imitation(0.06, seeds=("l",)), "does not hold"),
    ("section 6 (3)", "identity", UNSURE, "cannot be told"),
    ("section 6 (3)", "knowledge", imitation(1, seeds=("l",)), "holds"),
    ("section 6 (3)", "knowledge", imitation(1, seeds=("xs",)), "does not hold"),
    ("section 6 (3)", "rejection", imitation(1, seeds=("l",)), "holds"),
    ("section 6 (3)", "rejection", UNSURE, "cannot be told"),
]


@pytest.mark.parametrize(("source", "metric", "scores", "verdict"), CASES)
def test_a_statement_is_borne_out_by_its_whole_interval(
    source: str, metric: Metric, scores: Scores, verdict: str
) -> None:
    assert found(scores, source, metric).verdict == verdict


def test_every_statement_is_made_once_on_its_metrics() -> None:
    made = sorted((f.source, f.metric) for f in findings(judged(shifted({})), SEEDS, SUPERVISORS))
    everywhere = [(s, m) for s in ("section 6 (1)", "section 6 (3)", "table 2") for m in ("identity", "knowledge")]
    everywhere += [(s, "rejection") for s in ("section 6 (1)", "section 6 (3)", "table 2")]
    assert made == sorted([*everywhere, ("section 6 (2)", "knowledge")])


def test_differences_are_means_over_cells_paired_by_character() -> None:
    d = found(imitation(1, seeds=("l",)), "table 2", "knowledge").difference
    assert (d.low, d.value, d.high) == pytest.approx((0.5, 0.5, 0.5))


def test_more_characters_settle_what_few_cannot() -> None:
    rising = shifted({("imitation", "l", "m"): 0.8}, noise=2.0)
    assert found(rising, "table 2", "knowledge", n=6).verdict == "cannot be told"
    assert found(rising, "table 2", "knowledge", n=300).verdict == "holds"


def test_one_cell_compares_nothing_along_sizes() -> None:
    cell = {
        entry: verdicts
        for entry, verdicts in judged(shifted({})).items()
        if entry.seed in ("", "xs") and entry.supervisor in ("", "s")
    }
    assert {f.source for f in findings(cell, ("xs",), ("s",))} == {"table 2", "section 6 (1)"}


def test_missing_cells_are_left_out_of_both_sides() -> None:
    scores = shifted({("imitation", "xs", "s"): 1, ("imitation", "l", "m"): -7})
    thin = {entry: v for entry, v in judged(scores).items() if entry != Entry("imitation", "l", "m")}
    by_source = {f.source: f for f in findings(thin, SEEDS, SUPERVISORS) if f.metric == "knowledge"}
    assert by_source["section 6 (2)"].difference.value == pytest.approx(-1)
    assert by_source["section 6 (3)"].difference.value == pytest.approx(-1)


def test_what_was_never_scored_cannot_be_told() -> None:
    for f in findings(judged(lambda entry, metric, i: None), SEEDS, SUPERVISORS):
        assert f.verdict == "cannot be told"
        assert math.isnan(f.difference.value)


def test_no_cell_at_all_tells_nothing() -> None:
    only_bases = {entry: v for entry, v in judged(shifted({})).items() if entry.row != "imitation"}
    assert {f.verdict for f in findings(only_bases, SEEDS, SUPERVISORS)} == {"cannot be told"}
