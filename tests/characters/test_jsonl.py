"""Anybody's characters: split by id, and refused where they cannot be told apart."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from ditto.characters.jsonl import JsonlCharacters
from ditto.errors import ConfigError, DataError
from ditto.records import Character, write_jsonl


def character(number: int, lang: str = "en") -> Character:
    return Character(id=f"Q{number}", lang=lang, label=f"{lang} {number}", description="somebody")


@pytest.fixture
def people(tmp_path: Path) -> Path:
    """Twelve characters, every other one in two languages."""
    path = tmp_path / "people.jsonl"
    write_jsonl(path, [character(i, lang) for i in range(12) for lang in ("en", "zh")[: 2 - i % 2]])
    return path


@pytest.mark.parametrize("seed", range(5))
def test_a_character_is_on_one_side_with_all_its_languages(people: Path, seed: int) -> None:
    split = JsonlCharacters(path=str(people), n_test=4, seed=seed).split()
    train, test = ({c.id for c in side} for side in (split.train, split.test))
    assert (len(train), len(test)) == (8, 4)
    assert not train & test
    assert len(split.train) + len(split.test) == 18
    for side, ids in ((split.train, train), (split.test, test)):
        assert {c.id for c in side if c.lang == "zh"} == {name for name in ids if int(name[1:]) % 2 == 0}


def test_the_split_follows_its_seed_and_not_the_order_of_the_lines(people: Path, tmp_path: Path) -> None:
    turned = tmp_path / "turned.jsonl"
    turned.write_bytes(b"".join(reversed(people.read_bytes().splitlines(keepends=True))))

    def apart(path: Path, seed: int) -> frozenset[str]:
        return frozenset(c.id for c in JsonlCharacters(path=str(path), n_test=4, seed=seed).split().test)

    assert apart(people, 0) == apart(turned, 0)
    assert len({apart(people, seed) for seed in range(5)}) > 1


def test_a_test_file_of_its_own_is_taken_whole(people: Path, tmp_path: Path) -> None:
    apart = tmp_path / "apart.jsonl"
    write_jsonl(apart, [character(i) for i in range(100, 105)])
    split = JsonlCharacters(path=str(people), n_test=4, test_path=str(apart)).split()
    assert [c.id for c in split.test] == [f"Q{i}" for i in range(100, 105)]
    assert len(split.train) == 18


def test_the_identity_follows_the_content_and_not_the_place(people: Path, tmp_path: Path) -> None:
    source = JsonlCharacters(path=str(people), n_test=4)
    moved = tmp_path / "moved.jsonl"
    moved.write_bytes(people.read_bytes())
    assert replace(source, path=str(moved)).identity == source.identity
    others = [replace(source, n_test=5), replace(source, seed=1), replace(source, test_path=str(moved))]
    moved.write_bytes(people.read_bytes() + b"\n")
    others.append(replace(source, path=str(moved)))
    assert len({source.identity, *(other.identity for other in others)}) == 5


def test_fewer_test_characters_than_none_are_refused() -> None:
    with pytest.raises(ConfigError, match="n_test=-1 "):
        JsonlCharacters(path="people.jsonl", n_test=-1)


@pytest.mark.parametrize("n_test", [11, 12, 400])
def test_too_few_are_left_to_train_on(people: Path, n_test: int) -> None:
    with pytest.raises(ConfigError, match=f"n_test={n_test} .*12 characters"):
        JsonlCharacters(path=str(people), n_test=n_test).split()
    assert len({c.id for c in JsonlCharacters(path=str(people), n_test=10).split().train}) == 2


@pytest.mark.parametrize("side", ["path", "test_path"])
def test_a_character_that_is_there_twice_is_named(people: Path, tmp_path: Path, side: str) -> None:
    doubled = tmp_path / "doubled.jsonl"
    write_jsonl(doubled, [character(1), character(2), replace(character(1), label="another")])
    source = replace(JsonlCharacters(path=str(people), n_test=4), **{side: str(doubled)})
    with pytest.raises(DataError, match=rf"{re.escape(str(doubled))}.* Q1 \(en\)"):
        source.split()


def test_a_line_that_is_no_character_is_named(tmp_path: Path) -> None:
    path = tmp_path / "people.jsonl"
    path.write_text('{"id": "Q1", "lang": "en", "label": "Ann"}\n')
    with pytest.raises(DataError, match=f"{re.escape(str(path))}, line 1 .*'description'"):
        JsonlCharacters(path=str(path), n_test=4).split()


@pytest.mark.parametrize("side", ["path", "test_path"])
def test_a_missing_file_is_named_before_anything_runs(people: Path, tmp_path: Path, side: str) -> None:
    missing = str(tmp_path / "missing.jsonl")
    source = replace(JsonlCharacters(path=str(people), n_test=4), **{side: missing})
    for use in (lambda: source.identity, source.split):
        with pytest.raises(DataError, match=re.escape(missing)):
            use()
