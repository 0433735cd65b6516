"""The paper's statements about a matrix, each as the pairs of entries whose mean difference it is about.

Table 2: a tuned model plays better than its base. Section 6: (1) imitation beats supervision on identity and
stays below it on knowledge and rejection; (2) for a seed, knowledge grows only marginally with a stronger
supervisor; (3) for a supervisor, knowledge and rejection grow with the seed, identity does not.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from ditto.records import Metric
from ditto.report.matrix import Entry

# From the least to the highest score, and the share of it below which a change counts as none.
REACH: Final[dict[Metric, float]] = {"identity": 1.0, "knowledge": 9.0, "rejection": 1.0, "quality": 9.0}
MARGINAL: Final[dict[Metric, float]] = {metric: 0.05 * reach for metric, reach in REACH.items()}
Claimed = Literal["above", "below", "flat"]
Pair = tuple[Entry, Entry]


@dataclass(frozen=True, slots=True)
class Statement:
    """Of each pair the first is claimed to score above the second, below it, or no more than marginally above."""

    source: str
    text: str
    metric: Metric
    claimed: Claimed
    pairs: tuple[Pair, ...]

    @property
    def null(self) -> float:
        """The difference that parts what is claimed from its contrary."""
        return MARGINAL[self.metric] if self.claimed == "flat" else 0.0


def statements(
    metric: Metric, scored: Collection[Entry], seeds: Sequence[str], supervisors: Sequence[str]
) -> list[Statement]:
    """Those that the `scored` entries can speak to, in the paper's order; `seeds` and `supervisors` by size.

    A pair of which one side was never scored is left out, and so is a statement without pairs.
    """
    tuned = [entry for entry in scored if entry.row == "imitation"]
    made = [_tuned_over_base(metric, tuned)]
    if metric != "quality":  # the paper says no more of it
        made.append(_imitation_over_supervision(metric, tuned))
        if metric == "knowledge" and len(supervisors) > 1:
            made.append(_along_supervisors(metric, seeds, supervisors))
        if len(seeds) > 1:
            made.append(_along_seeds(metric, seeds, supervisors))
    there = [_only(statement, scored) for statement in made]
    return [statement for statement in there if statement.pairs]


def _only(made: Statement, scored: Collection[Entry]) -> Statement:
    pairs = tuple(pair for pair in made.pairs if all(entry in scored for entry in pair))
    return Statement(made.source, made.text, made.metric, made.claimed, pairs)


def _tuned_over_base(metric: Metric, tuned: Iterable[Entry]) -> Statement:
    pairs = tuple((entry, Entry("base", entry.seed, "")) for entry in tuned)
    return Statement("table 2", "tuned models are above their bases", metric, "above", pairs)


def _imitation_over_supervision(metric: Metric, tuned: Iterable[Entry]) -> Statement:
    claimed: Claimed = "above" if metric == "identity" else "below"
    pairs = tuple((entry, Entry("supervision", "", entry.supervisor)) for entry in tuned)
    return Statement("section 6 (1)", f"imitation is {claimed} supervision", metric, claimed, pairs)


def _along_supervisors(metric: Metric, seeds: Sequence[str], supervisors: Sequence[str]) -> Statement:
    least, most = supervisors[0], supervisors[-1]
    text = f"for a seed, no more than marginally higher under {most} than under {least}"
    pairs = tuple((Entry("imitation", s, most), Entry("imitation", s, least)) for s in seeds)
    return Statement("section 6 (2)", text, metric, "flat", pairs)


def _along_seeds(metric: Metric, seeds: Sequence[str], supervisors: Sequence[str]) -> Statement:
    least, most = seeds[0], seeds[-1]
    claimed: Claimed = "flat" if metric == "identity" else "above"
    words = "no more than marginally higher" if claimed == "flat" else "higher"
    pairs = tuple((Entry("imitation", most, t), Entry("imitation", least, t)) for t in supervisors)
    return Statement("section 6 (3)", f"for a supervisor, {words} in {most} than in {least}", metric, claimed, pairs)
