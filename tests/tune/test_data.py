"""The loss sees the replies and the ends of their turns, whatever the template, and nothing else."""

from collections.abc import Sequence
from typing import Final

import pytest
import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from ditto.errors import ModelError
from ditto.models import render
from ditto.nano.tokenizer import build_tokenizer
from ditto.records import Message
from ditto.tune.batches import IGNORED, padded
from ditto.tune.data import Example, encode, examples_within

CHATML: Final = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
LLAMA: Final = (
    "<|begin_of_text|>{% for m in messages %}<|start_header_id|>{{ m['role'] }}<|end_header_id|>\n\n"
    "{{ m['content'] | trim }}<|eot_id|>{% endfor %}"
)
# Gemma has no system role: its words stand at the head of the first user turn.
GEMMA: Final = (
    "<bos>{% set ns = namespace(head='') %}{% for m in messages %}"
    "{% if m['role'] == 'system' %}{% set ns.head = m['content'] + '\n\n' %}{% else %}"
    "<start_of_turn>{{ 'model' if m['role'] == 'assistant' else m['role'] }}\n"
    "{{ ns.head + m['content'] | trim }}<end_of_turn>\n{% set ns.head = '' %}{% endif %}{% endfor %}"
)
MISTRAL: Final = (
    "<s>{% set ns = namespace(head='') %}{% for m in messages %}"
    "{% if m['role'] == 'system' %}{% set ns.head = m['content'] + '\n\n' %}"
    "{% elif m['role'] == 'user' %}[INST] {{ ns.head + m['content'] }} [/INST]{% set ns.head = '' %}"
    "{% else %} {{ m['content'] }}</s>{% endif %}{% endfor %}"
)
# Qwen3 puts an empty thought before the last reply, unless thinking is what one wants.
QWEN3: Final = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n"
    "{% if loop.last and m['role'] == 'assistant' %}<think>\n\n</think>\n\n{% endif %}"
    "{{ m['content'] }}<|im_end|>\n{% endfor %}"
)
# Where the last of all messages is the user's, it carries the system message; no reply may follow it.
LAST_USER: Final = (
    "{% set system = messages[0]['content'] %}{% for m in messages[1:] %}"
    "{% if m['role'] == 'user' %}[INST] {{ system + '\n\n' if loop.last }}{{ m['content'] }} [/INST]"
    "{% else %} {{ m['content'] }}</s>{% endif %}{% endfor %}"
)
MARKS: Final = (
    *("<|im_start|>", "<|im_end|>", "<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"),
    *("<bos>", "<start_of_turn>", "<end_of_turn>", "[INST]", "[/INST]", "<s>", "</s>", "<think>", "</think>", "<pad>"),
)
# What stands before a reply.
HEADERS: Final = ("assistant\n", "assistant<|end_header_id|>\n\n", "model\n", "[/INST] ", "</think>\n\n")


