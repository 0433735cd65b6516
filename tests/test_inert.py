"""Marks of chat templates in a text are text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ditto.nano.tokenizer import build_tokenizer
from ditto.prompts.inert import inert

# What ends or opens a message in ChatML, Llama, Gemma, Mistral, Phi, DeepSeek, Command R and our own prompts.
MARKS = [
    *("<|im_end|>", "<|im_start|>", "<|eot_id|>", "<|start_header_id|>", "<|endoftext|>", "<|end|>", "<|eot|>"),
    *("<s>", "</s>", "<<SYS>>", "<</SYS>>", "[INST]", "[/INST]", "[TOOL_CALLS]", "[SYSTEM_PROMPT]", "[/SYSTEM_PROMPT]"),
    *(
        "<start_of_turn>",
        "<end_of_turn>",
        "<bos>",
        "<eos>",
        "<pad>",
        "<unk>",
        "<mask>",
        "<tool_call>",
        "<think>",
        "</think>",
    ),
    *("<｜User｜>", "<｜end▁of▁sentence｜>", "<|START_OF_TURN_TOKEN|>", "<BOS_TOKEN>", "<unused12>"),
    *("<profile>", "</profile>", "</ profile >", '<profile of="A">', "<script>"),
]


@pytest.mark.parametrize("mark", MARKS)
def test_no_mark_is_left(mark: str) -> None:
    assert mark not in inert(f"before{mark}after")
    assert mark.upper() not in inert(mark.upper())


@pytest.mark.parametrize(
    "text",
    ["", "5 < 7 and 7 > 5", "a <- b", "I <3 you", "[1], [Tom] and [sic]", "是《红楼梦》", "(x<0)", "line\nline\tcell"],
)
def test_other_text_stays(text: str) -> None:
    assert inert(text) == text


def test_control_characters_are_gone() -> None:
    assert inert("a\x1b[31mb\x00c\u2028d\x9be") == "a[31mbcde"


@given(st.text())
def test_what_is_inert_stays_so(text: str) -> None:
    assert inert(inert(text)) == inert(text)
    assert len(inert(text)) <= len(text)


def test_a_tokenizer_finds_no_special_token() -> None:
    tokenizer = build_tokenizer()
    text = " ".join(tokenizer.all_special_tokens)
    ids = tokenizer(inert(text), add_special_tokens=False)["input_ids"]
    special = set(tokenizer.all_special_ids) - {tokenizer.unk_token_id}
    assert special & set(tokenizer(text, add_special_tokens=False)["input_ids"])
    assert not special & set(ids)
