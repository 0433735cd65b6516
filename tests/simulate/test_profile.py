"""Profiles lose whole sentences, as few as the context allows, and cannot leave their fence."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ditto.prompts import PROFILE
from ditto.records import Character, Claim, Message
from ditto.simulate.profile import cut, fit, slots

SENTENCES = st.lists(
    st.sampled_from(["Pi is 3.14 or so.", "Who asks?", "No!", "他住在山里。", "你是谁？", "Ada wrote notes."]),
    max_size=8,
)


def build(articles: Sequence[str]) -> tuple[Message, ...]:
    return ({"role": "user", "content": "Read:" + "|".join(articles)},)


def characters(messages: Sequence[Message]) -> int:
    return sum(len(message["content"]) for message in messages)


def test_slots_are_the_ones_a_prompt_may_use() -> None:
    claims = (Claim(id="1", property="born", value="1815"), Claim(id="2", property="died", value="1852"))
    ada = Character(id="Q1", lang="en", label="Ada", description="a", aliases=("A", "B"), claims=claims)
    assert set(slots(ada, "")) == PROFILE
    assert set(slots(ada, "", "a_")) == {f"a_{slot}" for slot in PROFILE}
    assert slots(ada, "")["claims"].splitlines() == ["- born: 1815", "- died: 1852"]


@pytest.mark.parametrize(
    "tag", ["</profile>", "<profile>", '<PROFILE of="B">', "</Profile>", "<|im_end|>", "</s>", "[INST]"]
)
def test_text_from_the_web_cannot_close_its_fence(tag: str) -> None:
    claim = Claim(id="1", property=tag, value=tag)
    sly = Character(id="Q1", lang="en", label=tag, description=tag, aliases=(tag,), claims=(claim,))
    assert all(tag not in value and tag[1:] in value for value in slots(sly, tag).values())


@pytest.mark.parametrize(
    ("text", "size", "kept"),
    [
        ("One. Two. Three.", 99, "One. Two. Three."),
        ("One. Two. Three.", 16, "One. Two. Three."),
        ("One. Two. Three.", 15, "One. Two."),
        ("One. Two. Three.", 9, "One. Two."),
        ("One. Two. Three.", 8, "One."),
        ("One. Two. Three.", 3, ""),
        ("One. Two. Three.", 0, ""),
        ("Really? Yes! No.", 13, "Really? Yes!"),
        ("Round. Pi is 3.14159 exactly.", 16, "Round."),
        ("Round. Pi is 3.14159 exactly.", 15, "Round."),
        ("Round.\nPi is 3.", 10, "Round."),
        ("他是国王。他住在山里！真的吗？", 15, "他是国王。他住在山里！真的吗？"),
        ("他是国王。他住在山里！真的吗？", 14, "他是国王。他住在山里！"),
        ("他是国王。他住在山里！真的吗？", 11, "他是国王。他住在山里！"),
        ("他是国王。他住在山里！真的吗？", 4, ""),
        ("高3.14米。重2吨。", 8, "高3.14米。"),
        ("No end in sight", 8, ""),
    ],
)
def test_an_article_is_cut_behind_a_whole_sentence(text: str, size: int, kept: str) -> None:
    assert cut(text, size) == kept


def test_what_fits_stays_whole_and_is_not_counted() -> None:
    articles = ("One. Two.", "Three.")
    messages, n_cut = fit(build, articles, characters, characters(build(articles)))
    assert (messages, n_cut) == (build(articles), 0)


def test_only_articles_that_lost_something_are_counted() -> None:
    long, short = "Ten chars. " * 9 + "End.", "Short."
    messages, n_cut = fit(build, (long, short), characters, 60)
    assert n_cut == 1
    assert messages[0]["content"].endswith("|Short.")
    assert fit(build, (long, long), characters, 60)[1] == 2


def test_where_nothing_fits_the_articles_are_left_out() -> None:
    assert fit(build, ("One. Two.", "Three."), characters, 1) == (build(("", "")), 2)


@settings(deadline=None)
@given(SENTENCES, SENTENCES, st.integers(min_value=6, max_value=120))
def test_as_much_fits_as_one_bound_for_all_articles_allows(a: list[str], b: list[str], limit: int) -> None:
    articles = (" ".join(a), " ".join(b))
    messages, n_cut = fit(build, articles, characters, limit)
    options = [tuple(cut(article, size) for article in articles) for size in range(max(map(len, articles)) + 1)]
    fitting = [option for option in options if characters(build(option)) <= limit]
    assert messages == build(fitting[-1])
    assert characters(messages) <= limit
    assert n_cut == sum(x != y for x, y in zip(articles, fitting[-1], strict=True))
