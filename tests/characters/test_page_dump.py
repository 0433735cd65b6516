from pathlib import Path
from xml.sax.saxutils import escape

import pytest

from ditto.characters import blocks
from ditto.characters.languages import language
from ditto.characters.page_dump import PageDump
from ditto.characters.wikipedia import Article, article
from ditto.errors import DataError
from tests.characters.dumps import KINDS, entity_dump, packed, page_dump, page_xml
from tests.characters.kill import counted, cut, killed
from tests.characters.wiki import PAGES, WikiPage

LONG = "Julius Caesar"
TITLES = {wiki: [title for of, title in PAGES if of == wiki and title != LONG] for wiki in ("en", "zh", "ar")}
KILLED = ["Douglas Adams", "Sherlock Holmes", "Person 20", "Nobody"]
WEIRD = WikiPage('"Weird" & <Al> 🦊', 7, "'''Al''' sings \"a < b & c\".\n\n== Life ==\nHe eats.\u2028It is red.")


def opened(path: Path, folder: Path, wiki: str = "en") -> PageDump:
    return PageDump(path, language(wiki), folder / "work", 1)


def of(page: WikiPage, wiki: str = "en", section: str = "") -> Article | str:
    return article(wiki, page.title, page.revision, page.text, section)


@pytest.mark.parametrize("wiki", TITLES)
@pytest.mark.parametrize("kind", KINDS)
def test_the_articles_of_titles_are_read_from_dumps_of_every_kind(tmp_path: Path, kind: str, wiki: str) -> None:
    found = opened(page_dump(tmp_path, wiki, kind), tmp_path, wiki).articles(TITLES[wiki])
    assert list(found) == TITLES[wiki]
    whole = {title: found[title] for title in found if PAGES[wiki, title].redirect is None}
    assert whole == {title: of(PAGES[wiki, title], wiki) for title in whole}
    assert any(isinstance(one, Article) for one in whole.values())


def test_a_very_long_article(tmp_path: Path) -> None:
    found = opened(page_dump(tmp_path, "en"), tmp_path).articles([LONG])
    assert found == {LONG: of(PAGES["en", LONG])}
    assert "river 3000 with 21000 men" in getattr(found[LONG], "text", "")


def test_redirects_are_followed(tmp_path: Path) -> None:
    dump = opened(page_dump(tmp_path, "en"), tmp_path)
    found = dump.articles(["Sherlock Holmes", "Person 20", "Person 24", "Person 26", "Nobody"])
    assert found == {
        "Sherlock Holmes": of(PAGES["en", "Holmes (detective)"]),
        "Person 20": of(PAGES["en", "Person 21"]),
        "Person 24": "no article",  # two that lead to each other
        "Person 26": "no article",
        "Nobody": "no article",
    }
    assert isinstance(found["Sherlock Holmes"], Article)


def test_redirects_to_a_section_give_that_section(tmp_path: Path) -> None:
    found = opened(page_dump(tmp_path, "zh"), tmp_path, "zh").articles(["夏洛克·福尔摩斯", "福尔摩斯"])
    assert found["夏洛克·福尔摩斯"] == of(PAGES["zh", "福尔摩斯"], "zh", "人物")
    assert found["夏洛克·福尔摩斯"] != found["福尔摩斯"]
    english = opened(page_dump(tmp_path, "en"), tmp_path).articles(["Person 22"])
    assert english == {"Person 22": of(PAGES["en", "Person 23"], "en", "No such section")}


def test_of_two_redirects_the_last_one_names_the_section(tmp_path: Path) -> None:
    steps = [
        WikiPage("One", 5, "#REDIRECT [[Two#Life]]", "Two"),
        WikiPage("Two", 6, "#REDIRECT [[Person 23]]", "Person 23"),
    ]
    found = opened(page_dump(tmp_path, "en", more=[*map(page_xml, steps)]), tmp_path).articles(["One"])
    assert found == {"One": of(PAGES["en", "Person 23"])}


def test_disambiguations_are_none_even_behind_a_redirect(tmp_path: Path) -> None:
    dump = opened(page_dump(tmp_path, "ar"), tmp_path, "ar")
    assert dump.articles(["شرلوك هولمز"]) == {"شرلوك هولمز": "disambiguation"}


