"""Wikidata's and the Wikipedias' action APIs on loopback, in the shapes of the real ones (format version 2).

They tell of `wiki.WORLD` and `wiki.PAGES`, count what they are asked, and fail as they are told to.
"""

import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Final, Self

from ditto.characters.entity import Entity
from tests.characters.loopback import Asked, Reply, serving
from tests.characters.wiki import DELETED, PAGES, REDIRECTS, WORLD, WikiPage

Params = dict[str, str]
Said = dict[str, Any]
Fault = Callable[[Reply], Reply]  # what is sent instead of a reply

CONTACT: Final = "someone@example.org"
MOST: Final = 50
PATH: Final = "/w/api.php"
LANGUAGES: Final = "en zh zh-hans zh-hant zh-cn zh-tw ar de fr ja nb no simple pt he mul".split()
ILLEGAL: Final = re.compile(r"[\[\]{}<>|#]|^:?$")
TEXTS: Final = {"labels", "descriptions", "aliases"}
AT_ONCE: Final = {"Retry-After": "0"}


def lagging(_: Reply) -> Reply:
    return Reply(failed("maxlag", "Waiting for 10.64.48.35: 7.4 seconds lagged."), headers=AT_ONCE)


def crowded(_: Reply) -> Reply:
    return Reply(b"<html>Too many requests</html>", 429, AT_ONCE)


def down(_: Reply) -> Reply:
    return Reply(b"<html>Service Unavailable</html>", 503)


