"""The quality of supervisors' queries as a figure: a bar a supervisor, as the paper's figure 4 draws it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ditto.evaluate.query_quality import GRADES, Grade
from ditto.report.figures import COLOURS, save
from ditto.report.matrix import ALL
from ditto.report.query_quality import WORDS, Line

COLOUR: Final[Mapping[Grade, str]] = {"correct": COLOURS[0], "unsure": "0.8", "incorrect": COLOURS[1]}


def draw(lines: Sequence[Line], folder: Path) -> None:
    """Write `quality` as PNG and SVG into `folder`."""
    save(folder, quality=lambda: bars(lines))


def bars(lines: Sequence[Line]) -> Figure:
    """A panel a kind over all languages: shares on top of each other, the bounds of the correct one."""
    shown = {kind: [x for x in lines if (x.language, x.kind) == (ALL, kind)] for kind in WORDS}
    panels = {kind: mine for kind, mine in shown.items() if mine}
    width = 1.2 + 0.7 * max(map(len, panels.values()))
    figure = Figure(figsize=(max(2.6, width) * len(panels), 3.4), layout="constrained")
    for axes, (kind, mine) in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels.items(), strict=True):
        _panel(axes, mine)
        axes.set_title(f"{WORDS[kind]} queries")
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(GRADES), frameon=False)
    return figure


def _panel(axes: Axes, lines: Sequence[Line]) -> None:
    places, below = range(len(lines)), [0.0] * len(lines)
    for grade in GRADES:
        shares = [float(getattr(x, grade)) for x in lines]
        axes.bar(places, shares, 0.7, below, color=COLOUR[grade], label=grade)
        below = [low + share for low, share in zip(below, shares, strict=True)]
    bounds = [[x.correct - x.correct_low for x in lines], [x.correct_high - x.correct for x in lines]]
    axes.errorbar(places, [x.correct for x in lines], bounds, color="black", linestyle="", capsize=3, elinewidth=0.8)
    for place, x in zip(places, lines, strict=True):
        axes.text(place, 0.02, f"{x.correct:.2f}", ha="center", color="white" if x.correct > 0.1 else "black")
    axes.set(ylim=(0, 1), ylabel="share of queries")
    axes.set_xticks(places, [x.supervisor for x in lines])
