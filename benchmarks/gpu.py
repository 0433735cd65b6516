"""Tuning models of Qwen2.5's shapes with random weights on a GPU, beside TRL: tokens a second, memory, utilisation.

Utilisation is the arithmetic of the weights (`Cost.flop_per_token`; attention is left out) over what the GPU reaches in
a large matrix product in bfloat16, measured in the same run. Without a GPU, it says what it would do.
"""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import torch
from hydra import compose, initialize_config_dir
from transformers import AutoModelForCausalLM, Qwen2Config

from benchmarks.timing import alone
from benchmarks.trl import Work, measured, ours, theirs
from ditto.config import register_resolvers
from ditto.nano.tokenizer import build_tokenizer
from ditto.run import CONF
from ditto.tune.adapter import adapted
from ditto.tune.estimate import GIB, Cost, cost
from ditto.tune.meter import matrix_rate
from ditto.tune.method import Method, method

LENGTH: Final = 4096
VOCABULARY: Final = 152_064
# hidden size, intermediate size, layers, heads, key-value heads, embeddings tied
SHAPES: Final = {
    "0.5B": (896, 4864, 24, 14, 2, True),
    "1.5B": (1536, 8960, 28, 12, 2, True),
    "7B": (3584, 18_944, 28, 28, 4, False),
}


@dataclass(frozen=True)
class Case:
    shape: str
    tuning: str

    @property
    def overrides(self) -> tuple[str, ...]:
        return (f"tuning={self.tuning}", "trainer=gpu")

    def config(self) -> Qwen2Config:
        hidden, intermediate, layers, heads, shared, tied = SHAPES[self.shape]
        tokenizer = build_tokenizer()
        return Qwen2Config(
            vocab_size=VOCABULARY,
            hidden_size=hidden,
            intermediate_size=intermediate,
            num_hidden_layers=layers,
            num_attention_heads=heads,
            num_key_value_heads=shared,
            tie_word_embeddings=tied,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )

    def method(self) -> Method:
        register_resolvers()
        with initialize_config_dir(str(CONF), version_base="1.3"):
            return method(compose("config", overrides=[f"tuning={self.tuning}"]).tuning)

    def cost(self) -> Cost:
        """Of parts of two full rows."""
        how = self.method()
        with torch.device("meta"):
            network = AutoModelForCausalLM.from_config(self.config())
            whole = adapted(network, how.adapter) if how.adapter else network
        trainable = sum(p.numel() for p in whole.parameters() if p.requires_grad)
        sizes = {"parameters": network.num_parameters(), "trainable": trainable, "tokens": 2 * LENGTH}
        return cost(self.config(), **sizes, mixed=True, frozen=2, recompute=how.tuning.gradient_checkpointing)


def cases() -> list[Case]:
    return [Case(shape, tuning) for shape in SHAPES for tuning in ("full", "lora")]


def rows() -> Iterator[tuple[str, ...]]:
    """Case, way, tokens a second, peak GiB, utilisation; what does not fit says so."""
    device = torch.device("cuda")
    room, rate = torch.cuda.mem_get_info()[1], matrix_rate(device, bf16=True, seconds=5)
    for case in cases():
        expected = case.cost()
        if expected.gib * GIB > 0.95 * room:
            yield f"{case.shape} {case.tuning}", "left out", "", f"{expected.gib:.0f} expected", ""
            continue
        with tempfile.TemporaryDirectory() as folder:
            alone(_random, case, Path(folder))
            work = Work(
                Path(folder), LENGTH, batch=32, accumulate=4, warm=3, steps=8, words=200, overrides=case.overrides
            )
            ways = {"ours": partial(ours, work, packing=True)}
            ways["TRL"] = partial(theirs, work, packing=True, per_device_train_batch_size=2)
            for way, run in ways.items():
                tokens, mib = alone(measured, run)
                share = tokens * expected.flop_per_token / rate
                yield f"{case.shape} {case.tuning}", way, f"{tokens:,.0f}", f"{mib / 1024:.1f}", f"{share:.0%}"


def _random(case: Case, folder: Path) -> tuple[float, float]:
    torch.set_default_dtype(torch.bfloat16)
    with torch.device("cuda"):
        network = AutoModelForCausalLM.from_config(case.config())
    network.save_pretrained(folder)
    build_tokenizer().save_pretrained(folder)
    return 0.0, 0.0
