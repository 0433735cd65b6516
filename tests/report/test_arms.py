"""An ablation's arms are compared with the first, role by role, and drawn in their order."""

import csv
import io
import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from ditto.records import Metric, Verdict
from ditto.report import arms_figure
from ditto.report.arms import ArmLine, Difference, differences, side_by_side
from ditto.report.arms_terminal import show
from ditto.report.matrix import ALL, Entry, Judged, to_csv

TUNED, BASE = Entry("imitation", "s", "t"), Entry("base", "s", "")
N = 20


def verdicts(better: float, lang: str = "en", metric: Metric = "knowledge") -> list[Verdict]:
    """Two turns of each role; roles differ, and all by `better` and a little that is their own."""
    return [
        Verdict(
            character=f"q{i}",
            lang=lang,
            turn=turn,
            metric=metric,
            sample=0,
            reason="",
            value=1 + i % 4 + better * (1 + 0.1 * (i % 3 - 1)),
        )
        for i in range(N)
        for turn in range(2)
    ]


def arms(**better: float) -> Mapping[str, Judged]:
    return {arm: {BASE: verdicts(0), TUNED: verdicts(by)} for arm, by in better.items()}


def test_every_arm_but_the_first_is_compared_and_only_where_it_is_tuned() -> None:
    found = differences(arms(a=3.0, b=1.0, c=3.0))
    assert [(x.arm, x.against, x.seed, x.supervisor, x.language, x.roles) for x in found] == [
        ("b", "a", "s", "t", ALL, N),
        ("c", "a", "s", "t", ALL, N),
    ]
    assert found[0].value == pytest.approx(-2.0, abs=0.02)
    assert found[0].ci_low < -1.95 < -1.9 > found[0].ci_high
    assert found[0].adjusted < 0.01
    assert (found[1].value, found[1].adjusted) == (0.0, 1.0)
    assert math.isnan(found[1].effect)


def test_each_language_is_compared_by_itself_and_all_are_together() -> None:
    both = {arm: {TUNED: verdicts(en) + verdicts(zh, "zh")} for arm, en, zh in (("a", 2.0, 2.0), ("b", 2.0, 1.0))}
    found = {x.language: x for x in differences(both)}
    assert [round(found[lang].value, 1) for lang in ("en", "zh", ALL)] == [0.0, -1.0, -0.5]
    assert all(x.p <= x.adjusted for x in found.values())


def test_what_one_arm_lacks_is_left_out() -> None:
    lacking = {"a": {TUNED: verdicts(1.0)}, "b": {TUNED: verdicts(1.0, metric="identity")}, "c": {BASE: verdicts(1.0)}}
    assert differences(lacking) == []


def test_replicates_are_compared_as_far_as_both_arms_have_them() -> None:
    again = Entry("imitation", "s", "t", 1)
    two = {"a": {TUNED: verdicts(1.0), again: verdicts(1.2)}, "b": {TUNED: verdicts(0.5), again: verdicts(0.5)}}
    [found] = differences(two)
    assert found.value == pytest.approx(-0.6, abs=0.02)
    [alone] = differences(two | {"b": {TUNED: verdicts(0.5)}})
    assert alone.value == pytest.approx(-0.5, abs=0.02)
    assert alone.ci_high - alone.ci_low < found.ci_high - found.ci_low


def test_the_matrix_has_every_arms_lines_with_its_name() -> None:
    text = to_csv(side_by_side(arms(a=1.0, b=2.0)), ArmLine)
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [(x["arm"], x["row"], x["language"]) for x in rows] == [
        (arm, row, language) for arm in "ab" for row in ("base", "imitation") for language in ("en", ALL)
    ]
    assert to_csv(differences(arms(a=1.0, b=2.0)), Difference).startswith("arm,against,seed,supervisor,language,metric")


def labels(names: Mapping[str, float]) -> list[str]:
    figure = arms_figure.over_arms(side_by_side(arms(**names)))
    return [label.get_text() for label in figure.axes[0].get_xticklabels()]


def test_numbers_are_drawn_in_their_order_and_names_in_their_own() -> None:
    assert labels({"256": 3.0, "16": 1.0, "64": 2.0}) == ["16", "64", "256"]
    assert labels({"lora": 3.0, "full": 1.0}) == ["lora", "full"]


def test_figures_are_the_same_twice(tmp_path: Path) -> None:
    lines = side_by_side(arms(a=1.0, b=2.0))
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        arms_figure.draw(lines, tmp_path / name)
    for file in ("arms.png", "arms.svg"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()


def test_arms_that_nobody_scored_are_shown_and_not_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    unscored = [replace(v, value=None) for v in verdicts(0)]
    both = {"a": {TUNED: unscored}, "b": {TUNED: unscored}}
    show(side_by_side(both), differences(both), "study")
    out = " ".join(capsys.readouterr().out.split())
    assert out.count("unscored") == 2
    assert "No arm can be compared with the first" in out
    arms_figure.draw(side_by_side(both), tmp_path)
    assert (tmp_path / "arms.png").stat().st_size > 0


def test_the_terminal_shows_each_arm_and_its_distance_from_the_first(capsys: pytest.CaptureFixture[str]) -> None:
    both = arms(first=3.0, second=1.0)
    show(side_by_side(both), differences(both), "study")
    out = capsys.readouterr().out
    assert "Against first" in out
    assert out.count("second") == 2
    assert "-1.99 [" in out
