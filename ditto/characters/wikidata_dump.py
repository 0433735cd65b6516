"""`characters=wikidata_dump`: the same characters out of Wikidata's and Wikipedia's dumps, with no network."""

import logging
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ditto.characters.blocks import fingerprint
from ditto.characters.collect import Articles, Collected, Labels, collect
from ditto.characters.entity import Entity
from ditto.characters.entity_dump import EntityDump
from ditto.characters.languages import Language
from ditto.characters.page_dump import PageDump
from ditto.characters.wanted import Wanted
from ditto.errors import ConfigError
from ditto.records import Split

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class DumpCharacters(Wanted):
    """`entities` is Wikidata's dump as JSON, `pages` each language's Wikipedia as XML; what was found in them is kept
    in `work`.

    Raises:
        ConfigError: a language without its Wikipedia, or a number of workers that cannot be meant.
    """

    entities: str
    pages: Mapping[str, str]
    work: str
    workers: int | None

    def __post_init__(self) -> None:
        Wanted.__post_init__(self)
        if missing := [code for code in self.languages if code not in self.pages]:
            raise ConfigError(f"characters.pages has no {missing[0]!r}: give each language's pages-articles file.")
        if self.workers is not None and self.workers < 1:
            raise ConfigError(f"characters.workers={self.workers} cannot be meant: it must be at least 1, or null.")

    @property
    def identity(self) -> str:
        files = [fingerprint(Path(file)) for file in (self.entities, *(self.pages[code] for code in self.languages))]
        return f"dump/{self.wanted}/{files}"

    def split(self) -> Split:
        dumps = Dumps(self)
        chosen = dumps.of_entities.choose(self.criteria)
        ids = dict.fromkeys(name for names in chosen for name in names)
        found = collect(dumps, list(ids), self.spoken, complete=self.complete)
        return self.split_of(Collected(found.characters, found.dropped + dumps.broken()))


class Dumps:
    """A `Route` through dumps, each opened before the first is read."""

    def __init__(self, source: DumpCharacters) -> None:
        self._source = source
        work, workers = Path(source.work), source.workers or len(os.sched_getaffinity(0))
        self.of_entities = EntityDump(Path(source.entities), work, workers)
        self._of_pages = {
            language.code: PageDump(Path(source.pages[language.code]), language, work, workers)
            for language in source.spoken
        }

    def entities(self, ids: Sequence[str]) -> Iterator[Entity]:
        return self.of_entities.entities(ids)

    def labels(self, ids: Sequence[str], codes: Sequence[str]) -> Labels:
        return self.of_entities.labels(ids, codes)

    def articles(self, language: Language, titles: Sequence[str]) -> Articles:
        return self._of_pages[language.code].articles(titles)

    def broken(self) -> Counter[str]:
        """How many lines and pages of the dumps could not be read; all are named in the log."""
        return _told(self._source.entities, self.of_entities.broken, "line") + sum(
            (_told(self._source.pages[code], dump.broken, "page") for code, dump in self._of_pages.items()), Counter()
        )


def _told(path: str, broken: Mapping[int, str], what: str) -> Counter[str]:
    for line, reason in broken.items():
        log.warning("%s, line %d: %s; left out.", path, line, reason)
    return Counter({f"broken {what} of {Path(path).name}": len(broken)})
