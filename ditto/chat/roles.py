"""Whom the model plays: a character of the set by name, or a new one by a sentence."""

import logging
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from ditto.errors import ConfigError, DittoError
from ditto.prompts import Prompts
from ditto.records import Character, read_jsonl
from ditto.simulate.responses import brief
from ditto.store import verified

log = logging.getLogger(__name__)
SENTENCE: Final = re.compile(r"(?:you are|你是|您是)\s*(?:an? |the )?(?P<label>[^,.;，。；]+)", re.IGNORECASE)
LISTED: Final = 8


@dataclass(frozen=True, slots=True)
class Role:
    """Somebody to be: `system` is all that the model is told. A new one has no `id`."""

    label: str
    system: str
    lang: str
    id: str = ""
    description: str = ""


class Cast:
    """The characters that can be named, and the prompts that introduce them."""

    def __init__(self, characters: Sequence[Character], pack: str) -> None:
        self._pack = pack
        each: dict[tuple[str, str], Character] = {}
        for character in characters:
            each.setdefault((character.id, character.lang), character)
        self._order = list(each.values())
        self._names: dict[str, list[Character]] = {}
        for character in self._order:
            for name in {_plain(name) for name in (character.label, character.id, *character.aliases)}:
                self._names.setdefault(name, []).append(character)

    def __len__(self) -> int:
        return len({c.id for c in self._order})

    def first(self, lang: str | None = None) -> Role:
        """The first character of the set, in `lang` if one is given.

        Raises:
            ConfigError: nobody is told in that language.
        """
        there = [c for c in self._order if lang in (None, c.lang)]
        if not there:
            known = ", ".join(sorted({c.lang for c in self._order}))
            raise ConfigError(f"lang={lang}: no character of the set is told in it, only in {known}.")
        return self.play(there[0])

    def find(self, said: str, lang: str | None = None) -> Role:
        """The role that `said` names or describes; of several languages `lang`, else English, else the first.

        Raises:
            ConfigError: nobody is called that, or several are.
        """
        name, _, tagged = said.strip().rpartition(":")
        if name and tagged in {c.lang for c in self._order}:
            return self.find(name, tagged)
        found = [c for c in self._names.get(_plain(said), []) if lang is None or c.lang == lang]
        if len({c.id for c in found}) > 1:
            who = "; ".join(f"{c.id} ({c.description})" for c in _one_each(found)[:LISTED])
            raise ConfigError(f"{said!r} is the name of several: say which by its id: {who}.")
        if found:
            return self.play(min(found, key=lambda c: (c.lang != "en", c.lang)))
        if sentence := SENTENCE.match(said.strip()):
            label, chinese = sentence["label"].strip(), sentence[0][0] in "你您"
            return Role(label=label, system=said.strip(), lang="zh" if chinese else lang or "en")
        raise ConfigError(self._nobody(said, lang))

    def switch(self, said: str, lang: str) -> Role:
        """Like `find`, in `lang` if the character is told in it."""
        there = any(c.lang == lang for c in self._names.get(_plain(said), []))
        return self.find(said, lang if there else None)

    def search(self, text: str, lang: str | None = None) -> list[Character]:
        """Who has `text` in a name or in the description, one language each unless `lang` says which."""
        wanted = _plain(text)
        there = [c for c in self._order if lang in (None, c.lang)]
        hits = [c for c in there if any(wanted in _plain(s) for s in (c.label, c.id, c.description, *c.aliases))]
        return _one_each(hits)

    def play(self, character: Character) -> Role:
        """The character under its brief introduction.

        Raises:
            ConfigError: the prompts have none in its language.
        """
        system = brief(character, {character.lang: Prompts(self._pack, character.lang)})
        return Role(character.label, system, character.lang, character.id, character.description)

    def _nobody(self, said: str, lang: str | None) -> str:
        elsewhere = sorted({c.lang for c in self._names.get(_plain(said), [])})
        if elsewhere:
            return f"{said!r} is not told in lang={lang}, only in {', '.join(elsewhere)}."
        near = [c.label for c in self.search(said)] or get_close_matches(_plain(said), self._names, n=3)
        labels = list(dict.fromkeys(self._names[_plain(name)][0].label for name in near))[:3]
        meant = (
            f"did you mean {' or '.join(labels)}?" if labels else 'describe a new one by a sentence, "You are X, Y."'
        )
        return f"Nobody of the {len(self)} characters is called {said!r}: {meant}"


def from_artifacts(folders: Sequence[Path]) -> list[Character]:
    """The characters in these folders, those kept apart first; what cannot be read is left out and told."""
    return [c for part in ("test", "train") for folder in folders for c in _read(folder, f"{part}.jsonl")]


def _read(folder: Path, file: str) -> Iterator[Character]:
    try:
        verified(folder)
        yield from read_jsonl(folder / file, Character)
    except DittoError as error:
        log.warning("%s Its characters are left out.", error)


def _one_each(characters: Sequence[Character]) -> list[Character]:
    """One language of each, English where there is one."""
    best: dict[str, Character] = {}
    for c in characters:
        if c.id not in best or c.lang == "en":
            best[c.id] = c
    return list(best.values())


def _plain(name: str) -> str:
    """How names are compared: without case, width and runs of blanks."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())
