"""Characters written down by hand."""

from pathlib import Path

import pytest

from ditto.characters.profile import read_profile
from ditto.errors import DataError
from ditto.records import Character, Claim


def written(folder: Path, text: str) -> Path:
    path = folder / "mira.yaml"
    path.write_text(text, "utf-8")
    return path


def test_what_is_written_is_the_character(tmp_path: Path) -> None:
    text = "label: Mira\ndescription: smuggler\naliases: [Mi]\nclaims:\n  ship: the Gannet\n  crew: [Tomas, a parrot]\n"
    assert read_profile(written(tmp_path, text + "article: |\n  She won it.\n")) == Character(
        id="mira",
        lang="en",
        label="Mira",
        description="smuggler",
        aliases=("Mi",),
        claims=(
            Claim(id="mira/1", property="ship", value="the Gannet"),
            Claim(id="mira/2", property="crew", value="Tomas"),
            Claim(id="mira/3", property="crew", value="a parrot"),
        ),
        article="She won it.",
    )


def test_a_name_and_a_description_are_enough_in_any_language(tmp_path: Path) -> None:
    found = read_profile(written(tmp_path, "label: شهرزاد 👑\ndescription: راوية\nlang: ar\n"))
    assert (found.label, found.lang, found.claims, found.article) == ("شهرزاد 👑", "ar", (), "")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("description: smuggler", "'label'"),
        ("label: M\ndescription: d\nlable: M", "unknown field 'lable'"),
        ("label: M\ndescription: d\naliases: Mi", "'aliases'"),
        ("label: M\ndescription: d\nclaims: {ship: {a: b}}", "'claims.ship'"),
        ("label: 7\ndescription: d", "'label'"),
        ("just words", "no profile"),
        ("", "no profile"),
        ("label: [", "not YAML"),
        ("!!python/object/apply:os.getcwd []", "not YAML"),
    ],
)
def test_what_is_wrong_is_named_with_its_file(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(DataError, match=r"mira\.yaml") as error:
        read_profile(written(tmp_path, text))
    assert says in str(error.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"mira\.yaml cannot be read: No such file"):
        read_profile(tmp_path / "mira.yaml")
