"""What charts are made of: bars, lines and the names at their ends, curves, cells."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.patches import ConnectionPatch
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator
from matplotlib.transforms import ScaledTranslation
from numpy.typing import NDArray

from fairsched_fast.chart_style import INK, literal, look, looks, percents, short

LINES = 12
"""Up to so many jobs are drawn one by one, each in its own look; beyond that as a crowd."""
NAMES = 72
"""Bars that carry their name, in a figure of their own."""

_VALUES = 30  # bars that carry their value
_TICKS = 12  # names along an axis of a heat map
_QUARTERS = ("lowest", "lower quarter", "median", "upper quarter", "highest")


def set_title(ax: Axes, title: str, size: float | None = None) -> None:
    """Literally, wrapped to the width of the axes as far as it is known before the layout."""
    size = size or float(mpl.rcParams["axes.titlesize"])
    width = ax.get_window_extent().width / ax.figure.dpi * 72
    letters = int(width / (0.75 * size))  # bold, and not into the margin
    ax.set_title(textwrap.fill(literal(title), max(20, letters)), fontsize=size)


def fitting_top(tables: Iterable[NDArray[np.float64]]) -> float:
    """Where an axis of these shares ends: a little above the largest."""
    largest = max((float(table.max()) for table in tables if table.size), default=0.0)
    return 1.12 * largest or 1.0


def in_percent(axis: mpl.axis.Axis) -> None:
    """Label an axis of shares 0%, 10% …, and draw its grid."""
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:g}%"))
    axis.grid(True)


def bars(ax: Axes, summary: pd.DataFrame, top: float) -> None:
    """A bar a job from the top down; so many that they would be hairlines become one outline."""
    shares = summary["dominant_share"].to_numpy(np.float64)
    jobs = len(shares)
    spare = max(0, 4 - jobs) / 2  # a bar alone is not to fill the axes
    ax.set_xlim(0, top)
    ax.set_ylim(max(jobs, 1) - 0.5 + spare, -0.5 - spare)
    in_percent(ax.xaxis)
    ax.set_yticks([])
    ax.tick_params(axis="y", length=0)
    plain = look(0)["color"]
    if not jobs:
        ax.text(0.5, 0.5, "no jobs", transform=ax.transAxes, ha="center", va="center")
    elif jobs > NAMES:
        edges = np.arange(jobs + 1) - 0.5
        ax.stairs(shares, edges, orientation="horizontal", fill=True, color=plain)
    else:
        own = looks(list(summary["job"]))
        colours = [own[job]["color"] if jobs <= LINES else plain for job in summary["job"]]
        drawn = ax.barh(np.arange(jobs), shares, height=0.72, color=colours)
        if jobs <= min(_VALUES, _room(ax)):
            ax.bar_label(drawn, percents(shares), padding=4)


def name_bars(ax: Axes, names: Sequence[str], notes: Sequence[str] | None = None) -> None:
    """The bars' names, and a note after each, of as many as the height of the axes allows."""
    step = -(-len(names) // _room(ax)) or 1
    if step > 1:
        ax.set_ylabel(f"{len(names):,} jobs, one in {step} named")
    notes = notes or [""] * len(names)
    labels = [_label(ax, name) + note for name, note in zip(names, notes, strict=True)]
    ax.set_yticks(range(0, len(names), step), labels[::step])


def over_time(ax: Axes, timeline: pd.DataFrame, top: float) -> None:
    """Shares step by step: a line a job, or the crowd of many."""
    steps = timeline["step"].to_numpy()
    shares = timeline.drop(columns="step")
    last = int(steps[-1])
    ax.set_xlim(0 if last else -1, last)
    ax.xaxis.set_major_locator(MaxNLocator(8, integer=True) if last else FixedLocator([0]))
    ax.set_ylim(0, top)
    in_percent(ax.yaxis)
    crowd = f", spread over {shares.shape[1]:,} jobs" if shares.shape[1] > LINES else ""
    ax.set_xlabel(("Executors given" if last else "No executors were given") + crowd)
    (_crowd if crowd else _lines)(ax, steps, shares)


def _label(ax: Axes, name: str) -> str:
    """A job's name beside the axes: no wider than about a third of them."""
    width = ax.get_window_extent().width / ax.figure.dpi * 72
    return short(name, min(max(int(width / 20.5), 8), 24))


def _height(ax: Axes) -> float:
    """In points, as far as it is known before the layout."""
    return float(ax.get_window_extent().height / ax.figure.dpi * 72)


def _room(ax: Axes) -> int:
    """Lines of text that its height has room for."""
    return 1 + int(_height(ax) / 15)


def nested(index: int, count: int) -> dict[str, float]:
    """Later lines thinner and on top, so that lines which coincide are all seen."""
    widest = min(2.7, 9 / count)
    return {"linewidth": 1.8 + widest * (1 - (index + 1) / count), "zorder": 2 + index / count}


def _lines(ax: Axes, steps: NDArray[Any], shares: pd.DataFrame) -> None:
    """A line a job. Those that coincide stay visible: thin on thick, their markers in turn."""
    jobs = shares.shape[1]
    own = looks(list(shares.columns))
    stride = max(jobs, len(steps) // 12)
    for i, job in enumerate(shares.columns):
        turn = (i * stride // jobs) % len(steps)
        style = own[job] | nested(i, jobs) | {"markevery": (turn, stride)}
        ax.plot(steps, shares[job].to_numpy(), **style, clip_on=False)
    _name_ends(
        ax, [(_label(ax, job), float(shares[job].iloc[-1]), own[job]) for job in shares.columns]
    )


def _crowd(ax: Axes, steps: NDArray[Any], shares: pd.DataFrame) -> None:
    """The spread over many jobs: lowest to highest, the middle half, the median."""
    quarters = np.quantile(shares.to_numpy(np.float64), [0, 0.25, 0.5, 0.75, 1], axis=1)
    colour = look(0)["color"]
    ax.fill_between(steps, quarters[0], quarters[4], color=colour, alpha=0.18, linewidth=0)
    ax.fill_between(steps, quarters[1], quarters[3], color=colour, alpha=0.35, linewidth=0)
    for line, width in zip(quarters[[0, 2, 4]], (1, 2.5, 1), strict=True):
        ax.plot(steps, line, color=colour, linewidth=width)
    ends = quarters[:, -1].tolist()
    _name_ends(ax, [(*end, {"color": colour}) for end in zip(_QUARTERS, ends, strict=True)])


def _name_ends(ax: Axes, ends: Sequence[tuple[str, float, dict[str, Any]]]) -> None:
    """Name lines where they end, right of the axes, moved apart where they would overlap.

    A thin line leads from each end to its name, with the line's own marker before it.
    """
    ends = sorted(ends, key=lambda end: end[1])
    height = _height(ax)
    size = min(float(mpl.rcParams["font.size"]), height / (1.25 * max(len(ends), 1)))
    wanted = [value / ax.get_ylim()[1] for _, value, _ in ends]
    places = _apart(wanted, 1.25 * size / height)
    beside = ax.transAxes + ScaledTranslation(16 / 72, 0, ax.figure.dpi_scale_trans)
    for (name, _, style), start, place in zip(ends, wanted, places, strict=True):
        colour = style["color"]
        leader = ConnectionPatch(
            (1, start), (1, place), ax.transAxes, beside, color=colour, linewidth=0.8
        )
        ax.add_artist(leader)
        marker = {"marker": style.get("marker"), "color": colour, "zorder": 5, "clip_on": False}
        ax.plot([1], [place], **marker, transform=beside)
        ax.annotate(
            name,
            (1, place),
            xycoords="axes fraction",
            xytext=(24, 0),
            textcoords="offset points",
            va="center",
            size=size,
        )


def _apart(wanted: Sequence[float], distance: float) -> list[float]:
    """Places within 0…1 at least `distance` apart, as near as can be to the rising ones wanted.

    Less the distances between them they are the nearest non-falling sequence (min-max formula).
    """
    count = len(wanted)
    highest = max(1 - distance * (count - 1), 0)
    loose = [min(max(place - i * distance, 0), highest) for i, place in enumerate(wanted)]
    level = [
        max(min(float(np.mean(loose[a : b + 1])) for b in range(i, count)) for a in range(i + 1))
        for i in range(count)
    ]
    return [place + i * distance for i, place in enumerate(level)]


def cumulative(
    ax: Axes, edges: NDArray[np.float64], counts: NDArray[np.float64], style: dict[str, Any]
) -> float | None:
    """Draw the share of `counts` (B,) at or below each of `edges` (B + 1,), marking the median.

    Returns the first edge that half of them are at or below; None of nothing.
    """
    line = style | {"marker": None}
    total = counts.sum()
    if not total:
        ax.step([], [], **line)
        return None
    reached = np.concatenate([[0], np.cumsum(counts) / total])
    ax.step(edges, reached, where="post", **line)
    median = float(edges[np.argmax(reached >= 0.5)])
    mark = style | {"linestyle": "none", "zorder": 2 + style["zorder"]}
    ax.plot([median], [0.5], **mark, markersize=6 + 1.5 * style["linewidth"])
    return median


def legend(ax: Axes, styles: Sequence[dict[str, Any]], labels: Sequence[str]) -> None:
    """Right of the axes, each entry literally: matplotlib would drop a name that starts with _."""
    drawn = ax.legend(
        [mpl.lines.Line2D([], [], **style) for style in styles],
        ["name"] * len(labels),
        loc="center left",
        bbox_to_anchor=(1.01, 0.5),
        handlelength=3.5,
        labelspacing=1,
    )
    for text, label in zip(drawn.get_texts(), labels, strict=True):
        text.set_text(label)


def occupied(edges: NDArray[np.float64], counts: NDArray[np.float64]) -> tuple[float, float]:
    """The part of the bins in which `counts` (B,) has anything, and a little around it."""
    filled = np.flatnonzero(counts)
    first, last = (filled[0], filled[-1] + 1) if len(filled) else (0, -1)
    margin = 0.02 * (edges[last] - edges[first])
    return float(edges[first] - margin), float(edges[last] + margin)


def name_cells(ax: Axes, x: Sequence[object], y: Sequence[object]) -> None:
    """Names in the middle of columns and rows; where there are many, of some."""
    for axis, names in ((ax.xaxis, x), (ax.yaxis, y)):
        step = -(-len(names) // _TICKS)
        labels = [_cell_name(name) for name in names[::step]]
        axis.set_ticks(np.arange(0, len(names), step) + 0.5, labels)
        if axis is ax.xaxis and len(labels) * max(map(len, labels)) > 66:
            axis.set_tick_params(rotation=30)
            for label in axis.get_ticklabels():
                label.set(ha="right", rotation_mode="anchor")
    ax.tick_params(length=0)


def _cell_name(name: object) -> str:
    number = isinstance(name, (int, float, np.number)) and not isinstance(name, bool)
    return f"{name:.4g}" if number else short(name, 16)


def write_cells(ax: Axes, cells: np.ma.MaskedArray[Any, Any], mesh: QuadMesh) -> None:
    """Each cell's value, dark on light colours and light on dark ones."""
    shown = cells.compressed()
    span = float(np.ptp(shown)) if len(shown) else 0.0
    alike = span <= 1e-9 * float(np.abs(shown).max(initial=0))  # but for rounding
    places = 2 if alike else max(0, 1 - math.floor(math.log10(span)))
    light = np.asarray(mesh.cmap(mesh.norm(cells))) @ [0.3, 0.6, 0.1, 0] > 0.45
    for row, column in np.argwhere(~np.ma.getmaskarray(cells)):
        ink = INK if light[row, column] else "white"
        text = f"{cells[row, column]:.{places}f}"
        ax.text(column + 0.5, row + 0.5, text, color=ink, ha="center", va="center")
