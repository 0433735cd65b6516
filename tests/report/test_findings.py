"""Each of the paper's statements holds, fails or stays open as the verdicts make it."""

import gc
import math
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binom

from benchmarks import power
from ditto.evaluate.comparisons import adjusted
from ditto.records import Metric, Row, Verdict
from ditto.report.findings import Finding, assess, findings
from ditto.report.matrix import Entry, Judged

SEEDS, SUPERVISORS = ("xs", "l"), ("s", "l")
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


def shifted(by: dict[tuple[Row, str, str], float], noise: float = 0.002) -> Scores:
    """5 everywhere but where `by` says so; `noise` moves every other role of one cell up and the rest down."""

    def score(entry: Entry, metric: Metric, i: int) -> float:
        cell = entry.row, entry.seed, entry.supervisor
        return 5 + noise * (1 - i % 2 * 2) * (cell == ("imitation", "l", "l")) + by.get(cell, 0) + i % 3

    return score


def found(scores: Scores, source: str, metric: Metric, n: int = 12) -> Finding:
    (one,) = (f for f in findings(judged(scores, n), SEEDS, SUPERVISORS) if (f.source, f.metric) == (source, metric))
    return one


def imitation(value: float, seeds: tuple[str, ...] = SEEDS, supervisors: tuple[str, ...] = SUPERVISORS) -> Scores:
    """Every imitation of these seeds and supervisors moved by `value`."""
    return shifted({("imitation", s, t): value for s in seeds for t in supervisors})


UNSURE = shifted({}, noise=2.0)
# Clear of zero, and not of the margin.
ABOUT_MARGINAL = shifted({("imitation", s, "l"): 0.5 for s in SEEDS}, noise=1.4)

CASES: list[tuple[str, Metric, Scores, str]] = [
    ("table 2", "identity", imitation(1), "holds"),
    ("table 2", "knowledge", imitation(-1), "does not hold"),
    ("table 2", "rejection", imitation(0), "cannot tell"),
    ("table 2", "rejection", UNSURE, "cannot tell"),
    ("section 6 (1)", "identity", imitation(1), "holds"),
    ("section 6 (1)", "identity", imitation(-1), "does not hold"),
    ("section 6 (1)", "knowledge", imitation(-1), "holds"),
    ("section 6 (1)", "knowledge", imitation(1), "does not hold"),
    ("section 6 (1)", "rejection", imitation(-1), "holds"),
    ("section 6 (1)", "rejection", UNSURE, "cannot tell"),
    ("section 6 (2)", "knowledge", imitation(0.4, supervisors=("l",)), "holds"),
    ("section 6 (2)", "knowledge", imitation(0.5, supervisors=("l",)), "does not hold"),
    ("section 6 (2)", "knowledge", imitation(-3, supervisors=("l",)), "holds"),
    ("section 6 (2)", "knowledge", UNSURE, "cannot tell"),
    ("section 6 (2)", "knowledge", ABOUT_MARGINAL, "cannot tell"),
    ("section 6 (3)", "identity", imitation(0.04, seeds=("l",)), "holds"),
    ("section 6 (3)", "identity", imitation(0.06, seeds=("l",)), "does not hold"),
    ("section 6 (3)", "identity", UNSURE, "cannot tell"),
    ("section 6 (3)", "knowledge", imitation(1, seeds=("l",)), "holds"),
    ("section 6 (3)", "knowledge", imitation(1, seeds=("xs",)), "does not hold"),
    ("section 6 (3)", "rejection", imitation(1, seeds=("l",)), "holds"),
    ("section 6 (3)", "rejection", UNSURE, "cannot tell"),
]


@pytest.mark.parametrize(("source", "metric", "scores", "verdict"), CASES)
def test_a_statement_holds_fails_or_stays_open_as_its_test_says(
    source: str, metric: Metric, scores: Scores, verdict: str
) -> None:
    assert found(scores, source, metric).verdict == verdict


def test_differences_are_means_over_cells_paired_by_character() -> None:
    d = found(imitation(1, seeds=("l",)), "table 2", "knowledge").difference
    assert (d.low, d.value, d.high) == pytest.approx((0.5, 0.5, 0.5), abs=0.01)


def test_more_characters_settle_what_few_cannot() -> None:
    rising = shifted({("imitation", "l", "l"): 0.8}, noise=2.0)
    assert found(rising, "table 2", "knowledge", n=6).verdict == "cannot tell"
    assert found(rising, "table 2", "knowledge", n=300).verdict == "holds"