def bytewise(template: str, eos: str = "<|im_end|>", pad: str = "<pad>") -> PreTrainedTokenizerFast:
    """A token a byte besides the marks, so that a text's tokens are those of its parts."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    core = Tokenizer(models.BPE({letter: i for i, letter in enumerate(alphabet)}, []))
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    core.add_special_tokens([AddedToken(mark, special=True) for mark in MARKS])
    return PreTrainedTokenizerFast(
        tokenizer_object=core,
        eos_token=eos,
        pad_token=pad,
        chat_template=template,
        clean_up_tokenization_spaces=False,
    )


def talk(*said: str, system: str = "You are Ada.") -> list[Message]:
    messages: list[Message] = [{"role": "system", "content": system}]
    for i, content in enumerate(said):
        messages.append({"role": "assistant" if i % 2 else "user", "content": content})
    return messages


def expected(parts: Sequence[tuple[str, bool]], tokenizer: PreTrainedTokenizerFast) -> Example:
    """An example put together from pieces of text that are supervised or not."""
    ids, marks = list[int](), list[bool]()
    for text, supervised in parts:
        piece = tokenizer(text, add_special_tokens=False)["input_ids"]
        ids += piece
        marks += [supervised] * len(piece)
    return Example(tuple(ids), tuple(marks))


def supervised_text(example: Example, tokenizer: PreTrainedTokenizerFast) -> str:
    return str(tokenizer.decode([i for i, on in zip(example.ids, example.supervised, strict=True) if on]))


TALK: Final = talk("Who are you?", "I am Ada.", "And now?", "我还是 Ada。")
CHATML_HEAD: Final = "<|im_start|>system\nYou are Ada.<|im_end|>\n<|im_start|>user\nWho are you?<|im_end|>\n"
CHATML_NEXT: Final = "\n<|im_start|>user\nAnd now?<|im_end|>\n<|im_start|>assistant\n"
PARTS: Final[dict[str, tuple[str, list[tuple[str, bool]]]]] = {
    "chatml": (
        CHATML,
        [
            (CHATML_HEAD + "<|im_start|>assistant\n", False),
            ("I am Ada.<|im_end|>", True),
            (CHATML_NEXT, False),
            ("我还是 Ada。<|im_end|>", True),
            ("\n", False),
        ],
    ),
    "llama": (
        LLAMA,
        [
            ("<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\nYou are Ada.<|eot_id|>", False),
            ("<|start_header_id|>user<|end_header_id|>\n\nWho are you?<|eot_id|>", False),
            ("<|start_header_id|>assistant<|end_header_id|>\n\n", False),
            ("I am Ada.<|eot_id|>", True),
            ("<|start_header_id|>user<|end_header_id|>\n\nAnd now?<|eot_id|>", False),
            ("<|start_header_id|>assistant<|end_header_id|>\n\n", False),
            ("我还是 Ada。<|eot_id|>", True),
        ],
    ),
    "gemma": (
        GEMMA,
        [
            ("<bos><start_of_turn>user\nYou are Ada.\n\nWho are you?<end_of_turn>\n<start_of_turn>model\n", False),
            ("I am Ada.<end_of_turn>", True),
            ("\n<start_of_turn>user\nAnd now?<end_of_turn>\n<start_of_turn>model\n", False),
            ("我还是 Ada。<end_of_turn>", True),
            ("\n", False),
        ],
    ),
    "mistral": (
        MISTRAL,
        [
            ("<s>[INST] You are Ada.\n\nWho are you? [/INST] ", False),
            ("I am Ada.</s>", True),
            ("[INST] And now? [/INST] ", False),
            ("我还是 Ada。</s>", True),
        ],
    ),
    "qwen3": (
        QWEN3,
        [
            (CHATML_HEAD + "<|im_start|>assistant\n", False),
            ("I am Ada.<|im_end|>", True),
            (CHATML_NEXT + "<think>\n\n</think>\n\n", False),
            ("我还是 Ada。<|im_end|>", True),
            ("\n", False),
        ],
    ),
}


@pytest.mark.parametrize("name", PARTS)
def test_the_mask_covers_the_replies_with_their_ends_and_nothing_else(name: str) -> None:
    template, parts = PARTS[name]
    tokenizer = bytewise(template)
    example = encode(TALK, tokenizer, {})
    assert example == expected(parts, tokenizer)
    assert tokenizer.decode(example.ids) == render(tokenizer, TALK, {})


def test_the_nano_template_marks_the_same_tokens_itself() -> None:
    tokenizer = build_tokenizer()
    theirs = tokenizer.apply_chat_template(TALK, return_dict=True, return_assistant_tokens_mask=True)
    example = encode(TALK, tokenizer, {})
    assert list(example.ids) == theirs["input_ids"]
    assert [int(on) for on in example.supervised] == theirs["assistant_masks"]


def test_the_end_of_a_turn_is_learnt_where_the_pad_token_is_the_same() -> None:
    tokenizer = bytewise(CHATML, pad="<|im_end|>")
    examples = [encode(talk("Hi?", "Yes."), tokenizer, {}), encode(TALK, tokenizer, {})]
    batch = padded(examples, tokenizer.pad_token_id)
    end = tokenizer.eos_token_id
    for row, example in enumerate(examples):
        labels, size = batch["labels"][row], len(example.ids)
        assert (labels == end).sum() == 1 + row
        assert (labels[size:] == IGNORED).all()
        assert (batch["input_ids"][row, size:] == end).all()
        assert batch["attention_mask"][row].tolist() == [1] * size + [0] * (len(labels) - size)
        kept = labels != IGNORED
        assert kept[:size].tolist() == list(example.supervised)
        assert torch.equal(labels[kept], batch["input_ids"][row][kept])


@pytest.mark.parametrize("template", [CHATML, LLAMA, GEMMA, MISTRAL, QWEN3], ids=list(PARTS))
def test_words_that_both_sides_say_are_learnt_from_the_assistant_alone(template: str) -> None:
    messages = talk("Hello.", "Hello.", "Hello. You are Ada.", "Hello.", "Bye.", "Hello. Bye.", system="Hello.")
    tokenizer = bytewise(template)
    example = encode(messages, tokenizer, {})
    end = supervised_text(example, tokenizer).removeprefix("Hello.").partition("Hello.")[0]
    assert end in MARKS
    assert supervised_text(example, tokenizer) == f"Hello.{end}Hello.{end}Hello. Bye.{end}"
    starts = [i for i, on in enumerate(example.supervised) if on and not example.supervised[i - 1]]
    heads = [tokenizer.decode(example.ids[:start]) for start in starts]
    assert len(heads) == 3
    assert all(head.endswith(HEADERS) for head in heads)


@pytest.mark.parametrize(
    ("template", "said"),
    [(CHATML, ("user", "user")), (CHATML, ("Who?", "art")), (CHATML, ("Who?", "e")), (MISTRAL, ("Who?", "I"))],
)
def test_a_message_is_not_mistaken_for_words_of_the_template(template: str, said: tuple[str, str]) -> None:
    tokenizer = bytewise(template)
    example = encode(talk(*said), tokenizer, {})
    first = example.supervised.index(True)
    assert supervised_text(example, tokenizer).startswith(said[1])
    assert tokenizer.decode(example.ids[:first]).endswith(HEADERS)


@pytest.mark.parametrize(
    "template",
    [
        CHATML.replace("m['content']", "m['content'] | upper"),
        CHATML.replace("m['content']", "'' if m['role'] == 'assistant' else m['content']"),
        CHATML.replace("m['content']", "m['content'] | replace('Ada', 'A')"),
        LAST_USER,
    ],
)
def test_a_template_that_does_not_show_the_messages_as_they_are_is_refused(template: str) -> None:
    with pytest.raises(ModelError, match="chat template does not show the message"):
        encode(TALK, bytewise(template), {})


def test_a_session_without_a_reply_is_refused() -> None:
    with pytest.raises(ModelError, match="covers no token"):
        encode(talk("Who are you?"), bytewise(CHATML), {})


def test_a_session_of_replies_alone_is_refused() -> None:
    bare = "{% for m in messages %}{{ m['content'] }}<|im_end|>{% endfor %}"
    with pytest.raises(ModelError, match="covers every token"):
        encode([{"role": "assistant", "content": "I am Ada."}], bytewise(bare), {})


def test_switches_reach_the_template() -> None:
    template = "{% if loud %}LOUD {% endif %}" + CHATML
    tokenizer = bytewise(template)
    assert tokenizer.decode(encode(TALK, tokenizer, {"loud": True}).ids).startswith("LOUD <|im_start|>")
    assert tokenizer.decode(encode(TALK, tokenizer, {}).ids).startswith("<|im_start|>")


@pytest.mark.parametrize("name", PARTS)
def test_a_long_session_loses_whole_turns_from_its_end(name: str) -> None:
    tokenizer = bytewise(PARTS[name][0])
    whole, one_turn = encode(TALK, tokenizer, {}), encode(TALK[:3], tokenizer, {})
    for limit, kept in [
        (len(whole.ids), whole),
        (len(whole.ids) - 1, one_turn),
        (len(one_turn.ids), one_turn),
        (len(one_turn.ids) - 1, None),
    ]:
        assert examples_within(TALK, tokenizer, {}, limit) == ([kept] if kept else [], kept != whole)


def test_where_the_system_message_moves_along_each_reply_is_learnt_behind_its_own_prompt() -> None:
    tokenizer = bytewise(LAST_USER)
    examples, cut = examples_within(TALK, tokenizer, {}, 999)
    assert examples == [
        expected([("[INST] You are Ada.\n\nWho are you? [/INST] ", False), ("I am Ada.</s>", True)], tokenizer),
        expected(
            [
                ("[INST] Who are you? [/INST] I am Ada.</s>[INST] You are Ada.\n\nAnd now? [/INST] ", False),
                ("我还是 Ada。</s>", True),
            ],
            tokenizer,
        ),
    ]
    assert not cut
    assert examples_within(TALK, tokenizer, {}, len(examples[0].ids)) == (examples[:1], True)
