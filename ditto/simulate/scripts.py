"""In which script a text is written, and which a language is written in (Unicode CLDR, by babel)."""

import re
import unicodedata
from functools import cache
from typing import Final

from babel import Locale
from babel.core import get_global

SHARE: Final = 0.5
WORD: Final = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]|[^\W\d_\u3040-\u30ff\u3400-\u9fff]+")
# How Unicode's names of letters begin, where that is not the script's English name.
LETTERS: Final[dict[str, tuple[str, ...]]] = {
    **dict.fromkeys(("Hans", "Hant", "Hani"), ("CJK",)),
    "Jpan": ("CJK", "HIRAGANA", "KATAKANA"),
    "Kore": ("HANGUL",),
    "Beng": ("BENGALI",),
    "Orya": ("ORIYA",),
    "Nkoo": ("NKO",),
    "Cans": ("CANADIAN",),
}
# Written in two scripts side by side.
BOTH: Final[dict[str, tuple[str, ...]]] = dict.fromkeys(("sr", "sh", "bs", "kk", "uz", "az", "ku"), ("Cyrl", "Latn"))


def written_in(text: str, lang: str) -> bool:
    """Whether at least half of the words are in the language's script. No words: it is not.

    A Chinese character counts as a word and so does a run of other letters, so that a foreign name
    in a Chinese sentence weighs one. This tells Chinese from English, not English from French.
    """
    if any("\ud800" <= c <= "\udfff" for c in text):
        return False  # half a character, which no file can hold
    letters, words = letters_of(lang), WORD.findall(text)
    fitting = sum(unicodedata.name(word[0], "").startswith(letters) for word in words)
    return bool(words) and fitting >= SHARE * len(words)


@cache
def letters_of(lang: str) -> tuple[str, ...]:
    """How the names of a language's letters begin; a language that CLDR does not know is taken for Latin."""
    code = lang.partition("-")[0]
    likely = (get_global("likely_subtags").get(code) or "en_Latn_US").split("_")
    scripts = BOTH.get(code, (likely[1],))
    return tuple(name for script in scripts for name in LETTERS.get(script) or (_english(script),))


def _english(script: str) -> str:
    return str(Locale("en").scripts.get(script, script)).upper()
