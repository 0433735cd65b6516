"""`characters=add`: a few by Q-id, name, address or a profile of one's own, beside those of another source."""

import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import unquote

from omegaconf import OmegaConf

from ditto.characters import sparql, wikibase
from ditto.characters.collect import Lacking, collect
from ditto.characters.criteria import FICTIONAL, QID
from ditto.characters.entity import HUMAN
from ditto.characters.languages import Language, language
from ditto.characters.live import Live, Wikimedia, check_languages
from ditto.characters.profile import SUFFIXES, read_profile
from ditto.characters.replies import Refused
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
        """Who cannot be had is left out, with a warning, and counted.

        Raises:
            ConfigError: a name may be one of several characters, or nobody can be had.
        """
        added, lacking = self._added()
        base: Split = self._source.split()
        ids = {one.id for one in added}
        kept = {side: [c for c in getattr(base, side) if c.id not in ids] for side in ("train", "test")}
        kept[self.side] += added
        return replace(base, train=tuple(kept["train"]), test=tuple(kept["test"]), dropped={**base.dropped, **lacking})

    @property
    def _spoken(self) -> list[Language]:
        return [language(code, self.fallback) for code in self.languages]

    @property
    def _source(self) -> Any:
        """The other source; it stands under its own name in errors."""
        return build(OmegaConf.create({"characters": {"base": dict(self.base)}}).characters.base)

    def _added(self) -> tuple[list[Character], dict[str, int]]:
        """The characters, and the reasons why one of those named could not be had, or not in every language."""
        profiles = {one: [read_profile(Path(one))] for one in self.add if _is_file(one)}
        asked = [one for one in self.add if one not in profiles]
        found, reasons = self._asked_for(asked) if asked else ({}, {})
        told = "; ".join(f"{text!r}: {reason}" for text, reason in reasons.items())
        if not profiles and not found:
            raise ConfigError(f"characters.add: none of them can be had ({told}): give Q-ids of others.")
        if told:
            log.warning("characters.add: left out are %s.", told)
        found |= profiles
        added = {(c.id, c.lang): c for one in self.add for c in found.get(one, ())}
        return list(added.values()), {f"added as {text}: {reason}": 1 for text, reason in reasons.items()}

    def _asked_for(self, texts: Sequence[str]) -> tuple[dict[str, list[Character]], dict[str, str]]:
        """The characters of each text. All are looked for before the first is collected: a user may have to choose."""
        found, reasons = dict[str, list[Character]](), dict[str, str]()
        with self.web.client() as client:
            check_languages(client, self.web, self._spoken)
            route, finder = Live(client, self.web, self._spoken), Finder(client, self.web, self._spoken[0])
            names = dict[str, str]()
            for text in texts:
                with _noted(text, reasons):
                    names[text] = finder.id_of(text)
            for text, name in names.items():
                with _noted(text, reasons):
                    told = collect(route, [name], self._spoken, complete=False)
                    found |= {text: told.characters} if told.characters else {}
                    reasons |= {text: ", ".join(told.dropped)} if told.dropped else {}
        return found, reasons


@dataclass(frozen=True)
class Finder:
    """Finds the Q-id of what a user calls a character."""

    client: Client
    web: Wikimedia
    language: Language

    def id_of(self, text: str) -> str:
        """The Q-id itself, that of an address, or of the one character with this label or alias.

        Raises:
            Lacking: there is none.
            ConfigError: there are several, which are listed.
        """
        if QID.fullmatch(text):
            return text
        if item := ITEM.match(text):
            return item["id"]
        if page := ARTICLE.match(text):
            return self._of_article(language(page["lang"]), unquote(page["title"]).replace("_", " "))
        return self._of_name(text)

    def _of_article(self, language: Language, title: str) -> str:
        found = wikibase.by_title(self.client, self.web.wikidata, language.site, title)
        if found is None:
            raise Lacking("no article that Wikidata knows")
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
        raise Lacking("nobody is called so" + (f"; names that begin so have {listed}" if listed else ""))

    @cached_property
    def _classes(self) -> list[str]:
        return sparql.subclasses(self.client, self.web.query, [HUMAN, FICTIONAL])


@contextmanager
def _noted(text: str, reasons: dict[str, str]) -> Iterator[None]:
    """Why this one cannot be had stands among the reasons then."""
    try:
        yield
    except (Lacking, Refused) as reason:
        reasons[text] = str(reason).rstrip(".")


def _is_file(text: str) -> bool:
    return text.endswith(SUFFIXES)
