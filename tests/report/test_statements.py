"""Which statements a matrix can speak to, and about which pairs each of them is."""

from ditto.report.matrix import Entry
from ditto.report.statements import MARGINAL, Statement, statements

SEEDS, SUPERVISORS = ("xs", "m", "l"), ("s", "l")
ENTRIES = [Entry("base", s, "") for s in SEEDS] + [Entry("supervision", "", t) for t in SUPERVISORS]
ENTRIES += [Entry("imitation", s, t) for s in SEEDS for t in SUPERVISORS]


def by_source(made: list[Statement]) -> dict[str, Statement]:
    return {statement.source: statement for statement in made}


def pairs(made: Statement) -> set[tuple[str, str]]:
    return {(f"{a.row} {a.seed}@{a.supervisor}", f"{b.row} {b.seed}@{b.supervisor}") for a, b in made.pairs}


def test_each_statement_is_about_its_own_pairs() -> None:
    made = by_source(statements("knowledge", ENTRIES, SEEDS, SUPERVISORS))
    cells = [f"{s}@{t}" for s in SEEDS for t in SUPERVISORS]
    assert pairs(made["table 2"]) == {(f"imitation {c}", f"base {c.split('@')[0]}@") for c in cells}
    assert pairs(made["section 6 (1)"]) == {(f"imitation {c}", f"supervision @{c.split('@')[1]}") for c in cells}
    assert pairs(made["section 6 (2)"]) == {(f"imitation {s}@l", f"imitation {s}@s") for s in SEEDS}
    assert pairs(made["section 6 (3)"]) == {(f"imitation l@{t}", f"imitation xs@{t}") for t in SUPERVISORS}


def test_what_is_claimed_of_each_metric() -> None:
    claimed = {
        (metric, made.source): (made.claimed, made.null)
        for metric in MARGINAL
        for made in statements(metric, ENTRIES, SEEDS, SUPERVISORS)
    }
    above, below = ("above", 0.0), ("below", 0.0)
    assert claimed == {
        ("identity", "table 2"): above,
        ("identity", "section 6 (1)"): above,
        ("identity", "section 6 (3)"): ("flat", 0.05),
        ("knowledge", "table 2"): above,
        ("knowledge", "section 6 (1)"): below,
        ("knowledge", "section 6 (2)"): ("flat", 0.45),
        ("knowledge", "section 6 (3)"): above,
        ("rejection", "table 2"): above,
        ("rejection", "section 6 (1)"): below,
        ("rejection", "section 6 (3)"): above,
        ("quality", "table 2"): above,
    }


def test_one_cell_compares_nothing_along_sizes() -> None:
    cell = [Entry("base", "xs", ""), Entry("supervision", "", "s"), Entry("imitation", "xs", "s")]
    assert set(by_source(statements("knowledge", cell, ("xs",), ("s",)))) == {"table 2", "section 6 (1)"}


def test_a_pair_without_one_of_its_sides_is_left_out_and_a_statement_without_pairs_too() -> None:
    diagonal = [e for e in ENTRIES if e.row != "imitation"] + [Entry("imitation", "l", "l")]
    made = by_source(statements("knowledge", diagonal, SEEDS, SUPERVISORS))
    assert set(made) == {"table 2", "section 6 (1)"}
    assert pairs(made["table 2"]) == {("imitation l@l", "base l@")}
    assert statements("identity", [e for e in ENTRIES if e.row != "imitation"], SEEDS, SUPERVISORS) == []
