"""Upstream's files: every placement and spelling is read, every fault is named in one sentence, answers come back."""

import json
import re
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from ditto.errors import DataError
from ditto.evaluate.upstream import INPUT, Answered, Exported, Role, Scored, answers, export, published_scores, read
from ditto.records import Answer
from tests.evaluate.roles import EN, ZH, conversation, record, role, write

TEXTS = ["Pictures.", "", "In Ember:\n“there”"]
SCORES = {"consist_scores": [1, 0.5, 0.0], "reject_scores": [0, 1, 1], "knowledge_scores": [7.5, 0, None]}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "roles.jsonl"


def refusal(file: Path, kind: type[Role] = Role) -> str:
    """What is said of the file, which is one sentence that names it."""
    with pytest.raises(DataError) as caught:
        read(file, kind)
    said = str(caught.value)
    assert said.startswith(str(file))
    assert said.endswith(".")
    assert "\n" not in said
    return said


@pytest.mark.parametrize("spelling", ["rejection_labels", "rejection labels"])
@pytest.mark.parametrize("place", ["top", "meta"])
def test_fields_are_read_wherever_they_stand_and_however_they_are_spelt(file: Path, place: Any, spelling: str) -> None:
    write(file, record(EN, place, spelling), record(ZH, place, spelling))
    raw = record()
    ann, lu = read(file, Role)
    assert ann.rejection_labels == lu.rejection_labels == (0, 1, 0)
    assert list(ann.evidence) == raw["meta"]["evidence"]
    assert (list(ann.role_consist_cands), list(lu.role_consist_cands)) == (EN[2], ZH[2])
    assert (ann.candidate, lu.candidate) == (0, 2)
    assert (ann.id, lu.id) == ("en/Ann (title)", "zh/鲁迅 (title)")


def test_what_only_introduces_a_role_may_be_missing(file: Path) -> None:
    names = ("description", "summary", "wiki_title", "aliases", "claims", "trans_claims", "wiki", "category")
    absent: dict[str, Any] = dict.fromkeys(names)
    write(file, record(**absent))
    [found] = read(file, Role)
    assert (found.id, found.description, found.wiki.content, found.claims) == ("en/Ann", "", "", ())


@pytest.mark.parametrize(
    "name", ["label", "lang", "system", "prompts", "role_consist_cands", "rejection_labels", "evidence"]
)
def test_a_missing_field_is_named(file: Path, name: str) -> None:
    absent: dict[str, Any] = {name: None}
    write(file, record(ZH), record(**absent))
    assert re.search(rf"line 2 lacks the field '{name}', .*correct the record", refusal(file))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"rejection_labels": [0, 1]}, "'rejection_labels' is a list of 2, but it must be one of 3"),
        ({"evidence": ["- a"] * 4}, "'evidence' is a list of 4, but it must be one of 3"),
        ({"lang": "fr"}, "'lang' is 'fr', .*'en' or 'zh'"),
        ({"rejection_labels": [0, 2, 0]}, r"'rejection_labels\.1' is 2, .*0 or 1"),
        ({"rejection_labels": [0, "1", 0]}, r"'rejection_labels\.1' is '1', .*0 or 1"),
        ({"rejection_labels": 1}, "'rejection_labels' is 1, .*array"),
        ({"role_consist_cands": ["Bob", "Annabel: a baker"]}, r"'role_consist_cands' is \['Bob', .*'Ann' in it once"),
        ({"role_consist_cands": ["Ann", "Bob", "Ann"]}, "'role_consist_cands' .*'Ann' in it once"),
        ({"role_consist_cands": ["Ann: a", "Ann (b)"]}, "'role_consist_cands' .*'Ann' in it once"),
        ({"role_consist_cands": []}, r"'role_consist_cands' is \[\]"),
        ({"prompts": [], "rejection_labels": [], "evidence": []}, r"'prompts' is \[\], .*at least one"),
        ({"prompts": ["Who?", " \n", "Where?"]}, r"'prompts\.1' is ' \\n', .*a question"),
        ({"prompts": ["Who?", 3, "Where?"]}, r"'prompts\.1' is 3, .*string"),
        ({"label": " "}, "'label' is ' ', .*name"),
        ({"system": 5}, "'system' is 5, .*string"),
        ({"evidence": [["a"], "b", "c"]}, r"'evidence\.0' is \['a'\], .*string"),
        ({"trans_claims": [["genre", "oils"], ["home"]]}, r"'trans_claims\.1' is \['home'\], .*property"),
        ({"wiki": {"content": 4}}, r"'wiki\.content' is 4"),
    ],
)
def test_a_fault_is_named_with_its_line_field_and_value(file: Path, changed: dict[str, Any], said: str) -> None:
    write(file, record(ZH), record(**changed))
    assert re.search(rf", line 2, field {said}.*: correct the record, or fetch the file anew\.$", refusal(file))


