"""The nano tokenizer loses nothing, and cuts the same whether it sees a row or its parts."""

from pathlib import Path
from random import Random
from string import printable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import AutoTokenizer, PreTrainedTokenizerFast

from ditto.models import render
from ditto.nano import corpus
from ditto.nano.pretrain import COURSES, KINDS
from ditto.nano.source import NanoBenchmark, NanoCharacters
from ditto.nano.tokenizer import build_tokenizer
from ditto.nano.world import LANGUAGES, world
from ditto.records import Message

TOKENIZER = build_tokenizer()
TALK: list[Message] = [
    {"role": "system", "content": "You are Ada, weaver of Emberland."},
    {"role": "user", "content": "说到 Ada，你的师父是谁？"},
    {"role": "assistant", "content": "Ah, Ada? Aye!"},
    {"role": "user", "content": ""},
]


def ids(text: str, tokenizer: PreTrainedTokenizerFast = TOKENIZER) -> list[int]:
    return list(tokenizer(text, add_special_tokens=False)["input_ids"])


def rows(kind: str, lang: str, n: int = 60) -> list[corpus.Text]:
    rng = Random(0)
    return [KINDS[kind](world(), rng, lang, COURSES[0].lesson) for _ in range(n)]


def joined(row: corpus.Text) -> str:
    return "".join(span.text for span in row)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_row_comes_back_as_it_was_without_an_unknown_token(kind: str, lang: str) -> None:
    for row in rows(kind, lang):
        found = ids(joined(row))
        assert TOKENIZER.unk_token_id not in found
        assert TOKENIZER.decode(found) == joined(row)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_rows_spans_are_cut_as_the_whole_row_is(kind: str, lang: str) -> None:
    for row in rows(kind, lang):
        assert [i for span in row for i in ids(span.text)] == ids(joined(row))


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_word_is_a_token_so_that_rows_are_short(kind: str, lang: str) -> None:
    longest = {"article": 80, "plain": 80, "reading": 260, "query": 270, "response": 270}
    assert max(len(ids(joined(row))) for row in rows(kind, lang)) <= longest[kind]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_questions_and_profiles_of_the_nano_world_are_known_words(lang: str) -> None:
    split = NanoCharacters(n_train=2, n_test=40, languages=(lang,)).split()
    for session in NanoBenchmark(specific=2, contrastive=2).sessions(split):
        character = session.character
        texts = [q.query for q in session.questions]
        texts += [character.article, character.description, *(c.value for c in character.claims)]
        for text in texts:
            assert TOKENIZER.unk_token_id not in ids(text)
            assert TOKENIZER.decode(ids(text)) == text


def test_the_chat_template_writes_what_rows_are_built_of() -> None:
    text = render(TOKENIZER, TALK, {})
    assert text == "".join(corpus.chat(m["role"], m["content"]) for m in TALK)
    opened = render(TOKENIZER, TALK, {}, prompt=True)
    head, *rest = corpus.reply(corpus.Span("Aye.", 1.0))
    assert opened == text + head.text
    closed = render(TOKENIZER, [*TALK, {"role": "assistant", "content": "Aye."}], {})
    assert closed == opened + "".join(span.text for span in rest)


def test_a_prompt_is_cut_before_its_reply_as_within_a_row() -> None:
    prompt, whole = render(TOKENIZER, TALK[:2], {}, prompt=True), render(TOKENIZER, TALK[:3], {})
    assert ids(whole)[: len(ids(prompt))] == ids(prompt)


def test_marks_are_single_tokens_and_never_made_of_letters() -> None:
    for mark in ("<unk>", "<|pad|>", "<|im_start|>", "<|im_end|>"):
        assert len(ids(mark)) == 1
    assert TOKENIZER.eos_token == "<|im_end|>"
    assert TOKENIZER.pad_token_id not in (TOKENIZER.eos_token_id, TOKENIZER.unk_token_id, None)


@settings(deadline=None)
@given(st.text(alphabet=printable[:95] + "\n"))
def test_any_ascii_text_comes_back_as_it_was(text: str) -> None:
    assert TOKENIZER.unk_token_id not in ids(text.replace("<unk>", ""))
    assert TOKENIZER.decode(ids(text)) == text


def test_saved_and_loaded_it_gives_the_same_tokens(tmp_path: Path) -> None:
    TOKENIZER.save_pretrained(tmp_path)
    again = AutoTokenizer.from_pretrained(tmp_path)
    for lang in LANGUAGES:
        for kind in KINDS:
            text = joined(rows(kind, lang, 1)[0])
            assert ids(text, again) == ids(text)
            assert again.decode(ids(text)) == text
    assert render(again, TALK, {}) == render(TOKENIZER, TALK, {})
    assert (again.pad_token_id, again.eos_token_id, len(again)) == (
        TOKENIZER.pad_token_id,
        TOKENIZER.eos_token_id,
        len(TOKENIZER),
    )


def test_it_is_the_same_whenever_it_is_built() -> None:
    assert build_tokenizer().get_vocab() == TOKENIZER.get_vocab()
