"""Entities, labels and articles from the live services (a `Route`)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ditto.characters import wikibase, wikipedia
from ditto.characters.collect import Articles, Labels
from ditto.characters.entity import Entity
from ditto.characters.languages import Language, codes
from ditto.characters.web import Client
from ditto.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Wikimedia:
    """Where the services answer, and who asks them; see `conf/web/wikimedia.yaml`.

    Raises:
        ConfigError: the address of the Wikipedias has no place for their code.
    """

    query: str
    wikidata: str
    wikipedia: str
    contact: str | None
    concurrency: int
    cache: str

    def __post_init__(self) -> None:
        if "{lang}" not in self.wikipedia:
            raise ConfigError(f"characters.web.wikipedia={self.wikipedia!r} lacks {{lang}}, a Wikipedia's code.")
        if self.concurrency < 1:
            raise ConfigError(f"characters.web.concurrency={self.concurrency} cannot be meant: it must be at least 1.")

    @property
    def identity(self) -> str:
        return f"{self.query}/{self.wikidata}/{self.wikipedia}"

    def client(self) -> Client:
        """Raises:
        ConfigError: nobody is named who asks.
        """
        return Client(Path(self.cache), self.contact or "", self.concurrency)


@dataclass(frozen=True, slots=True)
class Live:
    """What was asked once is read from the client's cache, so going over the entities twice costs no request."""

    client: Client
    web: Wikimedia
    languages: Sequence[Language]

    def entities(self, ids: Sequence[str]) -> Iterator[Entity]:
        return wikibase.entities(self.client, self.web.wikidata, ids, codes(self.languages))

    def labels(self, ids: Sequence[str], codes: Sequence[str]) -> Labels:
        return wikibase.labels(self.client, self.web.wikidata, ids, codes)

    def articles(self, language: Language, titles: Sequence[str]) -> Articles:
        return wikipedia.collect(self.client, self.web.wikipedia, language, titles)


def check_languages(client: Client, web: Wikimedia, languages: Sequence[Language]) -> None:
    """See that Wikidata knows the languages.

    Raises:
        ConfigError: one that does not exist.
    """
    known = wikibase.languages(client, web.wikidata)
    if unknown := [one.code for one in languages if not {one.code, one.wiki} & known]:
        raise ConfigError(
            f"characters.languages has {unknown[0]!r}, which Wikidata does not know: give codes such as 'en' or 'zh'."
        )
