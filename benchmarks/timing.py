"""Time two or more ways of doing the same work in turn, so that a slow moment strikes them all."""

import multiprocessing
import os
import platform
import statistics
import time
from collections.abc import Callable, Mapping
from importlib import metadata
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import torch

from ditto.tune.meter import peak_memory


def alternate(ways: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, float]:
    """Each way's median of units of work a second; a way returns how many units it did.

    One round is run before those that count.
    """
    rates: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(rounds + 1):
        for name, way in ways.items():
            start = time.perf_counter()
            units = way()
            if number:
                rates[name].append(units / (time.perf_counter() - start))
    return {name: statistics.median(values) for name, values in rates.items()}


def machine() -> str:
    """The machine and the versions that a figure belongs to, in one line."""
    cpu = next((line.split(":")[1].strip() for line in _cpuinfo() if line.startswith("model name")), platform.machine())
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in ("torch", "transformers", "pytorch-lightning"))
    return f"{cpu}, {os.cpu_count()} cores, {torch.get_num_threads()} thread of torch; {versions}"


def _cpuinfo() -> list[str]:
    path = Path("/proc/cpuinfo")
    return path.read_text().splitlines() if path.exists() else []


def peak_mib() -> float:
    return peak_memory(torch.device("cpu")) / (1 << 20)


def alone(work: Callable[..., tuple[float, float]], *arguments: Any) -> tuple[float, float]:
    """What `work(*arguments)` returns in a process of its own, whose memory nothing else has touched."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_sent, args=(theirs, work, arguments))
    process.start()
    found: tuple[float, float] = ours.recv()
    process.join()
    return found


def _sent(pipe: Connection, work: Callable[..., object], arguments: tuple[Any, ...]) -> None:
    pipe.send(work(*arguments))
