"""Wikidata's JSON dump: who is chosen out of it, their entities, and the labels that their claims need.

The dump is one array with an entity a line (https://doc.wikimedia.org/Wikibase/master/php/docs_topics_json.html),
in no order that helps. The first pass keeps who may be chosen, with the ids they refer to, and all edges of the class
tree; the second reads the chosen ones and the labels. Few lines are parsed: in the others some bytes are missing
that an entity of use would have.
"""

import re
import sqlite3
import zlib
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import orjson

from ditto.characters import entity
from ditto.characters.blocks import beginning, fingerprint
from ditto.characters.criteria import Criteria, fits
from ditto.characters.entity import Entity
from ditto.characters.scan import scan, work_file
from ditto.errors import ConfigError, DataError
from ditto.store import digest

Rows = dict[str, list[tuple[Any, ...]]]
# A line's id, where only plain values stand in front of it: so Wikidata writes them.
ID: Final = re.compile(rb'\{(?:\s*"\w+":\s*(?:"[^"\\]*"|\d+),)*?\s*"id":\s*"([A-Z]\d+)"')
KINDS: Final = {"item", "property"}
BESIDE: Final = b" \t\r,"
ENDS: Final = (b"},", b"}")
PUNCTUATION: Final = {b"", b"[", b"]"}  # and commas: the shards that a dump is put together from have them between
MALFORMED: Final = (ValueError, KeyError, TypeError, AttributeError, IndexError)
TABLES: Final = """
CREATE TABLE IF NOT EXISTS candidates (id INTEGER PRIMARY KEY, sitelinks INTEGER, referenced TEXT);
CREATE TABLE IF NOT EXISTS kinds (kind INTEGER, id INTEGER, PRIMARY KEY (kind, id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS edges (parent INTEGER, child INTEGER, PRIMARY KEY (parent, child)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS seen (id TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS entities (id TEXT PRIMARY KEY, json BLOB);
CREATE TABLE IF NOT EXISTS labels (id TEXT PRIMARY KEY, json BLOB);
CREATE TABLE IF NOT EXISTS looked_for (wanted TEXT, id TEXT, PRIMARY KEY (wanted, id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS broken (line INTEGER PRIMARY KEY, reason TEXT);
CREATE TABLE IF NOT EXISTS closed (line INTEGER PRIMARY KEY);
"""
KEEP: Final = {
    "candidates": "INSERT OR IGNORE INTO candidates VALUES (?, ?, ?)",
    "kinds": "INSERT OR IGNORE INTO kinds VALUES (?, ?)",
    "edges": "INSERT OR IGNORE INTO edges VALUES (?, ?)",
    "seen": "INSERT OR IGNORE INTO seen VALUES (?)",
    "entities": "INSERT OR IGNORE INTO entities VALUES (?, ?)",
    "labels": "INSERT OR IGNORE INTO labels VALUES (?, ?)",
}
CHOICE: Final = """
WITH RECURSIVE classes (id) AS (
    SELECT value FROM json_each(?) UNION SELECT child FROM edges JOIN classes ON parent = classes.id
)
SELECT id FROM candidates
WHERE id IN (SELECT kinds.id FROM kinds JOIN classes ON kind = classes.id)
ORDER BY sitelinks DESC, id LIMIT ?
"""


class Anything:
    """Holds every class: which ones are asked for is known once the whole tree is."""

    def __contains__(self, _: object) -> bool:
        return True


@dataclass(frozen=True, slots=True)
class Lines(ABC):
    """A pass over the lines. Rows go to the tables that they are named by."""

    path: Path

    @property
    def end(self) -> bytes:
        return b"\n"

    def read(self, units: bytes) -> Rows:
        rows: Rows = {}
        for number, (start, stop) in enumerate(_lines(units)):
            if not (units.startswith(b"{", start) and units.endswith(ENDS, start, stop)):
                core = units[start:stop].strip(BESIDE)
                if core in PUNCTUATION:
                    rows.setdefault("closed", []).extend([(number,)] if core == b"]" else [])
                    continue
                if not (core.startswith(b"{") and core.endswith(b"}")):
                    rows.setdefault("broken", []).append((number, "no JSON object"))
                    continue
            try:
                self.look(units, start, stop, rows)
            except orjson.JSONDecodeError:
                rows.setdefault("broken", []).append((number, "no JSON"))
            except MALFORMED as error:
                rows.setdefault("broken", []).append((number, f"no entity ({type(error).__name__})"))
        return rows

    @abstractmethod
    def look(self, units: bytes, start: int, stop: int, rows: Rows) -> None:
        """Add to the rows what is to be kept of one line, of which no copy is made before it is known to be of use."""

    def store(self, work: sqlite3.Connection, found: Rows, line: int) -> None:
        for table, rows in found.items():
            if table in KEEP:
                work.executemany(KEEP[table], rows)
        for number, reason in found.get("broken", ()):
            work.execute("INSERT OR IGNORE INTO broken VALUES (?, ?)", (line + number + 1, reason))
        for (number,) in found.get("closed", ()):
            work.execute("INSERT OR IGNORE INTO closed VALUES (?)", (line + number + 1,))

    def finish(self, work: sqlite3.Connection, rest: bytes, line: int) -> None:
        self.store(work, self.read(rest), line)
        if not work.execute("SELECT count(*) FROM closed").fetchone()[0]:
            raise DataError(f"{self.path} is truncated: its last line is no ']'. Fetch it again.")


