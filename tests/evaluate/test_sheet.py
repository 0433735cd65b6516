"""A sheet goes to a person and comes back; what the person wrote wins, and what cannot be meant is one sentence."""

import csv
from collections.abc import Callable, Mapping
from dataclasses import replace
from io import StringIO
from pathlib import Path
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ditto.errors import DataError
from ditto.evaluate.build import Check
from ditto.evaluate.sheet import COLUMNS, Correction, Place, corrected, read_sheet, write_sheet
from ditto.records import Question, Session
from tests.evaluate.people import PEOPLE

QUOTE = "the old bridge fell twice."
Rows = list[dict[str, str]]


def session(i: int, *queries: str) -> Session:
    """The first query is to be answered, the others to be turned down."""
    role = PEOPLE[i]
    questions = [Question(query=q, reject=n > 0, reference=f"answer {n}") for n, q in enumerate(queries)]
    questions[0] = replace(questions[0], evidence=role.claims[:1])
    return Session(character=role, candidates=PEOPLE[:4], questions=tuple(questions))


SESSIONS = [session(0, "Where is your home?", "=1+1, is it not?"), session(4, "你的家在哪里，\n朋友？", "@谁？")]


def checks(sessions: list[Session]) -> list[Check]:
    """The first question's label is doubted, the second's is not, then come two without a verdict."""
    says = [True, True, None, None]
    places = [(s.character, turn) for s in sessions for turn in range(len(s.questions))]
    return [
        Check(character=who.id, lang=who.lang, turn=turn, rejects=said, reason="" if said else "no verdict")
        for (who, turn), said in zip(places, says * len(places), strict=False)
    ]


def written(
    path: Path, sessions: list[Session] = SESSIONS, corrections: Mapping[Place, Correction] = MappingProxyType({})
) -> bytes:
    write_sheet(path, sessions, checks(sessions), corrections)
    return path.read_bytes()


def rows(data: bytes) -> Rows:
    return list(csv.DictReader(StringIO(data.decode("utf-8-sig"), newline="")))


def edited(path: Path, edit: Callable[[Rows], object], delimiter: str = ",") -> bytes:
    """The sheet as a spreadsheet saves it after the edit."""
    found = rows(written(path))
    edit(found)
    text = StringIO()
    writer = csv.DictWriter(text, COLUMNS, delimiter=delimiter)
    writer.writeheader()
    writer.writerows(found)
    return text.getvalue().encode("utf-8-sig")


def set_cell(line: int, name: str, value: str) -> Callable[[Rows], object]:
    return lambda found: found[line].update({name: value})


def test_a_spreadsheet_sees_utf_8_and_computes_nothing(tmp_path: Path) -> None:
    data = written(tmp_path / "sheet.csv")
    assert data.startswith(b"\xef\xbb\xbfcharacter,lang,turn,query,reject,checked,evidence,reference,reject_corrected")
    found = rows(data)
    assert [r["query"] for r in found] == [
        "Where is your home?",
        "'=1+1, is it not?",
        "你的家在哪里，\n朋友？",
        "'@谁？",
    ]
    assert [r["checked"] for r in found] == ["disagrees", "agrees", "unchecked: no verdict", "unchecked: no verdict"]
    assert [r["reject"] for r in found] == ["0", "1", "0", "1"]
    assert found[0]["evidence"] == "home: home0"
    assert found[0]["reference"] == "answer 0"
    assert {r[name] for r in found for name in ("reject_corrected", "evidence_corrected", "drop")} == {""}


def test_an_untouched_sheet_corrects_nothing(tmp_path: Path) -> None:
    found = read_sheet(written(tmp_path / "sheet.csv"), "sheet.csv", SESSIONS)
    assert set(found.values()) == {Correction()}
    assert corrected(SESSIONS, found) == SESSIONS


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0")), min_size=2, max_size=4))
def test_any_query_is_known_again(tmp_path_factory: pytest.TempPathFactory, queries: list[str]) -> None:
    sessions = [session(0, *queries)]
    data = written(tmp_path_factory.mktemp("sheet") / "sheet.csv", sessions)
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows(data) for cell in row.values())
    assert corrected(sessions, read_sheet(data, "sheet.csv", sessions)) == sessions


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_corrections_win(tmp_path: Path, delimiter: str) -> None:
    def edit(found: Rows) -> None:
        found[0]["evidence_corrected"] = f"beast: beast0\r\n{QUOTE}\r\n"
        found[1]["drop"] = "1"
        found[3]["reject_corrected"] = "0"
        found[3]["evidence_corrected"] = "Q0/home"
        del found[2]

    data = edited(tmp_path / "sheet.csv", edit, delimiter)
    first, second = corrected(SESSIONS, read_sheet(data, "sheet.csv", SESSIONS))
    [question] = first.questions
    assert [c.value for c in question.evidence] == ["beast0", QUOTE]
    assert question.reference == "answer 0"
    assert second.questions[0] == SESSIONS[1].questions[0]
    assert second.questions[1] == Question(query="@谁？", reject=False, evidence=PEOPLE[4].claims[:1])


