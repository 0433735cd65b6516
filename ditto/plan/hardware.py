"""What a plan reckons with: the devices that the work is to run on."""

from dataclasses import dataclass
from typing import Final

from ditto.errors import ConfigError

UTILISATION: Final = 0.4  # the share of `tflops` that long prompts and a tuning reach
BANDWIDTH: Final = 0.6  # the share of `bandwidth` that decoding reaches


@dataclass(frozen=True, slots=True)
class Hardware:
    """`count` devices alike. `device` is a part of the name that torch has for one, or `cpu`.

    `memory` GiB each; `tflops` of a dense matrix product, in bfloat16 on a GPU and float32 on a CPU; `bandwidth` GB a
    second to the memory; `layer` microseconds that a layer of one step takes besides: launches of kernels, and Python.

    Raises:
        ConfigError: a number that no device has.
    """

    device: str
    count: int
    memory: float
    tflops: float
    bandwidth: float
    layer: float

    def __post_init__(self) -> None:
        for name in ("count", "memory", "tflops", "bandwidth", "layer"):
            if getattr(self, name) <= 0:
                raise ConfigError(f"hardware.{name}={getattr(self, name)} cannot be meant: it must be above 0.")

    @property
    def is_cpu(self) -> bool:
        return self.device == "cpu"

    @property
    def flops(self) -> float:
        """Operations a second that are reached."""
        return self.tflops * 1e12 * UTILISATION

    @property
    def bytes_per_second(self) -> float:
        """From the memory, as far as it is reached."""
        return self.bandwidth * 1e9 * BANDWIDTH

    def __str__(self) -> str:
        return f"{self.count} x {self.device}"
