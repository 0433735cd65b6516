"""`engine=transformers`: any Hugging Face causal LM, in this process, on a CPU or one GPU.

Prompts that begin alike are kept together, the longest come first, and batches of a fixed number of
rows are left-padded; what a batch's prompts share is computed once. The order depends on the requests
alone and the journal stores whole batches, so a resumed run forms the same batches as an
uninterrupted one: that keeps even sampled replies equal to the byte.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from functools import cached_property
from itertools import groupby
from threading import Event, Lock
from typing import Any, ClassVar, Final

import torch
from transformers import BatchEncoding, DynamicCache, GenerationConfig, PreTrainedModel
from transformers.generation.streamers import BaseStreamer

from ditto.engines.base import Batch, Completion, Failure, Request, Result, Sampling, Usage
from ditto.engines.families import Family, families, tokens_saved
from ditto.engines.streaming import emitted
from ditto.engines.tokens import Reuse, Tokens, spoken
from ditto.errors import ConfigError, StageError
from ditto.models import Model, load_weights, pick_device
from ditto.records import Message
from ditto.store import digest

DRAWING: Final = Lock()  # torch has one random state for all threads


class TransformersEngine:
    """Generates with `model.generate`. Weights are loaded when the first request needs them.

    Raises:
        ConfigError: a batch size below 1, or a GPU that is not there.
        ModelError: the tokenizer or the weights cannot be used.
    """

    DEFINES: ClassVar[tuple[str, ...]] = ("batch_size",)

    def __init__(
        self,
        model: Model,
        *,
        batch_size: int = 64,
        device: str = "auto",
        threads: int | None = None,
        reuse_prefixes: bool = True,
    ) -> None:
        if batch_size < 1:
            raise ConfigError(f"engine.batch_size={batch_size} cannot be meant: it must be at least 1.")
        if threads:
            torch.set_num_threads(threads)
        self.model = model
        self.identity = model.identity
        self.max_length = model.max_length
        self.usage = Usage()
        self._reuse = Reuse()
        self._reuse_prefixes = reuse_prefixes
        self._batch_size = batch_size
        self._device = pick_device(device)
        self._tokens = Tokens(model)

    @cached_property
    def _weights(self) -> PreTrainedModel:
        weights = load_weights(self.model, self._device)
        named = getattr(weights.generation_config, "eos_token_id", None)
        others = named if isinstance(named, list) else [named] if named is not None else []
        self._ends = {self._tokens.tokenizer.eos_token_id, *others}  # Llama and Gemma name more than the tokenizer does
        # What else a repository suggests (repetition penalty, suppressed tokens, ...) is not taken over.
        weights.generation_config = GenerationConfig()
        return weights

    def count_tokens(self, messages: Sequence[Message]) -> int:
        return len(self._tokens.prompt(messages))

    def generate(self, requests: Sequence[Request]) -> Iterator[Batch]:
        prompts = [self._tokens.prompt(request.messages) for request in requests]
        too_long = {i for i, ids in enumerate(prompts) if len(ids) >= self.max_length}
        if too_long:
            yield [(i, Failure("prompt too long")) for i in sorted(too_long)]
        order = sorted(set(range(len(prompts))) - too_long, key=lambda i: repr(requests[i].sampling))
        for _, group in groupby(order, key=lambda i: requests[i].sampling):
            alike = sorted(group, key=lambda i: (prompts[i], requests[i].key("")))
            # Longest first: a batch that does not fit the memory fails at once, not after an hour.
            ordered = [i for family in families(alike, prompts) for i in family.rows]
            for start in range(0, len(ordered), self._batch_size):
                rows = ordered[start : start + self._batch_size]
                batch = list(zip(rows, self._complete(rows, requests, prompts), strict=True))
                self._count(batch, prompts)
                yield batch

    def stream(self, request: Request, stop: Event) -> Iterator[Completion]:
        """See `ditto.engines.streaming`. Of several threads, one at a time draws at random.

        Raises:
            StageError: the prompt leaves no room for a reply.
        """
        weights, sampling = self._weights, request.sampling
        prompt = self._tokens.prompt(request.messages)
        if (room := self.max_length - len(prompt)) < 1:
            raise StageError(f"The prompt has {len(prompt)} tokens and the model takes {self.max_length}: shorten it.")

        def work(emit: Callable[[list[int]], None]) -> None:
            with DRAWING if sampling.temperature > 0 else nullcontext(), torch.inference_mode():
                self._sow(sampling, [request])
                weights.generate(  # type: ignore[operator]
                    **self._pad([prompt]),
                    generation_config=self._settings(sampling, room),
                    streamer=_Streamer(emit),
                    stopping_criteria=[lambda ids, _: torch.full((1,), stop.is_set(), device=ids.device)],
                )

        ids: list[int] = []
        for new in emitted(work, stop):
            ids += new
            yield self._reply(ids, len(prompt), sampling, 0)

    def close(self) -> None:
        """Let the weights go."""
        self.__dict__.pop("_weights", None)
        if self._device != "cpu":
            torch.cuda.empty_cache()

    def _count(self, batch: Batch, prompts: Sequence[list[int]]) -> None:
        for i, _ in batch:
            self._reuse.add(prompts[i])
        self.usage.add(batch)
        self.usage.cacheable_tokens = self._reuse.tokens

    def _complete(self, rows: Sequence[int], requests: Sequence[Request], prompts: Sequence[list[int]]) -> list[Result]:
        weights, sampling = self._weights, requests[rows[0]].sampling
        self._sow(sampling, [requests[i] for i in rows])
        kin = families(rows, prompts, by_length=False)
        inputs: dict[str, Any]
        if self._reusable and tokens_saved(kin) * 4 >= sum(len(prompts[i]) for i in rows):
            inputs = self._prefilled(kin, prompts)
        else:
            kin = [Family((i,), 0) for i in rows]
            inputs = dict(self._pad([prompts[i] for i in rows]))
        longest = inputs["input_ids"].shape[1]
        room = self.max_length - min(len(prompts[i]) for i in rows)
        with torch.inference_mode():
            output = weights.generate(**inputs, generation_config=self._settings(sampling, room))  # type: ignore[operator]
        saved = [0 if n == 0 else family.prefix for family in kin for n in range(len(family.rows))]
        replies = output[:, longest:].tolist()
        return [
            self._reply(ids, len(prompts[i]), sampling, cached)
            for i, ids, cached in zip(rows, replies, saved, strict=True)
        ]

    def _sow(self, sampling: Sampling, batch: Sequence[Request]) -> None:
        """Random numbers that depend on what is asked and on nothing else."""
        if sampling.temperature > 0:
            torch.manual_seed(int(digest([request.key(self.identity) for request in batch]), 16))

    @cached_property
    def _reusable(self) -> bool:
        """Whether every layer sees all tokens: a window would slide over the gap before the rest of a prompt."""
        config = self._weights.config
        windows = any(kind != "full_attention" for kind in getattr(config, "layer_types", None) or [])
        return self._reuse_prefixes and not windows and not getattr(config, "sliding_window", None)

    def _prefilled(self, kin: Sequence[Family], prompts: Sequence[list[int]]) -> dict[str, Any]:
        """Each family's shared prefix computed once; its keys and values repeated for the family's rows."""
        heads = self._pad([prompts[family.rows[0]][: family.prefix] for family in kin])
        tails = self._pad([prompts[i][family.prefix :] for family in kin for i in family.rows])
        positions = (heads["attention_mask"].cumsum(-1) - 1).clamp(min=0)
        cache = DynamicCache(config=self._weights.config)
        with torch.inference_mode():
            self._weights(**heads, position_ids=positions, past_key_values=cache, use_cache=True, logits_to_keep=1)
        index = torch.tensor([n for n, family in enumerate(kin) for _ in family.rows], device=heads["input_ids"].device)
        cache.batch_select_indices(index)
        joined = {name: torch.cat([heads[name][index], tails[name]], dim=1) for name in ("input_ids", "attention_mask")}
        return joined | {"past_key_values": cache}

    def _pad(self, prompts: Sequence[list[int]]) -> BatchEncoding:
        encoding = self._tokens.tokenizer.pad(
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
            pad_token_id=self._tokens.tokenizer.pad_token_id,
        )

    def _reply(self, ids: list[int], prompt_tokens: int, sampling: Sampling, cached: int) -> Completion:
        """The row's own part: a batch runs on until its last row has ended."""
        ids = ids[: min(sampling.max_tokens, self.max_length - prompt_tokens)]
        end = next((i for i, token in enumerate(ids) if token in self._ends), None)
        text = str(self._tokens.tokenizer.decode(ids[:end], skip_special_tokens=True))
        length = len(ids) if end is None else end + 1
        return Completion(spoken(text), "length" if end is None else "stop", prompt_tokens, length, cached)


class _Streamer(BaseStreamer):
    """Hands on the tokens of one reply; the first that it is given is the prompt."""

    def __init__(self, emit: Callable[[list[int]], None]) -> None:
        self._emit = emit
        self._prompt_seen = False

    def put(self, value: torch.Tensor) -> None:
        if self._prompt_seen:
            self._emit(value.reshape(-1).tolist())
        self._prompt_seen = True

    def end(self) -> None:
        """The thread ends by itself."""
