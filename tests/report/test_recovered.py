"""How much of the gap a weak supervisor's dialogues recover, and what is said where there is no gap."""

import math
from dataclasses import replace

import numpy as np
import pytest

from ditto.records import Verdict
from ditto.report.matrix import Entry, Judged
from ditto.report.recovered import Line, recovered

SIZES = {"xs": 1, "m": 5, "l": 9, "api": None}


def judged(scores: dict[tuple[str, str], float], spread: float = 0.1, n: int = 30) -> Judged:
    """Imitation of each seed on each supervisor, scored around its mean."""
    rng = np.random.default_rng(0)
    return {
        Entry("imitation", *cell): [
            Verdict(character=f"Q{i}", lang="en", turn=0, metric="knowledge", sample=0, value=value, reason="")
            for i, value in enumerate(rng.normal(mean, spread, n).tolist())
        ]
        for cell, mean in scores.items()
    }


def only(lines: list[Line]) -> Line:
    (line,) = lines
    return line


def test_it_is_the_share_of_the_way_from_floor_to_ceiling() -> None:
    line = only(recovered(judged({("xs", "xs"): 2, ("l", "xs"): 5, ("l", "l"): 6}), SIZES))
    assert (line.seed, line.supervisor, line.metric, line.note) == ("l", "xs", "knowledge", "")
    assert line.pgr == pytest.approx((line.weak_to_strong - line.weak) / (line.strong - line.weak))
    assert line.pgr == pytest.approx(0.75, abs=0.03)
    assert line.ci_low < line.pgr < line.ci_high
    assert line.gap == pytest.approx(line.strong - line.weak)
    assert line.gap_low < line.gap < line.gap_high


def test_only_cells_of_a_smaller_supervisor_have_one() -> None:
    cells = {(s, t): 5.0 for s in SIZES for t in SIZES if s != "api"}
    assert {(x.seed, x.supervisor) for x in recovered(judged(cells), SIZES)} == {("m", "xs"), ("l", "xs"), ("l", "m")}


@pytest.mark.parametrize(
    ("strong", "note"),
    [(2.0, "the gap cannot be told from none"), (1.0, "the strong ceiling lies below the weak floor")],
)
def test_without_a_gap_there_is_nothing_to_recover(strong: float, note: str) -> None:
    line = only(recovered(judged({("xs", "xs"): 2, ("l", "xs"): 2, ("l", "l"): strong}), SIZES))
    assert line.note == note
    assert np.isnan([line.pgr, line.ci_low, line.ci_high]).all()
    assert not math.isnan(line.gap)


def test_a_missing_floor_or_ceiling_is_named() -> None:
    line = only(recovered(judged({("l", "xs"): 2, ("l", "l"): 3}), SIZES))
    assert line.note == "xs@xs was not scored for two roles"
    assert np.isnan([line.weak, line.gap, line.pgr]).all()


def test_replicates_are_averaged_and_widen_the_bounds() -> None:
    first = judged({("xs", "xs"): 2, ("l", "xs"): 5, ("l", "l"): 6})
    again = {replace(e, replicate=1): v for e, v in judged({("xs", "xs"): 2, ("l", "xs"): 4, ("l", "l"): 6}).items()}
    alone, both = only(recovered(first, SIZES)), only(recovered({**first, **again}, SIZES))
    assert both.pgr == pytest.approx(0.625, abs=0.03)
    assert both.ci_high - both.ci_low > 2 * (alone.ci_high - alone.ci_low)
