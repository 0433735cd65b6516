"""Wikimedia's dumps: entities and articles a second beside bare decompression of the same file, and the memory.

The files are made here, in the real layout and of the sizes that entities and articles have on average; one entity in
fifty and one page in five hundred are wanted.
"""

import bz2
import gzip
import json
import os
import resource
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from random import Random
from typing import Final, NamedTuple
from xml.etree.ElementTree import iterparse

import psutil  # type: ignore[import-untyped]

from benchmarks.timing import alone
from ditto.characters import wikitext
from ditto.characters.criteria import Criteria, fits
from ditto.characters.entity_dump import EntityDump
from ditto.characters.languages import language
from ditto.characters.page_dump import PageDump

ENTITIES: Final = 40_000  # of 16 kB, as on average in 2025
PAGES: Final = 20_000  # of 4 kB
SMALLER: Final = 10
ROUNDS: Final = 3
EN, ZH = language("en"), language("zh")
CRITERIA: Final = Criteria(("Q5",), (EN, ZH), complete=True, living=True, n=100)
CODES: Final = "en zh de fr es it ru ja ar pt nl sv pl uk fa he tr ko cs fi hu el ca da no".split()
HUMANS, WANTED = 50, 500  # one in so many


class Row(NamedTuple):
    """`each` is units a second, `per_core` units a second of processor time."""

    name: str
    each: float
    per_core: float


def run() -> Iterator[tuple[str, list[Row], list[tuple[str, float, float]]]]:
    """(what, rates, memory as (how many, seconds, MiB at most in all processes)) of both dumps."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        dumps = {"entities": (write_entities, ENTITIES, _entities), "articles": (write_pages, PAGES, _articles)}
        for what, (write, n, ways) in dumps.items():
            small, large = write(folder / f"small-{what}", n // SMALLER), write(folder / what, n)
            memory = [
                (f"{size:,} {what}", *alone(_peak, what, path, folder / f"work-{size}"))
                for path, size in ((small, n // SMALLER), (large, n))
            ]
            yield what, measured(ways(small), ways(large), n - n // SMALLER), memory


Ways = Mapping[str, Callable[[Path], None]]


def measured(small: Ways, large: Ways, n: int) -> list[Row]:
    """Medians of some rounds, each way in turn; the first round warms up.

    What a file takes more than a smaller one is of its `n` units more, without the start of processes.
    """
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in large}
    for number in range(ROUNDS + 1):
        for name, way in large.items():
            more, less = _taken(way), _taken(small[name])
            if number:
                found[name].append((more[0] - less[0], more[1] - less[1]))
    return [
        Row(name, *(n / statistics.median(one) for one in zip(*taken, strict=True))) for name, taken in found.items()
    ]


def _taken(way: Callable[[Path], None]) -> tuple[float, float]:
    """Seconds, and seconds of processor time."""
    with tempfile.TemporaryDirectory() as work:
        start, before = time.perf_counter(), _processor()
        way(Path(work))
        return time.perf_counter() - start, _processor() - before


def _processor() -> float:
    """Seconds of processor time, of this process and those that it has seen the end of."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in used)


def _cores() -> int:
    return os.cpu_count() or 1


def _entities(path: Path) -> Ways:
    return {
        "ours, first pass": partial(_choose, path),
        "the limit: gzip alone": lambda _: _through(gzip.open(path)),
        "one entity at a time": lambda _: _one_by_one(path),
    }


def _articles(path: Path) -> Ways:
    return {
        "ours": partial(_collect, path),
        "the limit: bzip2 alone": lambda _: _through(bz2.open(path)),
        "one page at a time": lambda _: _page_by_page(path),
    }


def _peak(what: str, path: Path, work: Path) -> tuple[float, float]:
    """Seconds, and MiB by which this process and its workers grew together at most."""
    start, before, highest, ended = time.perf_counter(), _resident(), [0.0], threading.Event()

    def watch() -> None:
        while not ended.wait(0.01):
            highest[0] = max(highest[0], _resident())

    watcher = threading.Thread(target=watch)
    watcher.start()
    (_choose if what == "entities" else _collect)(path, work)
    ended.set()
    watcher.join()
    return time.perf_counter() - start, highest[0] - before


def _resident() -> float:
    """MiB of this process and of those that it started."""
    mib = 0.0
    for process in (psutil.Process(), *psutil.Process().children()):
        with suppress(psutil.Error):
            # A child that is only just forked still counts all memory of this one as its own.
            if process.pid == os.getpid() or "ditto.characters.scan_worker" in process.cmdline():
                mib += process.memory_info().rss / (1 << 20)
    return mib


def _choose(path: Path, work: Path) -> None:
    assert EntityDump(path, work, _cores()).choose([CRITERIA])


def _collect(path: Path, work: Path) -> None:
    titles = _titles(path)
    found = PageDump(path, EN, work, _cores()).articles(titles)
    assert not any(isinstance(article, str) for article in found.values())


