"""From the live services and from dumps: whole collections, on loopback, equal either way."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from ditto.characters.curation import Curation
from ditto.characters.live import Wikimedia
from ditto.characters.wanted import Wanted
from ditto.characters.web import Client
from ditto.characters.wikidata import WikidataCharacters
from ditto.characters.wikidata_dump import DumpCharacters
from ditto.errors import ConfigError, DataError
from ditto.records import Split, write_jsonl
from tests.characters.dumps import entity_dump, entity_lines, page_dump
from tests.characters.graph import graph, query_service
from tests.characters.loopback import Server
from tests.characters.services import Services, crowded, cut, lagging
from tests.characters.wiki import REDIRECTS, WORLD

WANTED: dict[str, Any] = {
    "classes": ["Q15632617", "Q5"],
    "n": 50,
    "languages": ["en"],
    "fallback": [],
    "complete": True,
    "living": True,
    "curation": Curation(min_words=0, near=None),
    "n_test": 2,
    "seed": 0,
    "tokenizer": None,
}
CHOICES: list[dict[str, Any]] = [
    {},
    {"languages": ["en", "zh"]},
    {"languages": ["zh", "en"], "complete": False, "living": False},
    {"languages": ["en", "zh", "ar"], "complete": False, "fallback": ["en"]},
    {"n": 3},
    {"curation": Curation(min_words=12, near=0.7)},
]


@pytest.fixture
def services() -> Iterator[Services]:
    with Services() as server:
        yield server


@pytest.fixture(scope="module")
def query() -> Iterator[Server]:
    with query_service(graph(WORLD.values(), REDIRECTS)) as server:
        yield server


def live(services: Services, query: Server, cache: Path, **said: Any) -> WikidataCharacters:
    web = Wikimedia(
        query=f"{query.address}/sparql",
        wikidata=services.wikidata,
        wikipedia=services.wikipedia,
        contact="someone@example.org",
        concurrency=1,
        cache=str(cache),
    )
    return WikidataCharacters(**(WANTED | said), web=web)


def dumped(folder: Path, **said: Any) -> DumpCharacters:
    wanted = WANTED | said
    files = {code: folder / code for code in wanted["languages"]}
    for file in files.values():
        file.mkdir(exist_ok=True)
    pages = {code: str(page_dump(file, code)) for code, file in files.items()}
    return DumpCharacters(
        **wanted, entities=str(entity_dump(folder)), pages=pages, work=str(folder / "work"), workers=1
    )


def lines(split: Split, folder: Path) -> bytes:
    """The records as the stage writes them, train before test."""
    write_jsonl(folder / "lines", (*split.train, *split.test))
    return (folder / "lines").read_bytes()


@pytest.mark.parametrize("said", CHOICES)
def test_dumps_and_services_tell_the_same(
    said: dict[str, Any], services: Services, query: Server, tmp_path: Path
) -> None:
    by_api, by_dump = live(services, query, tmp_path / "web", **said).split(), dumped(tmp_path, **said).split()
    assert by_api.train
    assert len({c.id for c in by_api.test}) >= 2
    assert lines(by_api, tmp_path) == lines(by_dump, tmp_path)
    assert by_api.dropped == by_dump.dropped


def test_what_a_character_is_told(services: Services, query: Server, tmp_path: Path) -> None:
    split = live(services, query, tmp_path, languages=["en", "zh"]).split()
    told = {(c.id, c.lang): c for c in (*split.train, *split.test)}
    adams = told["Q42", "en"]
    assert (adams.label, adams.category, adams.page and adams.page.revision) == (
        "Douglas Adams",
        "historical",
        1234567890,
    )
    assert ("date of birth", "11 March 1952") in [(c.property, c.value) for c in adams.claims]
    assert adams.summary.startswith("Douglas Noel Adams (11 March 1952")
    assert "Brentwood School" in adams.article
    assert "出生日期" in [c.property for c in told["Q42", "zh"].claims]
    assert told["Q900000010", "zh"].label == "狐狸🦊"
    assert told["Q4653", "en"].page is not None
    assert told["Q4653", "en"].page.title == "Holmes (detective)"
    assert split.dropped["disambiguation (en)"] == 1


def test_who_is_only_told_of_in_another_s_article_is_left_out(
    services: Services, query: Server, tmp_path: Path
) -> None:
    split = live(services, query, tmp_path, languages=["en", "zh"], complete=False).split()
    told = {(c.id, c.lang): c for c in (*split.train, *split.test)}
    assert split.dropped["another's article (en)"] == 1
    assert ("Q900000020", "en") not in told
    assert told["Q4653", "en"].page is not None  # a page that was moved
    assert told["Q4653", "zh"].page is not None  # a section, which is its own
    assert told["Q4653", "zh"].page.url.count("#") == 1


def test_a_second_run_asks_nothing(services: Services, query: Server, tmp_path: Path) -> None:
    source = live(services, query, tmp_path)
    first, asked = source.split(), (len(services.asked), len(query.asked))
    assert source.split() == first
    assert (len(services.asked), len(query.asked)) == asked


def test_faults_change_nothing(
    services: Services, query: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ditto.characters.live.Client", partial(Client, pause=0.01))
    calm = live(services, query, tmp_path / "calm").split()
    services.faults.extend((lagging, cut, crowded, crowded, lagging))
    assert live(services, query, tmp_path / "troubled").split() == calm


@pytest.mark.parametrize("killed_at", [1, 3, 6])
def test_a_killed_run_asks_only_for_what_is_missing(
    killed_at: int, services: Services, query: Server, tmp_path: Path
) -> None:
    source, asked = live(services, query, tmp_path / "web"), services.asked
    script = f"from tests.characters.test_wikidata import *\n{source!r}.split()"
    child = subprocess.Popen([sys.executable, "-c", script])

    def kill(reply: Any) -> Any:
        os.kill(child.pid, signal.SIGKILL)
        return reply

    services.faults.extend([*[lambda reply: reply] * (killed_at - 1), kill])
    assert child.wait(60) == -signal.SIGKILL
    before = [str(one.params) for one in asked]
    resumed = source.split()
    after = [str(one.params) for one in asked[len(before) :]]
    assert len(before) >= killed_at
    assert not set(before[:-1]) & set(after)
    assert resumed == live(services, query, tmp_path / "undisturbed").split()


@pytest.mark.parametrize(
    ("said", "kind", "says"),
    [
        ({"classes": ["Q999999999"]}, ConfigError, "'Q999999999'"),
        ({"languages": ["xx"]}, ConfigError, "'xx'"),
        ({"classes": ["Q84"]}, DataError, "Q84"),
        ({"languages": ["de"]}, DataError, "de"),
    ],
)
def test_who_cannot_be_had_is_told_in_a_sentence(
    said: dict[str, Any], kind: type[Exception], says: str, services: Services, query: Server, tmp_path: Path
) -> None:
    with pytest.raises(kind) as error:
        live(services, query, tmp_path, **said).split()
    assert says in str(error.value)
    assert str(error.value).count("\n") == 0


def test_nobody_asks_without_a_name(services: Services, query: Server, tmp_path: Path) -> None:
    source = live(services, query, tmp_path)
    with pytest.raises(ConfigError, match=r"characters\.web\.contact"):
        replace(source, web=replace(source.web, contact=None)).split()
    assert not services.asked


@pytest.mark.parametrize(
    ("said", "says"),
    [
        ({"classes": ["fictional"]}, "'fictional'"),
        ({"classes": []}, "at least one"),
        ({"languages": ["English"]}, "'English'"),
        ({"languages": ["en", "en"]}, "twice"),
        ({"n": 0}, "characters.n=0"),
        ({"n_test": -1}, "characters.n_test=-1"),
    ],
)
def test_what_cannot_be_meant_is_refused_at_once(said: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError) as error:
        Wanted(**(WANTED | said))
    assert says in str(error.value)


def test_a_language_without_its_wikipedia_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"characters\.pages has no 'zh'"):
        replace(dumped(tmp_path), languages=["en", "zh"])


def test_broken_lines_of_a_dump_are_counted_and_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    whole = dumped(tmp_path)
    calm = whole.split()
    broken = entity_lines()
    broken.insert(3, b'{"type":"item","id":"Q77","sitelinks":{"enwiki":{"ti')
    (tmp_path / "broken").mkdir()
    source = replace(whole, entities=str(entity_dump(tmp_path / "broken", lines=broken)))
    split = source.split()
    assert (split.train, split.test) == (calm.train, calm.test)
    assert [n for reason, n in split.dropped.items() if "broken line" in reason] == [1]
    assert "line 4" in caplog.text
