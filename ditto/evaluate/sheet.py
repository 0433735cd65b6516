"""A built benchmark as a sheet that a person corrects: CSV, one question a row, read back as `benchmark.corrections`.

It begins with a byte order mark, without which Excel takes UTF-8 for the machine's own encoding, and a
cell that a spreadsheet would compute begins with an apostrophe.
"""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from io import StringIO
from pathlib import Path
from typing import Final

from ditto.errors import DataError
from ditto.evaluate.build import Check
from ditto.evaluate.evidence import lines, normal, stated
from ditto.records import Character, Claim, Question, Session

ROW: Final = ("character", "lang", "turn", "query")
CORRECTED: Final = ("reject_corrected", "evidence_corrected", "drop")
COLUMNS: Final = (*ROW, "reject", "checked", "evidence", "reference", *CORRECTED)
COMPUTED: Final = ("=", "+", "-", "@", "\t", "\r", "'")
FLAGS: Final = {"": None, "0": False, "1": True}
Place = tuple[str, str, str]  # character, lang and turn


@dataclass(frozen=True, slots=True)
class Correction:
    """What a person says of a question; None leaves it as it is."""

    reject: bool | None = None
    evidence: tuple[Claim, ...] | None = None
    drop: bool | None = None

    def of(self, question: Question) -> Question:
        """The question corrected. One whose label changes loses what was made for the other label."""
        if self.reject is not None and self.reject != question.reject:
            question = replace(question, reject=self.reject, evidence=(), reference="")
        return question if self.evidence is None else replace(question, evidence=self.evidence)


def write_sheet(
    path: Path, sessions: Sequence[Session], checks: Sequence[Check], corrections: Mapping[Place, Correction]
) -> None:
    """Write every question with its check, and the corrections so far; `checks` are in the questions' order."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        asked = [(s.character, turn, q) for s in sessions for turn, q in enumerate(s.questions)]
        for (role, turn, question), check in zip(asked, checks, strict=True):
            correction = corrections.get((role.id, role.lang, str(turn)), Correction())
            cells = (role.id, role.lang, turn, question.query, int(question.reject), _checked(question, check))
            made = (lines(question.evidence), question.reference)
            writer.writerow([_safe(str(cell)) for cell in (*cells, *made, *_cells(correction))])


def read_sheet(data: bytes, path: str, sessions: Sequence[Session]) -> dict[Place, Correction]:
    """The corrections in a sheet of these sessions; rows without any may be missing.

    Raises:
        DataError: it is no such sheet, or a row or value of it cannot be meant.
    """
    known = {(s.character.id, s.character.lang, str(n)): (s, q) for s in sessions for n, q in enumerate(s.questions)}
    found = dict[Place, Correction]()
    for where, row in _rows(data, path):
        place = (row["character"], row["lang"], row["turn"])
        if place not in known:
            raise DataError(f"{where}: the benchmark has no question {place[2]!r} of {place[0]!r} ({place[1]!r}).")
        if place in found:
            raise DataError(f"{where} is a second row of the question {place[2]} of {place[0]} ({place[1]}).")
        session, question = known[place]
        if normal(row["query"]) != normal(question.query):
            raise DataError(
                f"{where}: the query {row['query']!r} is not the benchmark's {question.query!r}: "
                "correct the sheet of this very benchmark, and not its queries."
            )
        found[place] = _correction(row, session.character, where)
    return found


def corrected(sessions: Sequence[Session], corrections: Mapping[Place, Correction]) -> list[Session]:
    """The sessions after corrections, without what is dropped."""
    kept = []
    for session in sessions:
        who = (session.character.id, session.character.lang)
        asked = [(q, corrections.get((*who, str(n)), Correction())) for n, q in enumerate(session.questions)]
        if questions := tuple(correction.of(q) for q, correction in asked if not correction.drop):
            kept.append(replace(session, questions=questions))
    return kept


def _rows(data: bytes, path: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Where a row begins, and its cells; spreadsheets of some countries part them by semicolons."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not UTF-8 at byte {error.start}: save it as 'CSV UTF-8'.") from None
    header = text.partition("\n")[0]
    reader = csv.DictReader(StringIO(text, newline=""), delimiter=max(",;\t", key=header.count), restval="")
    if lacking := sorted({*ROW, *CORRECTED} - set(reader.fieldnames or ())):
        raise DataError(f"{path} has no column {lacking[0]!r}: correct a benchmark's sheet.csv.")
    line = reader.line_num + 1
    try:
        for row in reader:
            if None in row:
                raise DataError(f"{path}, line {line} has more cells than columns: {row[None]!r}.")
            if any(row.values()):
                yield f"{path}, line {line}", {name: _plain(cell).strip() for name, cell in row.items()}
            line = reader.line_num + 1
    except csv.Error as error:
        raise DataError(f"{path}, line {line} is not CSV: {error}.") from None


def _correction(row: Mapping[str, str], role: Character, where: str) -> Correction:
    for name in ("reject_corrected", "drop"):
        if row[name] not in FLAGS:
            raise DataError(f"{where}: {name}={row[name]!r} must be 0, 1 or empty.")
    evidence = []
    for text in filter(str.strip, row["evidence_corrected"].splitlines()):
        if not (claim := stated(role, text)):
            raise DataError(
                f"{where}: evidence_corrected={text!r} is no claim of {role.id} ({role.lang}) and no sentence of its "
                "article: write each as the profile has it, on a line of its own."
            )
        evidence.append(claim)
    return Correction(FLAGS[row["reject_corrected"]], tuple(evidence) or None, FLAGS[row["drop"]])


def _cells(correction: Correction) -> tuple[str, str, str]:
    flags = {value: text for text, value in FLAGS.items()}
    return flags[correction.reject], lines(correction.evidence or ()), flags[correction.drop]


def _checked(question: Question, check: Check) -> str:
    if check.rejects is None:
        return f"unchecked: {check.reason}"
    return "agrees" if check.rejects == question.reject else "disagrees"


def _safe(text: str) -> str:
    return f"'{text}" if text.startswith(COMPUTED) else text


def _plain(text: str) -> str:
    return text[1:] if text.startswith("'") and text[1:].startswith(COMPUTED) else text
