"""A few characters by Q-id, name, address or profile, beside those of another source."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ditto.characters.add import AddCharacters
from ditto.characters.live import Wikimedia
from ditto.errors import ConfigError, DataError
from tests.characters.graph import graph, query_service
from tests.characters.loopback import Server
from tests.characters.services import Services
from tests.characters.wiki import REDIRECTS, WORLD, an_item, item, statement

NANO = {"_target_": "ditto.nano.source.NanoCharacters", "n_train": 4, "n_test": 4, "languages": ["en"]}
TWIN = item(
    "Q900000777",
    labels={"en": "Sherlock Holmes"},
    descriptions={"en": "detective of a television series"},
    claims=[statement("P31", an_item("Q15632617"))],
    sitelinks={"enwiki": "Sherlock Holmes (series)"},
)
FILM = item("Q900000778", labels={"en": "Sherlock Holmes"}, descriptions={"en": "a film"}, sitelinks={"enwiki": "Film"})


@pytest.fixture
def services() -> Iterator[Services]:
    with Services(world=WORLD | {"Q900000778": FILM}) as server:
        yield server


@pytest.fixture(scope="module")
def query() -> Iterator[Server]:
    with query_service(graph([*WORLD.values(), TWIN, FILM], REDIRECTS)) as server:
        yield server


@pytest.fixture
def mira(tmp_path: Path) -> str:
    (tmp_path / "mira.yaml").write_text("label: Mira\ndescription: smuggler\n", "utf-8")
    return str(tmp_path / "mira.yaml")


def adding(names: list[str], services: Services, query: Server, cache: Path, **said: Any) -> AddCharacters:
    web = Wikimedia(
        query=f"{query.address}/sparql",
        wikidata=services.wikidata,
        wikipedia=services.wikipedia,
        contact="https://example.org/us",
        concurrency=1,
        cache=str(cache),
    )
    more = {"side": "train", "base": NANO, "languages": ["en"], "fallback": [], "tokenizer": None} | said
    return AddCharacters(add=names, web=web, **more)


@pytest.mark.parametrize(
    ("name", "id"),
    [
        ("Q42", "Q42"),
        ("Q900000900", "Q42"),  # merged into it
        ("https://www.wikidata.org/wiki/Q1048", "Q1048"),
        ("https://en.wikipedia.org/wiki/Douglas_Adams", "Q42"),
        ("https://zh.m.wikipedia.org/wiki/%E7%8B%90%E7%8B%B8%F0%9F%A6%8A", "Q900000010"),
        ("Sherlock Holmes", "Q4653"),  # the film is no character
        ("holmes", "Q4653"),
    ],
)
def test_a_character_is_known_by_any_of_its_names(
    name: str, id: str, services: Services, query: Server, tmp_path: Path
) -> None:
    split = adding([name], services, query, tmp_path).split()
    assert [c.id for c in split.train][-1] == id
    assert (len(split.train), len(split.test)) == (5, 4)


def test_languages_are_added_where_they_are(services: Services, query: Server, tmp_path: Path) -> None:
    split = adding(["Q42", "Q1048"], services, query, tmp_path, languages=["en", "zh", "ar"], side="test").split()
    assert [(c.id, c.lang) for c in split.test[4:]] == [("Q42", "en"), ("Q42", "zh"), ("Q1048", "en"), ("Q1048", "zh")]


def test_profiles_need_no_network(mira: str, services: Services, query: Server, tmp_path: Path) -> None:
    split = adding([mira], services, query, tmp_path).split()
    assert split.train[-1].label == "Mira"
    assert not services.asked


def test_who_is_added_twice_or_is_there_already_is_there_once(
    mira: str, services: Services, query: Server, tmp_path: Path
) -> None:
    base = {
        "base": {"_target_": "ditto.characters.jsonl.JsonlCharacters", "path": str(tmp_path / "people"), "n_test": 2}
    }
    people = [f'{{"id": "{name}", "lang": "en", "label": "Q{n}", "description": "d"}}' for n, name in enumerate("abc")]
    mine = '{"id": "mira", "lang": "en", "label": "Another", "description": "d"}'
    (tmp_path / "people").write_text("\n".join([*people, mine]), "utf-8")
    split = adding([mira, "Q42", mira, "Douglas Adams"], services, query, tmp_path, **base).split()
    everybody = [c.id for c in (*split.train, *split.test)]
    assert sorted(everybody) == ["Q42", "a", "b", "c", "mira"]
    assert [c.label for c in split.train if c.id == "mira"] == ["Mira"]


def test_the_identity_follows_names_profiles_and_base(
    mira: str, services: Services, query: Server, tmp_path: Path
) -> None:
    sources = [
        adding([mira], services, query, tmp_path),
        adding([mira, "Q42"], services, query, tmp_path),
        adding([mira], services, query, tmp_path, side="test"),
        adding([mira], services, query, tmp_path, base=NANO | {"n_train": 5}),
    ]
    before = {source.identity for source in sources}
    assert len(before) == 4
    assert adding([mira], services, query, tmp_path / "elsewhere").identity == sources[0].identity
    Path(mira).write_text("label: Mira\ndescription: captain\n", "utf-8")
    assert sources[0].identity not in before


def test_several_of_a_name_are_listed(query: Server, tmp_path: Path) -> None:
    with (
        Services(world=WORLD | {TWIN["id"]: TWIN}) as services,
        pytest.raises(ConfigError, match=r"one of several: .*Q4653 \(Sherlock Holmes, fictional detective.*Q900000777"),
    ):
        adding(["Q42", "Nobody", "Sherlock Holmes"], services, query, tmp_path).split()
    assert not any(one.params.get("ids") for one in services.asked)  # nobody was collected


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("Nobody At All", "'Nobody At All': nobody is called so"),
        ("London", "'London': nobody is called so"),
        ("sherlock h", "'sherlock h': nobody is called so; names that begin so have Q4653 (Sherlock Holmes"),
        ("Q900000901", "'Q900000901': no such entity"),
        ("Q12345678901", "refuses the request (no-such-entity)"),
        ("Q5", "'Q5': no article (en)"),
        ("https://en.wikipedia.org/wiki/Nowhere", "Nowhere': no article that Wikidata knows"),
        ("Scheherazade", "'Scheherazade': disambiguation (en)"),
    ],
)
def test_who_cannot_be_added_is_told_in_a_sentence(
    name: str, says: str, services: Services, query: Server, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError) as error:
        adding([name], services, query, tmp_path).split()
    assert "none of them can be had" in str(error.value)
    assert says in str(error.value)


def test_the_others_are_added_without_who_cannot_be_had(
    mira: str, services: Services, query: Server, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    names = ["Q5", "Q12345678901", "福尔摩斯", "Nobody", mira, "Q1048"]
    split = adding(names, services, query, tmp_path, languages=["zh", "ar"]).split()
    assert [(c.id, c.lang) for c in split.train[4:]] == [("Q4653", "zh"), ("mira", "en"), ("Q1048", "zh")]
    api = f"added as Q12345678901: {services.wikidata} refuses the request (no-such-entity): Could not find an entity"
    assert split.dropped == {
        "added as Nobody: nobody is called so": 1,
        "added as Q5: no article (zh)": 1,
        f'{api} with the ID "Q12345678901"': 1,
        "added as 福尔摩斯: disambiguation (ar), told in another language": 1,
        "added as Q1048: no article (ar), told in another language": 1,
    }
    (warned,) = (record.message for record in caplog.records if record.levelname == "WARNING")
    assert all(reason.removeprefix("added as ").partition(": ")[2] in warned for reason in split.dropped)


def test_who_cannot_be_had_leaves_the_profiles(mira: str, services: Services, query: Server, tmp_path: Path) -> None:
    assert [c.id for c in adding(["Q5", mira], services, query, tmp_path).split().train[4:]] == ["mira"]


def test_a_profile_that_is_not_there_is_refused_at_once(services: Services, query: Server, tmp_path: Path) -> None:
    source = adding(["nobody.yaml"], services, query, tmp_path)
    with pytest.raises(DataError, match=r"nobody\.yaml cannot be read"):
        assert source.identity


@pytest.mark.parametrize(
    ("said", "says"),
    [
        ({"languages": []}, "characters.languages"),
        ({"languages": ["??"]}, "'??'"),
        ({"base": NANO | {"n_train": 1}}, "characters.n_train=1"),
        ({"base": NANO | {"m_train": 1}}, "characters.base.m_train is unknown"),
    ],
)
def test_what_cannot_be_meant_is_refused_at_once(
    said: dict[str, Any], says: str, services: Services, query: Server, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError) as error:
        adding(["Q42"], services, query, tmp_path, **said)
    assert says in str(error.value)


def test_nothing_to_add_is_refused(services: Services, query: Server, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"characters\.add is empty"):
        adding([], services, query, tmp_path)
