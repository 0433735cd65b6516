"""Of several alike the best known is kept, under all its names, and curating twice changes nothing."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer

from ditto.characters.curation import Curation, curate, words
from ditto.errors import ConfigError
from ditto.records import Character, Page

ALL = Curation(min_words=0, near=None)
NEAR = Curation(min_words=0, near=0.7)
LETTERS = st.sampled_from("aB9é_ß 　\n\t.,;!-'«»()·中国語カナ한국어हिन्दीعربي،؟。！「」👩🚀€+$^~\U0002a6d6")


def numbers(begin: int, end: int) -> str:
    return " ".join(f"word{n}" for n in range(begin, end))


def character(id: str, label: str = "", lang: str = "en", article: str = "", **fields: object) -> Character:
    told = Character(id=id, lang=lang, label=label or id, description=f"who {id} is", article=article)
    return replace(told, **fields)  # type: ignore[arg-type]


def page(title: str, lang: str = "en") -> Page:
    return Page(title=title, url=f"https://{lang}.wikipedia.org/wiki/{title}", revision=1)


def kept(characters: Sequence[Character], curation: Curation) -> tuple[list[tuple[str, str]], dict[str, int]]:
    found, dropped = curate(characters, curation)
    return [(c.id, c.lang) for c in found], dict(dropped)


@given(st.text(LETTERS))
def test_words_are_those_of_bert(text: str) -> None:
    spaced = BertNormalizer(clean_text=True, handle_chinese_chars=True, strip_accents=False, lowercase=False)
    assert words(text) == len(BertPreTokenizer().pre_tokenize_str(spaced.normalize_str(text)))


def test_a_short_article_costs_a_language() -> None:
    told = [character("Q1", article="One, two."), character("Q1", lang="zh", article="三个字。"), character("Q2")]
    assert kept(told, Curation(4, None)) == ([("Q1", "en"), ("Q1", "zh")], {"short article": 1})
    assert kept(told, Curation(5, 0.7)) == ([], {"short article": 3})
    assert kept(told, ALL) == ([("Q1", "en"), ("Q1", "zh"), ("Q2", "en")], {})


def test_one_page_under_two_ids_is_one_character_with_all_the_names() -> None:
    told = [
        character("Q1", "Mark Twain", aliases=("Twain",), article="A.", page=page("Twain")),
        character("Q1", "马克·吐温", "zh", "一。"),
        character(
            "Q2", "Samuel Clemens", aliases=("Twain", "Mark Twain", "S. L. C."), article="A.", page=page("Twain")
        ),
        character("Q2", "塞姆", "zh", "二。", aliases=("塞",)),
        character("Q2", "Samuel", "de"),
    ]
    found, dropped = curate(told, ALL)
    assert dropped == {"same page as another": 3}
    assert [(c.id, c.lang) for c in found] == [("Q1", "en"), ("Q1", "zh")]
    assert found[0] == replace(told[0], aliases=("Twain", "Samuel Clemens", "S. L. C."))
    assert found[1] == replace(told[1], aliases=("塞姆", "塞"))


def test_two_sections_of_a_page_are_two_characters() -> None:
    told = [character(f"Q{n}", article=f"Section {n}.", page=page("List")) for n in range(3)]
    assert curate(told, NEAR)[0] == told


def test_who_cannot_be_told_apart_by_the_introduction_is_dropped_and_not_taken_for_the_same() -> None:
    told = [
        character("Q1", "John Smith", description="cricketer", article="One."),
        character("Q2", "John  smith", description="Cricketer", article="Two.", aliases=("Jack",)),
        character("Q2", "约翰", "zh"),
        character("Q3", "John Smith", description="explorer"),
        character("Q4", "John Smith", "de", description="cricketer"),
    ]
    found, dropped = curate(told, ALL)
    assert found == [told[0], told[3], told[4]]
    assert dropped == {"same introduction as another": 2}


@pytest.mark.parametrize(
    ("shared", "gone"), [(100, True), (90, True), (85, True), (75, False), (50, False), (0, False)]
)
def test_articles_that_share_most_runs_of_five_words_are_duplicates(shared: int, gone: bool) -> None:
    told = [character("Q1", article=numbers(0, 104)), character("Q2", article=numbers(100 - shared, 204 - shared))]
    similarity = shared / (200 - shared)
    assert (similarity >= NEAR.near) == gone
    found, dropped = curate(told, NEAR)
    assert found == told[: 2 - gone]
    assert dropped == ({"near-duplicate of another": 1} if gone else {})


def test_a_near_duplicate_gives_its_names_where_it_shares_one() -> None:
    first = character("Q1", "Ann", article=numbers(0, 100), aliases=("Annie",))
    stub = character("Q2", "Bea", article=numbers(1, 100))
    again = character("Q3", "annie", article=numbers(2, 100), aliases=("Nan",))
    found, dropped = curate([first, stub, again], NEAR)
    assert found == [replace(first, aliases=("Annie", "annie", "Nan"))]
    assert dropped == {"near-duplicate of another": 2}


def test_languages_are_compared_each_with_itself_and_dropped_together() -> None:
    text = numbers(0, 50)
    told = [
        character("Q1", article=text),
        character("Q2", lang="zh", article=text),
        character("Q2", lang="de", article=numbers(900, 950)),
        character("Q3", lang="en", article=numbers(100, 150)),
        character("Q3", lang="zh", article=text),
    ]
    assert kept(told, NEAR) == ([("Q1", "en"), ("Q2", "zh"), ("Q2", "de")], {"near-duplicate of another": 2})


def test_no_articles_are_not_alike() -> None:
    told = [character(f"Q{n}") for n in range(3)]
    assert curate(told, NEAR) == (told, Counter())


@pytest.mark.parametrize("article", ["One two.", "三个字", "x"])
def test_articles_shorter_than_a_run_are_alike_where_they_are_the_same(article: str) -> None:
    told = [character("Q1", article=article), character("Q2", article=article), character("Q3", article=article + "y")]
    assert kept(told, NEAR)[0] == [("Q1", "en"), ("Q3", "en")]


ARTICLES = st.builds(lambda begin, n: numbers(begin * 10, begin * 10 + n), st.integers(0, 4), st.integers(0, 60))
RECORDS = st.builds(
    lambda number, lang, label, article, title: character(
        f"Q{number}", label, lang, article, description="d", page=title and page(title, lang)
    ),
    st.integers(0, 9),
    st.sampled_from(["en", "zh"]),
    st.sampled_from(["Ann", "Bob", "Cy", "Dee", "Eve"]),
    ARTICLES,
    st.sampled_from([None, "A", "B"]),
)


@given(st.lists(RECORDS, max_size=14, unique_by=lambda c: (c.id, c.lang)), st.sampled_from([0, 20]))
def test_what_is_kept_is_what_nobody_before_it_is(told: list[Character], min_words: int) -> None:
    curation = Curation(min_words, 0.7)
    found, dropped = curate(told, curation)
    assert [(c.id, c.lang) for c in found] == [(c.id, c.lang) for c in expected(told, curation)]
    assert all(replace(c, aliases=()) in told for c in found)
    assert len(found) + dropped.total() == len(told)
    assert all(dropped.values())
    assert curate(found, curation) == (found, Counter())


def expected(told: Sequence[Character], curation: Curation) -> list[Character]:
    """The same by comparing everybody with everybody."""
    enough = [c for c in told if len(re.findall(r"\w+", c.article)) >= curation.min_words]
    good = list[str]()
    for who in dict.fromkeys(c.id for c in enough):
        own = [c for c in enough if c.id == who]
        others = [c for c in enough if c.id in good]
        if not any(alike(a, b, curation.near or 2) for a in own for b in others if a.lang == b.lang):
            good.append(who)
    return [c for c in enough if c.id in good]


def alike(a: Character, b: Character, near: float) -> bool:
    x, y = (shingles(c.article.split()) for c in (a, b))
    introduced = (a.label, a.description) == (b.label, b.description)
    paged = a.page is not None and (a.page, a.article) == (b.page, b.article)
    return introduced or paged or (bool(x and y) and len(x & y) / len(x | y) >= near)


def shingles(said: Sequence[str]) -> set[tuple[str, ...]]:
    return {tuple(said[i : i + 5]) for i in range(max(1, len(said) - 4))} if said else set()


@pytest.mark.parametrize(
    ("min_words", "near", "says"),
    [(-1, 0.7, "min_words=-1 "), (0, 0.4, "near=0.4 "), (0, 1.1, "near=1.1 "), (0, float("nan"), "near=nan ")],
)
def test_numbers_that_cannot_be_meant_are_one_sentence(min_words: int, near: float, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        Curation(min_words, near)
