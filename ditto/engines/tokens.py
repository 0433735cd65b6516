"""What a model's tokenizer does for every engine that runs the weights itself."""

from collections.abc import Sequence
from hashlib import blake2b

from ditto.models import Model, load_tokenizer, render
from ditto.records import Message


class Tokens:
    """Conversations as the model reads them.

    Raises:
        ModelError: the tokenizer cannot be used.
    """

    def __init__(self, model: Model) -> None:
        self.tokenizer = load_tokenizer(model)
        self._template = model.template

    def prompt(self, messages: Sequence[Message]) -> list[int]:
        """The ids up to where the reply begins."""
        text = render(self.tokenizer, messages, self._template, prompt=True)
        ids: list[int] = self.tokenizer(text, add_special_tokens=False)["input_ids"]
        return ids


def spoken(text: str) -> str:
    """A reply without the thinking before it."""
    return text.rpartition("</think>")[2].strip()


def shared(a: Sequence[int], b: Sequence[int]) -> int:
    """How many tokens two prompts begin with in common."""
    low, high = 0, min(len(a), len(b))
    while low < high:
        middle = (low + high + 1) // 2
        if a[low:middle] == b[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


class Reuse:
    """How much of a workload's prompts a prefix cache that forgets nothing could answer for.

    Counted in whole blocks, and a prompt's last token is always computed, as in vLLM; the order of
    the prompts makes no difference to the sum.
    """

    def __init__(self, block: int = 16) -> None:
        self.tokens = 0
        self._block = block
        self._seen: set[bytes] = set()

    def add(self, prompt: Sequence[int]) -> None:
        chain, known = b"", True
        for start in range(0, len(prompt) - self._block, self._block):
            block = str(prompt[start : start + self._block]).encode()
            chain = blake2b(chain + block, digest_size=8).digest()
            known = known and chain in self._seen
            self.tokens += self._block * known
            self._seen.add(chain)