def _titles(path: Path) -> list[str]:
    n = PAGES // SMALLER if path.name.startswith("small") else PAGES
    return [f"Page {number}" for number in range(0, n, WANTED)]


def _through(file: gzip.GzipFile | bz2.BZ2File) -> None:
    with file:
        while file.read(1 << 20):
            pass


def _one_by_one(path: Path) -> None:
    with gzip.open(path) as lines:
        entities = (json.loads(line.strip(b",\n")) for line in lines if line[:1] == b"{")
        assert sum(fits(one, CRITERIA, {"Q5"}) for one in entities)


def _page_by_page(path: Path) -> None:
    titles = set(_titles(path))
    with bz2.open(path) as file:
        for _, element in iterparse(file):  # noqa: S314  (written by ourselves)
            if element.tag.endswith("}page"):
                if element.findtext("{*}title") in titles:
                    assert wikitext.plain(element.findtext("{*}revision/{*}text") or "")
                element.clear()


def write_entities(path: Path, n: int) -> Path:
    rng = Random(1)
    words = ["".join(rng.choices("etaoinshrdlu", k=rng.randrange(3, 9))) for _ in range(5000)]
    pool = [_statement(rng) for _ in range(20_000)]
    with gzip.open(path, "wt", compresslevel=6, encoding="utf-8") as file:
        file.write("[\n")
        for number in range(1, n + 1):
            file.write(_entity(number, rng, words, pool) + (",\n" if number < n else "\n"))
        file.write("]\n")
    return path


def _entity(number: int, rng: Random, words: list[str], pool: list[str]) -> str:
    human = number % HUMANS == 0
    codes = CODES if human else CODES[2 : rng.randrange(3, len(CODES))]
    labels = {code: {"language": code, "value": " ".join(rng.choices(words, k=2))} for code in codes}
    told = {code: {"language": code, "value": " ".join(rng.choices(words, k=4))} for code in codes}
    links = {f"{code}wiki": {"site": f"{code}wiki", "title": f"{number}", "badges": []} for code in codes if human}
    kind = 5 if human or number == 5 else rng.randrange(100, 10**6)
    own = _snak("P31", kind)
    claims = f'"P31":[{own % (f"Q{number}", rng.getrandbits(128))}]' + "".join(
        f',"P{1000 + n}":[{rng.choice(pool) % (f"Q{number}", rng.getrandbits(128))}]'
        for n in range(rng.randrange(4, 36))
    )
    texts = f'"labels":{_json(labels)},"descriptions":{_json(told)},"aliases":{{}}'
    return f'{{"type":"item","id":"Q{number}",{texts},"claims":{{{claims}}},"sitelinks":{_json(links)},"lastrevid":1}}'


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


def _statement(rng: Random) -> str:
    return _snak(f"P{rng.randrange(20, 9000)}", rng.randrange(10**7), rng.getrandbits(160))


def _snak(name: str, item: int, reference: int = 0) -> str:
    """A statement with its reference; slots for who it is of, and its number."""
    value = f'{{"value":{{"entity-type":"item","numeric-id":{item},"id":"Q{item}"}},"type":"wikibase-entityid"}}'
    main = f'{{"snaktype":"value","property":"{name}","datavalue":{value},"datatype":"wikibase-item"}}'
    source = f'[{{"hash":"{reference:040x}","snaks":{{"P248":[{main}]}},"snaks-order":["P248"]}}]'
    return f'{{"mainsnak":{main},"type":"statement","id":"%s$%032X","rank":"normal","references":{source}}}'


def write_pages(path: Path, n: int) -> Path:
    rng = Random(2)
    words = ["".join(rng.choices("etaoinshrdlu", k=rng.randrange(3, 9))) for _ in range(20_000)]
    with bz2.open(path, "wt", encoding="utf-8") as file:
        file.write('<mediawiki xmlns="http://www.mediawiki.org/xml/export-0.11/" version="0.11">\n')
        file.write("  <siteinfo>\n    <dbname>enwiki</dbname>\n  </siteinfo>\n")
        for number in range(n):
            file.write(_page(number, rng, words))
        file.write("</mediawiki>\n")
    return path


def _page(number: int, rng: Random, words: list[str]) -> str:
    paragraphs = [
        " ".join(rng.choices(words, k=80)) + f" [[{rng.choice(words)}]].&lt;ref&gt;a&lt;/ref&gt;" for _ in range(7)
    ]
    text = "\n\n== Life ==\n".join(paragraphs)
    return (
        f"  <page>\n    <title>Page {number}</title>\n    <ns>0</ns>\n    <id>{number}</id>\n"
        f"    <revision>\n      <id>{number + 1}</id>\n"
        f'      <text bytes="1" xml:space="preserve">{text}</text>\n    </revision>\n  </page>\n'
    )
