"""Articles from wikitext, and by the API against a server that speaks the shapes of Wikipedia's."""

from pathlib import Path

import pytest

from ditto.characters import wikipedia
from ditto.characters.languages import language
from ditto.characters.web import Client
from ditto.characters.wikipedia import Article, article
from ditto.errors import DataError
from ditto.records import Page
from tests.characters.loopback import Asked, Reply, serving
from tests.characters.services import CONTACT, FAULTS, Fault, Services, crowded, cut, down, lagging
from tests.characters.wiki import PAGES, WikiPage

ENGLISH, CHINESE, ARABIC = language("en"), language("zh"), language("ar")
MANY = {("en", f"Ada {n}"): WikiPage(f"Ada {n}", 1000 + n, f"Ada {n} lived." + " And on." * n) for n in range(120)}
TITLES = [title for _, title in MANY]


def of(wiki: str, title: str, section: str = "") -> Article | str:
    page = PAGES[wiki, title]
    return article(wiki, title, page.revision, page.text, section)


@pytest.mark.parametrize(
    ("text", "section", "made"),
    [
        ("'''Ada''' lived.\n\n== Life ==\nShe wrote.", "", ("Ada lived.\n\nLife\n\nShe wrote.", "Ada lived.")),
        ("Ada.\n== Life ==\nShe.\n=== Work ===\nWrote.", "Life", ("She.\n\nWork\n\nWrote.", "She.")),
        ("== Life ==\nShe wrote.", "", ("Life\n\nShe wrote.", "")),
        ("Ada.\n== Life ==\nShe.", "Death", "no such section"),
        ("Ada.\n== Life ==\n* She.", "Life", "empty"),
        ("{{Infobox}}\n[[Category:Ada]]", "", "empty"),
        ("", "", "empty"),
        ("'''Ada''' may be:\n* [[Ada (name)]]\n{{disambig}}", "", "disambiguation"),
        ("#REDIRECT [[Ada Lovelace]]", "", "no article"),
    ],
)
def test_wikitext_makes_an_article_or_tells_why_not(text: str, section: str, made: tuple[str, str] | str) -> None:
    found = article("en", "Ada", 7, text, section)
    assert (found if isinstance(found, str) else (found.text, found.summary)) == made


@pytest.mark.parametrize(
    ("wiki", "title", "section", "address"),
    [
        ("en", "Douglas Adams", "", "https://en.wikipedia.org/wiki/Douglas_Adams"),
        ("zh", "鲁迅", "", "https://zh.wikipedia.org/wiki/%E9%B2%81%E8%BF%85"),
        ("en", "What? 50% & more (film): #1/2", "", "https://en.wikipedia.org/wiki/What%3F_50%25_%26_more_(film):_%231/2"),
        ("zh-yue", "A", "Early life", "https://zh-yue.wikipedia.org/wiki/A#Early_life"),
    ],
)  # fmt: skip
def test_a_page_tells_where_it_is_from(wiki: str, title: str, section: str, address: str) -> None:
    made = article(wiki, title, 7, "Ada.\n== Early life ==\nShe.", section)
    assert isinstance(made, Article)
    assert made.page == Page(title=title, url=address, revision=7)


def test_articles_come_by_the_titles_asked_for(services: Services, client: Client) -> None:
    titles = [title for wiki, title in PAGES if wiki == "en"]
    found = wikipedia.collect(client, services.wikipedia, ENGLISH, titles)
    assert list(found) == titles
    whole = {title for title in titles if PAGES["en", title].redirect is None}
    assert {title: found[title] for title in whole} == {title: of("en", title) for title in whole}
    long = found["Julius Caesar"]
    assert isinstance(long, Article)
    assert len(long.text) > 100_000


def test_redirects_are_followed(services: Services, client: Client) -> None:
    titles = ["Sherlock Holmes", "Person 20", "Person 22", "Person 24", "Person 26"]
    assert wikipedia.collect(client, services.wikipedia, ENGLISH, titles) == {
        "Sherlock Holmes": of("en", "Holmes (detective)"),
        "Person 20": of("en", "Person 21"),
        "Person 22": "no such section",
        "Person 24": "no article",  # two that lead to each other
        "Person 26": "no article",
    }
    found = wikipedia.collect(client, services.wikipedia, CHINESE, ["夏洛克·福尔摩斯", "福尔摩斯"])
    assert found == {"夏洛克·福尔摩斯": of("zh", "福尔摩斯", "人物"), "福尔摩斯": of("zh", "福尔摩斯")}


def test_disambiguations_are_none_even_behind_a_redirect(services: Services, client: Client) -> None:
    found = wikipedia.collect(client, services.wikipedia, ARABIC, ["شرلوك هولمز", "شهرزاد"])
    assert found == {"شرلوك هولمز": "disambiguation", "شهرزاد": of("ar", "شهرزاد")}


