"""The folder of a report holds one report, and says when it was another's."""

import json
import logging
from pathlib import Path

import pytest

from ditto.report import place

MINE = place.mark([Path("study/mine-0")], ["row"], "corrected")


def left(folder: Path, mark: object) -> None:
    """A report with this mark, and a file of somebody's own."""
    (folder / "inspect").mkdir(parents=True)
    for name in ("people.csv", "arms.png", "inspect/base.eval", "notes.txt"):
        (folder / name).write_text("x", "utf-8")
    (folder / place.FILE).write_text(json.dumps(mark), "utf-8")


def files(folder: Path) -> list[str]:
    return sorted(f.name for f in folder.rglob("*") if f.is_file())


@pytest.mark.parametrize(
    ("before", "says"),
    [
        ({"study": "mine"}, "holds the report of another task or version of ditto: this one replaces it."),
        ([], "holds the report of another task or version of ditto: this one replaces it."),
        (
            MINE | {"format": place.FORMAT - 1},
            "holds the report of another task or version of ditto: this one replaces it.",
        ),
        (
            place.mark([Path("mine-1")], ["row"], "corrected"),
            "holds the report of mine-1, which has other settings: this one replaces it.",
        ),
        (place.mark([Path("mine-0")], ["row", "other"], "corrected"), "for the study's verdicts have changed"),
        (place.mark([Path("mine-0")], ["row"], "faithful"), "for the study's verdicts have changed"),
    ],
)
def test_what_another_report_left_is_removed_and_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, before: object, says: str
) -> None:
    left(tmp_path, before)
    with caplog.at_level(logging.INFO):
        place.clear(tmp_path, MINE)
    assert files(tmp_path) == ["notes.txt"]
    [sentence] = caplog.messages
    assert str(tmp_path) in sentence
    assert says in sentence


def test_the_same_report_stays_and_nothing_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    left(tmp_path, MINE | {"study": "mine"})
    place.clear(tmp_path, MINE)
    place.clear(tmp_path / "none", MINE)
    assert len(files(tmp_path)) == 5
    assert caplog.messages == []


def test_a_report_is_known_by_its_rows_in_any_order() -> None:
    assert place.mark([Path("a")], ["x", "y"], "corrected") == place.mark([Path("b/a")], ["y", "x"], "corrected")