def test_a_long_value_is_shown_by_its_beginning(file: Path) -> None:
    write(file, record(role_consist_cands=["Bob, a poet of many words"] * 100))
    assert len(refusal(file)) < 300 + len(str(file))


@pytest.mark.parametrize("changed", [{}, {"wiki_title": "another"}, {"label": "Bob", "role_consist_cands": ["Bob"]}])
def test_a_role_that_is_there_twice_is_refused(file: Path, changed: dict[str, Any]) -> None:
    changed = {"wiki_title": "Ann (title)"} | changed
    write(file, record(), record(**changed))
    assert "line 2, field 'label'" in refusal(file)
    assert "is there twice" in refusal(file)


def test_a_label_in_two_languages_is_two_roles(file: Path) -> None:
    write(file, record(), record(lang="zh"))
    assert [r.id for r in read(file, Role)] == ["en/Ann (title)", "zh/Ann (title)"]


def test_a_field_with_two_values_is_refused_and_one_that_is_repeated_is_not(file: Path) -> None:
    raw = record()
    raw["rejection labels"] = raw["meta"]["rejection_labels"]
    write(file, raw)
    assert read(file, Role)[0].rejection_labels == (0, 1, 0)
    raw["rejection labels"] = [1, 1, 1]
    write(file, raw)
    assert re.search(r"'rejection_labels' is there twice, as \[1, 1, 1\] and \[0, 1, 0\]", refusal(file))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "has no rows"),
        (b"\n \n", "has no rows"),
        (b"{]", r"line 1 is not JSON \(.* at column 2\)"),
        (b"\n[1]\n", "line 2 is no JSON object"),
        (b'{"meta": 3}', "line 1 is no JSON object"),
        ('{"label": "Ålesund"}'.encode("latin-1"), "line 1 is not UTF-8 at byte 11"),
        (b'{"label": "\\ud800"}', "line 1 holds an escape"),
    ],
)
def test_what_is_no_record_is_named(file: Path, data: bytes, said: str) -> None:
    file.write_bytes(data)
    assert re.search(said, refusal(file))


def test_an_absent_file_says_where_it_comes_from(tmp_path: Path) -> None:
    said = refusal(tmp_path / "roles.jsonl")
    assert all(word in said for word in ("git-lfs", "OFA-Sys/Ditto", INPUT))
    result = "wiki_roleplay_multilingual_test_input_w_evidence_gpt-4_output_gpt-4-1106-preview_output.json"
    assert f"eval/output/{result}" in refusal(tmp_path / result)


def test_a_folder_is_not_read(tmp_path: Path) -> None:
    assert "cannot be read" in refusal(tmp_path)