def test_a_disambiguation_in_a_template_that_we_do_not_know_is_told_by_the_service(tmp_path: Path) -> None:
    pages = {("en", "Ada"): WikiPage("Ada", 7, "Ada may be.\n{{adax}}", disambiguation=True)}
    with Services(pages=pages) as services, Client(tmp_path, CONTACT) as client:
        assert wikipedia.collect(client, services.wikipedia, ENGLISH, ["Ada"]) == {"Ada": "disambiguation"}


def test_titles_may_be_spelt_otherwise_missing_or_impossible(services: Services, client: Client) -> None:
    titles = ["douglas_Adams", "Douglas Adams", "Nobody", "a[b]", " ", "Nobody"]
    found = wikipedia.collect(client, services.wikipedia, ENGLISH, titles)
    adams = of("en", "Douglas Adams")
    assert found == {"douglas_Adams": adams, "Douglas Adams": adams} | dict.fromkeys(titles[2:5], "no article")
    assert len(services.asked) == 1


def test_no_titles_are_no_request(services: Services, client: Client) -> None:
    assert wikipedia.collect(client, services.wikipedia, ENGLISH, []) == {}
    assert services.asked == []


@pytest.mark.parametrize("concurrency", [1, 3])
@pytest.mark.parametrize("most", [1, 1500, 10_000_000])
def test_titles_go_in_batches_and_texts_come_in_parts(tmp_path: Path, most: int, concurrency: int) -> None:
    with Services(pages=MANY, most=most) as services, Client(tmp_path, CONTACT, concurrency) as client:
        found = wikipedia.collect(client, services.wikipedia, ENGLISH, TITLES)
    assert found == {title: article("en", title, page.revision, page.text) for (_, title), page in MANY.items()}
    assert list(found) == TITLES
    assert {len(one.params["titles"].split("|")) for one in services.asked} == {50, 20}
    continued = sum("continue" in one.params for one in services.asked)
    assert {1: continued == 120 - 3, 1500: 3 < continued < 117, 10_000_000: continued == 0}[most]


def test_a_redirect_to_another_wiki_is_no_article(client: Client) -> None:
    def answer(_: Asked) -> Reply:
        steps = [{"from": "Ada", "to": "Bea", "tointerwiki": "fr"}, {"from": "Cy", "to": "Bea"}]
        revision = {"revid": 7, "slots": {"main": {"content": "Bea lived."}}}
        pages = [{"title": "Bea", "pageid": 1, "revisions": [revision]}]
        return Reply({"batchcomplete": True, "query": {"redirects": steps, "pages": pages}})

    with serving(answer) as server:
        found = wikipedia.collect(client, server.url, ENGLISH, ["Ada", "Cy"])
    assert found == {"Ada": "no article", "Cy": article("en", "Bea", 7, "Bea lived.")}


def test_a_text_that_is_hidden_from_the_public_is_no_article(client: Client) -> None:
    page = {"title": "Ada", "pageid": 1, "revisions": [{"revid": 7, "slots": {"main": {"texthidden": True}}}]}
    with serving(lambda _: Reply({"batchcomplete": True, "query": {"pages": [page]}})) as server:
        assert wikipedia.collect(client, server.url, ENGLISH, ["Ada"]) == {"Ada": "no article"}


@pytest.mark.parametrize("fault", FAULTS)
def test_the_service_may_fail_and_be_asked_again(services: Services, client: Client, fault: Fault) -> None:
    services.faults.extend([fault, fault])
    found = wikipedia.collect(client, services.wikipedia, CHINESE, ["狐狸🦊"])
    assert found == {"狐狸🦊": of("zh", "狐狸🦊")}
    assert len(services.asked) == 3


def test_what_was_begun_goes_on_where_it_ended(tmp_path: Path) -> None:
    with Services(pages=MANY, most=5000) as services:
        with Client(tmp_path / "undisturbed", CONTACT) as client:
            expected = wikipedia.collect(client, services.wikipedia, ENGLISH, TITLES)
        undisturbed = [one.params for one in services.asked]
        services.asked.clear()
        with Client(tmp_path / "killed", CONTACT, attempts=1) as client:
            services.faults.extend([*[lambda reply: reply] * 3, cut])
            with pytest.raises(DataError, match="what it has answered is kept"):
                wikipedia.collect(client, services.wikipedia, ENGLISH, TITLES)
        with Client(tmp_path / "killed", CONTACT, attempts=4, pause=0.001) as client:
            services.faults.extend([crowded, lagging, down])
            assert wikipedia.collect(client, services.wikipedia, ENGLISH, TITLES) == expected
        assert [one.params for one in services.asked if one.times == 0] == undisturbed
        assert sum(one.times > 0 for one in services.asked) == 4
        services.asked.clear()
        with Client(tmp_path / "killed", CONTACT) as client:
            assert wikipedia.collect(client, services.wikipedia, ENGLISH, TITLES) == expected
        assert services.asked == []