def test_what_was_made_for_the_other_label_goes_with_it(tmp_path: Path) -> None:
    data = edited(tmp_path / "sheet.csv", set_cell(0, "reject_corrected", "1"))
    [first, _] = corrected(SESSIONS, read_sheet(data, "sheet.csv", SESSIONS))
    assert first.questions[0] == Question(query="Where is your home?", reject=True)


def test_a_confirmed_label_keeps_its_evidence(tmp_path: Path) -> None:
    data = edited(tmp_path / "sheet.csv", set_cell(0, "reject_corrected", "0"))
    assert corrected(SESSIONS, read_sheet(data, "sheet.csv", SESSIONS)) == SESSIONS


def test_a_session_of_which_all_is_dropped_is_gone(tmp_path: Path) -> None:
    data = edited(tmp_path / "sheet.csv", lambda found: [row.update(drop="1") for row in found[:2]])
    assert corrected(SESSIONS, read_sheet(data, "sheet.csv", SESSIONS)) == SESSIONS[1:]


def test_a_sheet_with_corrections_says_the_same_when_it_is_read_again(tmp_path: Path) -> None:
    evidence = (PEOPLE[0].claims[1], PEOPLE[0].claims[0])
    made = {("Q0", "en", "0"): Correction(True, evidence, False), ("Q0", "zh", "1"): Correction(drop=True)}
    found = read_sheet(written(tmp_path / "sheet.csv", SESSIONS, made), "sheet.csv", SESSIONS)
    assert {place: c for place, c in found.items() if c != Correction()} == made


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        (set_cell(0, "turn", "2"), "line 2: the benchmark has no question '2' of 'Q0' .'en'."),
        (set_cell(1, "character", "Q9"), "line 3: the benchmark has no question '1' of 'Q9'"),
        (set_cell(3, "lang", "fr"), "line 6: the benchmark has no question '1' of 'Q0' .'fr'."),
        (set_cell(0, "query", "Who?"), "line 2: the query 'Who.' is not the benchmark's 'Where is your home.'"),
        (set_cell(2, "reject_corrected", "yes"), "line 4: reject_corrected='yes' must be 0, 1 or empty"),
        (set_cell(3, "drop", "x"), "line 6: drop='x' must be 0, 1 or empty"),
        (
            set_cell(0, "evidence_corrected", f"{QUOTE}\nIt stood."),
            "line 2: evidence_corrected='It stood.' is no claim",
        ),
        (lambda found: found.append(found[0]), "line 7 is a second row of the question 0 of Q0"),
    ],
)
def test_what_cannot_be_meant_is_one_sentence(tmp_path: Path, edit: Callable[[Rows], object], says: str) -> None:
    with pytest.raises(DataError, match=says) as error:
        read_sheet(edited(tmp_path / "sheet.csv", edit), "mine.csv", SESSIONS)
    assert str(error.value).startswith("mine.csv, ")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "no column 'character'"),
        (",".join(c for c in COLUMNS if c != "drop").encode(), "no column 'drop'"),
        ("，".encode("gbk"), "not UTF-8 at byte 0"),
        (",".join(COLUMNS).encode() + b"\n" + b"1," * 12, "line 2 has more cells than columns"),
        (",".join(COLUMNS).encode() + b'\n"' + b"x" * 200_000, "line 2 is not CSV: field larger"),
    ],
)
def test_what_is_no_sheet_is_one_sentence(data: bytes, says: str) -> None:
    with pytest.raises(DataError, match=says) as error:
        read_sheet(data, "mine.csv", SESSIONS)
    assert str(error.value).startswith("mine.csv")


def test_empty_rows_are_passed_over(tmp_path: Path) -> None:
    data = edited(tmp_path / "sheet.csv", lambda found: found.append(dict.fromkeys(COLUMNS, "")))
    assert len(read_sheet(data, "sheet.csv", SESSIONS)) == 4
