"""Counting what prompts share: as vLLM's prefix cache would, if it forgot nothing."""

from random import Random

import pytest

from ditto.engines.tokens import Reuse, shared, spoken

BLOCK = 16


def brute_force(prompts: list[list[int]]) -> int:
    """For each prompt, the longest run of whole blocks that begins some earlier prompt, but its last token."""
    total = 0
    for n, prompt in enumerate(prompts):
        common = [next((i for i, (a, b) in enumerate(zip(p, prompt, strict=False)) if a != b), min(len(p), len(prompt)))
                  for p in prompts[:n]]  # fmt: skip
        cached = [(len(p) - 1) // BLOCK * BLOCK for p in prompts[:n]]
        whole = [min(c, k, len(prompt) - 1) // BLOCK * BLOCK for c, k in zip(common, cached, strict=True)]
        total += max(whole, default=0)
    return total


@pytest.mark.parametrize("seed", range(20))
def test_reuse_is_what_looking_at_every_earlier_prompt_would_find(seed: int) -> None:
    rng = Random(seed)
    roots = [[rng.randrange(50) for _ in range(rng.randrange(1, 90))] for _ in range(3)]
    prompts = [rng.choice(roots) + [rng.randrange(50) for _ in range(rng.randrange(1, 40))] for _ in range(25)]
    reuse = Reuse()
    for prompt in prompts:
        reuse.add(prompt)
    assert reuse.tokens == brute_force(prompts) > 0


def test_the_order_of_the_prompts_makes_no_difference() -> None:
    rng = Random(0)
    prompts = [[1] * 40 + [rng.randrange(3) for _ in range(30)] for _ in range(20)]
    sums = set()
    for _ in range(5):
        rng.shuffle(prompts)
        reuse = Reuse()
        for prompt in prompts:
            reuse.add(prompt)
        sums.add(reuse.tokens)
    assert len(sums) == 1


@pytest.mark.parametrize(
    ("a", "b", "n"), [([], [1], 0), ([1], [2], 0), ([1, 2], [1, 2], 2), ([1, 2, 3], [1, 2, 4, 5], 2), ([1, 2], [1], 1)]
)
def test_prompts_share_what_they_begin_with(a: list[int], b: list[int], n: int) -> None:
    assert shared(a, b) == shared(b, a) == n


@pytest.mark.parametrize(
    ("text", "said"), [("Aye.", "Aye."), ("<think>\nHm.\n</think>\n\nAye.", "Aye."), ("a</think>b</think> c", "c")]
)
def test_thinking_is_not_spoken(text: str, said: str) -> None:
    assert spoken(text) == said
