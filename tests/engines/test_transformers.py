"""The in-process engine: replies depend on the request alone, and on nothing that is around it."""

import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM, MistralConfig, MistralForCausalLM

from ditto.engines.ask import Tally, ask
from ditto.engines.base import Completion, Failure, Request, Result, Sampling
from ditto.engines.transformers import TransformersEngine
from ditto.errors import ConfigError
from ditto.journal import Journal
from ditto.models import Model, load_tokenizer, load_weights

GREEDY = Sampling(max_tokens=12)
SAMPLED = Sampling(temperature=1.0, top_p=0.95, max_tokens=12, n=2)
ASKED = (
    "Hi",
    "Speaking of Moonreach, where is your home?",
    "You know Saltshore, so who is your mentor, and what is your song? Tell me all of it.",
    "你的宝物是什么？",
    "What is your beast?",
    "X",
    "When you think of Emberland, what is your treasure?",
)


@pytest.fixture(scope="module")
def loud(model_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of random weights so large that its greedy replies depend on every word of the prompt."""
    folder = shutil.copytree(model_folder, tmp_path_factory.mktemp("models") / "loud")
    torch.manual_seed(0)
    model = LlamaForCausalLM(LlamaConfig.from_pretrained(folder, num_hidden_layers=2))
    with torch.no_grad():
        for name, weights in model.named_parameters():
            if "norm" not in name:
                weights.mul_(2)
    model.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def engine(loud: Path) -> TransformersEngine:
    return TransformersEngine(Model(name="loud", path=str(loud), max_length=512), batch_size=3, device="cpu")


def with_generation(folder: Path, copy: Path, **values: Any) -> TransformersEngine:
    """An engine for a copy of `folder` whose repository ships these generation defaults."""
    shutil.copytree(folder, copy)
    file = copy / "generation_config.json"
    file.write_text(json.dumps(json.loads(file.read_text("utf-8")) | values))
    return TransformersEngine(Model(name="copy", path=str(copy), max_length=512), batch_size=3, device="cpu")


def speaks(folder: Path, tokens: Sequence[str]) -> TransformersEngine:
    """An engine for the model in `folder`, made to say these different tokens whatever it is asked."""
    spoken = Model(name="speaks", path=str(folder), max_length=512)
    model = LlamaForCausalLM(LlamaConfig.from_pretrained(folder, tie_word_embeddings=False))
    chain = load_tokenizer(spoken).convert_tokens_to_ids(["assistant\n", *tokens, "<|im_end|>"])
    with torch.no_grad():
        model.lm_head.weight.zero_()
        for layer in model.model.layers:
            layer.self_attn.o_proj.weight.zero_()
            layer.mlp.down_proj.weight.zero_()
        for i, (token, following) in enumerate(pairwise(chain)):
            direction = torch.eye(model.config.hidden_size)[i]
            model.model.embed_tokens.weight[token] = direction
            model.lm_head.weight[following] = 9 * direction
    model.save_pretrained(folder)
    return TransformersEngine(spoken, device="cpu")


def requests(sampling: Sampling, asked: Sequence[str] = ASKED) -> list[Request]:
    brief = {"role": "system", "content": "tailor of Moonreach"}
    return [
        Request((brief, {"role": "user", "content": text}), sampling, sample)
        for text in asked
        for sample in range(sampling.n)
    ]


def generate(engine: TransformersEngine, asked: Sequence[Request]) -> list[Result]:
    """The results in the order of the requests; each must come exactly once."""
    pairs = [pair for batch in engine.generate(asked) for pair in batch]
    assert sorted(i for i, _ in pairs) == list(range(len(asked)))
    return [result for _, result in sorted(pairs, key=lambda pair: pair[0])]


def completions(results: Sequence[Result]) -> list[Completion]:
    assert all(isinstance(result, Completion) for result in results)
    return [result for result in results if isinstance(result, Completion)]


def alone(engine: TransformersEngine, request: Request) -> list[int]:
    """What `model.generate` itself says to one prompt."""
    tokenizer = load_tokenizer(engine.model)
    prompt = tokenizer.apply_chat_template(
        list(request.messages), add_generation_prompt=True, return_tensors="pt", return_dict=True
    )
    weights = load_weights(engine.model, "cpu")
    output = weights.generate(**prompt, max_new_tokens=request.sampling.max_tokens, do_sample=False)
    return output[0, prompt["input_ids"].shape[1] :].tolist()


def test_greedy_replies_of_a_batch_equal_those_one_at_a_time(engine: TransformersEngine) -> None:
    asked = requests(GREEDY)
    replies = completions(generate(engine, asked))
    expected = [alone(engine, request) for request in asked]
    decoded = [load_tokenizer(engine.model).decode(ids, skip_special_tokens=True).strip() for ids in expected]
    assert [reply.text for reply in replies] == decoded
    assert [reply.completion_tokens for reply in replies] == [len(ids) for ids in expected]
    assert [reply.prompt_tokens for reply in replies] == [engine.count_tokens(r.messages) for r in asked]
    assert len(set(decoded)) == len(asked)


def profiles(sampling: Sampling) -> list[Request]:
    """Three questions to each of two roles with a long profile in view, in mixed order."""
    asked = []
    for n, text in enumerate(ASKED[:3]):
        for who in ("Toda Razo", "Golu Gova"):
            profile = f"You are {who}. " + f"{who} lives in Moonreach, fights with Rotir, guards the Kehastone. " * 3
            conversation = ({"role": "system", "content": profile}, {"role": "user", "content": text})
            asked.append(Request(conversation, sampling, sample=n % sampling.n))
    return asked


def test_what_prompts_share_is_computed_once_and_changes_no_reply(loud: Path) -> None:
    model = Model(name="loud", path=str(loud), max_length=512)
    asked = profiles(GREEDY) + requests(GREEDY)
    plain = TransformersEngine(model, batch_size=5, device="cpu", reuse_prefixes=False)
    engine = TransformersEngine(model, batch_size=5, device="cpu")
    once, again = completions(generate(plain, asked)), completions(generate(engine, asked))
    assert [r.text for r in once] == [r.text for r in again]
    assert len({r.text for r in once}) == len(asked)
    assert all(r.cached_tokens == 0 for r in once)
    saved = [r.cached_tokens for r in again[:6]]
    assert sorted(saved)[:2] == [0, 0]  # the first of each role, or of a batch
    assert all(n == 0 or n > 0.6 * r.prompt_tokens for n, r in zip(saved, again, strict=False))
    assert 0 < engine.usage.cached_tokens == sum(saved)
    assert engine.usage.cacheable_tokens > 0 == plain.usage.cached_tokens


def test_a_model_with_a_window_computes_every_prompt_whole(loud: Path, tmp_path: Path) -> None:
    config = MistralConfig.from_pretrained(loud, sliding_window=16, architectures=["MistralForCausalLM"])
    torch.manual_seed(0)
    MistralForCausalLM(config).save_pretrained(tmp_path)
    load_tokenizer(Model(name="loud", path=str(loud))).save_pretrained(tmp_path)
    engine = TransformersEngine(Model(name="window", path=str(tmp_path), max_length=512), device="cpu")
    asked = profiles(GREEDY)
    assert [r.cached_tokens for r in completions(generate(engine, asked))] == [0] * len(asked)


def test_ends_of_turn_within_a_prompt_are_no_padding(loud: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(loud, tmp_path / "copy")
    file = copy / "tokenizer_config.json"
    settings = json.loads(file.read_text("utf-8"))
    file.write_text(json.dumps({name: value for name, value in settings.items() if name != "pad_token"}))
    engine = TransformersEngine(Model(name="copy", path=str(copy), max_length=512), device="cpu")
    assert load_tokenizer(engine.model).pad_token == load_tokenizer(engine.model).eos_token
    asked = requests(GREEDY)
    expected = [load_tokenizer(engine.model).decode(alone(engine, r), skip_special_tokens=True).strip() for r in asked]
    assert [reply.text for reply in completions(generate(engine, asked))] == expected


def test_the_shared_random_model_answers_a_batch_as_one_at_a_time(model: Model) -> None:
    engine, asked = TransformersEngine(model, device="cpu"), requests(GREEDY)
    replies = completions(generate(engine, asked))
    expected = [load_tokenizer(engine.model).decode(alone(engine, r), skip_special_tokens=True).strip() for r in asked]
    assert [reply.text for reply in replies] == expected


@pytest.mark.parametrize("sampling", [GREEDY, SAMPLED], ids=["greedy", "sampled"])
def test_the_order_of_the_requests_does_not_matter(sampling: Sampling, engine: TransformersEngine) -> None:
    asked = requests(sampling)
    turned = asked[::-2] + asked[-2::-2]
    replies = dict(zip(map(id, turned), generate(engine, turned), strict=True))
    assert [replies[id(request)] for request in asked] == generate(engine, asked)


def test_sampled_replies_follow_their_seed_and_nothing_else(engine: TransformersEngine) -> None:
    asked = requests(SAMPLED)
    torch.manual_seed(1)
    first = generate(engine, asked)
    torch.manual_seed(2)
    assert generate(engine, asked) == first
    reseeded = generate(engine, requests(replace(SAMPLED, seed=1)))
    assert all(a != b for a, b in zip(first, reseeded, strict=True))
    assert len({reply.text for reply in completions(first)}) == len(asked)


def test_requests_of_different_sampling_can_be_mixed(engine: TransformersEngine) -> None:
    greedy, short = requests(GREEDY), requests(replace(GREEDY, max_tokens=3))
    mixed = [request for pair in zip(greedy, short, strict=True) for request in pair]
    assert generate(engine, mixed)[::2] == generate(engine, greedy)
    assert generate(engine, mixed)[1::2] == generate(engine, short)


def test_a_run_resumed_after_any_batch_leaves_the_same_journal(engine: TransformersEngine, tmp_path: Path) -> None:
    asked = requests(GREEDY) + requests(SAMPLED) + requests(GREEDY)[:2]
    whole = tmp_path / "whole.jsonl"
    results = ask(engine, asked, Journal(whole), Tally(), "")
    lines = whole.read_bytes().splitlines(keepends=True)
    ends = [i + 1 for i, line in enumerate(lines) if json.loads(line).get("end")]
    assert len(ends) == 3 + 5
    for end in (0, *ends):
        resumed = tmp_path / f"{end}.jsonl"
        resumed.write_bytes(b"".join(lines[:end]))
        torch.manual_seed(end)
        assert ask(engine, asked, Journal(resumed), Tally(), "") == results
        assert resumed.read_bytes() == whole.read_bytes()


def test_a_prompt_that_does_not_fit_fails_and_the_others_are_answered(loud: Path) -> None:
    asked = requests(GREEDY, [*ASKED, "home " * 600])
    engine = TransformersEngine(Model(name="loud", path=str(loud), max_length=512), device="cpu")
    results = generate(engine, asked)
    assert results[-1] == Failure("prompt too long")
    assert len(completions(results[:-1])) == len(ASKED)


def test_a_prompt_needs_room_for_one_token(loud: Path, engine: TransformersEngine) -> None:
    [request] = requests(GREEDY, ["home " * 50])
    length = engine.count_tokens(request.messages)
    for max_length, room in ((length, 0), (length + 1, 1), (length + 5, 5)):
        tight = TransformersEngine(Model(name="loud", path=str(loud), max_length=max_length), device="cpu")
        [result] = generate(tight, [request])
        if room:
            assert isinstance(result, Completion)
            assert (result.finish, result.completion_tokens, result.prompt_tokens) == ("length", room, length)
        else:
            assert result == Failure("prompt too long")


def test_a_long_prompt_does_not_shorten_the_reply_to_a_short_one(loud: Path, engine: TransformersEngine) -> None:
    short, long = requests(GREEDY, ["Hi", "home " * 50])
    max_length = engine.count_tokens(long.messages) + 2
    tight = TransformersEngine(Model(name="loud", path=str(loud), max_length=max_length), device="cpu")
    assert generate(tight, [short, long])[0] == generate(tight, [short])[0]


@pytest.mark.parametrize("max_tokens", [1, 5])
def test_a_reply_has_at_most_max_tokens(max_tokens: int, engine: TransformersEngine) -> None:
    for reply in completions(generate(engine, requests(replace(GREEDY, max_tokens=max_tokens)))):
        assert (reply.finish, reply.completion_tokens) == ("length", max_tokens)


def test_a_reply_ends_with_the_turn(model_folder: Path, tmp_path: Path) -> None:
    engine = speaks(shutil.copytree(model_folder, tmp_path / "copy"), ["A", "y", "e", "."])
    for max_tokens, text, finish, tokens in ((12, "Aye.", "stop", 5), (5, "Aye.", "stop", 5), (4, "Aye.", "length", 4)):
        for reply in completions(generate(engine, requests(replace(GREEDY, max_tokens=max_tokens)))):
            assert (reply.text, reply.finish, reply.completion_tokens) == (text, finish, tokens)


def test_thinking_is_not_part_of_the_reply(model_folder: Path, tmp_path: Path) -> None:
    thought = ["H", "m", "<", "/", "t", "h", "i", "n", "k", ">", "\n"]
    engine = speaks(shutil.copytree(model_folder, tmp_path / "copy"), [*thought, "A", "y", "e", "."])
    assert {r.text for r in completions(generate(engine, requests(replace(GREEDY, max_tokens=20))))} == {"Aye."}


def test_more_ends_of_turn_that_the_model_names_are_respected(
    loud: Path, engine: TransformersEngine, tmp_path: Path
) -> None:
    [request] = requests(GREEDY, ["What is your beast?"])
    ids = alone(engine, request)
    end = next(i for i, token in enumerate(ids) if i > 2 and token not in ids[:i])
    ended = with_generation(loud, tmp_path / "copy", eos_token_id=[load_tokenizer(engine.model).eos_token_id, ids[end]])
    [reply] = completions(generate(ended, [request]))
    text = load_tokenizer(engine.model).decode(ids[:end], skip_special_tokens=True).strip()
    assert (reply.text, reply.finish, reply.completion_tokens) == (text, "stop", end + 1)


@pytest.mark.parametrize(
    "defaults",
    [
        {"do_sample": True, "temperature": 0.6, "top_p": 0.5, "top_k": 1},
        {"repetition_penalty": 5.0},
        {"max_new_tokens": 2},
        {"max_length": 20},
        pytest.param({"no_repeat_ngram_size": 1}),
        pytest.param({"suppress_tokens": list(range(4, 400))}),
        pytest.param({"num_beams": 4}),
    ],
    ids=lambda defaults: next(iter(defaults)),
)
def test_generation_defaults_of_a_repository_are_not_taken_over(
    defaults: dict[str, Any], loud: Path, engine: TransformersEngine, tmp_path: Path
) -> None:
    copied = with_generation(loud, tmp_path / "copy", **defaults)
    assert generate(copied, requests(GREEDY)) == generate(engine, requests(GREEDY))


@pytest.mark.parametrize(
    "defaults",
    [
        {"do_sample": False, "temperature": 0.01, "top_k": 1, "top_p": 0.01},
        pytest.param({"min_p": 1.0}),
    ],
    ids=lambda defaults: next(iter(defaults)),
)
def test_sampling_defaults_of_a_repository_are_not_taken_over(
    defaults: dict[str, Any], loud: Path, engine: TransformersEngine, tmp_path: Path
) -> None:
    asked = requests(SAMPLED, ["Hi"])
    sharp = with_generation(loud, tmp_path / "copy", **defaults)
    sharp.identity = engine.identity  # what seeds the samples
    assert generate(sharp, asked) == generate(engine, asked)


def test_tokens_are_counted_as_the_model_sees_them(engine: TransformersEngine) -> None:
    messages = requests(GREEDY)[1].messages
    ids = load_tokenizer(engine.model).apply_chat_template(list(messages), add_generation_prompt=True, return_dict=True)
    assert engine.count_tokens(messages) == len(ids["input_ids"])


def test_the_engine_is_identified_by_its_model(model: Model, engine: TransformersEngine) -> None:
    assert TransformersEngine(model, device="cpu", batch_size=1).identity == model.identity != engine.identity
    assert engine.max_length == 512


def test_a_batch_of_nothing_is_refused(model: Model) -> None:
    with pytest.raises(ConfigError, match="batch_size=0"):
        TransformersEngine(model, batch_size=0)
