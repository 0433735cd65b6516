"""What speaks against a judge, a sentence each with its figure, for the reader to weigh."""

from collections.abc import Callable, Sequence
from string import ascii_uppercase
from typing import Final

from ditto.evaluate.comparisons import Difference
from ditto.evaluate.validation import N_PLACES, Validation

KAPPA: Final = 0.6  # "substantial" agreement begins here (Landis and Koch, 1977)
ALPHA: Final = 0.8  # what Krippendorff asks of data to draw conclusions from
PARSED: Final = 0.95
PLACE: Final = 0.05  # above an even share, beyond doubt
MARKS: Final = 0.5
MISLED: Final = 0.05


def faults(validation: Validation) -> list[str]:
    """All of them; none is no proof of a good judge, only of one that passes this exam."""
    return [sentence for check in CHECKS for sentence in check(validation)]


def _unlike_the_truth(v: Validation) -> list[str]:
    return [
        f"On {m.metric} it agrees with the truth little better than chance would: kappa {m.kappa:.2f}."
        for m in v.metrics
        if m.kappa is not None and m.kappa < KAPPA
    ]


def _unread(v: Validation) -> list[str]:
    return [
        f"Of its votes on {m.metric}, {1 - m.parsed:.0%} held no single verdict."
        for m in v.metrics
        if m.parsed is not None and m.parsed < PARSED
    ]


def _unsteady(v: Validation) -> list[str]:
    return [
        f"Its votes on {m.metric} hardly agree with each other: alpha {m.alpha:.2f}."
        for m in v.metrics
        if m.alpha is not None and m.alpha < ALPHA
    ]


def _place(v: Validation) -> list[str]:
    return [
        f"It prefers a place: {share.value:.0%} [{share.low:.0%}, {share.high:.0%}] of its identity votes are for "
        f"{letter}."
        for letter, share in zip(ascii_uppercase, v.places, strict=False)
        if share.low > 1 / N_PLACES + PLACE
    ]


def _length(v: Validation) -> list[str]:
    return _moved("right", v.long_right) + _moved("wrong", v.long_wrong)


def _moved(which: str, d: Difference | None) -> list[str]:
    if d is None or d.low <= 0 <= d.high or abs(d.value) < MARKS:
        return []
    told = f"{d.value:+.2f} [{d.low:+.2f}, {d.high:+.2f}]"
    return [f"Length moves its marks of {which} answers: {told} for a long stretch behind the answer."]


def _misled(v: Validation) -> list[str]:
    d = v.misled
    if d is None or d.low <= 0 or d.value < MISLED:
        return []
    return [f"It follows instructions in answers: {d.value:.0%} [{d.low:.0%}, {d.high:.0%}] fewer right verdicts."]


def _own(v: Validation) -> list[str]:
    d = v.own
    if d is None or d.low <= 0 or d.value < MARKS:
        return []
    return [f"It favours its own answers: {d.value:+.2f} [{d.low:+.2f}, {d.high:+.2f}] above what they are worth."]


def _nothing(v: Validation) -> list[str]:
    return [f"It scored {v.scored_nothing} answers that are empty."] if v.scored_nothing else []


CHECKS: Final[Sequence[Callable[[Validation], list[str]]]] = (
    *(_unlike_the_truth, _unread, _unsteady, _place, _length, _misled, _own, _nothing),
)
