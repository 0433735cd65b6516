"""What the places that runs are told to have in common."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol


@dataclass(frozen=True, slots=True)
class Run:
    """What a dashboard knows a run by; `config` goes to it as it is, so it must hold no secrets (`without_secrets`)."""

    id: str
    name: str
    group: str
    job_type: Literal["cell", "summary"]
    config: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of texts, numbers and None."""

    name: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run ended in, at `step`; `figures` stand in for those of steps that told none."""

    step: int
    summary: Mapping[str, Any]
    tables: Sequence[Table]
    images: Sequence[Path] = ()
    figures: Mapping[int, Mapping[str, float]] = field(default_factory=dict)


class Board(Protocol):
    """One run that is open. What is told of a step takes the place of what an earlier opening told of it."""

    def metrics(self, step: int, values: Mapping[str, float]) -> None: ...

    def summary(self, step: int, values: Mapping[str, Any]) -> None:
        """Texts and numbers that stand for the whole run."""

    def table(self, step: int, table: Table) -> None: ...

    def image(self, step: int, file: Path) -> None:
        """A PNG."""

    def close(self, *, failed: bool) -> None: ...


class Dashboard(Protocol):
    """The node `logger` of the configuration: writes below `folder`, and shows so many turns (`samples`) of a cell."""

    @property
    def folder(self) -> str: ...

    @property
    def samples(self) -> int: ...

    def open(self, run: Run) -> Board:
        """Begin the run, or go on with the one of the same id."""
