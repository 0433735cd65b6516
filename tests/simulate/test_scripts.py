"""Which script a text is in, for languages of many scripts."""

import pytest

from ditto.simulate.scripts import letters_of, written_in

LANGUAGES = ("en", "fr", "zh", "ja", "ru", "sr", "he", "ar", "hi", "th", "tlh")


@pytest.mark.parametrize(
    ("text", "langs"),
    [
        ("Where do you live?", {"en", "fr", "sr", "tlh"}),
        ("Où habites-tu, Émile?", {"en", "fr", "sr", "tlh"}),
        ("你住在哪里？", {"zh", "ja"}),
        ("说到 Ada Lovelace，你记得什么？", {"zh", "ja"}),
        ("Ada Lovelace 是谁", {"en", "fr", "sr", "tlh", "zh", "ja"}),
        ("どこに住んでいますか", {"ja"}),
        ("Где ты живёшь?", {"ru", "sr"}),
        ("Где живёт Ada?", {"ru", "sr"}),
        ("1815, 1852 (37)", set()),
        ("איפה אתה גר?", {"he"}),
        ("أين تسكن؟ 🙂", {"ar"}),
        ("तुम कहाँ रहते हो?", {"hi"}),
        ("คุณอยู่ที่ไหน", {"th"}),
        ("?!", set()),
        ("", set()),
    ],
)
def test_a_language_is_told_by_the_script_of_most_words(text: str, langs: set[str]) -> None:
    assert {lang for lang in LANGUAGES if written_in(text, lang)} == langs


def test_variants_and_unknown_codes_have_letters() -> None:
    assert letters_of("zh-hant") == letters_of("zh") == letters_of("yue") == ("CJK",)
    assert letters_of("be-tarask") == ("CYRILLIC",)
    assert letters_of("bn") == ("BENGALI",)
    assert letters_of("xx") == ("LATIN",)


def test_half_a_character_is_in_no_script() -> None:
    assert not written_in("word \ud83d", "en")
