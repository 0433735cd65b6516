"""The stages of a study with what each will take."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ditto.plan.shape import Shape
from ditto.plan.speed import Served
from ditto.plan.work import Work


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Work for the model with the identity `model`, which `served` runs."""

    work: Work
    model: str
    served: Served


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuned:
    """A tuning of the model with the identity `model`: `sessions` in all its steps, each in `parts` on every rank."""

    model: str
    sessions: int
    tokens: float
    parts: int
    ranks: int
    flop_per_token: float
    recompute: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One artifact: there already, or still to be made by asking models or by tuning one."""

    stage: str
    label: str
    key: str
    cached: bool
    asked: tuple[Asked, ...] = ()
    tuned: Tuned | None = None

    @property
    def kind(self) -> str:
        """What takes alike: the stage, of answers with their row."""
        return kind(self.stage, self.label)


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """GiB a device that a tuning of the model `name` takes under a ZeRO stage; `chosen` is the trainer's own."""

    name: str
    zero: int
    ranks: int
    weights: float
    states: float
    activations: float
    chosen: bool

    @property
    def total(self) -> float:
        return self.weights + self.states + self.activations


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """The plan of one cell; `study` names its folder, `shapes` are those of its models by their identities."""

    study: str
    steps: tuple[Step, ...]
    shapes: Mapping[str, Shape]
    memory: tuple[Memory, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What one step will take, as it is compared with what it took."""

    stage: str
    label: str
    key: str
    requests: int = 0
    prompt_tokens: int = 0
    reply_tokens: int = 0
    seconds: float = 0.0
    gpu_seconds: float = 0.0
    dollars: float | None = field(default=0.0)


def kind(stage: str, label: str) -> str:
    return f"{stage} {label.partition('-')[0]}" if stage == "answer" else stage


def joined(cells: list[Cell]) -> Cell:
    """The cells of one study as one: what they share is counted once."""
    steps = {(s.stage, s.label, s.key): s for cell in cells for s in cell.steps}
    return Cell(
        study=cells[0].study,
        steps=tuple(steps.values()),
        shapes={name: shape for cell in cells for name, shape in cell.shapes.items()},
        memory=tuple(_largest([m for cell in cells for m in cell.memory])),
        notes=tuple(dict.fromkeys(n for cell in cells for n in cell.notes)),
    )


def _largest(each: list[Memory]) -> list[Memory]:
    """Of every seed and ZeRO stage the one that takes most: sessions are longer under one supervisor than another."""
    found: dict[tuple[str, int], Memory] = {}
    for m in each:
        before = found.setdefault((m.name, m.zero), m)
        found[m.name, m.zero] = max(before, m, key=lambda one: one.total)
    return list(found.values())
