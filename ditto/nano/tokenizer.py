"""The nano models' tokenizer: a closed lexicon, one token a word, exact round trips.

A Unigram model with equal scores picks the fewest pieces, so every word of the world is one token in
both languages and anything else in ASCII falls apart into letters. English words carry their leading
space, Chinese ones need none; JSON's punctuation comes in whole pieces.
"""

import re
from collections.abc import Iterator
from importlib import resources
from string import Formatter, printable

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from ditto.nano.world import LANGUAGES, language, world

SPECIAL = ("<unk>", "<|pad|>", "<|im_start|>", "<|im_end|>")
JSON_PIECES = ('[{"question": "', '"}, {"question": "', '"}]')
ROLES = ("system\n", "user\n", "assistant\n")
CHAT_TEMPLATE = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' }}"
    "{% if message['role'] == 'assistant' %}{% generation %}{{ message['content'] + '<|im_end|>' }}{% endgeneration %}"
    "{% else %}{{ message['content'] + '<|im_end|>' }}{% endif %}{{ '\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)


def build_tokenizer() -> PreTrainedTokenizerFast:
    """The tokenizer of all four models, from the world's words and the nano prompts alone."""
    pieces = list(dict.fromkeys([*SPECIAL, *ROLES, *JSON_PIECES, *printable[:95], "\n", *_words()]))
    tokenizer = Tokenizer(models.Unigram([(piece, -1.0) for piece in pieces], unk_id=0, byte_fallback=False))
    tokenizer.add_special_tokens([AddedToken(token, special=True) for token in SPECIAL])
    # Only a speed-up: no piece but JSON's crosses a line end, and Viterbi then works on short texts.
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(r"[^\n]*\n"), behavior="isolated")
    tokenizer.decoder = decoders.Fuse()
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        unk_token="<unk>",
        pad_token="<|pad|>",
        eos_token="<|im_end|>",
        chat_template=CHAT_TEMPLATE,
        clean_up_tokenization_spaces=False,
        model_max_length=512,
        padding_side="left",
    )


def _words() -> Iterator[str]:
    for name in (*world().firsts, *world().lasts, *(entity.name for entity in world().entities)):
        yield f" {name}"
    for lang in LANGUAGES:
        split = _english if lang == "en" else _chinese
        for text in (*_strings(language(lang)), *_prompts(lang)):
            for literal, *_ in Formatter().parse(text):
                yield from split(literal)


def _english(text: str) -> Iterator[str]:
    """Words with their leading space; bare as well where a line may begin with them."""
    for word in re.findall(r"[A-Za-z]+", text):
        yield f" {word}"
        if word[0].isupper():
            yield word


def _chinese(text: str) -> Iterator[str]:
    """Runs of Chinese without punctuation, and each mark by itself."""
    yield from re.findall(r"[\u4e00-\u9fff]+|[^\u4e00-\u9fffA-Za-z]", text)


def _strings(node: object) -> Iterator[str]:
    """All the texts in a tree of lists and mappings."""
    children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    if isinstance(node, str):
        yield node
    for child in children:
        yield from _strings(child)


def _prompts(lang: str) -> Iterator[str]:
    folder = resources.files("ditto.prompts").joinpath(f"nano/{lang}")
    for file in sorted(folder.iterdir(), key=lambda f: f.name):
        yield file.read_text("utf-8")
