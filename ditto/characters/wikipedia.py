"""Articles of Wikipedia: from wikitext, however it was got, and by its action API.

Shapes of the API's replies: https://www.mediawiki.org/wiki/API:Query (format version 2),
https://www.mediawiki.org/wiki/API:Revisions.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Final, Self
from urllib.parse import quote

from ditto.characters import wikitext
from ditto.characters.batches import in_batches
from ditto.characters.languages import Language
from ditto.characters.web import Client
from ditto.records import Page

UNQUOTED: Final = ";@$!*(),/~:"  # as MediaWiki writes its own addresses
ASKED: Final[Mapping[str, str]] = {
    "action": "query",
    "redirects": "1",
    "prop": "revisions|pageprops",
    "rvprop": "ids|content",
    "rvslots": "main",
    "ppprop": "disambiguation",
}


@dataclass(frozen=True, slots=True)
class Article:
    """The plain text of an article, and what comes before its first heading."""

    page: Page
    text: str
    summary: str

    @property
    def whole(self) -> bool:
        """Whether it is all of its page, not a section."""
        return "#" not in self.page.url


def article(wiki: str, title: str, revision: int, text: str, section: str = "") -> Article | str:
    """The article of a page's wikitext, or of a section of it; a text is the reason why there is none.

    `wiki` is the Wikipedia's code, `revision` the number of this text.
    """
    if wikitext.redirect(text):
        return "no article"
    if wikitext.is_disambiguation(text):
        return "disambiguation"
    part = wikitext.section(text, section) if section else text
    if part is None:
        return "no such section"
    if not (read := wikitext.plain(part)):
        return "empty"
    page = Page(title=title, url=_address(wiki, title, section), revision=revision)
    return Article(page, read, wikitext.lead(part))


def collect(client: Client, url: str, lang: Language, titles: Sequence[str]) -> dict[str, Article | str]:
    """The articles by the titles asked for, redirects followed; a text is the reason why there is none.

    `url` is the API's address with `{lang}` for the Wikipedia's code.

    Raises:
        DataError: the service gives no answer.
    """
    address = url.replace("{lang}", lang.wiki)

    def ask(batch: Sequence[str]) -> list[tuple[str, Article | str]]:
        found = _Pages.of(client, address, batch)
        return [(title, found.article(lang.wiki, title)) for title in batch]

    batches = in_batches(titles)
    return dict(chain.from_iterable(client.each(ask, batches, f"articles of {lang.wiki}.wikipedia")))


@dataclass(frozen=True, slots=True)
class _Pages:
    """What a query tells of the titles asked for, gathered from all its parts."""

    pages: dict[str, dict[str, Any]] = field(default_factory=dict)  # by title
    leads_to: dict[str, tuple[str, str]] = field(default_factory=dict)  # title and section

    @classmethod
    def of(cls, client: Client, url: str, titles: Iterable[str]) -> Self:
        """A reply holds only so much text: the rest comes when asked to continue."""
        found, more = cls(), dict[str, str]()
        while True:
            reply = client.action(url, **ASKED, titles="|".join(titles), **more)
            found._add(reply.get("query", {}))
            if "continue" not in reply:
                return found
            more = reply["continue"]

    def article(self, wiki: str, title: str) -> Article | str:
        title, section = self._followed(title)
        page = self.pages.get(title, {})
        if "disambiguation" in page.get("pageprops", {}):
            return "disambiguation"
        for revision in page.get("revisions", ()):
            text = revision.get("slots", {}).get("main", {}).get("content")
            if text is not None:
                return article(wiki, title, revision["revid"], text, section)
        return "no article"

    def _add(self, query: Mapping[str, Any]) -> None:
        for page in query.get("pages", ()):
            self.pages.setdefault(page.get("title", ""), {}).update(page)
        for step in (*query.get("normalized", ()), *query.get("redirects", ())):
            here = "tointerwiki" not in step
            self.leads_to[step["from"]] = (step["to"] if here else "", step.get("tofragment", ""))

    def _followed(self, title: str) -> tuple[str, str]:
        """Where a title leads, and to which section; of a circle, one of its titles."""
        section, seen = "", set[str]()
        while title in self.leads_to and title not in seen:
            seen.add(title)
            title, anchor = self.leads_to[title]
            section = " ".join(anchor.replace("_", " ").split()) or section
        return title, section


def _address(wiki: str, title: str, section: str) -> str:
    name, part = (quote(one.replace(" ", "_"), safe=UNQUOTED) for one in (title, section))
    return f"https://{wiki}.wikipedia.org/wiki/{name}" + (f"#{part}" if section else "")
