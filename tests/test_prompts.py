"""Every pack says what its tasks offer, and a wrong slot is found on loading."""

import json
import re
from pathlib import Path

import pytest

from ditto.errors import ConfigError
from ditto.prompts import FOLDER, JUDGING, PLAYING, Prompts

JUDGED = sorted(set(JUDGING) - {"reminder"})
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
    with pytest.raises(ConfigError, match=r"nano/xx/brief\.txt"):
        assert Prompts("nano", "xx").texts


@pytest.mark.parametrize(
    ("lang", "named"), [("en", "English"), ("ar", "Arabic"), ("be-tarask", "Belarusian"), ("xx", "xx")]
)
def test_any_language_is_asked_for_by_its_name(lang: str, named: str) -> None:
    texts = Prompts("paper", lang).texts
    assert f"Speak {named}." in texts["response"]
    assert f"Reply in {named} with JSON" in texts["query"]
    assert Prompts("paper", lang).digest != Prompts("paper", "fr").digest


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("task", JUDGED)
def test_a_judge_is_shown_all_there_is_and_whatever_others_wrote_in_a_fence(task: str, lang: str) -> None:
    text = Prompts("judge", lang, "judging").render(task, **{slot: f"[{slot}]" for slot in JUDGING[task]})
    fenced = re.findall(r"^<<\[mark\]\n\[(\w+)\]\n\[mark\]>>$", text, re.MULTILINE)
    assert sorted(fenced) == sorted(JUDGING[task] - {"mark", "label"})
    outside = re.sub(r"^<<\[mark\]\n.*\n\[mark\]>>$", "", text, flags=re.MULTILINE)
    assert set(re.findall(r"\[(\w+)\]", outside)) <= {"mark", "label"}
    # Whom the identity prompt names would be whom the judge is to find.
    assert ("[label]" in text) == (task in ("knowledge", "rejection"))


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize(
    ("task", "key"), [("identity", "choice"), ("knowledge", "score"), ("rejection", "refuses"), ("quality", "score")]
)
def test_a_judges_prompt_ends_with_the_form_of_its_reply(task: str, key: str, lang: str) -> None:
    prompts = Prompts("judge", lang, "judging")
    form = prompts.render(task, **dict.fromkeys(JUDGING[task], "")).splitlines()[-1]
    assert list(json.loads(re.sub(r"<[^>]*>", "0", form.replace('"<', "<").replace('>"', ">")))) == ["reason", key]


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_reminder_ends_with_its_example(lang: str) -> None:
    text = Prompts("judge", lang, "judging").render("reminder", example='{"score": 4}')
    assert text.endswith('{"score": 4}')


def test_a_judges_prompts_are_other_texts_than_a_roles() -> None:
    assert set(Prompts("judge", "en", "judging").texts) == set(JUDGING)
    with pytest.raises(ConfigError, match=r"judge/en/brief\.txt"):
        assert Prompts("judge", "en").texts
    assert Prompts("judge", "en", "judging").digest != Prompts("judge", "zh", "judging").digest