def halved(reply: Reply) -> Reply:
    """All of it seems to be there."""
    return Reply(reply.data[: len(reply.data) // 2])


def cut(reply: Reply) -> Reply:
    """The line breaks in the middle of it."""
    half = len(reply.data) // 2
    return Reply(reply.data[:half], missing=len(reply.data) - half)


def lost(_: Reply) -> Reply:
    return Reply(dropped=True)


FAULTS: Final = (lagging, crowded, down, halved, cut, lost)


def failed(code: str, text: str) -> Said:
    """An error as MediaWiki reports it, with HTTP 200."""
    return {"errors": [{"code": code, "text": text, "module": "main"}], "docref": "See the API's help."}


class Refused(Exception):
    """An error of the API: its code and text."""


class Services:
    """A context. `wikidata` and `wikipedia` are the APIs' addresses, `asked` what came in; `faults` are done first.

    `most` is how many characters of wikitext one reply holds.
    """

    def __init__(
        self,
        world: Mapping[str, Entity] = WORLD,
        pages: Mapping[tuple[str, str], WikiPage] = PAGES,
        most: int = 100_000,
    ) -> None:
        self.world, self.pages, self.most = world, pages, most
        self.faults: deque[Fault] = deque()
        self._context = ExitStack()

    def __enter__(self) -> Self:
        server = self._context.enter_context(serving(self._answer))
        self.asked = server.asked
        self.wikidata, self.wikipedia = (f"{server.address}/{site}{PATH}" for site in ("wikidata", "{lang}"))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._context.close()

    def _answer(self, asked: Asked) -> Reply:
        try:
            said = self._said(asked.path.removesuffix(PATH).strip("/"), asked.params)
        except Refused as error:
            said = failed(*error.args)
        return self.faults.popleft()(Reply(said)) if self.faults else Reply(said)

    def _said(self, site: str, params: Params) -> Said:
        if params.get("format") != "json" or params.get("formatversion") != "2":
            raise Refused("badformat", "This API speaks JSON in format version 2 only.")
        for name, value in params.items():
            if len(value.split("|")) > MOST and name != "search":
                raise Refused("toomanyvalues", f'Too many values supplied for parameter "{name}". The limit is {MOST}.')
        action = params.get("action", "")
        if action == "query" and "titles" in params:
            return self._pages(site, params)
        if action == "query":
            return self._languages(site, params)
        known = {"wbgetentities": self._entities, "wbsearchentities": self._search}
        if site != "wikidata" or action not in known:
            raise Refused("badvalue", f'Unrecognized value for parameter "action": {action}.')
        return known[action](params)

    # Wikidata

    def _languages(self, site: str, params: Params) -> Said:
        if site != "wikidata" or params.get("meta") != "wbcontentlanguages":
            return {"batchcomplete": True, "warnings": [{"code": "unrecognizedvalues", "module": "query"}]}
        return {"batchcomplete": True, "query": {"wbcontentlanguages": {code: {"code": code} for code in LANGUAGES}}}

    def _entities(self, params: Params) -> Said:
        if "ids" not in params:
            return {"entities": dict(self._by_title(params)), "success": 1}
        names = params["ids"].split("|")
        for name in names:
            if not re.fullmatch(r"[QP][1-9]\d{0,9}", name):
                raise Refused("no-such-entity", f'Could not find an entity with the ID "{name}".')
        return {"entities": {name: self._entity(name, params) for name in names}, "success": 1}

    def _by_title(self, params: Params) -> Iterator[tuple[str, Said]]:
        site, titles = params["sites"], params["titles"].split("|")
        if not site.endswith("wiki"):
            raise Refused("badvalue", f'Unrecognized value for parameter "sites": {site}.')
        if "normalize" in params:
            if len(titles) > 1:
                raise Refused("params-illegal", "Normalize is only allowed if exactly one site and one page are given.")
            titles = [_normal(titles[0])]
        for n, title in enumerate(titles, start=1):
            linked = [name for name, one in self.world.items() if _title(one, site) == title]
            for name in linked:
                yield name, self._entity(name, params)
            if not linked:
                yield f"-{n}", {"site": site, "title": title, "missing": ""}

    def _entity(self, id: str, params: Params) -> Said:
        to = REDIRECTS.get(id, id)
        if to not in self.world or id in DELETED:
            return {"id": id, "missing": ""}
        one, props = self.world[to], params.get("props", "").split("|")
        said: Said = {"redirects": {"from": id, "to": to}} if to != id else {}
        if "info" in props:
            said |= {"pageid": int(to[1:]), "ns": 0, "title": to, "lastrevid": one["lastrevid"]}
        said |= {name: part for name, part in one.items() if name in {"type", "id", *props}}
        if "languages" in params:
            codes = params["languages"].split("|")
            for name in TEXTS & said.keys():
                said[name] = {code: text for code, text in dict(said[name]).items() if code in codes}
        return said

    def _search(self, params: Params) -> Said:
        wanted, code = params["search"], params["language"]
        if code not in LANGUAGES:
            raise Refused("badvalue", f'Unrecognized value for parameter "language": {code}.')
        items = [one for one in self.world.values() if one["type"] == params.get("type", "item")]
        items.sort(key=lambda one: -len(one["sitelinks"]))
        hits = [hit for one in items if (hit := _hit(one, code, wanted.strip().casefold()))]
        return {"searchinfo": {"search": wanted}, "search": hits[: int(params.get("limit", 7))], "success": 1}

    # The Wikipedias

    def _pages(self, site: str, params: Params) -> Said:
        query: dict[str, list[Said]] = {"normalized": [], "redirects": [], "pages": []}
        found: dict[str, Said] = {}
        for title in dict.fromkeys(params["titles"].split("|")):
            if (normal := _normal(title)) != title:
                query["normalized"].append({"fromencoded": False, "from": title, "to": normal})
            for page in self._followed(site, normal, query["redirects"]):
                found[page["title"]] = page
        pages = sorted(found.values(), key=lambda page: page.get("pageid", 0))
        query["pages"] = pages
        more = self._fill(site, pages, params)
        said: Said = {"continue": more} if more else {"batchcomplete": True}
        return said | {"query": {name: rows for name, rows in query.items() if rows}}

    def _followed(self, site: str, title: str, redirects: list[Said]) -> Iterator[Said]:
        """The page a title leads to; there is none at the end of a circle."""
        while (page := self.pages.get((site, title))) and page.redirect is not None:
            to, _, fragment = page.redirect.partition("#")
            step = {"from": title, "to": to} | ({"tofragment": fragment} if fragment else {})
            if step in redirects:
                return
            redirects.append(step)
            title = to
        if ILLEGAL.search(title):
            yield {"title": title, "invalidreason": "The title contains invalid characters.", "invalid": True}
        elif page is None:
            yield {"ns": 0, "title": title, "missing": True}
        else:
            yield {"pageid": page.revision % 1_000_000, "ns": 0, "title": title}

    def _fill(self, site: str, pages: Iterable[Said], params: Params) -> Params:
        """Put texts into the pages, as many as a reply holds and one at least; what to continue with."""
        begin, told = params.get("rvcontinue", "0|0").split("|")[0], 0
        for known in (page for page in pages if "pageid" in page):
            page = self.pages[site, known["title"]]
            if page.disambiguation and "continue" not in params:
                known["pageprops"] = {"disambiguation": ""}
            if known["pageid"] < int(begin):
                continue
            if told and told + len(page.text) > self.most:
                return {"rvcontinue": f"{known['pageid']}|{page.revision}", "continue": "||pageprops"}
            told += len(page.text)
            content = {"contentmodel": "wikitext", "contentformat": "text/x-wiki", "content": page.text}
            known["revisions"] = [{"revid": page.revision, "parentid": 0, "slots": {"main": content}}]
        return {}


def _normal(title: str) -> str:
    title = " ".join(title.replace("_", " ").split())
    return title[:1].upper() + title[1:]


def _title(one: Entity, site: str) -> str | None:
    link = dict(one.get("sitelinks", ())).get(site)
    return str(link["title"]) if link else None


def _names(one: Entity, code: str) -> Iterator[tuple[str, str]]:
    for language in (code, "mul"):
        if label := dict(one["labels"]).get(language):
            yield "label", label["value"]
        for alias in dict(one["aliases"]).get(language, ()):
            yield "alias", alias["value"]


def _hit(one: Entity, code: str, wanted: str) -> Said | None:
    found = next((name for name in _names(one, code) if name[1].casefold().startswith(wanted)), None)
    if found is None:
        return None
    match = {"type": found[0], "language": code, "text": found[1]}
    said: Said = {"id": one["id"], "title": one["id"], "repository": "wikidata", "display": {}, "match": match}
    for name in ("label", "description"):
        texts = dict(one[f"{name}s"])
        if text := texts.get(code) or texts.get("mul"):
            said[name], said["display"][name] = text["value"], text
    return said
