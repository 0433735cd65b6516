"""A datasheet tells what was counted, and shows text from the web as text."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from ditto.characters.datasheet import datasheet, escape
from ditto.records import Category, Character, Claim, Page, Split

MARKDOWN = MarkdownIt("commonmark").enable(["table", "strikethrough"])
CATEGORIES: tuple[Category, ...] = ("fictional", "historical", "living", "")


def character(n: int, lang: str = "en", words: int = 10) -> Character:
    claims = tuple(Claim(id=f"{i}", property="p", value="v") for i in range(n % 5))
    page = Page(title=f"Title {n}", url=f"https://{lang}.wikipedia.org/wiki/Title_{n}", revision=n)
    return Character(
        id=f"Q{n}",
        lang=lang,
        label=f"label {n}",
        description=f"who {n} is",
        claims=claims,
        article="word " * words,
        category=CATEGORIES[n % 4],
        page=page,
    )


def table(sheet: str, title: str) -> list[list[str]]:
    """The rows of a section's table, below its head."""
    section = re.split(r"^#+ ", sheet.split(f"# {title}", 1)[1], flags=re.MULTILINE)[0]
    rows = [line.strip("| ").split(" | ") for line in section.splitlines() if line.startswith("|")]
    return rows[2:]


def rendered(sheet: str) -> str:
    return str(MARKDOWN.render(sheet))


def test_everything_is_counted() -> None:
    train = [character(n, words=n) for n in range(1, 101)] + [character(n, "zh") for n in range(1, 51)]
    test = [character(n, words=0) for n in range(200, 204)]
    sheet = datasheet(Split(train=tuple(train), test=tuple(test), dropped={"rare": 1, "short article": 1234}), "mine")
    assert table(sheet, "Characters: mine") == [
        ["characters", "100", "4", "104"],
        ["in each of en, zh", "50", "0", "50"],
        *([name, "25", "1", "26"] for name in ("fictional", "historical", "living", "without category")),
        ["records in en", "100", "4", "104"],
        ["records in zh", "50", "0", "50"],
    ]
    assert table(sheet, "Articles in words") == [
        ["en", "4", "50", "90", "100", "2", "4", "4"],
        ["zh", "0", "10", "10", "10", "2", "4", "4"],
    ]
    assert table(sheet, "Left out") == [["short article", "1,234"], ["rare", "1"]]
    assert [row[:3] for row in table(sheet, "Held out")] == [["en", f"label {c.id[1:]}", c.description] for c in test]
    assert "Living people: 26." in sheet


def test_lengths_are_told_in_what_was_counted() -> None:
    sheet = datasheet(Split(train=(character(1, words=3),), test=()), "mine", len)
    assert table(sheet, "Articles in tokens")[0][2:5] == ["15"] * 3


def test_nobody_and_nothing_dropped_make_no_empty_tables() -> None:
    sheet = datasheet(Split(train=(), test=()), "none")
    assert table(sheet, "Characters: none") == [["characters", "0", "0", "0"]]
    assert sheet.count("#") == 1


def test_each_article_is_attributed_to_its_revision_and_the_licences_are_named() -> None:
    sheet = rendered(datasheet(Split(train=(character(7),), test=(character(8),)), "mine"))
    assert '<a href="https://en.wikipedia.org/wiki/Title_7?oldid=7">Title 7</a>, Wikipedia, CC BY-SA 4.0' in sheet
    assert {"CC0 1.0", "CC BY-SA 4.0"} <= set(re.findall(r">([^<>]+)</a>", sheet))
    assert "name no page" not in sheet


def test_records_of_another_source_are_not_given_wikipedias_licence() -> None:
    own = replace(character(8), page=None)
    assert "CC" not in datasheet(Split(train=(own,), test=(own,)), "mine")
    assert "name no page: 2." in datasheet(Split(train=(own,), test=(own, character(1))), "mine")


def test_a_long_list_of_those_held_out_is_cut_short_and_says_so() -> None:
    test = tuple(character(n) for n in range(1030))
    sheet = datasheet(Split(train=(), test=test), "mine")
    assert len(table(sheet, "Held out")) == 20
    assert "and 1,010 more records" in sheet


@given(st.text(st.one_of(st.sampled_from("\\`*_[]()<>|~&:;@$#!-+.=^'\"\n 1wa\u202e"), st.characters(codec="utf-8"))))
def test_text_is_shown_letter_by_letter(text: str) -> None:
    shown = re.sub(r"[\s\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]+", " ", text).strip()
    for around, n in (("# Name: {}", 1), ("| a |\n| --- |\n| Name: {} |", 2)):
        found = [token for token in MARKDOWN.parse(around.format(escape(text))) if token.type == "inline"]
        assert len(found) == n
        leaves = found[-1].children or ()
        assert {leaf.type for leaf in leaves} <= {"text", "text_special"}
        assert "".join(leaf.content for leaf in leaves) == f"Name: {shown}".strip()


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ('https://x.org/a(b) "c">|d', 'href="https://x.org/a%28b%29%20%22c%22%3E%7Cd?oldid=5"'),
        ("https://x.org/李白", 'href="https://x.org/%E6%9D%8E%E7%99%BD?oldid=5"'),
        ("https://x.org/%E6%9D%8E", 'href="https://x.org/%E6%9D%8E?oldid=5"'),
        ("https://x.org/?title=A&b", 'href="https://x.org/?title=A&amp;b"'),
        ("javascript:alert(1)", "<td>Title 5</td>"),
    ],
)
def test_an_address_cannot_leave_its_link(url: str, shown: str) -> None:
    sly = replace(character(5), page=Page(title="Title 5", url=url, revision=5))
    assert shown in rendered(datasheet(Split(train=(), test=(sly,)), "mine"))


def test_five_thousand_characters_fit_one_screen_or_two() -> None:
    people = tuple(character(n, lang) for n in range(2500) for lang in ("en", "zh"))
    assert datasheet(Split(train=people[40:], test=people[:40]), "many").count("\n") < 70
