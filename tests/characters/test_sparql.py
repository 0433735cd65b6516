"""The queries on a real SPARQL engine, against plain Python over the same entities."""

import re
from collections.abc import Iterable, Iterator
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ditto.characters import sparql
from ditto.characters.criteria import Criteria, fits
from ditto.characters.entity import Entity, items, n_sitelinks
from ditto.characters.languages import language
from ditto.characters.web import Client
from ditto.errors import ConfigError, DataError
from tests.characters.graph import graph, query_service, results
from tests.characters.loopback import Asked, Reply, Server, serving
from tests.characters.wiki import (
    CLASSES,
    GREGORIAN,
    JULIAN,
    REDIRECTS,
    WORLD,
    a_time,
    an_item,
    item,
    novalue,
    somevalue,
    statement,
)

EITHER = ("Q15632617", "Q5")
OUT_OF_TIME = Reply(b"java.util.concurrent.TimeoutException", 500)
EXISTING = {name: one for name, one in WORLD.items() if name[0] == "Q"}


def criteria(
    *classes: str, languages: Iterable[str] = ("en",), complete: bool = True, living: bool = True, n: int = 1000
) -> Criteria:
    return Criteria(classes or EITHER, tuple(map(language, languages)), complete, living, n)


def expected(world: Iterable[Entity], wanted: Criteria) -> list[str]:
    entities = list(world)
    classes, before = set(wanted.classes), set[str]()
    while classes != before:
        before = set(classes)
        classes |= {one["id"] for one in entities if classes & set(items(one, "P279"))}
    chosen = [one for one in entities if fits(one, wanted, classes)]
    ranked = sorted(chosen, key=lambda one: (-n_sitelinks(one), int(one["id"][1:])))
    return [one["id"] for one in ranked[: wanted.n]]


def values(query: str) -> list[str]:
    """What a page of a query is about."""
    found = re.search(r"VALUES \?(?:sitelinks|class) \{ (.*?) \}", query)
    return found[1].split() if found else []


@pytest.fixture(scope="module")
def world() -> Iterator[Server]:
    with query_service(graph(WORLD.values(), REDIRECTS)) as server:
        yield server


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    with Client(tmp_path, "someone@example.org", attempts=2, pause=0.01) as made:
        yield made


