"""Entities and labels by the API, against a server that speaks the shapes of Wikidata's."""

from dataclasses import replace
from pathlib import Path

import pytest

from ditto.characters import wikibase
from ditto.characters.languages import language
from ditto.characters.web import Client
from ditto.characters.wikibase import Found
from ditto.errors import DataError
from tests.characters.services import CONTACT, FAULTS, Fault, Services, down, lagging
from tests.characters.wiki import ADAMS, DELETED, REDIRECTS, WORLD, item

NAMES = [f"Q{n}" for n in range(1, 121)]
MANY = {name: item(name, labels={"en": f"Number {name}"}, sitelinks={"enwiki": name}) for name in NAMES}


def test_entities_come_whole_and_in_order(services: Services, client: Client) -> None:
    ids = [name for name in reversed(WORLD) if name[0] == "Q"]
    found = list(wikibase.entities(client, services.wikidata, ids, ["en", "zh"]))
    assert [one["id"] for one in found] == ids
    assert all(one[part] == WORLD[one["id"]][part] for one in found for part in ("claims", "sitelinks"))
    for part in ("labels", "descriptions", "aliases"):
        texts = [{code: text for code, text in dict(WORLD[name][part]).items() if code in ("en", "zh")} for name in ids]
        assert [dict(one[part]) for one in found] == texts


@pytest.mark.parametrize("concurrency", [1, 3])
def test_they_are_asked_for_in_batches_of_fifty(tmp_path: Path, concurrency: int) -> None:
    with Services(world=MANY) as services, Client(tmp_path, CONTACT, concurrency) as client:
        found = list(wikibase.entities(client, services.wikidata, [*NAMES, "Q1", "Q120"], ["en"]))
        assert [one["id"] for one in found] == NAMES
        assert sorted(len(one.params["ids"].split("|")) for one in services.asked) == [20, 50, 50]
        labels = wikibase.labels(client, services.wikidata, NAMES, ["en", "zh"])
        assert labels == {name: {"en": f"Number {name}"} for name in NAMES}


def test_no_ids_are_no_request(services: Services, client: Client) -> None:
    assert list(wikibase.entities(client, services.wikidata, [], ["en"])) == []
    assert wikibase.labels(client, services.wikidata, [], ["en"]) == {}
    assert services.asked == []


def test_missing_and_deleted_ones_are_left_out_and_redirects_followed(services: Services, client: Client) -> None:
    ids = ["Q999999999", *DELETED, *REDIRECTS, "Q5"]
    assert [one["id"] for one in wikibase.entities(client, services.wikidata, ids, ["en"])] == ["Q42", "Q5"]
    labels = wikibase.labels(client, services.wikidata, ids, ["en"])
    assert labels == {"Q900000900": {"en": "Douglas Adams"}, "Q5": {"en": "human"}}


def test_labels_are_those_of_the_languages_asked_for(services: Services, client: Client) -> None:
    labels = wikibase.labels(client, services.wikidata, ["P451", "Q1145", "P31", "Q900000038"], ["zh", "mul"])
    assert labels == {"P451": {}, "Q1145": {}, "P31": {"zh": "隶属于"}, "Q900000038": {"zh": "人物38"}}
    assert WORLD["Q900000028"]["labels"].keys() == {"mul"}
    assert wikibase.labels(client, services.wikidata, ["Q900000028"], ["zh", "mul"]) == {
        "Q900000028": {"mul": "Person 28"}
    }


def test_an_id_that_cannot_be_is_refused_in_one_sentence(services: Services, client: Client) -> None:
    with pytest.raises(DataError, match=r'refuses the request \(no-such-entity\): .* "Q0"'):
        list(wikibase.entities(client, services.wikidata, ["Q42", "Q0"], ["en"]))


def test_wikidata_tells_its_languages(services: Services, client: Client) -> None:
    assert {"en", "zh-hans", "mul"} < wikibase.languages(client, services.wikidata)
    with pytest.raises(DataError, match=r"/en/w/api\.php tells no languages .*: give the address of Wikidata"):
        wikibase.languages(client, services.wikipedia.replace("{lang}", "en"))


