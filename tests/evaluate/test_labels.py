"""People's verdicts from a file are cases like any other; a line that cannot be meant is one sentence."""

import json
from pathlib import Path
from typing import Any

import pytest

from ditto.errors import DataError
from ditto.evaluate.labels import labelled
from tests.evaluate.judges import sessions

ASKED = sessions(4)
FIRST = ASKED[0].character
GOOD: dict[str, Any] = {
    "character": FIRST.id,
    "lang": FIRST.lang,
    "turn": 1,
    "text": "Aye.",
    "verdicts": {"identity": 1, "knowledge": 7.5, "rejection": 0},
}


def file(folder: Path, *rows: dict[str, Any] | str) -> Path:
    path = folder / "labels.jsonl"
    path.write_text("".join((r if isinstance(r, str) else json.dumps(r)) + "\n" for r in rows), "utf-8")
    return path


def test_a_label_is_a_case_of_its_own_kind(tmp_path: Path) -> None:
    [one, silent] = labelled(file(tmp_path, GOOD, GOOD | {"text": "", "verdicts": {}}), ASKED)
    assert one.kind == silent.kind == "human"
    assert (one.answer.character, one.answer.lang, one.answer.turn) == (FIRST.id, FIRST.lang, 1)
    assert (one.answer.text, silent.answer.text) == ("Aye.", None)
    assert one.truth == {"identity": 1, "knowledge": 7.5, "rejection": 0}
    assert one.reject == ASKED[0].questions[1].reject


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"turn": 3}, "label 2 is about turn 3 of"),
        ({"turn": -1}, "label 2 is about turn -1 of"),
        ({"character": "nobody"}, "of nobody (en), which this benchmark does not ask"),
        ({"lang": "fr"}, "(fr), which this benchmark does not ask"),
        ({"verdicts": {"identity": 2}}, "label 2 has identity=2.0: it must be from 0 to 1"),
        ({"verdicts": {"rejection": -1}}, "label 2 has rejection=-1.0: it must be from 0 to 1"),
        ({"verdicts": {"knowledge": 0}}, "label 2 has knowledge=0.0: it must be from 1 to 10"),
        ({"verdicts": {"knowledge": 11}}, "label 2 has knowledge=11.0: it must be from 1 to 10"),
        ({"verdicts": {"knowledge": "good"}}, "line 2, field 'verdicts.knowledge'"),
        ({"verdicts": {"style": 1}}, "line 2, field 'verdicts.style"),
        ({"colour": "red"}, "line 2 has the unknown field 'colour'"),
        ({"text": None}, "line 2, field 'text'"),
    ],
)
def test_a_label_that_cannot_be_meant_is_one_sentence(tmp_path: Path, changed: dict[str, Any], says: str) -> None:
    with pytest.raises(DataError) as error:
        labelled(file(tmp_path, GOOD, GOOD | changed), ASKED)
    assert says in str(error.value)
    assert "labels.jsonl" in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(("rows", "says"), [([], "has no rows"), (["{"], "line 1 is not JSON")])
def test_a_file_without_labels_is_refused(tmp_path: Path, rows: list[str], says: str) -> None:
    with pytest.raises(DataError, match=says):
        labelled(file(tmp_path, *rows), ASKED)