@dataclass(frozen=True, slots=True)
class Candidates(Lines):
    """The first pass: everybody who fits but for the class, the edges of the class tree, and classes asked for."""

    criteria: Criteria
    sites: tuple[bytes, ...]  # those that a candidate has an article in

    def look(self, units: bytes, start: int, stop: int, rows: Rows) -> None:
        at = units.rfind(b'"sitelinks"', start, stop)
        candidate = at >= 0 and all(units.find(site, at, stop) >= 0 for site in self.sites)
        name = None if candidate or units.find(b'"P279"', start, stop) >= 0 else _id(units, start, stop)
        if name is None:
            one = orjson.loads(units[start:stop].strip(BESIDE))
            name = one["id"]
            self._see(one, rows)
        if name in self.criteria.classes:
            rows.setdefault("seen", []).append((name,))

    def _see(self, one: Entity, rows: Rows) -> None:
        if one["id"][0] != "Q":
            return
        number = int(one["id"][1:])
        parents = [(int(parent[1:]), number) for parent in entity.items(one, "P279")]
        rows.setdefault("edges", []).extend(parents)
        if fits(one, self.criteria, Anything()):
            rows.setdefault("candidates", []).append(
                (number, entity.n_sitelinks(one), " ".join(sorted(entity.referenced(one))))
            )
            rows.setdefault("kinds", []).extend((int(kind[1:]), number) for kind in entity.items(one, "P31"))


@dataclass(frozen=True, slots=True)
class Named(Lines):
    """The second pass: entities and labels by id."""

    entities: frozenset[str]
    labels: frozenset[str]

    def look(self, units: bytes, start: int, stop: int, rows: Rows) -> None:
        name = _id(units, start, stop)
        if name and name not in self.entities and name not in self.labels:
            return
        line = units[start:stop].strip(BESIDE)
        one = orjson.loads(line)
        name = one["id"]
        if name in self.entities:
            rows.setdefault("entities", []).append((name, zlib.compress(line, 1)))
        if name in self.labels:
            texts = {code: label["value"] for code, label in (one.get("labels") or {}).items()}
            rows.setdefault("labels", []).append((name, orjson.dumps(texts)))

    def finish(self, work: sqlite3.Connection, rest: bytes, line: int) -> None:
        Lines.finish(self, work, rest, line)
        pairs = [("entities", name) for name in self.entities] + [("labels", name) for name in self.labels]
        work.executemany("INSERT OR IGNORE INTO looked_for VALUES (?, ?)", pairs)


def _lines(units: bytes) -> Iterator[tuple[int, int]]:
    """Where each line begins and ends; behind the last line's end there is none."""
    start = 0
    while (stop := units.find(b"\n", start)) >= 0:
        yield start, stop
        start = stop + 1
    if start < len(units):
        yield start, len(units)


def _id(units: bytes, start: int, stop: int) -> str | None:
    found = ID.match(units, start, stop)
    return found[1].decode() if found else None


