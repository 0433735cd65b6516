"""One example as the model will see it, with what it learns from in colour."""

from rich.text import Text
from transformers import PreTrainedTokenizerBase

from ditto.tune.data import Example


def preview(example: Example, tokenizer: PreTrainedTokenizerBase) -> Text:
    """Every token as text, marks included; supervised ones green and bold, the others dim."""
    shown = Text()
    start = 0
    for end in range(1, len(example.ids) + 1):
        if end == len(example.ids) or example.supervised[end] != example.supervised[start]:
            learnt = example.supervised[start]
            shown.append(str(tokenizer.decode(list(example.ids[start:end]))), style="bold green" if learnt else "dim")
            start = end
    return shown
