"""What a simulation is told, besides who simulates whom."""

from dataclasses import dataclass

from ditto.engines.base import Sampling
from ditto.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Simulation:
    """`n_queries` are asked for a pair in one reply, `query.n` such replies are drawn.

    Raises:
        ConfigError: a number outside its range.
    """

    query: Sampling
    response: Sampling
    n_queries: int = 3
    seed: int = 0

    def __post_init__(self) -> None:
        if not 1 <= self.n_queries <= 20:
            raise ConfigError(f"simulate.n_queries={self.n_queries} cannot be meant: it must be from 1 to 20.")
        if self.response.n != 1:
            raise ConfigError(f"simulate.response.n={self.response.n}: one response is drawn for each query.")
