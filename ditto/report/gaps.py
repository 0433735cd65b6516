"""What a matrix lacks, each in one sentence: cells that were not run, and rows of which nothing is scored."""

from collections import Counter
from collections.abc import Mapping, Sequence

from ditto.report.matrix import Entry, Judged
from ditto.study import Cell

Pair = tuple[str, str]


def missing(cells: Sequence[Cell], seeds: Sequence[str], supervisors: Sequence[str]) -> list[Pair]:
    """The cells that the matrix still lacks; a study of models tuned on themselves lacks no others."""
    there = {(c.seed, c.supervisor) for c in cells}
    if all(seed == supervisor for seed, supervisor in there):
        return []
    return [(s, t) for s in seeds for t in supervisors if (s, t) not in there]


def told(judged: Judged, lacking: Sequence[Pair]) -> list[str]:
    """A sentence on the holes, and one on the rows without a score; none where there are none."""
    sentences = []
    if lacking:
        cells = ", ".join(f"{seed} on {supervisor}" for seed, supervisor in lacking)
        sentences.append(f"The matrix lacks {cells}: the same command with study.only_missing=true runs what is left.")
    if unscored := {entry: v for entry, v in judged.items() if v and all(one.value is None for one in v)}:
        [(reason, n)] = Counter(one.reason for v in unscored.values() for one in v).most_common(1)
        rows = ", ".join(f"{entry.row} {_cell(entry)}" for entry in unscored)
        sentences.append(f"Every verdict is unscored of {rows}: {n} times because of {reason!r}.")
    return sentences


def between(arms: Mapping[str, Judged]) -> list[str]:
    """A sentence on each arm of an ablation that lacks cells which another one has."""
    everything = dict.fromkeys(entry for judged in arms.values() for entry in judged if entry.row == "imitation")
    return [
        f"The arm {arm} lacks {', '.join(map(_cell, lacking))}: it is compared without."
        for arm, judged in arms.items()
        if (lacking := [entry for entry in everything if entry not in judged])
    ]


def _cell(entry: Entry) -> str:
    again = f" (replicate {entry.replicate})" if entry.replicate else ""
    return f"{' on '.join(filter(None, (entry.seed, entry.supervisor)))}{again}"
