"""What earlier stages say about the expectations of a plan: what they took over what would have been expected.

A ratio comes from stages of the same kind (of answers: the row) with the same model, or else of the same kind, or else
of the same stage; it is the quotient of the sums over the latest `LATEST` of them. Where nothing was measured, it is 1.
"""

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from ditto.plan.hardware import Hardware
from ditto.plan.manifests import Taken
from ditto.plan.replies import Replies
from ditto.plan.shape import Shape
from ditto.plan.speed import asking, tuning
from ditto.plan.step import Step

LATEST: Final = 8  # a machine's load changes from day to day
Keys = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Ratios:
    """Sums of what was taken and what was expected, by (kind or stage, model or "")."""

    sums: Mapping[tuple[str, str], tuple[float, float]]

    def of(self, stage: str, kind: str, model: str) -> float:
        for key in _keys(stage, kind, model):
            took, expected = self.sums.get(key, (0.0, 0.0))
            if took > 0 and expected > 0:
                return took / expected
        return 1.0


def replies(found: Iterable[Taken]) -> Ratios:
    """Of the lengths of replies."""
    return _ratios((one, one.reply, one.expected) for one in found)


def scaled(ratios: Ratios, stage: str, kind: str, model: str) -> Replies:
    return Replies(ratios.of(stage, kind, model))


def seconds(found: Iterable[Taken], steps: Iterable[Step], shapes: Mapping[str, Shape], hardware: Hardware) -> Ratios:
    """Of the time on this hardware, of stages whose models are among `shapes`; run as `steps` of their kind are."""
    by_kind = {step.kind: step for step in steps if step.asked or step.tuned}
    return _ratios((one, one.seconds, _expected(one, by_kind.get(one.kind), shapes, hardware)) for one in found)


def unscaled(step: Step, shapes: Mapping[str, Shape], hardware: Hardware) -> float:
    """Seconds by the formulas alone."""
    total = sum(asking(a.work, shapes.get(a.model), a.served, hardware) for a in step.asked)
    if t := step.tuned:
        total += tuning(
            tokens=t.tokens,
            flop_per_token=t.flop_per_token,
            recompute=t.recompute,
            parts=t.parts,
            shape=shapes[t.model],
            ranks=t.ranks,
            hardware=hardware,
        )
    return total


def _expected(one: Taken, like: Step | None, shapes: Mapping[str, Shape], hardware: Hardware) -> float:
    shape = shapes.get(one.model)
    if like is None or shape is None:
        return 0.0
    if t := like.tuned:
        share = one.sessions / t.sessions
        return tuning(
            tokens=t.tokens * share,
            # of another seed by its size
            flop_per_token=t.flop_per_token * shape.parameters / shapes[t.model].parameters,
            recompute=t.recompute,
            parts=round(t.parts * share),
            shape=shape,
            ranks=t.ranks,
            hardware=hardware,
        )
    served = like.asked[0].served
    return sum(asking(work, shape, served, hardware) for work in one.works)


def _ratios(each: Iterable[tuple[Taken, float, float]]) -> Ratios:
    latest: dict[tuple[str, str], deque[tuple[float, float]]] = defaultdict(lambda: deque(maxlen=LATEST))
    for one, took, expected in each:
        if expected > 0:
            for key in dict.fromkeys(_keys(one.stage, one.kind, one.model)):
                latest[key].append((took, expected))
    return Ratios({key: (sum(t for t, _ in each), sum(e for _, e in each)) for key, each in latest.items()})


def _keys(stage: str, kind: str, model: str) -> Keys:
    return (kind, model), (kind, ""), (stage, model), (stage, "")
