"""Entities as RDF, in the shape of Wikidata's, and a query service over them on loopback.

https://www.mediawiki.org/wiki/Wikibase/Indexing/RDF_Dump_Format has the shape.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from typing import Any

from pyoxigraph import BlankNode, Literal, NamedNode, Quad, QueryResultsFormat, Store

from ditto.characters.entity import Entity
from tests.characters.loopback import Asked, Reply, Server, serving

WD, PROP = "http://www.wikidata.org/entity/", "http://www.wikidata.org/prop/"
WIKIBASE, SCHEMA = "http://wikiba.se/ontology#", "http://schema.org/"
XSD, RDFS = "http://www.w3.org/2001/XMLSchema#", "http://www.w3.org/2000/01/rdf-schema#"
A = NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#type")
SAME_AS = NamedNode("http://www.w3.org/2002/07/owl#sameAs")
TAGS = {"zh-cn": "zh-Hans-CN", "zh-tw": "zh-Hant-TW", "zh-hans": "zh-Hans", "sr-ec": "sr-Cyrl", "no": "nb"}
HOSTS = {"be_x_old": "be-tarask"}
Term = NamedNode | Literal | BlankNode


def graph(entities: Iterable[Entity], redirects: Mapping[str, str] | None = None) -> Store:
    store = Store()
    for entity in entities:
        store.extend(Quad(*triple) for triple in _entity(entity))
    store.extend(Quad(_wd(old), SAME_AS, _wd(new)) for old, new in (redirects or {}).items())
    return store


@contextmanager
def query_service(store: Store, fault: Callable[[Asked], Reply | None] = lambda _: None) -> Iterator[Server]:
    """Answers queries, where the test has not another answer."""

    def answer(asked: Asked) -> Reply:
        return fault(asked) or Reply(results(store, asked.params["query"]))

    with serving(answer) as server:
        yield server


def results(store: Store, query: str) -> bytes:
    data = store.query(query).serialize(format=QueryResultsFormat.JSON)
    assert isinstance(data, bytes)
    return data


def _entity(entity: Entity) -> Iterator[tuple[Term, NamedNode, Term]]:
    item = _wd(entity["id"])
    yield item, A, NamedNode(f"{WIKIBASE}{entity['type'].capitalize()}")
    yield from ((item, about, text) for about, text in _texts(entity))
    if entity["type"] == "item":
        links = entity["sitelinks"] or {}
        yield item, NamedNode(f"{WIKIBASE}sitelinks"), Literal(len(links))
        for link in links.values():
            yield from _page(item, link)
    for name, statements in (entity["claims"] or {}).items():
        for statement in statements:
            yield from _statement(item, name, statement, _is_best(statement, statements))


def _texts(entity: Entity) -> Iterator[tuple[NamedNode, Literal]]:
    for name, about in (("labels", f"{RDFS}label"), ("descriptions", f"{SCHEMA}description")):
        for text in (entity[name] or {}).values():
            yield NamedNode(about), _text(text)
    for several in (entity["aliases"] or {}).values():
        for text in several:
            yield NamedNode("http://www.w3.org/2004/02/skos/core#altLabel"), _text(text)


def _page(item: NamedNode, link: Mapping[str, str]) -> Iterator[tuple[Term, NamedNode, Term]]:
    """`enwiki` is at en.wikipedia.org, `enwikiquote` at en.wikiquote.org."""
    code, _, project = link["site"].partition("wiki")
    site = f"https://{HOSTS.get(code, code).replace('_', '-')}.wiki{project or 'pedia'}.org/"
    page = NamedNode(f"{site}wiki/{''.join(f'%{byte:02X}' for byte in link['title'].encode())}")
    yield page, A, NamedNode(f"{SCHEMA}Article")
    yield page, NamedNode(f"{SCHEMA}about"), item
    yield page, NamedNode(f"{SCHEMA}isPartOf"), NamedNode(site)
    yield page, NamedNode(f"{SCHEMA}name"), Literal(link["title"])


def _statement(
    item: NamedNode, name: str, statement: Mapping[str, Any], best: bool
) -> Iterator[tuple[Term, NamedNode, Term]]:
    node = NamedNode(f"{WD}statement/{statement['id'].replace('$', '-')}")
    yield item, NamedNode(f"{PROP}{name}"), node
    yield node, NamedNode(f"{WIKIBASE}rank"), NamedNode(f"{WIKIBASE}{statement['rank'].capitalize()}Rank")
    if best:
        yield node, A, NamedNode(f"{WIKIBASE}BestRank")
    snak = statement["mainsnak"]
    if snak["snaktype"] == "novalue":
        for holder in (node, item) if best else (node,):
            yield holder, A, NamedNode(f"{PROP}novalue/{name}")
        return
    value = _value(snak)
    yield node, NamedNode(f"{PROP}statement/{name}"), value
    if best:
        yield item, NamedNode(f"{PROP}direct/{name}"), value


def _is_best(statement: Mapping[str, Any], among: Iterable[Mapping[str, Any]]) -> bool:
    preferred = any(one["rank"] == "preferred" for one in among)
    return bool(statement["rank"] == ("preferred" if preferred else "normal"))


def _value(snak: Mapping[str, Any]) -> Term:
    if snak["snaktype"] == "somevalue":
        return BlankNode()
    value = snak["datavalue"]["value"]
    match snak["datavalue"]["type"]:
        case "wikibase-entityid":
            return _wd(value.get("id") or f"Q{value['numeric-id']}")
        case "time":
            return Literal(_date(_gregorian(value)), datatype=NamedNode(f"{XSD}dateTime"))
        case "monolingualtext":
            return Literal(value["text"], language=value["language"])
        case _:
            return Literal(str(value))


def _gregorian(value: Mapping[str, Any]) -> str:
    """A Julian day in the Gregorian calendar, as Wikidata's RDF has it (Wikibase's JulianDateTimeValueCleaner)."""
    year, month, day = map(int, re.findall(r"\d+", value["time"])[:3])
    if not (value["calendarmodel"].endswith("Q1985786") and value["precision"] >= 11 and month and day):
        return str(value["time"])
    if value["time"][0] == "-" or year < 4:
        return str(value["time"])
    since = 14 - month
    years, months = year + 4800 - since // 12, month + 12 * (since // 12) - 3
    julian_day = day + (153 * months + 2) // 5 + 365 * years + years // 4 - 32083
    return f"+{date.fromordinal(julian_day - 1721425):%Y-%m-%d}T00:00:00Z"


def _date(time: str) -> str:
    """XML Schema 1.1 has a year 0, which is Wikibase's -1; what is not known is the first."""
    year = int(time[: time.index("-", 1)])
    year += year < 0
    return f"{'-' * (year < 0)}{abs(year):04}{time[time.index('-', 1) :].replace('-00', '-01')}"


def _text(text: Mapping[str, str]) -> Literal:
    return Literal(text["value"], language=TAGS.get(text["language"], text["language"]))


def _wd(id: str) -> NamedNode:
    return NamedNode(WD + id)