@pytest.fixture(params=["the famous", "the members"])
def beginning(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a query begins must not change what it finds."""
    monkeypatch.setattr(sparql, "FEW", 0 if request.param == "the famous" else 1000)


CHOICES = [
    criteria(),
    criteria(living=False),
    criteria(languages=("en", "zh")),
    criteria(languages=("en", "zh"), complete=False),
    criteria(languages=("zh", "en"), living=False),
    criteria(languages=("ar",)),
    criteria(languages=("ar", "en", "zh")),
    criteria("Q5"),
    criteria("Q5", living=False),
    criteria("Q15632617"),
    criteria("Q900000001"),
    criteria("Q900000002"),
    criteria("Q900000004"),
    criteria("Q900000005"),
    criteria("Q4167410", "Q15632617"),
    *(criteria(n=n) for n in range(1, 20)),
]


@pytest.mark.usefixtures("beginning")
@pytest.mark.parametrize("wanted", CHOICES)
def test_chosen_are_those_who_fit_in_the_order_of_fame(world: Server, client: Client, wanted: Criteria) -> None:
    chosen = sparql.choose(client, world.address, wanted)
    assert chosen == expected(EXISTING.values(), wanted)
    assert chosen


def test_the_small_world_is_hard_enough() -> None:
    """Ties, and a choice that changes with everything that may be asked for."""
    everybody = expected(EXISTING.values(), criteria())
    fame = [n_sitelinks(WORLD[one]) for one in everybody]
    assert max(map(fame.count, fame)) >= 3
    assert len({tuple(expected(EXISTING.values(), wanted)) for wanted in CHOICES}) > 20
    assert not {"Q900000025", "Q900000030", "Q900000031", "Q900000032", "Q900000033"} & set(everybody)


RANKS = st.sampled_from(["preferred", "normal", "normal", "deprecated"])
KINDS = st.sampled_from([an_item(one) for one in ("Q5", "Q15632617", *CLASSES, "Q4167410", "Q84")] + [somevalue()])
YEARS = st.sampled_from(["-0044", "+0001", "+1899", "+1900", "+1985"])
DAYS = st.sampled_from(["00-00", "05-31", "12-19", "12-20", "12-31"])
CALENDARS = st.sampled_from([GREGORIAN, JULIAN])
TIMES = st.builds(lambda year, day, of: a_time(f"{year}-{day}T00:00:00Z", calendar=of), YEARS, DAYS, CALENDARS)
DATES = TIMES | st.sampled_from([somevalue("time"), novalue("time")])
TEXTS = st.dictionaries(
    st.sampled_from(["en", "mul", "zh", "zh-hans", "zh-tw", "nb", "no", "sr-ec", "ar"]), st.just("x")
)
SITES = ["enwiki", "zhwiki", "arwiki", "nowiki", "srwiki", "be_x_oldwiki", "enwikiquote", "commonswiki"]


@st.composite
def entities(draw: st.DrawFn) -> list[Entity]:
    def somebody(number: int) -> Entity:
        of = [statement("P31", kind, draw(RANKS)) for kind in draw(st.lists(KINDS, min_size=1, max_size=2))]
        of += [statement("P569", date, draw(RANKS)) for date in draw(st.lists(DATES, max_size=2))]
        of += [statement("P570", date, draw(RANKS)) for date in draw(st.lists(DATES, max_size=1))]
        links = draw(st.lists(st.sampled_from(SITES), unique=True))
        return item(f"Q{number}", draw(TEXTS), draw(TEXTS), claims=of, sitelinks=dict.fromkeys(links, f"Page {number}"))

    numbers = st.sampled_from([7, 8, 9, 60, 70, 80, 500, 600, 700, 4000])
    return [somebody(number) for number in draw(st.lists(numbers, min_size=1, unique=True))]


@st.composite
def wishes(draw: st.DrawFn) -> Criteria:
    codes = draw(
        st.lists(st.sampled_from(["en", "zh", "ar", "nb", "sr", "be-tarask"]), min_size=1, max_size=2, unique=True)
    )
    classes = draw(st.lists(st.sampled_from([*EITHER, *CLASSES]), min_size=1, max_size=3, unique=True))
    languages = tuple(language(code, draw(st.sampled_from([(), ("en",)]))) for code in codes)
    return Criteria(tuple(classes), languages, draw(st.booleans()), draw(st.booleans()), draw(st.integers(1, 8)))


@pytest.fixture(scope="module")
def changing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Client, Iterator[int]]]:
    """A server whose world is changed for every example, with an address of its own for each."""
    folder = tmp_path_factory.mktemp("cache")
    with serving(lambda _: OUT_OF_TIME) as server, Client(folder, "someone@example.org") as client:
        yield server, client, count()


@given(entities(), wishes(), st.sampled_from([0, 1000]), st.sampled_from([1, 2, 5, 100]))
@settings(max_examples=60, deadline=None)
def test_whatever_the_world_and_however_little_time(
    changing: tuple[Server, Client, Iterator[int]], people: list[Entity], wanted: Criteria, few: int, most: int
) -> None:
    server, client, example = changing
    everything = [*(WORLD[one] for one in (*EITHER, *CLASSES, "Q900000005")), *people]
    store, right = graph(everything), expected(everything, wanted)
    server.answer = lambda asked: (
        OUT_OF_TIME if len(values(asked.params["query"])) > most else Reply(results(store, asked.params["query"]))
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sparql, "FEW", few)
        patch.setattr(sparql, "MOST", len(SITES))
        url = f"{server.address}/{next(example)}"
        if right:
            assert sparql.choose(client, url, wanted) == right
        else:
            with pytest.raises(DataError, match="knows nobody"):
                sparql.choose(client, url, wanted)


def test_of_equally_many_sitelinks_the_lower_number_comes_first(client: Client) -> None:
    def twin(id: str) -> Entity:
        named = {"en": id}
        return item(id, named, named, claims=[statement("P31", an_item("Q5"))], sitelinks={"enwiki": id})

    with query_service(graph([WORLD["Q5"], *map(twin, ("Q10", "Q9", "Q100", "Q8"))])) as server:
        assert sparql.choose(client, server.address, criteria("Q5", n=3)) == ["Q8", "Q9", "Q10"]


def test_julian_births_count_by_the_gregorian_year(client: Client) -> None:
    def born(id: str, day: str, calendar: str) -> Entity:
        claims = [statement("P31", an_item("Q5")), statement("P569", a_time(f"+1899-12-{day}T00:00:00Z", 11, calendar))]
        return item(id, {"en": id}, {"en": id}, claims=claims, sitelinks={"enwiki": id})

    people = [born("Q7", "19", JULIAN), born("Q8", "20", JULIAN), born("Q9", "31", GREGORIAN), WORLD["Q5"]]
    wanted = criteria("Q5", living=False)
    with query_service(graph(people)) as server:
        assert sparql.choose(client, server.address, wanted) == expected(people, wanted) == ["Q7", "Q9"]


def test_subclasses_are_of_any_depth_and_only_while_they_are_held_to_be(world: Server, client: Client) -> None:
    assert sparql.subclasses(client, world.address, ["Q15632617"]) == [
        "Q15632617", "Q900000001", "Q900000002", "Q900000003",
    ]  # fmt: skip
    assert sparql.subclasses(client, world.address, ["Q900000005", "Q5"]) == ["Q5", "Q900000004", "Q900000005"]


@pytest.mark.parametrize("unknown", ["Q123456789", *REDIRECTS])
def test_a_class_that_wikidata_does_not_have(world: Server, client: Client, unknown: str) -> None:
    told = f"^characters.classes: Wikidata has no item '{unknown}', or has merged it into another.$"
    with pytest.raises(ConfigError, match=told):
        sparql.choose(client, world.address, criteria("Q5", unknown))


@pytest.mark.parametrize("name", ["human", "", "q5", "Q05", "P31", "Q5 } #", "Q5\n", "Q٥"])
def test_what_is_no_id(client: Client, name: str) -> None:
    with pytest.raises(ConfigError, match=r"^characters.classes: .* is no id of an item: give one such as 'Q5'.$"):
        sparql.choose(client, "http://127.0.0.1:9/", criteria("Q5", name))


@pytest.mark.usefixtures("beginning")
def test_nobody_fits(world: Server, client: Client) -> None:
    with pytest.raises(DataError) as raised:
        sparql.choose(client, world.address, criteria("Q84", "Q5", languages=["en", "ja"], living=False))
    assert str(raised.value) == (
        f"{world.address} knows nobody of the classes Q84, Q5 with label, description and article in en, ja "
        "who is not alive: name other classes or languages."
    )


def test_a_service_that_refuses(client: Client) -> None:
    refusal = Reply(b"You are banned", 403)
    with serving(lambda _: refusal) as server, pytest.raises(DataError, match=r"HTTP 403, 'You are banned'"):
        sparql.choose(client, server.address, criteria())


def bands(server: Server) -> list[list[str]]:
    return [values(asked.params["query"]) for asked in server.asked if "VALUES ?sitelinks" in asked.params["query"]]


def test_pages_go_from_the_top_and_no_further_than_needed(
    client: Client, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sparql, "FEW", 0)
    wanted = criteria(n=3)
    with query_service(graph(WORLD.values())) as server:
        assert sparql.choose(client, server.address, wanted) == expected(EXISTING.values(), wanted)
        asked = [int(one) for band in bands(server) for one in band]
        assert asked == list(range(1000, 7, -1))
        assert [len(band) for band in bands(server)] == [500, 250, 125, 63, 31, 16, 8]


def test_a_page_that_takes_too_long_is_halved_and_none_is_wider_after(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sparql, "FEW", 0)

    def late(band: list[str]) -> bool:
        return len(band) > 10 and int(band[-1]) < 100

    def fault(asked: Asked) -> Reply | None:
        return (
            OUT_OF_TIME
            if "VALUES ?sitelinks" in asked.params["query"] and late(values(asked.params["query"]))
            else None
        )

    with query_service(graph(WORLD.values()), fault) as server:
        chosen = sparql.choose(client, server.address, criteria())
        assert chosen == expected(EXISTING.values(), criteria())
        widest = 500
        for band in bands(server):
            assert len(band) <= widest
            widest = (len(band) + 1) // 2 if late(band) else widest
        assert widest < 10
        answered = [int(one) for band in bands(server) if not late(band) for one in band]
        assert answered == list(range(1000, 0, -1))
        n = len(server.asked)
        assert sparql.choose(client, server.address, criteria()) == chosen
        assert len(server.asked) == n  # not even what took too long


def test_no_time_for_a_single_number_of_sitelinks(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sparql, "FEW", 0)
    with query_service(
        graph(WORLD.values()), lambda asked: OUT_OF_TIME if "9" in values(asked.params["query"]) else None
    ) as server:
        with pytest.raises(DataError) as raised:
            sparql.choose(client, server.address, criteria())
        assert str(raised.value) == (
            f"{server.address} has no time for what has 9 sitelinks, and 2 characters were found before: "
            "ask for no more than these, name narrower classes, or try later."
        )
        assert bands(server)[-2:] == [["9"], ["9"]]  # it is asked again, for it may only have been busy
        assert sparql.choose(client, server.address, criteria(n=2)) == ["Q1048", "Q900000027"]


def test_no_time_for_the_members_of_a_class(client: Client) -> None:
    with (
        query_service(
            graph(WORLD.values()),
            lambda asked: (
                OUT_OF_TIME if "DISTINCT ?item" in asked.params["query"] and values(asked.params["query"]) else None
            ),
        ) as server,
        pytest.raises(DataError, match="has no time for the members of Q5, and 0 characters"),
    ):
        sparql.choose(client, server.address, criteria("Q5"))


def test_no_time_for_subclasses(client: Client) -> None:
    def fault(asked: Asked) -> Reply | None:
        return OUT_OF_TIME if "P279" in asked.params["query"] else None

    with (
        query_service(graph(WORLD.values()), fault) as server,
        pytest.raises(DataError, match="has no time for the subclasses of Q5: name narrower classes, or try later"),
    ):
        sparql.choose(client, server.address, criteria("Q5"))


def test_members_that_cannot_even_be_counted_are_many(client: Client) -> None:
    def fault(asked: Asked) -> Reply | None:
        return OUT_OF_TIME if "COUNT" in asked.params["query"] else None

    with query_service(graph(WORLD.values()), fault) as server:
        assert sparql.choose(client, server.address, criteria()) == expected(EXISTING.values(), criteria())
        assert bands(server)