def test_missing_cells_are_left_out_of_both_sides() -> None:
    scores = shifted({("imitation", "xs", "s"): 1, ("imitation", "l", "l"): -7})
    thin = {entry: v for entry, v in judged(scores).items() if entry != Entry("imitation", "l", "l")}
    by_source = {f.source: f for f in findings(thin, SEEDS, SUPERVISORS) if f.metric == "knowledge"}
    assert by_source["section 6 (2)"].difference.value == pytest.approx(-1)
    assert by_source["section 6 (3)"].difference.value == pytest.approx(-1)


def test_a_statement_without_scores_is_not_made() -> None:
    assert findings(judged(lambda entry, metric, i: None), SEEDS, SUPERVISORS) == []
    half = findings(judged(lambda e, metric, i: 1.0 if e.row == "imitation" else None), SEEDS, SUPERVISORS)
    assert {f.source for f in half} == {"section 6 (2)", "section 6 (3)"}


def test_p_is_adjusted_over_the_whole_study() -> None:
    made = findings(judged(shifted({}, noise=0.5)), SEEDS, SUPERVISORS)
    assert [f.adjusted for f in made] == pytest.approx(adjusted([f.p for f in made]))
    assert any(f.adjusted > f.p for f in made)


def test_the_effect_is_in_spreads_of_the_roles_differences() -> None:
    f = found(shifted({("imitation", "l", "l"): 0.8}, noise=2.0), "section 6 (2)", "knowledge")
    spread = float(np.std([np.mean([0, 0.8 + 2.0 * (-1) ** i]) for i in range(12)], ddof=1))
    assert f.effect == pytest.approx(f.difference.value / spread)


def test_the_sentence_says_what_was_found_and_what_it_would_take() -> None:
    told = found(imitation(1), "table 2", "identity").sentence
    assert told.startswith("On identity it holds: tuned models are above their bases (+1.00 [+1.00, +1.00], p = 0.00")
    failed = found(imitation(1, supervisors=("l",)), "section 6 (2)", "knowledge").sentence
    assert failed.startswith("On knowledge it does not hold: for a seed, no more than marginally higher under l than")
    assert "against a margin of 0.45" in failed
    f = found(shifted({("imitation", "l", "l"): 0.8}, noise=2.0), "table 2", "knowledge")
    assert f.needed is not None
    assert f.needed > f.roles == 12
    assert f.sentence.startswith("On knowledge 12 roles cannot tell: ")
    assert f.sentence.endswith(f"It would take about {f.needed} roles, were this the true difference.")


def test_as_many_roles_as_it_would_take_do_tell() -> None:
    rising = shifted({("imitation", "l", "l"): 0.8}, noise=2.0)
    needed = found(rising, "table 2", "knowledge").needed
    assert needed
    assert found(rising, "table 2", "knowledge", n=round(1.2 * needed)).verdict == "holds"


def test_roles_that_are_all_the_same_tell_only_when_there_are_many() -> None:
    def perfect(entry: Entry, metric: Metric, i: int) -> float:
        return 1.0

    few = found(perfect, "section 6 (3)", "identity", n=40)
    assert (few.verdict, few.difference.value, math.isnan(few.effect)) == ("cannot tell", 0, True)
    assert few.needed
    assert found(perfect, "section 6 (3)", "identity", n=few.needed).verdict == "holds"
    assert found(perfect, "table 2", "identity").sentence.endswith(
        "No number of roles could, were this the true difference."
    )


@pytest.fixture
def frozen() -> Iterator[None]:
    """statsmodels collects garbage at every adjustment; what was there before is none."""
    gc.freeze()
    yield
    gc.unfreeze()


def test_a_study_of_true_nulls_errs_in_five_of_a_hundred(frozen: None) -> None:
    n = 500
    wrong = sum(power.wrong(matrix) for matrix in power.matrices(n, roles=16, turns=3, apart=0))
    low, high = binom.ppf([0.001, 0.999], n, 0.05)
    assert wrong <= high
    assert wrong >= low / 3  # Holm gives something away where statements hang together, but not all


def test_what_is_there_is_found() -> None:
    (matrix,) = power.matrices(1, 100, 6, apart=4)
    assert {f.verdict for f in assess(matrix, power.SEEDS, power.SUPERVISORS)} == {"holds"}


def test_replicates_are_a_level_of_their_own() -> None:
    first = judged(imitation(1))
    again = {replace(e, replicate=1): v for e, v in judged(imitation(0)).items() if e.row == "imitation"}
    alone, both = (findings(x, SEEDS, SUPERVISORS) for x in (first, {**first, **again}))
    one, two = (next(f for f in x if (f.source, f.metric) == ("table 2", "rejection")) for x in (alone, both))
    assert (one.verdict, one.replicates) == ("holds", 1)
    assert (two.verdict, two.replicates) == ("cannot tell", 2)
    assert two.difference.value == pytest.approx(0.5)
    assert two.difference.high - two.difference.low >= 1
    assert "and replicates in proportion" in two.sentence