def test_a_search_finds_labels_and_aliases_those_in_full_first(services: Services, client: Client) -> None:
    english = language("en")
    detective = Found("Q4653", "Sherlock Holmes", "fictional detective created by Arthur Conan Doyle", True)
    for text in ("Sherlock Holmes", "sherlock h", "mr. holmes", " HOLMES "):
        exact = text != "sherlock h"
        assert wikibase.search(client, services.wikidata, text, english) == [replace(detective, exact=exact)], text
    arabic = Found("Q4653", "شرلوك هولمز", "محقق خيالي", True)
    assert wikibase.search(client, services.wikidata, "هولمز", language("ar")) == [arabic]
    assert wikibase.search(client, services.wikidata, "Nobody at all", english) == []
    assert wikibase.search(client, services.wikidata, "person 28", english)[0] == Found(
        "Q900000028", "Person 28", "Person 28.", True
    )


def test_what_is_called_exactly_so_comes_before_what_is_better_known(tmp_path: Path) -> None:
    links = {"enwiki": "Ada Lovelace", "dewiki": "Ada Lovelace"}
    world = {
        "Q1": item("Q1", labels={"en": "Ada Lovelace"}, sitelinks=links),
        "Q2": item("Q2", labels={"en": "ADA"}, descriptions={"en": "a language"}),
        "Q3": item("Q3", labels={"en": "Bea"}, aliases={"en": ["Ada"]}),
    }
    with Services(world=world) as services, Client(tmp_path, CONTACT) as client:
        found = wikibase.search(client, services.wikidata, "Ada", language("en"))
    assert found == [
        Found("Q2", "ADA", "a language", True),
        Found("Q3", "Bea", "", True),
        Found("Q1", "Ada Lovelace", "", False),
    ]


def test_no_more_than_fifty_are_found(tmp_path: Path) -> None:
    with Services(world=MANY) as services, Client(tmp_path, CONTACT) as client:
        assert len(wikibase.search(client, services.wikidata, "number", language("en"))) == 50


def test_an_article_is_known_by_its_title_in_any_spelling(services: Services, client: Client) -> None:
    for title in ("Douglas Adams", "douglas_Adams", " Douglas  Adams"):
        assert wikibase.by_title(client, services.wikidata, "enwiki", title) == "Q42", title
    assert wikibase.by_title(client, services.wikidata, "zhwiki", "夏洛克·福尔摩斯") == "Q4653"
    assert wikibase.by_title(client, services.wikidata, "enwiki", "Nobody") is None
    with pytest.raises(DataError, match=r'"sites": nowhere'):
        wikibase.by_title(client, services.wikidata, "nowhere", "Ada")


@pytest.mark.parametrize("fault", FAULTS)
def test_the_service_may_fail_and_be_asked_again(services: Services, client: Client, fault: Fault) -> None:
    services.faults.extend([fault, fault])
    assert [one["claims"] for one in wikibase.entities(client, services.wikidata, ["Q42"], ["en"])] == [ADAMS["claims"]]
    assert len(services.asked) == 3


def test_nothing_is_asked_twice(tmp_path: Path) -> None:
    with Services(world=MANY) as services:
        with Client(tmp_path, CONTACT, attempts=2, pause=0.001) as client:
            services.faults.extend([lambda reply: reply, down, down])
            with pytest.raises(DataError, match="start again later; what it has answered is kept"):
                list(wikibase.entities(client, services.wikidata, NAMES, ["en"]))
        with Client(tmp_path, CONTACT, attempts=2, pause=0.001) as client:
            services.faults.append(lagging)
            found = list(wikibase.entities(client, services.wikidata, NAMES, ["en"]))
            assert list(wikibase.entities(client, services.wikidata, NAMES, ["en"])) == found
    assert [one["id"] for one in found] == NAMES
    first, *rest = (one.params["ids"].split("|")[0] for one in services.asked)
    assert first == "Q1"
    assert rest == ["Q51", "Q51", "Q51", "Q51", "Q101"]
