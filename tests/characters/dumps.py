"""Wikimedia's dumps as they are laid out, of the small world in `wiki`: compressed in every way they come in."""

import bz2
import gzip
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from xml.sax.saxutils import escape

from ditto.characters.entity import Entity
from tests.characters.wiki import PAGES, WORLD, WikiPage

KINDS = ("plain", "gzip", "members", "bzip2", "streams")
SUFFIX = {"plain": "", "gzip": ".gz", "members": ".gz", "bzip2": ".bz2", "streams": ".bz2"}
XMLNS = "http://www.mediawiki.org/xml/export-0.11/"


def packed(data: bytes, kind: str, pieces: int = 7) -> bytes:
    """`members` and `streams` are many put together, cut anywhere."""
    size = len(data) // pieces + 1
    parts = [data[i : i + size] for i in range(0, len(data), size)]
    compress = {
        "plain": lambda: data,
        "gzip": lambda: gzip.compress(data),
        "members": lambda: b"".join(map(gzip.compress, parts)),
        "bzip2": lambda: bz2.compress(data, 1),
        "streams": lambda: b"".join(map(bz2.compress, parts)),
    }
    return compress[kind]()


def entity_lines(entities: Iterable[Entity] | None = None) -> list[bytes]:
    """The lines of a JSON dump; shards end without a comma, which then has a line of its own."""
    each = WORLD.values() if entities is None else entities
    lines = [json.dumps(one, ensure_ascii=n % 2 == 0, separators=(",", ":")).encode() for n, one in enumerate(each)]
    half = len(lines) // 2
    return [b"[", *(line + b"," for line in lines[:half]), lines[half], b",", *_commas(lines[half + 1 :]), b"]"]


def _commas(lines: Sequence[bytes]) -> list[bytes]:
    return [*(line + b"," for line in lines[:-1]), *lines[-1:]]


def entity_dump(folder: Path, kind: str = "gzip", lines: Sequence[bytes] | None = None) -> Path:
    path = folder / f"latest-all.json{SUFFIX[kind]}"
    path.write_bytes(packed(b"\n".join(entity_lines() if lines is None else lines) + b"\n", kind))
    return path


def page_dump(
    folder: Path,
    wiki: str,
    kind: str = "bzip2",
    more: Sequence[str] = (),
    pages: Mapping[tuple[str, str], WikiPage] = PAGES,
) -> Path:
    """The pages of one Wikipedia; `more` are pages as XML, before the others."""
    site = f"{wiki}wiki"
    told = "".join([*more, *(page_xml(page, n) for n, ((of, _), page) in enumerate(pages.items()) if of == wiki)])
    path = folder / f"{site}-latest-pages-articles.xml{SUFFIX[kind]}"
    path.write_bytes(packed((siteinfo(wiki, site) + told + "</mediawiki>\n").encode(), kind))
    return path


def siteinfo(wiki: str, site: str) -> str:
    return f"""<mediawiki xmlns="{XMLNS}" version="0.11" xml:lang="{wiki}">
  <siteinfo>
    <sitename>Wikipedia</sitename>
    <dbname>{site}</dbname>
    <base>https://{wiki}.wikipedia.org/wiki/Main_Page</base>
    <generator>MediaWiki 1.45.0</generator>
    <case>first-letter</case>
    <namespaces>
      <namespace key="0" case="first-letter" />
      <namespace key="1" case="first-letter">Talk</namespace>
    </namespaces>
  </siteinfo>
"""


def page_xml(page: WikiPage, number: int = 1, namespace: int = 0) -> str:
    entities = {'"': "&quot;"}
    lead = f'    <redirect title="{escape(page.redirect.split("#")[0], entities)}" />\n' if page.redirect else ""
    text = escape(page.text, entities)
    return f"""  <page>
    <title>{escape(page.title, entities)}</title>
    <ns>{namespace}</ns>
    <id>{number + 1000}</id>
{lead}    <revision>
      <id>{page.revision}</id>
      <parentid>{page.revision - 1}</parentid>
      <timestamp>2025-06-01T12:00:00Z</timestamp>
      <contributor>
        <username>Somebody &amp; &lt;title&gt;</username>
        <id>7</id>
      </contributor>
      <comment>a &lt;/page&gt; of &quot;notes&quot;</comment>
      <origin>{page.revision}</origin>
      <model>wikitext</model>
      <format>text/x-wiki</format>
      <text bytes="{len(page.text.encode())}" sha1="phoiac9h4m842xq45sp7s6u21eteeq1" xml:space="preserve">{text}</text>
      <sha1>phoiac9h4m842xq45sp7s6u21eteeq1</sha1>
    </revision>
  </page>
"""
