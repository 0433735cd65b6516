"""The forecast of memory and arithmetic: the formulas, and what a real training takes."""

import json
import subprocess
import sys

import pytest
from transformers import LlamaConfig

from ditto.tune.estimate import GIB, NF4, cost

# Qwen2.5-7B's measures.
CONFIG = LlamaConfig(
    vocab_size=152_064, hidden_size=3584, intermediate_size=18_944, num_hidden_layers=28, num_attention_heads=28
)
PARAMETERS = 7_615_616_512


def test_full_tuning_takes_sixteen_bytes_a_parameter_and_zero_divides_them() -> None:
    def states(zero: int, ranks: int) -> float:
        c = cost(CONFIG, parameters=PARAMETERS, trainable=PARAMETERS, tokens=1, zero=zero, ranks=ranks)
        return (c.weights + c.gradients + c.moments) / PARAMETERS

    assert [states(zero, 8) for zero in range(4)] == pytest.approx([16, 9, 5.5, 2])
    assert states(3, 1) == states(0, 1)


def test_adapters_learn_alone_and_four_bits_are_about_half_a_byte() -> None:
    lora = cost(CONFIG, parameters=PARAMETERS, trainable=40_000_000, tokens=1)
    qlora = cost(CONFIG, parameters=PARAMETERS, trainable=40_000_000, tokens=1, frozen=NF4)
    assert (lora.gradients, lora.moments) == (160_000_000, 320_000_000)
    assert qlora.weights / GIB == pytest.approx(3.97 + 0.15, abs=0.01)
    assert lora.flop_per_token == pytest.approx(4 * (PARAMETERS - 152_064 * 3584), rel=0.01)
    full = cost(CONFIG, parameters=PARAMETERS, trainable=PARAMETERS, tokens=1)
    assert full.flop_per_token == 6 * (PARAMETERS - 152_064 * 3584)


def test_recomputing_keeps_a_layers_input_alone() -> None:
    kept, recomputed = (
        cost(CONFIG, parameters=1, trainable=1, tokens=8192, mixed=True, recompute=again).activations / GIB
        for again in (False, True)
    )
    assert recomputed < 0.5 * kept


MEASURE = """
import json, torch
from transformers import LlamaConfig, LlamaForCausalLM
from ditto.tune.estimate import cost
from ditto.tune.meter import peak_memory
def peak():
    return peak_memory(torch.device("cpu"))
torch.set_num_threads(1)
torch.ones(64, 64) @ torch.ones(64, 64)
config = LlamaConfig(vocab_size=4096, hidden_size=512, intermediate_size=1536, num_hidden_layers=6,
                     num_attention_heads=8, tie_word_embeddings=True)
before, tokens = peak(), 2048
model = LlamaForCausalLM(config)
optimizer = torch.optim.AdamW(model.parameters(), fused=True)
ids = torch.randint(0, 4096, (4, tokens // 4))
for _ in range(2):
    model(input_ids=ids, labels=ids, use_cache=False).loss.backward()
    optimizer.step()
    optimizer.zero_grad()
n = model.num_parameters()
expected = cost(config, parameters=n, trainable=n, tokens=tokens)
print(json.dumps([(peak() - before) / 2**30, expected.gib]))
"""


@pytest.mark.slow
def test_a_training_takes_about_the_memory_that_was_forecast() -> None:
    done = subprocess.run([sys.executable, "-c", MEASURE], capture_output=True, text=True, check=True)
    measured, expected = json.loads(done.stdout.splitlines()[-1])
    assert expected == pytest.approx(measured, rel=0.35), (measured, expected)
