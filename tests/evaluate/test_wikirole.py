"""WikiRoleEval's records as sessions."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from omegaconf import OmegaConf

from ditto.config import build
from ditto.errors import DataError
from ditto.evaluate.upstream import INPUT
from ditto.evaluate.wikirole import WikiRole, facts, session
from ditto.records import Character, Claim, Session, Split, read_jsonl, write_jsonl
from tests.evaluate.roles import EN, ZH, conversation, record, role, write

NOBODY = Split(train=(), test=())


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write(tmp_path / "roles.jsonl", record(), record(ZH, "top", "rejection labels"))


def character(id: str, label: str, lang: str = "en") -> Character:
    return Character(id=id, lang=lang, label=label, description="somebody")


def test_a_record_becomes_a_session(file: Path) -> None:
    ann, lu = WikiRole(path=str(file)).sessions(NOBODY)
    raw = record()
    assert ann.character == Character(
        id="en/Ann (title)",
        lang="en",
        label="Ann",
        description="a painter",
        aliases=("Ann the Old",),
        claims=(
            Claim(id="en/Ann (title)/claims/0", property="genre", value="landscape"),
            Claim(id="en/Ann (title)/claims/1", property="home", value="Ember, Glass"),
        ),
        article="Ann was born.",
        summary="Ann lived long ago.",
    )
    assert [q.query for q in ann.questions] == raw["prompts"]
    assert [q.reject for q in ann.questions] == [False, True, False]
    assert [[(c.property, c.value) for c in q.evidence] for q in ann.questions] == [
        [("genre", "landscape"), ("", "in oils")],
        [("date of death", "1700")],
        [("家", "绍兴")],
    ]
    assert (ann.system, ann.metrics) == ("You are Ann.", ("identity", "knowledge", "rejection"))
    assert (lu.character.lang, lu.system) == ("zh", "You are 鲁迅.")


def test_sessions_pass_through_their_file(file: Path, tmp_path: Path) -> None:
    sessions = WikiRole(path=str(file)).sessions(NOBODY)
    write_jsonl(tmp_path / "sessions.jsonl", sessions)
    assert read_jsonl(tmp_path / "sessions.jsonl", Session) == sessions


REFERENCE = conversation(record(), ["Landscapes.", "The web?", "Ember."])


@pytest.mark.parametrize("given", [REFERENCE, REFERENCE[1:], json.dumps(REFERENCE)])
def test_the_assistants_reference_turns_become_the_references(tmp_path: Path, given: Any) -> None:
    made = session(role(tmp_path / "one.jsonl", ref_messages=given))
    assert [q.reference for q in made.questions] == ["Landscapes.", "The web?", "Ember."]


@pytest.mark.parametrize(
    "given",
    [None, "", [], "Landscapes.", "[1]", 7, REFERENCE[:-1], [*REFERENCE, REFERENCE[-1]], [{"role": "user"}], ["a"] * 3],
)
def test_a_reference_that_is_no_answer_to_each_prompt_is_none(tmp_path: Path, given: Any) -> None:
    made = session(role(tmp_path / "one.jsonl", ref_messages=given))
    assert [q.reference for q in made.questions] == ["", "", ""]


def test_claims_stand_in_for_those_in_words(file: Path) -> None:
    [claim] = session(role(file, trans_claims=None)).character.claims
    assert (claim.property, claim.value) == ("P1", "Q1")


@pytest.mark.parametrize(
    ("candidates", "shown"),
    [
        (EN[2], [("Ann", "a painter"), ("Bob", "a poet"), ("Cyd", ""), ("Annabel", "a baker")]),
        (["Cyd", "Ann", "Bob: x"], [("Cyd", ""), ("Ann", ""), ("Bob: x", "")]),
        (["Ann\nPainter: old.", "Bob\nPoet"], [("Ann", "Painter: old."), ("Bob", "Poet")]),
        (["Ann - “A” painter", "Bob - x - y"], [("Ann", "“A” painter"), ("Bob", "x - y")]),
        (["Ann the Old", "Bob the Young"], [("Ann", "the Old"), ("Bob the Young", "")]),
    ],
)
def test_candidates_are_introduced_by_the_records_own_words(
    tmp_path: Path, candidates: list[str], shown: list[tuple[str, str]]
) -> None:
    made = session(role(tmp_path / "one.jsonl", role_consist_cands=candidates))
    assert [(c.label, c.summary) for c in made.candidates] == shown
    assert [c.id == made.character.id for c in made.candidates] == [label == "Ann" for label, _ in shown]
    assert {(c.description, c.article) for c in made.candidates} == {("", "")}


def test_the_candidates_of_a_chinese_role_are_parted_by_its_colon(file: Path) -> None:
    [_, lu] = WikiRole(path=str(file)).sessions(NOBODY)
    shown = [(c.label, c.summary) for c in lu.candidates]
    assert shown == [("老舍", "作家"), ("巴金", "作家"), ("鲁迅", "文学家"), ("曹禺", "")]
    assert lu.candidates[2].id == lu.character.id


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", []),
        (" \n\n", []),
        ("- genre: landscape\n- home: Ember", [("genre", "landscape"), ("home", "Ember")]),
        ("1. genre: landscape\n2) home：Ember", [("genre", "landscape"), ("home", "Ember")]),
        ("* at 10:30 o'clock\n  - inner", [("", "at 10:30 o'clock"), ("", "inner")]),
        ("- works: one\n  two: three\n+ x", [("works", "one\ntwo: three"), ("", "x")]),
        ("no list at all", [("", "no list at all")]),
        ("出生地：绍兴", [("出生地", "绍兴")]),
        ("- works: a: b", [("works", "a: b")]),
        ("-5 degrees", [("", "-5 degrees")]),
        ("- works:", [("", "works:")]),
    ],
)
def test_each_item_of_the_evidence_is_a_claim(text: str, found: list[tuple[str, str]]) -> None:
    claims = facts(text, "e")
    assert [(c.property, c.value) for c in claims] == found
    assert [c.id for c in claims] == [f"e/{n}" for n in range(len(found))]


@pytest.mark.parametrize("trained", [character("Q1", "Ann"), character("en/Ann (title)", "Anna")])
def test_a_role_that_is_trained_on_is_refused(file: Path, trained: Character) -> None:
    benchmark = WikiRole(path=str(file))
    with pytest.raises(DataError, match=rf"'Ann' \(en\), which is trained on as '{trained.id[:5]}"):
        benchmark.sessions(Split(train=(character("Q2", "Bob"), trained), test=()))
    for apart in (Split(train=(replace(trained, lang="zh"),), test=()), Split(train=(), test=(trained,))):
        assert len(benchmark.sessions(apart)) == 2


def test_the_identity_follows_the_content_and_not_the_place(file: Path, tmp_path: Path) -> None:
    source = WikiRole(path=str(file))
    moved = tmp_path / "moved.jsonl"
    moved.write_bytes(file.read_bytes())
    other = WikiRole(path=str(moved), check_hash=False)
    assert other.identity == source.identity
    write(moved, record())
    assert other.identity != source.identity


def test_a_published_name_is_checked_before_anything_runs(tmp_path: Path) -> None:
    path = str(write(tmp_path / Path(INPUT).name, record()))
    values: dict[str, Any] = {"_target_": "ditto.evaluate.wikirole.WikiRole", "path": path}
    benchmark: WikiRole = build(OmegaConf.create(values))
    with pytest.raises(DataError, match="check_hash=false"):
        assert benchmark.identity
    unchecked: WikiRole = build(OmegaConf.create(values | {"check_hash": False}))
    assert unchecked.identity
    assert len(unchecked.sessions(NOBODY)) == 1