class EntityDump:
    """A dump, with the work folder that its passes keep their finds in. A dump that changed is read anew.

    Raises:
        DataError: the file cannot be read or is no JSON dump of Wikidata's items.
    """

    def __init__(self, path: Path, work: Path, workers: int) -> None:
        _check(path)
        self._path, self._workers, self._folder = path, workers, work
        self._found = self._opened("entities", fingerprint(path))
        self._chosen: sqlite3.Connection | None = None

    @property
    def broken(self) -> dict[int, str]:
        """What is wrong with a line, by its number: of the lines that a pass so far had to look at."""
        files = [self._found, *([self._chosen] if self._chosen else [])]
        return dict(sorted(row for file in files for row in file.execute("SELECT line, reason FROM broken")))

    def choose(self, criteria: Sequence[Criteria]) -> list[list[str]]:
        """The Q-ids that each of the criteria chooses, as `sparql.choose` does, in one pass for all.

        The criteria differ in nothing but their classes and `n`.

        Raises:
            ConfigError: the dump has no such class.
            DataError: nobody fits; a damaged or truncated dump.
        """
        every = replace(
            criteria[0], classes=tuple(dict.fromkeys(name for one in criteria for name in one.classes)), n=0
        )
        sites = tuple(f'"{language.site}"'.encode() for language in every.required)
        self._chosen = self._opened("candidates", digest([fingerprint(self._path), repr(every)]))
        self._scan(Candidates(self._path, every, sites), self._chosen, "choose", "choosing characters")
        return [self._choice(one, self._chosen) for one in criteria]

    def entities(self, ids: Sequence[str]) -> Iterator[Entity]:
        """Those that the dump has, in order. The labels they refer to are read in the same pass.

        Raises:
            DataError: a damaged or truncated dump.
        """
        self._look(ids, self._referenced(ids))
        for name in ids:
            row = self._found.execute("SELECT json FROM entities WHERE id = ?", (name,)).fetchone()
            if row:
                yield orjson.loads(zlib.decompress(row[0]))

    def labels(self, ids: Sequence[str], codes: Sequence[str]) -> dict[str, dict[str, str]]:
        """The labels of those that the dump has, by language code.

        Raises:
            DataError: a damaged or truncated dump.
        """
        self._look((), ids)
        found = dict[str, dict[str, str]]()
        for name in ids:
            row = self._found.execute("SELECT json FROM labels WHERE id = ?", (name,)).fetchone()
            if row:
                texts = orjson.loads(row[0])
                found[name] = {code: texts[code] for code in codes if code in texts}
        return found

    def _choice(self, criteria: Criteria, work: sqlite3.Connection) -> list[str]:
        for name in criteria.classes:
            if not work.execute("SELECT 1 FROM seen WHERE id = ?", (name,)).fetchone():
                raise ConfigError(f"characters.classes: {self._path} has no item {name!r}.")
        classes = orjson.dumps([int(name[1:]) for name in criteria.classes]).decode()
        chosen = [f"Q{number}" for (number,) in work.execute(CHOICE, (classes, criteria.n))]
        if not chosen:
            raise DataError(
                f"Nobody in {self._path} fits: no member of {', '.join(criteria.classes)} has label, description and "
                f"article in {', '.join(language.code for language in criteria.required)}."
            )
        return chosen

    def _referenced(self, ids: Sequence[str]) -> list[str]:
        """What the chosen refer to, as the first pass has seen it."""
        if self._chosen is None:
            return []
        query, found = "SELECT referenced FROM candidates WHERE id = ?", set[str]()
        for name in ids:
            for (referenced,) in self._chosen.execute(query, (int(name[1:]),)):
                found |= set(referenced.split())
        return sorted(found)

    def _look(self, entities: Sequence[str], labels: Sequence[str]) -> None:
        """A pass for those that no pass has looked for yet."""
        wanted = self._unlooked("entities", entities), self._unlooked("labels", labels)
        if any(wanted):
            name = digest([sorted(ids) for ids in wanted])
            self._scan(Named(self._path, *wanted), self._found, name, "reading entities and labels")

    def _unlooked(self, wanted: str, ids: Sequence[str]) -> frozenset[str]:
        query = "SELECT 1 FROM looked_for WHERE wanted = ? AND id = ?"
        return frozenset(name for name in ids if not self._found.execute(query, (wanted, name)).fetchone())

    def _scan(self, job: Lines, work: sqlite3.Connection, name: str, title: str) -> None:
        scan(self._path, job, work, name, self._workers, title)

    def _opened(self, kind: str, key: str) -> sqlite3.Connection:
        file = work_file(self._folder / f"{kind}-{key}.sqlite")
        file.executescript(TABLES)
        return file


def _check(path: Path) -> None:
    """See that a file is what it should be before hours go into it."""
    text = beginning(path).lstrip(b"\xef\xbb\xbf \t\r\n")
    if text.startswith(b"<"):
        raise DataError(f"{path} is XML: entities are read from Wikidata's JSON dump, latest-all.json.gz.")
    kind = re.search(rb'"type":\s*"(\w+)"', text)
    if not text.startswith(b"[") or kind is None:
        raise DataError(f"{path} is no JSON dump of Wikidata: it begins with {text[:40]!r}.")
    if kind[1].decode() not in KINDS:
        raise DataError(f"{path} is a dump of another kind, of {kind[1].decode()}s: items are in latest-all.json.gz.")
