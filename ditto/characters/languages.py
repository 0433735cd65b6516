"""A language as Wikidata and Wikipedia know it: whose labels may stand in for its own, and which Wikipedia is its.

Wikidata keeps what is the same in many languages under `mul`, and often nowhere else. Chinese has its
labels under the codes of scripts and countries as well.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from babel import Locale, UnknownLocaleError

from ditto.errors import ConfigError

CODE: Final = re.compile(r"[a-z]{2,12}(-[a-z0-9]{2,10}){0,2}")
EVERY: Final = "mul"
# Other codes of a language, most alike first (MediaWiki's own order of fallback).
VARIANTS: Final[Mapping[str, tuple[str, ...]]] = {
    "zh": ("zh-hans", "zh-cn", "zh-sg", "zh-my", "zh-hant", "zh-tw", "zh-hk", "zh-mo"),
    "nb": ("no",),
    "no": ("nb",),
    "yue": ("zh-yue", "zh-hant", "zh-hk", "zh"),
    "sr": ("sr-ec", "sr-el"),
    "pt": ("pt-br",),
    "simple": ("en",),
}
# Languages whose Wikipedia has another code than their labels.
WIKIS: Final[Mapping[str, str]] = {"nb": "no", "yue": "zh-yue", "be-tarask": "be-tarask", "lzh": "zh-classical"}
# What babel calls otherwise, or would take for another language; English dates as Wikidata itself writes them.
LOCALES: Final[Mapping[str, str]] = {
    "en": "en-GB",
    "simple": "en-GB",
    "als": "gsw",
    "sh": "sr-Latn",
    "sr-ec": "sr-Cyrl",
    "sr-el": "sr-Latn",
}
SITES: Final[Mapping[str, str]] = {"be-tarask": "be_x_old"}


@dataclass(frozen=True, slots=True)
class Language:
    """`names` are the codes whose labels and descriptions are taken, the first that there is."""

    code: str
    wiki: str
    names: tuple[str, ...]

    @property
    def own(self) -> tuple[str, ...]:
        """Those of `names` that are this language and no fallback's."""
        return self.names[: self.names.index(EVERY) + 1]

    @property
    def site(self) -> str:
        """The id of its Wikipedia among an entity's sitelinks and in dumps: `enwiki`."""
        return f"{SITES.get(self.wiki, self.wiki).replace('-', '_')}wiki"

    def text(self, texts: Mapping[str, str]) -> str | None:
        """The first text there is of those by language code."""
        return next((texts[name] for name in self.names if texts.get(name)), None)


@lru_cache(maxsize=256)
def locale(language: Language) -> Locale:
    """How babel writes dates and numbers in a language; where it does not know it, in digits alone (`root`)."""
    base, *_ = language.code.split("-")
    for name in (language.code, base, *language.names):
        try:
            return Locale.parse(LOCALES.get(name, name), sep="-")
        except (UnknownLocaleError, ValueError):
            continue
    return Locale.parse("root")


def language(code: str, fallback: Sequence[str] = ()) -> Language:
    """The language of a code; where it has no text of its own, `fallback`'s languages are asked in turn.

    Raises:
        ConfigError: no such code can be.
    """
    for one in (code, *fallback):
        if not CODE.fullmatch(one):
            raise ConfigError(
                f"characters.languages: {one!r} is no language code: give one such as 'en', 'zh' or 'ar'."
            )
    names = dict.fromkeys((code, *VARIANTS.get(code, ()), EVERY, *fallback))
    return Language(code=code, wiki=WIKIS.get(code, code), names=tuple(names))


def codes(languages: Iterable[Language]) -> list[str]:
    """All the codes whose texts may be taken, each once."""
    return list(dict.fromkeys(name for one in languages for name in one.names))
