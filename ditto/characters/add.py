"""`characters=add`: a few by Q-id, name, address or a profile of one's own, beside those of another source."""

import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import unquote

from omegaconf import OmegaConf

from ditto.characters import sparql, wikibase
from ditto.characters.collect import collect
from ditto.characters.criteria import FICTIONAL, QID
from ditto.characters.entity import HUMAN
from ditto.characters.languages import Language, language
from ditto.characters.live import Live, Wikimedia, check_languages
from ditto.characters.profile import SUFFIXES, read_profile
from ditto.characters.web import Client
from ditto.config import build
from ditto.errors import ConfigError
from ditto.records import Character, Split
from ditto.store import digest

log = logging.getLogger(__name__)
ARTICLE: Final = re.compile(r"https?://(?P<lang>[\w-]+)(\.m)?\.wikipedia\.org/(wiki|[a-z-]+)/(?P<title>[^?#]+)")
ITEM: Final = re.compile(r"https?://(www|m)\.wikidata\.org/(wiki|entity)/(?P<id>Q\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class AddCharacters:
    """`add` to the `side` (train or test) of the characters of `base`, another source's configuration.

    Raises:
        ConfigError: nothing to add, or a language that cannot be.
    """

    add: Sequence[str]
    side: Literal["train", "test"]
    base: Mapping[str, Any]
    languages: Sequence[str]
    fallback: Sequence[str]
    tokenizer: str | None
    web: Wikimedia

    def __post_init__(self) -> None:
        if not self.add:
            raise ConfigError("characters.add is empty: name characters, as in characters.add=[Q42,'Sherlock Holmes'].")
        if not self.languages:
            raise ConfigError("characters.languages needs at least one language.")
        assert self._spoken
        assert self._source

    @property
    def identity(self) -> str:
        profiles = [repr(read_profile(Path(one))) for one in self.add if _is_file(one)]
        said = [list(self.add), self.side, list(self.languages), list(self.fallback), self.web.identity]
        return f"add/{digest([*said, profiles])}/{self._source.identity}"

    def split(self) -> Split:
        added = self._added()
        base: Split = self._source.split()
        ids = {one.id for one in added}
        kept = {side: [c for c in getattr(base, side) if c.id not in ids] for side in ("train", "test")}
        kept[self.side] += added
        return replace(base, train=tuple(kept["train"]), test=tuple(kept["test"]))

    @property
    def _spoken(self) -> list[Language]:
        return [language(code, self.fallback) for code in self.languages]

    @property
    def _source(self) -> Any:
        """The other source; it stands under its own name in errors."""
        return build(OmegaConf.create({"characters": {"base": dict(self.base)}}).characters.base)

    def _added(self) -> list[Character]:
        profiles = {one: [read_profile(Path(one))] for one in self.add if _is_file(one)}
        asked = [one for one in self.add if one not in profiles]
        found = profiles | (dict(self._asked_for(asked)) if asked else {})
        return list({(c.id, c.lang): c for one in self.add for c in found[one]}.values())

    def _asked_for(self, texts: Sequence[str]) -> Iterator[tuple[str, list[Character]]]:
        with self.web.client() as client:
            check_languages(client, self.web, self._spoken)
            route, finder = Live(client, self.web, self._spoken), Finder(client, self.web, self._spoken[0])
            for text in texts:
                name = finder.id_of(text)
                found = collect(route, [name], self._spoken, complete=False)
                if not found.characters:
                    reason = next(iter(found.dropped))
                    raise ConfigError(
                        f"characters.add: {text!r} ({name}) cannot be told in {self._spoken[0].code}: {reason}."
                    )
                for reason in found.dropped:
                    log.warning("characters.add: %r: %s.", text, reason)
                yield text, found.characters


@dataclass(frozen=True)
class Finder:
    """Finds the Q-id of what a user calls a character."""

    client: Client
    web: Wikimedia
    language: Language

    def id_of(self, text: str) -> str:
        """The Q-id itself, that of an address, or of the one character with this label or alias.

        Raises:
            ConfigError: there is none, or there are several, which are listed.
        """
        if QID.fullmatch(text):
            return text
        if item := ITEM.match(text):
            return item["id"]
        if page := ARTICLE.match(text):
            return self._of_article(text, language(page["lang"]), unquote(page["title"]).replace("_", " "))
        return self._of_name(text)

    def _of_article(self, text: str, language: Language, title: str) -> str:
        found = wikibase.by_title(self.client, self.web.wikidata, language.site, title)
        if found is None:
            raise ConfigError(f"characters.add: {text!r} is no article that Wikidata knows: give its Q-id.")
        return found

    def _of_name(self, text: str) -> str:
        found = {one.id: one for one in wikibase.search(self.client, self.web.wikidata, text, self.language)}
        characters = sparql.members(self.client, self.web.query, list(found), self._classes)
        called = [name for name in characters if found[name].exact]
        if len(called) == 1:
            return called[0]
        listed = ", ".join(f"{one} ({found[one].label}, {found[one].description})" for one in called or characters)
        if called:
            raise ConfigError(f"characters.add: {text!r} may be one of several: {listed}; give its Q-id.")
        near = f"; names that begin so have {listed}" if listed else ""
        raise ConfigError(f"characters.add: Wikidata has no character called {text!r}{near}: give its Q-id or address.")

    @cached_property
    def _classes(self) -> list[str]:
        return sparql.subclasses(self.client, self.web.query, [HUMAN, FICTIONAL])


def _is_file(text: str) -> bool:
    return text.endswith(SUFFIXES)
