"""A Wikipedia's articles out of its XML dump (`pages-articles`, https://www.mediawiki.org/wiki/Help:Export), in passes.

A pass reads the pages of the titles wanted; only these are parsed. What redirects lead to is read in another pass, and
most often there is none: Wikidata's links seldom lead to redirects.
"""

import html
import re
import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple
from xml.etree.ElementTree import Element, ParseError

import orjson
from defusedxml.ElementTree import fromstring

from ditto.characters import wikitext
from ditto.characters.blocks import beginning, fingerprint
from ditto.characters.languages import Language
from ditto.characters.scan import scan, work_file
from ditto.characters.wikipedia import Article, article
from ditto.errors import DataError
from ditto.records import Page
from ditto.store import digest

TABLES: Final = """
CREATE TABLE IF NOT EXISTS pages (
    title TEXT PRIMARY KEY, target TEXT, section TEXT, revision INTEGER, text BLOB, article BLOB
);
CREATE TABLE IF NOT EXISTS looked_for (title TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS broken (line INTEGER PRIMARY KEY, reason TEXT);
"""
DBNAME: Final = re.compile(rb"<dbname>([^<]*)</dbname>")
NONE: Final = "no article"


class Row(NamedTuple):
    """A page as it is kept. A redirect has a target; `text` is compressed, `article` is JSON and of the whole page."""

    title: str
    target: str
    section: str
    revision: int
    text: bytes
    article: bytes


@dataclass(frozen=True, slots=True)
class Found:
    rows: list[Row]
    broken: list[tuple[int, str]]


@dataclass(frozen=True, slots=True)
class Titled:
    """The pages of some titles."""

    path: Path
    wiki: str
    titles: frozenset[str]

    @property
    def end(self) -> bytes:
        return b"</page>"

    def read(self, units: bytes) -> Found:
        found = Found([], [])
        for start, stop in _pages(units):
            opened, closed = units.find(b"<title>", start, stop), units.find(b"</title>", start, stop)
            title = _unescaped(units[opened + len(b"<title>") : closed]) if 0 <= opened < closed else None
            if title is not None and title not in self.titles:
                continue
            try:
                found.rows.append(_row(self.wiki, units[max(units.find(b"<page>", start, stop), start) : stop]))
            except (ParseError, AttributeError, ValueError, TypeError):
                line = units.count(b"\n", 0, max(opened, start))
                found.broken.append((line, f"no page: {title}" if title else "no page"))
        return found

    def store(self, work: sqlite3.Connection, found: Found, line: int) -> None:
        work.executemany("INSERT OR IGNORE INTO pages VALUES (?, ?, ?, ?, ?, ?)", found.rows)
        broken = [(line + number + 1, reason) for number, reason in found.broken]
        work.executemany("INSERT OR IGNORE INTO broken VALUES (?, ?)", broken)

    def finish(self, work: sqlite3.Connection, rest: bytes, line: int) -> None:
        if b"</mediawiki>" not in rest:
            raise DataError(f"{self.path} is truncated: it does not end with </mediawiki>. Fetch it again.")
        work.executemany("INSERT OR IGNORE INTO looked_for VALUES (?)", [(title,) for title in self.titles])


class PageDump:
    """A Wikipedia's dump, with the work folder that its passes keep their finds in; one that changed is read anew.

    Raises:
        DataError: the file cannot be read, or is no XML dump of this language's Wikipedia.
    """

    def __init__(self, path: Path, language: Language, work: Path, workers: int) -> None:
        _check(path, language)
        self._path, self._wiki, self._workers = path, language.wiki, workers
        self._work = work_file(work / f"pages-{language.site}-{fingerprint(path)}.sqlite")
        self._work.executescript(TABLES)

    @property
    def broken(self) -> dict[int, str]:
        """What is wrong with a page that was read, by the number of its line."""
        return dict(self._work.execute("SELECT line, reason FROM broken ORDER BY line"))

    def articles(self, titles: Sequence[str]) -> dict[str, Article | str]:
        """By the title asked for; a text says why there is none, as in `wikipedia.collect`.

        Raises:
            DataError: a damaged or truncated dump.
        """
        while unread := self._unread(step for title in titles for step in self._steps(title)):
            job = Titled(self._path, self._wiki, unread)
            scan(self._path, job, self._work, digest(sorted(unread)), self._workers, "reading articles")
        return {title: self._article(title) for title in dict.fromkeys(titles)}

    def _unread(self, titles: Iterable[str]) -> frozenset[str]:
        query = "SELECT 1 FROM looked_for WHERE title = ?"
        return frozenset(title for title in titles if not self._work.execute(query, (title,)).fetchone())

    def _steps(self, title: str) -> list[str]:
        """The titles that redirects lead through, the one asked for first; one that is there twice ends it."""
        steps = [title]
        while (row := self._row(steps[-1])) and row.target and steps.count(steps[-1]) == 1:
            steps.append(row.target)
        return steps

    def _row(self, title: str) -> Row | None:
        row = self._work.execute("SELECT * FROM pages WHERE title = ?", (title,)).fetchone()
        return Row(*row) if row else None

    def _article(self, title: str) -> Article | str:
        *before, last = self._steps(title)
        row = self._row(last)
        if row is None or row.target:
            return NONE
        leads = self._row(before[-1]) if before else None
        if leads and leads.section:
            return article(self._wiki, row.title, row.revision, zlib.decompress(row.text).decode(), leads.section)
        return _read(row.article)


def _pages(units: bytes) -> Iterator[tuple[int, int]]:
    """Where each page begins and ends, with what stands in front of it."""
    start = 0
    while (stop := units.find(b"</page>", start)) >= 0:
        yield start, stop + len(b"</page>")
        start = stop + len(b"</page>")


def _unescaped(title: bytes) -> str:
    return html.unescape(title.decode()) if b"&" in title else title.decode()


def _row(wiki: str, page: bytes) -> Row:
    tree = fromstring(page)
    title, revision = _text(tree, "title"), tree.findall("revision")[-1]
    number, text = int(_text(revision, "id")), _text(revision, "text")
    redirect = tree.find("redirect")
    if redirect is not None:
        _, section = wikitext.redirect(text) or ("", "")
        return Row(title, redirect.attrib["title"], section, number, b"", b"")
    kept = article(wiki, title, number, text)
    return Row(title, "", "", number, zlib.compress(text.encode(), 1), orjson.dumps(kept))


def _text(element: Element, name: str) -> str:
    """
    Raises:
        ValueError: there is no such element.
    """
    found = element.find(name)
    if found is None:
        raise ValueError(name)
    return found.text or ""


def _read(kept: bytes) -> Article | str:
    told: Any = orjson.loads(kept)
    return told if isinstance(told, str) else Article(**{**told, "page": Page(**told["page"])})


def _check(path: Path, language: Language) -> None:
    """See that a file is what it should be before hours go into it."""
    text = beginning(path)
    site = DBNAME.search(text)
    if not text.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<mediawiki") or site is None:
        raise DataError(
            f"{path} is no XML dump of a wiki's pages (pages-articles.xml.bz2): it begins with {text[:40]!r}."
        )
    if site[1].decode() != language.site:
        raise DataError(
            f"{path} is of {site[1].decode()}: for characters in {language.code!r} give the dump of {language.site}."
        )
