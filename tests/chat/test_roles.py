"""Names find their character, sentences make one, and a name that finds nobody says who may be meant."""

import json
import logging
from pathlib import Path

import pytest

from ditto.chat.roles import Cast, Role, from_artifacts
from ditto.errors import ConfigError
from ditto.records import Character, write_jsonl
from ditto.store import Recipe, Store, verified
from tests.chat.people import CAST, MIRA, PEOPLE


@pytest.mark.parametrize("said", ["Mira Stone", "mira  STONE", "the ferrywoman", "Q1", " Q1:en ", "Ｍira Stone"])
def test_a_character_is_found_by_label_alias_or_id(said: str) -> None:
    assert CAST.find(said) == MIRA


def test_of_several_languages_the_wanted_one_is_played() -> None:
    chinese = Role("米拉", "你是 米拉，摆渡人。", "zh", "Q1", "摆渡人")
    assert CAST.find("Q1", "zh") == CAST.find("Q1:zh") == CAST.find("米拉") == CAST.switch("Q1", "zh") == chinese
    assert CAST.switch("Mira Stone", "zh") == MIRA


def test_a_name_of_several_lists_them() -> None:
    with pytest.raises(ConfigError, match=r"several: say which by its id: Q2 \(a smith\); Q3 \(a thief\)"):
        CAST.find("Tomas Reed")


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ("Mira Stoen", "did you mean Mira Stone?"),
        ("Reed", "did you mean Tomas Reed?"),
        ("Zaphod", 'describe a new one by a sentence, "You are X, Y."'),
    ],
)
def test_who_is_not_there_may_be_meant_otherwise(said: str, sentence: str) -> None:
    with pytest.raises(ConfigError) as caught:
        CAST.find(said)
    assert str(caught.value) == f"Nobody of the 4 characters is called {said!r}: {sentence}"


def test_a_language_that_is_not_told_is_said() -> None:
    with pytest.raises(ConfigError, match=r"'Q2' is not told in lang=zh, only in en."):
        CAST.find("Q2", "zh")
    with pytest.raises(ConfigError, match=r"lang=fr: no character of the set is told in it, only in en, zh."):
        CAST.first("fr")


@pytest.mark.parametrize(
    ("said", "label", "lang"),
    [
        ("You are Li Bai, a poet.", "Li Bai", "en"),
        ("you are the Keeper of Doors", "Keeper of Doors", "en"),
        ("你是李白，唐代诗人。", "李白", "zh"),
    ],
)
def test_a_sentence_is_told_as_it_stands(said: str, label: str, lang: str) -> None:
    assert CAST.find(said) == Role(label=label, system=said, lang=lang)


def test_search_looks_at_names_and_descriptions() -> None:
    assert [c.id for c in CAST.search("ferry")] == ["Q1"]
    assert [c.id for c in CAST.search("")] == ["Q1", "Q2", "Q3", "Q4"]
    assert [c.id for c in CAST.search("诗", "zh")] == ["Q4"]


def test_the_first_of_two_tellings_counts() -> None:
    other = Character(id="Q1", lang="en", label="Somebody", description="else")
    assert Cast([*PEOPLE, other], "nano").find("Q1") == MIRA


def artifact(root: Path, label: str, train: list[Character], test: list[Character]) -> Path:
    def produce(folder: Path) -> dict[str, int]:
        return {name: write_jsonl(folder / f"{name}.jsonl", who) for name, who in (("train", train), ("test", test))}

    return Store(root).make(Recipe("characters", label, 1, {"label": label}), produce).path


def test_the_characters_of_all_studies_are_there_and_a_damaged_one_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    artifact(tmp_path, "one", [PEOPLE[0]], [PEOPLE[2]])
    broken = artifact(tmp_path, "two", [PEOPLE[3]], [PEOPLE[4]])
    assert [c.id for c in from_artifacts(sorted((tmp_path / "characters").glob("*-*")))] == ["Q2", "Q4", "Q1", "Q3"]
    manifest = broken / "manifest.json"
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"files": {"gone": {}}}))
    verified.cache_clear()
    with caplog.at_level(logging.WARNING):
        assert [c.id for c in from_artifacts(sorted((tmp_path / "characters").glob("*-*")))] == ["Q2", "Q1"]
    assert "Its characters are left out." in caplog.text
    assert from_artifacts([]) == []
