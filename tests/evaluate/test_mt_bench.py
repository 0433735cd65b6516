"""MT-Bench's role-play questions as sessions."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from ditto.errors import DataError
from ditto.evaluate.mt_bench import MTBenchRoleplay
from ditto.records import Session, Split, read_jsonl, write_jsonl

NOBODY = Split(train=(), test=())
PUBLISHED = Path(__file__).parents[3] / "shared/data/mt_bench/roleplay_question.jsonl"


def question(number: int, category: str = "roleplay", **changed: Any) -> dict[str, Any]:
    return {"question_id": number, "category": category, "turns": [f"Be {number}.", "And now?"]} | changed


def write(folder: Path, *lines: dict[str, Any]) -> MTBenchRoleplay:
    path = folder / "question.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    return MTBenchRoleplay(path=str(path))


def refusal(benchmark: MTBenchRoleplay) -> str:
    with pytest.raises(DataError) as caught:
        benchmark.sessions(NOBODY)
    said = str(caught.value)
    assert said.startswith(benchmark.path)
    assert "\n" not in said
    return said


def test_role_play_alone_is_asked_and_judged_for_quality_alone(tmp_path: Path) -> None:
    lines = (question(81, "writing"), question(91), question(92), question(101, "math", reference=["2", ""]))
    sessions = write(tmp_path, *lines).sessions(NOBODY)
    assert [s.character.id for s in sessions] == ["mt-91", "mt-92"]
    for session, number in zip(sessions, (91, 92), strict=True):
        assert [(q.query, q.reject, q.evidence) for q in session.questions] == [
            (f"Be {number}.", False, ()),
            ("And now?", False, ()),
        ]
        assert (session.system, session.metrics, session.candidates) == ("", ("quality",), ())
        assert session.character.lang == "en"
    write_jsonl(tmp_path / "sessions.jsonl", sessions)
    assert read_jsonl(tmp_path / "sessions.jsonl", Session) == sessions


@pytest.mark.skipif(not PUBLISHED.exists(), reason="MT-Bench's questions are not here")
def test_the_published_questions_are_read() -> None:
    sessions = MTBenchRoleplay(path=str(PUBLISHED)).sessions(NOBODY)
    assert [s.character.id for s in sessions] == [f"mt-{n}" for n in range(91, 101)]
    assert {len(s.questions) for s in sessions} == {2}


def test_the_identity_follows_the_content(tmp_path: Path) -> None:
    before = write(tmp_path, question(91)).identity
    assert write(tmp_path, question(91)).identity == before
    assert write(tmp_path, question(92)).identity != before


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([question(81, "writing")], "no question of category 'roleplay'"),
        ([question(91), question(91)], "question_id 91 is there twice"),
        ([question(91, turns=[])], r"question_id 91, field 'turns' is \[\]"),
        ([question(91, turns=["Be.", " "])], r"question_id 91, field 'turns' is \['Be.', ' '\]"),
        ([question(91), {"question_id": 92, "category": "roleplay"}], "line 2 lacks the field 'turns'"),
        ([question(91, turns="Be.")], "line 1, field 'turns'"),
        ([question(91, question_id="91")], "line 1, field 'question_id'.*'91'"),
        ([], "has no rows"),
    ],
)
def test_a_fault_is_named(tmp_path: Path, lines: list[dict[str, Any]], said: str) -> None:
    assert re.search(said, refusal(write(tmp_path, *lines)))


def test_an_absent_file_says_where_it_comes_from(tmp_path: Path) -> None:
    benchmark = MTBenchRoleplay(path=str(tmp_path / "question.jsonl"))
    assert "lm-sys/FastChat" in refusal(benchmark)
    with pytest.raises(DataError, match="is not there"):
        assert benchmark.identity
