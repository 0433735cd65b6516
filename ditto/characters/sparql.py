"""Who is taken from Wikidata, by SPARQL: `criteria.fits` and the order of fame, asked of a query service.

The public service (https://query.wikidata.org, Blazegraph) ends every query after 60 seconds, and twelve million
people are too many to test or to sort in that time. The query has its shape for these reasons:

- How many sitelinks an item has is stored with it and indexed. A page is a band of such counts written out, each
  a look-up; the most famous come first, and what is below the last one needed is never read. `ORDER BY` over all
  would read them all.
- Where the classes have few members, which may all have few sitelinks, the members are looked up instead.
- Everything further is a test of one item, around a select that ends before it begins: a planner that may choose
  where to begin takes the twelve million. For the same reason the tests are filters and no joins, and those
  that cost most, of texts by language, come last.
- Subclasses are asked for first, as a path in the query would be walked for every item.
- A page the service has no time for is halved, and none is wider after that.

Values are Wikidata's "truthy" ones (`wdt:`), as in `entity.best`. A value that is known to exist, but not which, is
a blank node or, at the public service, an address of its own: it is there, and has no year.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from ditto.characters.criteria import PAGES, QID, Criteria
from ditto.characters.entity import BORN, DIED, HUMAN, LONG_AGO, number
from ditto.characters.languages import Language
from ditto.characters.web import Client, TimedOut
from ditto.errors import ConfigError, DataError
from ditto.progress import Progress

MOST: Final = 1000  # sitelinks an item can have: one for each of Wikimedia's wikis
FEW: Final = 50_000  # members that can be tested one by one
# Language tags of RDF where they are not the codes (MediaWiki's LanguageCode::bcp47), in lower case.
TAGS: Final = {
    "als": "gsw",
    "no": "nb",
    "simple": "en-simple",
    "sr-ec": "sr-cyrl",
    "sr-el": "sr-latn",
    "zh-classical": "lzh",
    "zh-cn": "zh-hans-cn",
    "zh-hk": "zh-hant-hk",
    "zh-min-nan": "nan",
    "zh-mo": "zh-hant-mo",
    "zh-my": "zh-hans-my",
    "zh-sg": "zh-hans-sg",
    "zh-tw": "zh-hant-tw",
    "zh-yue": "yue",
}
PREFIXES: Final = """\
PREFIX wd: <http://www.wikidata.org/entity/>
PREFIX wdt: <http://www.wikidata.org/prop/direct/>
PREFIX wikibase: <http://wikiba.se/ontology#>
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
PREFIX schema: <http://schema.org/>
"""


def subclasses(client: Client, url: str, classes: Sequence[str]) -> list[str]:
    """The classes and all their subclasses, by number.

    Raises:
        ConfigError: a class is no id, or Wikidata has no such item.
        DataError: the service gives no answer, or not in its time.
    """
    for name in classes:
        if not QID.fullmatch(name):
            raise ConfigError(f"characters.classes: {name!r} is no id of an item: give one such as {HUMAN!r}.")
    known = _whole(client, url, f"VALUES ?item {{ {_ids(classes)} }} ?item wikibase:sitelinks ?n .", "its own classes")
    for name in classes:
        if name not in known:
            raise ConfigError(f"characters.classes: Wikidata has no item {name!r}, or has merged it into another.")
    found: set[str] = set()
    for name in classes:
        found |= _whole(client, url, f"?item wdt:P279* wd:{name} .", f"the subclasses of {name}")
    return sorted(found, key=number)


def choose(client: Client, url: str, criteria: Criteria) -> list[str]:
    """The Q-ids of the `criteria.n` with the most sitelinks that fit, of equally many the lower id first.

    Raises:
        ConfigError: a class is no id, or Wikidata has no such item.
        DataError: nobody fits, or the service gives no answer, or not in its time.
    """
    classes = subclasses(client, url, criteria.classes)
    found: dict[str, int] = {}
    try:
        with Progress("characters chosen", criteria.n) as progress:
            for page in _pages(client, url, criteria, classes):
                more = min(len(page), criteria.n - len(found))
                found |= page
                if more > 0:
                    progress.advance(more)
    except TimedOut as error:
        raise DataError(
            f"{url} has no time for {error}, and {len(found)} characters were found before: "
            "ask for no more than these, name narrower classes, or try later."
        ) from None
    if not found:
        raise DataError(f"{url} knows nobody {_wanted(criteria)}: name other classes or languages.")
    return sorted(found, key=lambda item: (-found[item], number(item)))[: criteria.n]


def members(client: Client, url: str, items: Sequence[str], classes: Sequence[str]) -> list[str]:
    """Those of the items that belong to one of the classes, in their order; `classes` with all their subclasses.

    Raises:
        DataError: the service gives no answer, or not in its time.
    """
    if not items:
        return []
    pattern = f"VALUES ?item {{ {_ids(items)} }} ?item wdt:P31 ?class . FILTER(?class IN ({_ids(classes, ', ')}))"
    found = _whole(client, url, pattern, "the classes of a few items")
    return [item for item in items if item in found]


def _pages(client: Client, url: str, criteria: Criteria, classes: Sequence[str]) -> Iterator[dict[str, int]]:
    """Who fits, with numbers of sitelinks: all there are, or as many of the most famous as are needed."""
    tests = _tests(criteria)
    if _few(client, url, classes):
        yield from _banded(client, url, [classes], lambda band: _query(_members(band), tests), "the members of {}")
        return
    tests = [[f"FILTER EXISTS {{ ?item wdt:P31 ?class . FILTER(?class IN ({_ids(classes, ', ')})) }}"], *tests]
    left = criteria.n
    for page in _banded(client, url, _counts(), lambda band: _query(_famous(band), tests), "what has {} sitelinks"):
        yield page
        left -= len(page)
        if left <= 0:
            return


def _banded(
    client: Client, url: str, bands: Sequence[Sequence[str]], query: Callable[[Sequence[str]], str], about: str
) -> Iterator[dict[str, int]]:
    """The answers for the bands in turn, each halved as often as the service has no time for it.

    Raises:
        TimedOut: it has none for a single value.
    """
    todo, widest = deque(bands), max(map(len, bands))
    while todo:
        band = todo.popleft()
        half = (len(band) + 1) // 2
        if len(band) > widest:
            todo.extendleft((band[half:], band[:half]))
            continue
        try:
            rows = client.select(url, query(band), divisible=len(band) > 1)
        except TimedOut:
            if len(band) == 1:
                raise TimedOut(about.format(band[0])) from None
            widest = half
            todo.appendleft(band)
        else:
            yield {_id(row["item"]): int(row.get("sitelinks", 0)) for row in rows}


def _counts() -> list[list[str]]:
    """The numbers of sitelinks from the most downwards, each band down to half of its first: the fewer sitelinks,
    the more items have so many.
    """
    bands, top = [], MOST
    while top:
        bands.append([str(n) for n in range(top, top // 2, -1)])
        top //= 2
    return bands


def _few(client: Client, url: str, classes: Sequence[str]) -> bool:
    some = f"SELECT ?item WHERE {{ VALUES ?class {{ {_ids(classes)} }} ?item wdt:P31 ?class . }} LIMIT {FEW + 1}"
    try:
        rows = client.select(url, f"{PREFIXES}SELECT (COUNT(*) AS ?n) WHERE {{ {{ {some} }} }}")
    except TimedOut:
        return False
    return int(rows[0]["n"]) <= FEW


def _whole(client: Client, url: str, pattern: str, about: str) -> set[str]:
    """The items of a pattern that cannot be asked for in parts."""
    try:
        rows = client.select(url, f"{PREFIXES}SELECT DISTINCT ?item WHERE {{ {pattern} }}", divisible=False)
    except TimedOut:
        raise DataError(f"{url} has no time for {about}: name narrower classes, or try later.") from None
    return {_id(row["item"]) for row in rows}


def _query(start: str, tests: Sequence[Sequence[str]]) -> str:
    """Every group of tests around a select of what has passed those before."""
    inner = start
    for group in tests:
        inner = _select("\n".join((inner, *group)))
    return f"{PREFIXES}SELECT ?item ?sitelinks WHERE {{\n{inner}\n}}"


def _famous(counts: Sequence[str]) -> str:
    return _select(f"VALUES ?sitelinks {{ {' '.join(counts)} }}\n?item wikibase:sitelinks ?sitelinks .")


def _members(classes: Sequence[str]) -> str:
    """Optional, for nothing can begin with what is; every item has its number of sitelinks."""
    of_class = f"SELECT DISTINCT ?item WHERE {{ VALUES ?class {{ {_ids(classes)} }} ?item wdt:P31 ?class . }}"
    return _select(f"{{ {of_class} }}\nOPTIONAL {{ ?item wikibase:sitelinks ?sitelinks . }}")


def _select(body: str) -> str:
    return f"{{ SELECT ?item ?sitelinks WHERE {{\n{body}\n}} }}"


def _tests(criteria: Criteria) -> list[list[str]]:
    """What a candidate must pass beside its class, the cheapest first."""
    kind = [f"FILTER NOT EXISTS {{ ?item wdt:P31 ?kind . FILTER(?kind IN ({_ids(PAGES, ', ')})) }}"]
    if not criteria.living:
        kind.append(
            f"FILTER(NOT EXISTS {{ ?item wdt:P31 wd:{HUMAN} . }}"
            f" || EXISTS {{ ?item wdt:{DIED} ?died . }}"
            f" || EXISTS {{ ?item wdt:{BORN} ?born . FILTER(YEAR(?born) < {LONG_AGO}) }})"
        )
    articles = [
        f"FILTER EXISTS {{ ?page schema:about ?item ; schema:isPartOf <https://{language.wiki}.wikipedia.org/> . }}"
        for language in criteria.required
    ]
    texts = [
        f"FILTER EXISTS {{ ?item {text} ?text . FILTER(LCASE(LANG(?text)) IN ({_tags(language)})) }}"
        for language in criteria.required
        for text in ("rdfs:label", "schema:description")
    ]
    return [kind, articles, texts]


def _tags(language: Language) -> str:
    tags = dict.fromkeys(tag for name in language.names for tag in (name, TAGS.get(name, name)))
    return ", ".join(f'"{tag}"' for tag in tags)


def _ids(items: Iterable[str], between: str = " ") -> str:
    return between.join(f"wd:{item}" for item in items)


def _id(address: str) -> str:
    return address.rpartition("/")[2]


def _wanted(criteria: Criteria) -> str:
    codes = ", ".join(language.code for language in criteria.required)
    wanted = f"of the classes {', '.join(criteria.classes)} with label, description and article in {codes}"
    return wanted if criteria.living else f"{wanted} who is not alive"
