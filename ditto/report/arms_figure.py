"""An ablation as a figure: each metric of the tuned models over the arms."""

from collections.abc import Mapping, Sequence
from itertools import cycle
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ditto.report.arms import ArmLine
from ditto.report.figures import COLOURS, MARKERS, RANGE, UNIT, save
from ditto.report.matrix import ALL, measured


def draw(lines: Sequence[ArmLine], folder: Path) -> None:
    """Write `arms` as PNG and SVG into `folder`."""
    save(folder, arms=lambda: over_arms(lines))


def over_arms(lines: Sequence[ArmLine]) -> Figure:
    """A panel a metric, a colour a cell, a marker a language; numbers stand in their order and are joined."""
    tuned = [x for x in lines if x.row == "imitation"]
    arms = list(dict.fromkeys(x.arm for x in tuned))
    if ordered := all(_is_number(arm) for arm in arms):
        arms.sort(key=float)
    metrics, languages = measured(x.metric for x in tuned), sorted({x.language for x in tuned} - {ALL})
    shown = [ALL, *languages] if len(languages) > 1 else [ALL]
    cells = list(dict.fromkeys((x.seed, x.supervisor) for x in tuned))
    series = [(cell, language) for cell in cells for language in shown]
    colours, markers = dict(zip(cells, cycle(COLOURS))), dict(zip(shown, cycle(MARKERS)))
    figure = Figure(figsize=(3.6 * len(metrics), 3.6), layout="constrained")
    for axes, metric in zip(figure.subplots(1, len(metrics), squeeze=False)[0], metrics, strict=True):
        for n, (cell, language) in enumerate(series):
            at = {arm: i + 0.5 * ((n + 0.5) / len(series) - 0.5) for i, arm in enumerate(arms)}
            mine = [x for x in tuned if (x.seed, x.supervisor, x.language, x.metric) == (*cell, language, metric)]
            points = sorted((at[x.arm], x) for x in mine if not np.isnan(x.value))
            _series(axes, points, color=colours[cell], marker=markers[language], linestyle="-" if ordered else "")
        low, high = RANGE[metric]
        pad = 0.06 * (high - low)
        axes.set(ylim=(low - pad, high + pad), title=f"{metric} ({UNIT[metric]})")
        axes.set_xticks(range(len(arms)), arms, rotation=30 if max(map(len, arms)) > 6 else 0)
    figure.legend(handles=_keys(colours, markers), loc="outside lower center", ncols=6, frameon=False)
    return figure


def _series(axes: Axes, points: Sequence[tuple[float, ArmLine]], **style: str) -> None:
    low = [max(0.0, x.value - x.ci_low) for _, x in points]
    high = [max(0.0, x.ci_high - x.value) for _, x in points]
    bars = None if np.isnan([*low, *high]).any() else [low, high]
    places, values = [place for place, _ in points], [x.value for _, x in points]
    axes.errorbar(places, values, bars, markersize=5, linewidth=0.8, elinewidth=0.8, alpha=0.85, **style)  # type: ignore[arg-type]


def _keys(colours: Mapping[tuple[str, str], str], markers: Mapping[str, str]) -> list[Line2D]:
    cells = [Line2D([], [], color=c, label=f"{seed} on {supervisor}") for (seed, supervisor), c in colours.items()]
    return [*cells, *(Line2D([], [], color="0.4", marker=m, linestyle="", label=lang) for lang, m in markers.items())]


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
