"""Every pack says what its tasks offer, and a wrong slot is found on loading."""

from pathlib import Path

import pytest

from ditto.errors import ConfigError
from ditto.prompts import FOLDER, PLAYING, Prompts

PACKS = sorted((file.parts[-3], file.parts[-2]) for file in FOLDER.glob("*/*/brief.txt"))


def test_both_packs_speak_both_languages() -> None:
    assert PACKS == [("nano", "en"), ("nano", "zh"), ("paper", "en"), ("paper", "zh")]


@pytest.mark.parametrize(("pack", "lang"), PACKS)
def test_every_task_renders_all_its_values(pack: str, lang: str) -> None:
    prompts = Prompts(pack, lang)
    assert set(prompts.texts) == set(PLAYING)
    for task in ("query", "response"):
        text = prompts.render(task, **{slot: f"<{slot}>" for slot in PLAYING[task]})
        assert "<a_article>" in text or "<article>" in text
        assert "{" not in text.replace('{"', "")


def test_the_paper_pack_shows_the_whole_profile() -> None:
    for lang in ("en", "zh"):
        text = Prompts("paper", lang).render("response", **{slot: f"<{slot}>" for slot in PLAYING["response"]})
        assert all(f"<{slot}>" in text for slot in PLAYING["response"])


def test_the_digest_follows_the_texts() -> None:
    assert Prompts("paper", "en").digest == Prompts("paper", "en").digest
    assert len({Prompts(pack, lang).digest for pack in ("paper", "nano") for lang in ("en", "zh")}) == 4


@pytest.mark.parametrize(
    ("text", "says"),
    [("You are {name}.", "{name}"), ("You are {label", "not a template")],
)
def test_a_text_that_cannot_be_rendered_is_refused(tmp_path: Path, text: str, says: str) -> None:
    folder = tmp_path / "mine" / "en"
    folder.mkdir(parents=True)
    for task in PLAYING:
        (folder / f"{task}.txt").write_text("fine")
    (folder / "brief.txt").write_text(text)
    with pytest.raises(ConfigError, match=r"brief\.txt") as error:
        assert Prompts(str(tmp_path / "mine"), "en").texts
    assert says in str(error.value)


def test_a_missing_language_names_the_file() -> None:
    with pytest.raises(ConfigError, match=r"paper/xx/brief\.txt"):
        assert Prompts("paper", "xx").texts
