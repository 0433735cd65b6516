"""What a tuning learns from, and what measures it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

from transformers import PreTrainedTokenizerBase

from ditto.errors import StageError
from ditto.models import Model
from ditto.records import Dialogue, read_jsonl
from ditto.tune.data import Example, examples_within
from ditto.tune.module import Tuning


@dataclass(frozen=True, slots=True)
class Material:
    """Examples to learn from, and those of other characters to measure the loss on."""

    learnt: Sequence[Example]
    aside: Sequence[Example]
    counts: dict[str, int]


def material(dialogues: Path, tokenizer: PreTrainedTokenizerBase, seed: Model, tuning: Tuning) -> Material:
    """Read and encode the dialogues; their lines are counted from 1.

    Raises:
        StageError: nothing is left to learn from, or nothing to measure it on.
    """
    sessions = read_jsonl(dialogues, Dialogue)
    within = [examples_within(s.messages, tokenizer, seed.template, tuning.max_length) for s in sessions]
    examples = [replace(example, line=n) for n, (found, _) in enumerate(within, 1) for example in found]
    characters = sorted({session.character for session in sessions})
    chosen = set(Random(tuning.seed).sample(characters, round(tuning.validation * len(characters))))
    aside = [example for example in examples if sessions[example.line - 1].character in chosen]
    learnt = [example for example in examples if sessions[example.line - 1].character not in chosen]
    if not learnt:
        raise StageError(f"Not one dialogue fits tuning.max_length={tuning.max_length} tokens.")
    if tuning.validation and not aside:
        raise StageError(f"tuning.validation={tuning.validation} keeps none of {len(characters)} characters aside.")
    counts = {
        "dialogues": len(sessions),
        "dialogues dropped": sum(not found for found, _ in within),
        "dialogues cut": sum(bool(found) and cut for found, cut in within),
        "supervised tokens": sum(sum(example.supervised) for example in learnt),
    }
    return Material(learnt, aside, counts)
