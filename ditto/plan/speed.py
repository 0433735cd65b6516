"""How long work takes, from the counts of operations and bytes.

A prompt's token takes 2 operations a parameter. A step of decoding reads the weights and the keys and values of every
row (bound by the memory) or computes 2 operations a parameter and row, whichever is longer, and launches its layers
besides. A token of a tuning takes 4 operations a parameter that passes it, and 2 more a parameter that learns (about 6N
in full tuning, 4N with LoRA), and a third more where the way forward is computed again.
"""

import math
from dataclasses import dataclass
from typing import Final, Literal

from ditto.plan.hardware import Hardware
from ditto.plan.shape import Shape
from ditto.plan.work import Work

ROWS: Final = 256  # conversations that vLLM has under way at once, at most
STREAM: Final = 50.0  # tokens a second of one reply from a server
BACKWARD: Final = 3  # steps of a tuning launch about three times as much as the way forward alone


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """What runs a model: `rows` conversations at once on each of `copies`, each on `devices` devices.

    An API has the dollars of a million tokens and its limits a minute; None where there are none. `reuse` is whether
    prefixes are computed once: transformers does so among requests of one call, vLLM among all.
    """

    engine: Literal["transformers", "vllm", "openai"]
    rows: int
    devices: int = 1
    copies: int = 1
    memory_share: float = 1.0
    reuse: bool = True
    samples_together: bool = True
    input: float | None = None
    output: float | None = None
    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None

    @property
    def used(self) -> int:
        """Devices of ours."""
        return 0 if self.engine == "openai" else self.devices * self.copies


def asking(work: Work, shape: Shape | None, served: Served, hardware: Hardware) -> float:
    """Seconds that `work` takes."""
    if not work.requests:
        return 0.0
    if served.engine == "openai" or shape is None:
        return _api(work, served)
    kept = served.reuse and (served.engine == "vllm" or work.together == work.requests)
    prefill = 2 * shape.parameters * (work.fresh if kept else work.prompt) / hardware.flops
    rows = _rows(work, shape, served, hardware)
    step = _step(shape, rows, work.context, served, hardware)
    if served.engine == "transformers":
        return prefill + work.batches(served.rows) * (work.longest + 1) * step
    steps = max(work.reply / (rows * served.copies), work.reply / work.together)
    return prefill / served.used + steps * step


def tuning(
    *,
    tokens: float,
    flop_per_token: float,
    recompute: bool,
    parts: int,
    shape: Shape,
    ranks: int,
    hardware: Hardware,
) -> float:
    """Seconds of a tuning on `tokens` in `parts` ways forward and back on each of `ranks` devices."""
    flop = tokens * flop_per_token * (4 / 3 if recompute else 1) / ranks
    return flop / hardware.flops + parts * shape.layers * BACKWARD * hardware.layer * 1e-6


def room(shape: Shape, served: Served, hardware: Hardware) -> float:
    """GiB that are left on each device beside the weights of an engine's model; below 0 it does not fit."""
    return hardware.memory * served.memory_share - shape.weights / served.devices / (1 << 30)


def dollars(work: Work, served: Served) -> float | None:
    """What an API bills; None where its prices are not known."""
    if served.engine != "openai":
        return 0.0
    if served.input is None or served.output is None:
        return None
    return (_billed(work, served) * served.input + work.reply * served.output) / 1e6


def _rows(work: Work, shape: Shape, served: Served, hardware: Hardware) -> float:
    """Conversations that are under way together on a copy."""
    if served.engine == "transformers":
        return min(served.rows, work.together)
    fit = room(shape, served, hardware) * served.devices * (1 << 30) / (shape.cache * (work.context + work.longest))
    return max(1, min(served.rows, math.floor(fit), math.ceil(work.together / served.copies)))


def _step(shape: Shape, rows: float, context: float, served: Served, hardware: Hardware) -> float:
    """Seconds of one step of decoding `rows` replies."""
    read = (shape.weights + rows * context * shape.cache) / (hardware.bytes_per_second * served.devices)
    computed = 2 * shape.parameters * rows / (hardware.flops * served.devices)
    return max(read, computed) + shape.layers * hardware.layer * 1e-6


def _api(work: Work, served: Served) -> float:
    """A server's own pace, and the limits to keep to."""
    streams = min(served.rows, work.together)
    paced = work.reply / STREAM / streams
    requests = 60 * work.requests / served.requests_per_minute if served.requests_per_minute else 0.0
    tokens = 60 * (_billed(work, served) + work.reply) / served.tokens_per_minute if served.tokens_per_minute else 0.0
    return max(paced, requests, tokens)


def _billed(work: Work, served: Served) -> float:
    """Prompt tokens: once for all samples that are drawn in one request."""
    return work.sent if served.samples_together else work.prompt
