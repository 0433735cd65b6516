"""Sentences tile the article, end where readers end them, and are found again by what is quoted from them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ditto.characters.sentences import place, sentences, spans
from ditto.nano.world import character, world
from ditto.records import Character
from ditto.simulate.profile import cut

STOPS = "A|b|1|12|J.|St.|U.S.|. |.|! |?|… |...|。|！|？|।|۔|؟|．".split("|")
OTHERS = ["”", "」", '"', "'", ")", "(", "—", "\n", "\n\n", " ", "\t", "　", "\x1c", "\u2028", *"王مहა", "👩‍🚀"]
PIECES = st.one_of(st.sampled_from(STOPS), st.sampled_from(OTHERS))
TEXTS = st.lists(PIECES, max_size=30).map("".join)


def article(text: str) -> Character:
    return Character(id="Q1", lang="en", label="x", description="y", article=text)


def split(text: str) -> list[str]:
    return [text[start:stop] for start, stop in spans(text)]


@given(TEXTS)
def test_sentences_are_the_article_up_to_the_white_space_between_them(text: str) -> None:
    ends = [0, *(place for span in spans(text) for place in span), len(text)]
    assert ends == sorted(ends)
    gaps = [text[start:stop] for start, stop in zip(ends[::2], ends[1::2], strict=True)]
    assert not "".join(gaps).strip()
    assert all(piece and piece == piece.strip() and "\n\n" not in piece for piece in split(text))
    assert [claim.value for claim in sentences(article(text))] == split(text)


@given(TEXTS, st.data())
def test_a_quote_cites_the_sentences_it_stands_in(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    quote = text[start : data.draw(st.integers(start, len(text)))]
    found = place(article(text), f" {quote}\n")
    if not quote.split():
        assert found is None
        return
    assert found
    assert found.startswith("Q1/en/s")
    first, _, last = found.removeprefix("Q1/en/").replace("s", "").partition("-")
    cited = spans_of(text)[int(first) - 1 : int(last or first)]
    words = " ".join(quote.split())
    assert words in " ".join(text[cited[0][0] : cited[-1][1]].split())
    if last:
        assert all(words not in " ".join(text[a:b].split()) for a, b in cited)


def spans_of(text: str) -> list[tuple[int, int]]:
    return list(spans(text))


@pytest.mark.parametrize(
    "text",
    [
        "J. R. R. Tolkien was born in Bloemfontein.| He died in 1973.",
        "He lived in St. Louis, Mo. in 1890.| Dr. Watson came on Jan. 3, 1891.| It rained.",
        '“Who?” he asked.| She said "No."| Then they left (in 1990s.)| Why?!| So.',
        "In the U.S. Army he rose.| The e.g. is not an end.| See No. 5 and p. 12 of vol. 312.| No.| It ended.",
        "Pi is 3.14159 exactly.| See ditto.run for more.| The end",
        "Wait...| He left.| Hmm... he stayed.| And so on…| Next.",
        "A line\nbreak is no end.\n| But this is.\n\n|Early life\n\n|He was born.",
        "Er wurde am 3. März 1920 in Köln geboren.| Er hieß z. B. Hans (engl. John).| „Ja.“| Dann ging er.",
        "M. Hugo naquit en 1802 !| « Qui ? » dit-il.| Il mourut le 22 mai 1885.",
        "¿Quién es?| ¡Nadie!| El Sr. García lo dijo.",
        "А. С. Пушкин родился в 1799 г. в Москве (англ. Moscow).| Он умер.",
        "他说：「走吧。」|然后离开了……我不知道。|高3.14米。|真的吗？！|是。",
        "他走了。|“你好。”|他说。",
        "ホームズは探偵である．|身長は６．２フィート。|以上",
        "जे. के. रोलिंग लेखिका हैं।| वे ब्रिटेन में रहती हैं।| क्या?",
        "ولد في مصر عام 1911.| هل مات؟| نعم.",
        "یہ ایک ہے۔| وہ دو ہے۔",
        "ის დაიბადა 1900 წელს.| შემდეგ წავიდა.",
        "그는 왕이다.| 그녀는 여왕이다.",
        "Նա ծնվել է։| Հետո գնաց։",
        "เขาเกิดที่กรุงเทพ เขาเป็นนักเขียน\n\n|เขาเสียชีวิต",
        "She is 👩‍🚀.| He is 👑!",
    ],
)
def test_sentences_end_where_readers_end_them(text: str) -> None:
    assert split(text.replace("|", "")) == [piece.strip() for piece in text.split("|")]


@pytest.mark.parametrize("text", ["He was 12. He left.", "It was vitamin C. He took it.", "She met Ed Jr. He left."])
def test_where_it_cannot_be_told_two_sentences_are_one(text: str) -> None:
    assert split(text) == [text]


def test_ids_count_from_one_and_the_words_are_kept_as_they_are() -> None:
    one, two = sentences(article(" One\n line. Two. "))
    assert (one.id, one.property, one.value) == ("Q1/en/s1", "", "One\n line.")
    assert (two.id, two.value) == ("Q1/en/s2", "Two.")
    assert sentences(article(" \n ")) == ()


@pytest.mark.parametrize(
    ("quote", "where"),
    [
        ("He  came\nback.", "s2"),
        ("came back. He slept. He", "s2-s4"),
        ("slept.", "s3"),
        ("He", "s1"),
        ("走了。你", "s5-s6"),
        ("he came back", None),
        ("left.He", None),
        (" \n", None),
    ],
)
def test_a_quote_is_placed_where_it_first_stands(quote: str, where: str | None) -> None:
    told = article("He left.\n\nHe came back. He slept. He died. 他走了。你好。")
    assert place(told, quote) == (where and f"Q1/en/{where}")


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_sentence_of_the_nano_world_is_one(lang: str) -> None:
    for persona in world().personas[:100]:
        told = character(persona, lang)
        found = sentences(told)
        assert len(found) == 2 + len(persona.facts)
        assert all(claim.value[-1] in ".。" for claim in found)


@given(TEXTS, st.integers(0, 60))
def test_what_is_cut_ends_with_a_sentence(text: str, size: int) -> None:
    kept = cut(text, size)
    assert text.startswith(kept)
    assert len(kept) <= max(size, 0)
    if len(text) > size:
        ends = [0, *(stop for _, stop in spans(text) if stop <= size)]
        assert len(kept) == ends[-1]


@pytest.mark.parametrize("piece", [".", "J. ", ". ", "\n ", " \n", ".'", "。", "a", "('", ".(", "…\n"])
def test_no_text_takes_long(piece: str) -> None:
    text = piece * 40_000
    assert "".join("".join(split(text)).split()) == "".join(text.split())