def test_titles_and_texts_are_as_they_were_written(tmp_path: Path) -> None:
    unquoted = page_xml(WEIRD).replace("&quot;", '"')
    for more in (page_xml(WEIRD), unquoted):
        found = opened(page_dump(tmp_path, "en", more=[more]), tmp_path).articles([WEIRD.title])
        assert found == {WEIRD.title: of(WEIRD)}
        assert isinstance(found[WEIRD.title], Article)


def test_what_was_read_is_not_read_again(tmp_path: Path) -> None:
    path = page_dump(tmp_path, "en")
    dump = opened(path, tmp_path)
    found = dump.articles(TITLES["en"])
    path.write_bytes(b"")
    assert dump.articles(TITLES["en"]) == found
    assert dump.articles(TITLES["en"][:1]) == {TITLES["en"][0]: found[TITLES["en"][0]]}


def test_a_broken_page_is_named_by_its_line(tmp_path: Path) -> None:
    broken = [
        "  <page>\n    <ns>0</ns>\n  </page>\n",
        page_xml(WikiPage("Broken", 7, "Text.")).replace("</revision>", ""),
        page_xml(WikiPage("Unnumbered", 7, "Text.")).replace("<id>7</id>", "<id>x</id>"),
    ]
    path = page_dump(tmp_path, "en", more=broken)
    dump = opened(path, tmp_path)
    found = dump.articles(["Broken", "Unnumbered", "Douglas Adams"])
    assert found == {
        "Broken": "no article",
        "Unnumbered": "no article",
        "Douglas Adams": of(PAGES["en", "Douglas Adams"]),
    }
    text = b"".join(block.text() for block in blocks.blocks(path)).split(b"\n")
    assert set(dump.broken.values()) == {"no page", "no page: Broken", "no page: Unnumbered"}
    for line, reason in dump.broken.items():
        if reason != "no page":
            assert text[line - 1] == f"    <title>{reason.removeprefix('no page: ')}</title>".encode()


WORK = """
from pathlib import Path
from tests.characters.test_page_dump import KILLED, opened
opened(Path(sys.argv[1]), Path(sys.argv[2])).articles(KILLED)
"""


@pytest.mark.parametrize(("whole", "more"), [(0, 1), (1, 0), (1, 2)])
def test_killed_in_any_pass_it_goes_on_and_reads_no_block_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, whole: int, more: int
) -> None:
    """The second pass is for what redirects lead to."""
    path, size = page_dump(tmp_path, "en", "gzip"), 1 << 16
    places = cut(path, size, monkeypatch)
    assert killed(WORK, [str(path), str(tmp_path)], whole * (len(places) + 1) + more, size)
    read = counted(monkeypatch)
    found = opened(path, tmp_path).articles(KILLED)
    assert read == [*places, *places][whole * len(places) + more :]
    assert found == PageDump(path, language("en"), tmp_path / "undisturbed", 2).articles(KILLED)


def test_the_dump_of_another_wiki(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"zhwiki-.* is of zhwiki: for characters in 'en' give the dump of enwiki\.$"):
        opened(page_dump(tmp_path, "zh"), tmp_path)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"[\n{}\n]\n", "is no XML dump of a wiki's pages"),
        (b"<html><dbname>enwiki</dbname>", "is no XML dump of a wiki's pages"),
        (b"<mediawiki>\n<page></page></mediawiki>", "is no XML dump of a wiki's pages"),
        (b"", "is empty: give a dump"),
    ],
)
def test_files_mixed_up(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "enwiki-latest-pages-articles.xml.bz2"
    path.write_bytes(packed(content, "bzip2"))
    with pytest.raises(DataError, match=said):
        opened(path, tmp_path)


def test_wikidata_is_no_wikipedia(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"latest-all\.json\.gz is no XML dump of a wiki's pages \(pages-articles"):
        opened(entity_dump(tmp_path), tmp_path)


@pytest.mark.parametrize("kind", KINDS)
def test_a_truncated_dump(tmp_path: Path, kind: str) -> None:
    path = page_dump(tmp_path, "en", kind)
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(DataError, match=r"is truncated: .*Fetch it again\.$"):
        opened(path, tmp_path).articles(TITLES["en"])


def test_a_page_of_every_escaped_sign_is_found_by_its_title(tmp_path: Path) -> None:
    pages = [WikiPage(f"A{sign}B", n, f"{escape(sign)} is a sign.") for n, sign in enumerate("&<>'\"é福🦊")]
    dump = opened(page_dump(tmp_path, "en", more=[*map(page_xml, pages)]), tmp_path)
    assert dump.articles([page.title for page in pages]) == {page.title: of(page) for page in pages}
