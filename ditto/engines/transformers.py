"""`engine=transformers`: any Hugging Face causal LM, in this process, on a CPU or one GPU.

Requests are sorted by length and cut into batches of a fixed number of rows, left-padded. The order
depends on the requests alone and the journal stores whole batches, so a resumed run forms the same
batches as an uninterrupted one: that keeps even sampled replies equal to the byte.
"""

from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import groupby
from typing import Any

import torch
from transformers import BatchEncoding, GenerationConfig, PreTrainedModel, PreTrainedTokenizerBase

from ditto.engines.base import Batch, Completion, Failure, Request, Result, Sampling
from ditto.errors import ConfigError
from ditto.models import Model, load_tokenizer, load_weights, pick_device, render
from ditto.records import Message
from ditto.store import digest


class TransformersEngine:
    """Generates with `model.generate`. Weights are loaded when the first request needs them.

    Raises:
        ConfigError: a batch size below 1, or a GPU that is not there.
        ModelError: the tokenizer or the weights cannot be used.
    """

    def __init__(self, model: Model, *, batch_size: int = 64, device: str = "auto", threads: int | None = None) -> None:
        if batch_size < 1:
            raise ConfigError(f"engine.batch_size={batch_size} cannot be meant: it must be at least 1.")
        if threads:
            torch.set_num_threads(threads)
        self.model = model
        self.identity = model.identity
        self.max_length = model.max_length
        self._batch_size = batch_size
        self._device = pick_device(device)
        self._tokenizer = load_tokenizer(model)

    @cached_property
    def _weights(self) -> PreTrainedModel:
        weights = load_weights(self.model, self._device)
        named = getattr(weights.generation_config, "eos_token_id", None)
        others = named if isinstance(named, list) else [named] if named is not None else []
        self._ends = {self._tokenizer.eos_token_id, *others}  # Llama and Gemma name more than the tokenizer does
        # What else a repository suggests (repetition penalty, suppressed tokens, ...) is not taken over.
        weights.generation_config = GenerationConfig()
        return weights

    @property
    def tokenizer(self) -> PreTrainedTokenizerBase:
        return self._tokenizer

    def count_tokens(self, messages: Sequence[Message]) -> int:
        return len(self._prompt_ids(messages))

    def generate(self, requests: Sequence[Request]) -> Iterator[Batch]:
        prompts = [self._prompt_ids(request.messages) for request in requests]
        fits = [i for i, ids in enumerate(prompts) if len(ids) < self.max_length]
        too_long = [(i, Failure("prompt too long")) for i in range(len(requests)) if len(prompts[i]) >= self.max_length]
        if too_long:
            yield too_long
        # Longest first: a batch that does not fit the memory fails at once, not after an hour.
        order = sorted(fits, key=lambda i: (repr(requests[i].sampling), -len(prompts[i]), requests[i].key("")))
        for _, group in groupby(order, key=lambda i: requests[i].sampling):
            alike = list(group)
            for start in range(0, len(alike), self._batch_size):
                rows = alike[start : start + self._batch_size]
                yield list(
                    zip(rows, self._complete([requests[i] for i in rows], [prompts[i] for i in rows]), strict=True)
                )

    def _complete(self, requests: Sequence[Request], prompts: Sequence[list[int]]) -> list[Result]:
        padded = self._pad(prompts)
        longest, shortest = padded["input_ids"].shape[1], min(map(len, prompts))
        weights, sampling = self._weights, requests[0].sampling
        if sampling.temperature > 0:
            torch.manual_seed(int(digest([request.key(self.identity) for request in requests]), 16))
        with torch.inference_mode():
            output = weights.generate(  # type: ignore[operator]
                **padded, generation_config=self._settings(sampling, self.max_length - shortest)
            )
        replies = output[:, longest:].tolist()
        return [self._reply(row, len(ids), sampling) for row, ids in zip(replies, prompts, strict=True)]

    def _prompt_ids(self, messages: Sequence[Message]) -> list[int]:
        text = render(self._tokenizer, messages, self.model.template, prompt=True)
        ids: list[int] = self._tokenizer(text, add_special_tokens=False)["input_ids"]
        return ids

    def _pad(self, prompts: Sequence[list[int]]) -> BatchEncoding:
        encoding = self._tokenizer.pad(
            {"input_ids": list(prompts)}, padding_side="left", return_tensors="pt", return_attention_mask=True
        )
        return encoding.to(self._device)

    def _settings(self, sampling: Sampling, room: int) -> GenerationConfig:
        sampled: dict[str, Any] = {"temperature": sampling.temperature, "top_p": sampling.top_p, "top_k": 0}
        return GenerationConfig(
            max_new_tokens=min(sampling.max_tokens, room),
            do_sample=sampling.temperature > 0,
            **(sampled if sampling.temperature > 0 else {}),
            repetition_penalty=1.0,
            eos_token_id=sorted(self._ends),
            pad_token_id=self._tokenizer.pad_token_id,
        )

    def _reply(self, ids: list[int], prompt_tokens: int, sampling: Sampling) -> Completion:
        """The row's own part: a batch runs on until its last row has ended."""
        ids = ids[: min(sampling.max_tokens, self.max_length - prompt_tokens)]
        end = next((i for i, token in enumerate(ids) if token in self._ends), None)
        text = str(self._tokenizer.decode(ids[:end], skip_special_tokens=True))
        spoken = text.rpartition("</think>")[2].strip()
        length = len(ids) if end is None else end + 1
        return Completion(spoken, "length" if end is None else "stop", prompt_tokens, length)
