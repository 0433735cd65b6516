"""What a matrix lacks is named, each in one sentence."""

from ditto.records import Verdict
from ditto.report.gaps import between, missing, told
from ditto.report.matrix import Entry
from ditto.study import Cell

BASE, TUNED, OTHER = Entry("base", "s", ""), Entry("imitation", "s", "t"), Entry("imitation", "l", "t")


def cell(seed: str, supervisor: str) -> Cell:
    return Cell(seed, supervisor, 1, 1, {})


def votes(*values: float | None, reason: str = "not parsed") -> list[Verdict]:
    return [
        Verdict(character=f"q{n}", lang="en", turn=0, metric="identity", sample=0, value=value, reason=reason)
        for n, value in enumerate(values)
    ]


def test_cells_that_lack_are_found() -> None:
    both = ["s", "l"]
    assert missing([cell("s", "s"), cell("l", "s"), cell("l", "l")], both, both) == [("s", "l")]
    assert missing([cell("s", "s"), cell("l", "l")], both, both) == []  # tuned on themselves, as it is meant
    assert missing([cell("s", "t")], ["s"], ["t"]) == []


def test_holes_are_named_with_what_fills_them() -> None:
    assert told({BASE: votes(1.0)}, [("s", "l"), ("l", "s")]) == [
        "The matrix lacks s on l, l on s: the same command with study.only_missing=true runs what is left."
    ]


def test_rows_of_which_nothing_is_scored_are_named_with_the_reason() -> None:
    again = Entry("imitation", "s", "t", 1)
    judged = {BASE: votes(1.0, None), TUNED: votes(None, None), again: votes(None, reason="no answer"), OTHER: []}
    rows = "imitation s on t, imitation s on t (replicate 1)"
    assert told(judged, []) == [f"Every verdict is unscored of {rows}: 2 times because of 'not parsed'."]
    assert told({BASE: votes(1.0, None)}, []) == []


def test_an_arm_that_lacks_a_cell_is_named() -> None:
    whole = {BASE: votes(1.0), TUNED: votes(1.0), OTHER: votes(1.0)}
    assert between({"a": whole, "b": {TUNED: votes(1.0)}}) == ["The arm b lacks l on t: it is compared without."]
    assert between({"a": whole, "b": whole}) == []
