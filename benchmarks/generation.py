"""Simulation throughput: the transformers engine against one request at a time and a plain padded batch."""

from collections.abc import Sequence

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from benchmarks.timing import alternate
from ditto.engines.base import Request, Sampling
from ditto.engines.transformers import TransformersEngine
from ditto.models import Model, load_tokenizer, load_weights, render
from ditto.nano.source import NanoCharacters
from ditto.prompts import Prompts
from ditto.simulate.queries import pair, query_requests
from ditto.simulate.responses import response_request

BATCH = 64
TOKENS = 80


def run(rounds: int = 3, n_characters: int = 32) -> list[tuple[str, float]]:
    """Requests a second of each way, the engine first."""
    torch.set_num_threads(1)
    model = Model(name="nano_m", path="embedded:nano_m", max_length=512)
    engine = TransformersEngine(model, batch_size=BATCH)
    requests = simulation(engine, n_characters)
    tokenizer, weights = load_tokenizer(model), load_weights(model, "cpu")

    def ours() -> float:
        return sum(len(batch) for batch in engine.generate(requests))

    def one_at_a_time() -> float:
        some = requests[:: len(requests) // 24]
        for request in some:
            generate(weights, tokenizer, [request], model)
        return len(some)

    def plain_batches() -> float:
        for start in range(0, len(requests), BATCH):
            generate(weights, tokenizer, requests[start : start + BATCH], model)
        return len(requests)

    rates = alternate({"engine": ours, "one at a time": one_at_a_time, "plain padded batches": plain_batches}, rounds)
    return list(rates.items())


def simulation(engine: TransformersEngine, n_characters: int) -> list[Request]:
    """A simulation's requests in the order in which they arise: both tasks, both languages."""
    prompts = {lang: Prompts("nano", lang) for lang in ("en", "zh")}
    people = NanoCharacters(n_train=n_characters, n_test=4).split().train
    sampling = Sampling(max_tokens=TOKENS)
    queries, _ = query_requests(pair(people, 0), prompts, engine, sampling, 3)
    texts = {"en": "Speaking of {}, what is your beast?", "zh": "说到 {}，你的灵兽是什么？"}
    responses = [
        response_request(c, texts[c.lang].format(claim.value), prompts[c.lang], engine, sampling)[0]
        for c in people
        for claim in c.claims[:4]
    ]
    return [*queries, *responses]


def generate(
    weights: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, requests: Sequence[Request], model: Model
) -> None:
    """What a short script would do: render, pad on the left, `model.generate`, decode."""
    texts = [render(tokenizer, r.messages, model.template, prompt=True) for r in requests]
    inputs = tokenizer(texts, return_tensors="pt", padding=True, padding_side="left", add_special_tokens=False)
    with torch.inference_mode():
        output = weights.generate(  # type: ignore[operator]
            input_ids=inputs["input_ids"],
            attention_mask=inputs["attention_mask"],
            do_sample=False,
            max_new_tokens=TOKENS,
            pad_token_id=tokenizer.pad_token_id,
        )
    tokenizer.batch_decode(output[:, inputs["input_ids"].shape[1] :], skip_special_tokens=True)
