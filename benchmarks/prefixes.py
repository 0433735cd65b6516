"""What a shared prefix saves: our vLLM engine beside raw `LLM.chat`, and with and without its cache.

Prompts have the paper's shape: a profile of 600 tokens and six short questions to each role. The
model is a Llama of random weights, large enough that reading a prompt costs something.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from random import Random
from typing import Any

import torch
from transformers import LlamaConfig, LlamaForCausalLM

from ditto.engines.base import Engine, Request, Sampling
from ditto.engines.transformers import TransformersEngine
from ditto.engines.vllm import VLLMEngine
from ditto.engines.vllm_worker import Job
from ditto.models import Model
from ditto.nano.tokenizer import build_tokenizer
from ditto.nano.world import world

ROLES, QUESTIONS, PROFILE, REPLY = 8, 6, 600, 16
GIB_OF_CACHE = 1
OPTIONS: dict[str, Any] = {"cache_gib": GIB_OF_CACHE, "options": {"enforce_eager": True}}


class Shuffled(VLLMEngine):
    """The same engine without its one idea."""

    def _ordered(self, jobs: Sequence[Job]) -> list[Job]:
        return Random(0).sample(list(jobs), len(jobs))


def run() -> Iterator[tuple[str, list[tuple[str, float]]]]:
    """Requests a second of each way, ours first, an engine at a time."""
    with tempfile.TemporaryDirectory() as folder:
        model = random_model(Path(folder), max_length=800)
        yield "transformers", _transformers(model)
        if find_spec("vllm"):
            yield "vllm, prefix cache", _vllm(model)
            yield "vllm, over raw LLM.chat", _raw(model)


def random_model(folder: Path, max_length: int, *, width: int = 512, heads: int = 8) -> Model:
    """A Llama of eight layers and random weights: 27 million parameters, 44 million at a width of 640."""
    tokenizer = build_tokenizer()
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=width,
        intermediate_size=3 * width,
        num_hidden_layers=8,
        num_attention_heads=heads,
        max_position_embeddings=2048,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return Model(name="random", path=str(folder), max_length=max_length)


def paper_shaped(seed: int, n_roles: int = ROLES) -> list[Request]:
    """Six questions to each role under a profile of `PROFILE` tokens, in the order of a simulation."""
    rng, sampling, asked = Random(seed), Sampling(max_tokens=REPLY), list[Request]()
    names = [entity.name for entity in world().entities]
    for _ in range(n_roles):
        profile = " ".join(rng.choice(names) for _ in range(PROFILE))
        for _ in range(QUESTIONS):
            question = f"Speaking of {rng.choice(names)}, what is your song?"
            asked.append(
                Request(({"role": "system", "content": profile}, {"role": "user", "content": question}), sampling)
            )
    return asked


def rate(engine: Engine, seed: int) -> float:
    """Requests a second, once the engine is warm."""
    for _ in engine.generate(paper_shaped(seed + 1000, 2)):
        pass
    asked = paper_shaped(seed)
    start = time.perf_counter()
    n = sum(len(batch) for batch in engine.generate(asked))
    return n / (time.perf_counter() - start)


def _transformers(model: Model) -> list[tuple[str, float]]:
    torch.set_num_threads(1)
    ours = TransformersEngine(model, batch_size=24, device="cpu")
    without = TransformersEngine(model, batch_size=24, device="cpu", reuse_prefixes=False)
    return [("with reuse of prefixes", rate(ours, 0)), ("without", rate(without, 0))]


def _vllm(model: Model) -> list[tuple[str, float]]:
    engines = {
        "ordered, cached": VLLMEngine(model, **OPTIONS),
        "shuffled, cached": Shuffled(model, **OPTIONS),
        "caching off": VLLMEngine(model, prefix_caching=False, **OPTIONS),
    }
    rows = []
    for name, engine in engines.items():
        requests_a_second = rate(engine, 0)
        hit = engine.usage.cached_tokens / engine.usage.prompt_tokens
        possible = engine.usage.cacheable_tokens / engine.usage.prompt_tokens
        rows.append((f"{name} (hit rate {hit:.0%} of {possible:.0%})", requests_a_second))
        engine.close()
    return rows


def _raw(model: Model) -> list[tuple[str, float]]:
    engine = VLLMEngine(model, **OPTIONS)
    ours = rate(engine, 0)
    engine.close()
    result = Path(model.source) / "rate.txt"  # vLLM writes what it likes to the standard output
    subprocess.run(
        [sys.executable, "-m", "benchmarks.raw_vllm", model.source, str(model.max_length), str(result)],
        stdout=subprocess.DEVNULL,
        check=True,
    )
    return [("our engine", ours), ("raw LLM.chat", float(result.read_text()))]
