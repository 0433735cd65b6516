"""The chat templates that model families publish, as TRL ships them: what is learnt from each."""

from pathlib import Path
from typing import Any, Final

import pytest
from transformers import PreTrainedTokenizerFast

from ditto.errors import ModelError
from ditto.tune.data import Example, examples_within
from tests.tune.test_data import bytewise

trl = pytest.importorskip("trl", reason="TRL is not installed: pip install -e '.[dev]'")
TEMPLATES: Final = Path(trl.__file__).parent / "chat_templates"
# The family's template, what ends its turns, and switches.
FAMILIES: Final[dict[str, tuple[str, str, dict[str, Any]]]] = {
    "Qwen2.5": ("qwen2_5", "<|im_end|>", {}),
    "Qwen3": ("qwen3", "<|im_end|>", {}),
    "Qwen3, not thinking": ("qwen3", "<|im_end|>", {"enable_thinking": False}),
    "Qwen3 2507": ("qwen3_instruct_2507", "<|im_end|>", {}),
    "Llama 3": ("llama3", "<|eot_id|>", {}),
    "Llama 3.1": ("llama3_1", "<|eot_id|>", {}),
    "Llama 3.2": ("llama3_2", "<|eot_id|>", {}),
    "Gemma 3": ("gemma3", "<end_of_turn>", {}),
    "Phi 3": ("phi3", "<|end|>", {}),
    "Phi 3.5": ("phi3_5", "<|end|>", {}),
}
TOOLS: Final = {"Qwen2.5", "Qwen3", "Qwen3, not thinking", "Qwen3 2507", "Llama 3.1", "Llama 3.2"}
TURNS: Final = [
    {"role": "system", "content": "You are Ada."},
    {"role": "user", "content": "Who are you?"},
    {"role": "assistant", "content": "I am Ada."},
    {"role": "user", "content": "I am Ada."},
    {"role": "assistant", "content": " No: I am Ada. "},
]
THINKING: Final = [
    *TURNS[:2],
    {"role": "assistant", "content": "<think>\nWho am I?\n</think>\n\nI am Ada."},
    TURNS[3],
    {"role": "assistant", "content": "<think>\nShe is not.\n</think>\n\nNo: I am Ada."},
]
TOOL: Final = [
    *TURNS[:2],
    {"role": "tool", "content": "I am Ada."},
    {"role": "assistant", "content": "I am Ada."},
    TURNS[3],
    TURNS[4],
]


def family(name: str) -> PreTrainedTokenizerFast:
    template, end, _ = FAMILIES[name]
    # A pad token that equals the end of a turn must not hide it from the loss.
    tokenizer = bytewise((TEMPLATES / f"{template}.jinja").read_text("utf-8"), eos=end, pad=end)
    tokenizer.bos_token = "<bos>"
    return tokenizer


def learnt(example: Example, tokenizer: PreTrainedTokenizerFast) -> list[str]:
    """Each stretch of supervised text."""
    found, before = list[list[int]](), False
    for token, on in zip(example.ids, example.supervised, strict=True):
        if on and not before:
            found.append([])
        if on:
            found[-1].append(token)
        before = on
    return [str(tokenizer.decode(ids)) for ids in found]


@pytest.mark.parametrize("talk", [TURNS, THINKING, TOOL], ids=["turns", "thinking", "tool"])
@pytest.mark.parametrize("name", FAMILIES)
def test_the_replies_and_the_ends_of_their_turns_are_learnt(name: str, talk: list[Any]) -> None:
    _, end, switches = FAMILIES[name]
    tokenizer = family(name)
    if talk is TOOL and name not in TOOLS:
        pytest.skip("the family's template has no tools")
    (example,), cut = examples_within(talk, tokenizer, switches, 9999)
    assert learnt(example, tokenizer) == [f"I am Ada.{end}", f"No: I am Ada.{end}"]
    assert not cut


@pytest.mark.parametrize("name", ["Qwen2.5", "Llama 3", "Gemma 3", "Qwen3 2507"])
def test_it_is_what_trl_has_a_model_learn(name: str) -> None:
    """TRL patches the template with marks of where a reply is generated."""
    tokenizer = family(name)
    (ours,), _ = examples_within(TURNS, tokenizer, {}, 9999)
    patched = (TEMPLATES / f"{FAMILIES[name][0]}_training.jinja").read_text("utf-8")
    talk = [{**turn, "content": turn["content"].strip()} for turn in TURNS]
    theirs = tokenizer.apply_chat_template(
        talk, chat_template=patched, return_dict=True, return_assistant_tokens_mask=True
    )
    assert list(ours.ids) == theirs["input_ids"]
    marked = [i for i, on in zip(theirs["input_ids"], theirs["assistant_masks"], strict=True) if on]
    # It marks the line break after a turn in some families; what is said is the same.
    assert "".join(str(tokenizer.decode(marked)).split()) == "".join("".join(learnt(ours, tokenizer)).split())


def test_a_family_that_refuses_system_messages_says_so() -> None:
    tokenizer = bytewise((TEMPLATES / "gemma.jinja").read_text("utf-8"))
    with pytest.raises(ModelError, match="System role not supported"):
        examples_within(TURNS, tokenizer, {}, 9999)  # type: ignore[arg-type]
