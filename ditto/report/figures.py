"""Figures for print: three heat maps of the matrix, and imitation over supervision with its diagonal."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ditto.report.matrix import ALL, METRICS, Line, measured

RANGE: Final = {"identity": (0.0, 1.0), "knowledge": (1.0, 10.0), "rejection": (0.0, 1.0), "quality": (1.0, 10.0)}
UNIT: Final = {
    "identity": "accuracy",
    "knowledge": "score, 1 to 10",
    "rejection": "accuracy",
    "quality": "mark, 1 to 10",
}
MARKERS: Final = "osD^vP*X"
# Okabe and Ito's colours, told apart by readers of every colour vision.
COLOURS: Final = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#F0E442")
SCALE: Final = "cividis"  # as evenly dark to readers of every colour vision
STYLE: Final[dict[str, Any]] = {"font.size": 9, "axes.titlesize": 10, "svg.hashsalt": "ditto", "savefig.dpi": 200}


def scale(n: int = 64) -> list[str]:
    """The heat maps' colours from low to high, as `#rrggbb`."""
    return [mpl.colors.to_hex(colour) for colour in mpl.colormaps[SCALE](np.linspace(0, 1, n))]


def draw(lines: Sequence[Line], seeds: Sequence[str], supervisors: Sequence[str], folder: Path) -> None:
    """Write `heatmaps` and `scatter` as PNG and SVG into `folder`."""
    means = {(x.row, x.seed, x.supervisor, x.metric): x for x in lines if x.language == ALL}
    save(
        folder,
        heatmaps=lambda: heatmaps(means, seeds, supervisors),
        scatter=lambda: scatter(means, seeds, supervisors),
    )


def save(folder: Path, **drawings: Callable[[], Figure]) -> None:
    """Write each figure under its name as PNG and SVG into `folder`, the same bytes each time."""
    with mpl.rc_context(STYLE):  # type: ignore[arg-type]
        for name, drawing in drawings.items():
            figure = drawing()
            figure.savefig(folder / f"{name}.png", metadata={"Software": None})
            figure.savefig(folder / f"{name}.svg", metadata={"Date": None})


Means = dict[tuple[str, str, str, str], Line]


def heatmaps(means: Means, seeds: Sequence[str], supervisors: Sequence[str]) -> Figure:
    """A panel a metric: imitation by seed and supervisor, between the seeds' base and above the supervision."""
    metrics = measured(metric for *_, metric in means) or METRICS
    figure = Figure(figsize=(3.9 * len(metrics), 1.6 + 0.55 * (len(seeds) + 1)), layout="constrained")
    for axes, metric in zip(figure.subplots(1, len(metrics), squeeze=False)[0], metrics, strict=True):
        cells = [
            [means.get(("imitation", s, t, metric)) for t in supervisors] + [means.get(("base", s, "", metric))]
            for s in seeds
        ]
        cells.append([means.get(("supervision", "", t, metric)) for t in supervisors] + [None])
        _panel(axes, cells, metric)
        axes.set_xticks(range(len(supervisors) + 1), [*supervisors, "base"], rotation=30, ha="right")
        axes.set_yticks(range(len(seeds) + 1), [*seeds, "supervision"])
        axes.set_xlabel("supervision LLM")
        axes.set_ylabel("seed LLM")
    return figure


def _panel(axes: Axes, cells: Sequence[Sequence[Line | None]], metric: str) -> None:
    values: NDArray[np.float64] = np.array([[c.value if c else np.nan for c in row] for row in cells])
    low, high = RANGE[metric]
    axes.imshow(values, vmin=low, vmax=high, cmap=SCALE, aspect="auto")
    for (i, j), value in np.ndenumerate(values):
        cell = cells[i][j]
        if cell and not np.isnan(value):
            colour = "white" if (value - low) / (high - low) < 0.55 else "black"
            axes.text(j, i - 0.1, f"{value:.2f}", ha="center", va="center", color=colour)
            bounds = "" if np.isnan(cell.ci_low) else f"{cell.ci_low:.2f}–{cell.ci_high:.2f}"
            axes.text(j, i + 0.25, bounds, ha="center", va="center", color=colour, fontsize=6)
    axes.axhline(len(cells) - 1.5, color="white", linewidth=3)
    axes.axvline(len(cells[0]) - 1.5, color="white", linewidth=3)
    axes.set_title(f"{metric} ({UNIT[metric]})")
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)


def scatter(means: Means, seeds: Sequence[str], supervisors: Sequence[str]) -> Figure:
    """A panel a metric: each cell's imitation over its supervisor's own performance (paper, figure 5)."""
    metrics = measured(metric for *_, metric in means) or METRICS
    figure = Figure(figsize=(3.6 * len(metrics), 4.6), layout="constrained")
    for axes, metric in zip(figure.subplots(1, len(metrics), squeeze=False)[0], metrics, strict=True):
        low, high = RANGE[metric]
        pad = 0.06 * (high - low)
        axes.plot([low, high], [low, high], color="0.6", linestyle="--", linewidth=1, zorder=0)
        for i, seed in enumerate(seeds):
            for j, supervisor in enumerate(supervisors):
                _point(axes, means, (seed, supervisor, metric), COLOURS[i % 8], MARKERS[j % 8])
        axes.set(xlim=(low - pad, high + pad), ylim=(low - pad, high + pad), aspect="equal")
        axes.set_xlabel("supervision performance")
        axes.set_ylabel("imitation performance")
        axes.set_title(f"{metric} ({UNIT[metric]})")
    keys = [
        mpl.lines.Line2D([], [], color=COLOURS[i % 8], marker="o", linestyle="", label=f"seed {s}")
        for i, s in enumerate(seeds)
    ]
    keys += [
        mpl.lines.Line2D([], [], color="0.4", marker=MARKERS[j % 8], linestyle="", label=f"supervisor {s}")
        for j, s in enumerate(supervisors)
    ]
    figure.legend(handles=keys, loc="outside lower center", ncols=len(seeds), frameon=False)
    return figure


def _point(axes: Axes, means: Means, cell: tuple[str, str, str], colour: str, marker: str) -> None:
    seed, supervisor, metric = cell
    x, y = means.get(("supervision", "", supervisor, metric)), means.get(("imitation", seed, supervisor, metric))
    if x and y and not np.isnan(x.value + y.value):
        axes.errorbar(
            x.value,
            y.value,
            xerr=_bars(x),
            yerr=_bars(y),
            color=colour,
            marker=marker,
            markersize=6,
            elinewidth=0.6,
            alpha=0.85,
        )


def _bars(line: Line) -> list[list[float]]:
    """How far the bounds lie below and above the value."""
    return [[max(0.0, line.value - line.ci_low)], [max(0.0, line.ci_high - line.value)]]