def test_a_pointer_is_not_taken_for_the_data(tmp_path: Path) -> None:
    file = tmp_path / Path(INPUT).name
    file.write_text(f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 3607668\n")
    assert "git lfs pull" in refusal(file)


def test_a_published_file_that_was_changed_is_refused_unless_that_is_meant(tmp_path: Path) -> None:
    file = write(tmp_path / Path(INPUT).name, record())
    said = refusal(file)
    expected = "cc6de6586c3f421d82e44fd81aa77cc06b095a4dc912d90f8d499adf20eaa7bf in 3607668 bytes"
    found = f"{sha256(file.read_bytes()).hexdigest()} in {file.stat().st_size}"
    assert expected in said
    assert found in said
    assert "benchmark.check_hash=false" in said
    assert len(read(file, Role, check_hash=False)) == 1


def test_answers_are_read_turn_by_turn(file: Path) -> None:
    ann, lu = record(EN, "top"), record(ZH)
    write(file, *(raw | {"messages": conversation(raw, [f"{i}{t}" for t in TEXTS])} for i, raw in enumerate((ann, lu))))
    found = answers(file)
    assert [(a.character, a.lang, a.turn, a.text) for a in found[:3]] == [
        ("en/Ann (title)", "en", turn, f"0{text}") for turn, text in enumerate(TEXTS)
    ]
    assert [(a.character, a.lang, a.text) for a in found[3:]] == [("zh/鲁迅 (title)", "zh", f"1{t}") for t in TEXTS]


@pytest.mark.parametrize("keep", [0, 1, 2, 5, 6])
def test_a_conversation_that_breaks_off_is_refused(file: Path, keep: int) -> None:
    raw = record()
    write(file, raw | {"messages": conversation(raw, TEXTS)[:keep]})
    assert re.search(r"line 1, field 'messages' is \[.*3 prompts", refusal(file, Answered))


def test_answers_to_other_prompts_are_refused(file: Path) -> None:
    raw = record()
    said = conversation(raw, TEXTS)
    said[3]["content"] = "And you?"
    write(file, raw | {"messages": said})
    assert "'messages.3' is 'And you?', but it must be the prompt 'Have you seen the web?'" in refusal(file, Answered)
    said[4]["content"] = None  # type: ignore[assignment]
    write(file, raw | {"messages": said})
    assert re.search(r"'messages\.4\.content' is None", refusal(file, Answered))


def test_scores_are_read_turn_by_turn_and_null_is_missing(file: Path) -> None:
    write(file, record(EN, "top") | SCORES, record(ZH) | SCORES | {"knowledge_scores": [1, 2, 3]})
    ann, lu = published_scores(file)
    assert (ann.consist_scores, ann.reject_scores, ann.knowledge_scores) == ((1, 0.5, 0), (0, 1, 1), (7.5, 0, None))
    assert lu.knowledge_scores == (1, 2, 3)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        *[(name, [0, 1], f"'{name}' is a list of 2, but it must be one of 3") for name in SCORES],
        *[(name, None, f"lacks the field '{name}'") for name in SCORES],
        ("consist_scores", [0, 1, 1.5], r"'consist_scores\.2' is 1.5, .*less than or equal to 1"),
        ("consist_scores", [0, None, 1], r"'consist_scores\.1' is None"),
        ("reject_scores", [0, 1, None], r"'reject_scores\.2' is None, .*0 or 1"),
        ("knowledge_scores", [1, 2, "7"], r"'knowledge_scores\.2.*' is '7', .*number"),
    ],
)
def test_a_wrong_score_is_named(file: Path, name: str, value: Any, said: str) -> None:
    write(file, record() | SCORES | {name: value})
    assert re.search(f"line 1,? .*{said}|line 1 {said}", refusal(file, Scored))


def given(who: str, lang: str, texts: list[str | None]) -> list[Answer]:
    return [Answer(character=who, lang=lang, turn=i, text=t) for i, t in enumerate(texts)]


@pytest.mark.parametrize("place", ["top", "meta"])
def test_exported_answers_come_back_as_they_were(tmp_path: Path, place: Any) -> None:
    source = write(tmp_path / "input.jsonl", record(EN, place), record(ZH, place, "rejection labels"))
    said = given("en/Ann (title)", "en", [*TEXTS]) + given("zh/鲁迅 (title)", "zh", ["画。", "不。", "\t绍兴 "])
    out = tmp_path / "answered.jsonl"
    assert export(source, reversed(said), out) == Exported(written=2, left_out=0)
    assert answers(out) == said
    before, after = ([json.loads(line) for line in f.read_text("utf-8").splitlines()] for f in (source, out))
    for raw, answered in zip(before, after, strict=True):
        assert answered.pop("messages")[0] == {"role": "system", "content": raw["system"]}
        assert answered == raw
        assert list(answered) == list(raw)


@pytest.mark.parametrize("texts", [[], ["a", "b"], ["a", None, "c"], [None, None, None]])
def test_a_role_without_all_its_answers_is_left_out_and_counted(tmp_path: Path, texts: list[str | None]) -> None:
    source, out = write(tmp_path / "input.jsonl", record(), record(ZH)), tmp_path / "answered.jsonl"
    whole = given("zh/鲁迅 (title)", "zh", ["画。", "不。", "绍兴。"])
    assert export(source, [*given("en/Ann (title)", "en", texts), *whole], out) == Exported(written=1, left_out=1)
    assert answers(out) == whole


@pytest.mark.parametrize(("who", "turn"), [("en/Bob", 0), ("en/Ann (title)", 3)])
def test_an_answer_to_no_prompt_of_the_file_is_refused(tmp_path: Path, who: str, turn: int) -> None:
    source = write(tmp_path / "input.jsonl", record())
    with pytest.raises(DataError, match=f"{re.escape(str(source))} has no prompt {turn} for '{re.escape(who)}'"):
        export(source, [Answer(character=who, lang="en", turn=turn, text="?")], tmp_path / "answered.jsonl")


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    source = write(tmp_path / "input.jsonl", record())
    with pytest.raises(DataError, match="cannot be written"):
        export(source, [], tmp_path / "missing" / "answered.jsonl")


def test_the_role_is_found_by_its_whole_label(file: Path) -> None:
    assert role(file, role_consist_cands=["Ann: x", "Bob", "Ann"]).candidate == 2
    assert role(file, role_consist_cands=["Anna", "Ann, a painter"]).candidate == 1
