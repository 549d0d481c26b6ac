"""Charts: tables and arrays in, matplotlib Axes out.

Every function draws on the `ax` it is given, or on a figure of its own (`ax.figure`); nothing touches
pyplot, so nothing has to be closed. Shares are drawn in percent of the pool.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.figure import Figure
from matplotlib.patches import ConnectionPatch
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator
from matplotlib.transforms import ScaledTranslation
from numpy.typing import ArrayLike, NDArray

from fairsched_fast.chart_style import (
    FAINT,
    INK,
    QUIET,
    literal,
    look,
    looks,
    new_axes,
    percents,
    save,
    short,
    styled,
)
from fairsched_fast.comparison import compare, headline
from fairsched_fast.errors import InputError
from fairsched_fast.result import Result

__all__ = ["distribution", "dominant_shares", "heatmap", "save", "story", "timeline"]

LINES = 12
"""Up to so many jobs are drawn one by one; beyond that as a crowd."""

_VALUES = 30  # bars that carry their value
_NAMES = 72  # bars that carry their name, in a figure of our own
_CELLS = 100  # heat map cells that carry their value
_TICKS = 12  # tick labels along an axis of a heat map
_SHARE = "dominant share of the pool"
_QUANTILES = {"highest": 1.0, "upper quarter": 0.75, "median": 0.5, "lower quarter": 0.25, "lowest": 0.0}


@styled
def dominant_shares(
    summary: pd.DataFrame, *, title: str, ax: Axes | None = None, top: float | None = None
) -> Axes:
    """Final dominant share of each job, a bar each, in the table's order from the top.

    Parameters
    ----------
    summary
        As `Result.summary` gives it, of one pool: columns `job` and `dominant_share`.
    title
        Shown literally.
    ax
        Where to draw; None is a figure of its own, as tall as the jobs need.
    top
        Where the axis of shares ends; None fits the largest. Give two charts the same to compare.
    """
    jobs = len(summary)
    if ax is None:
        ax = new_axes(9, 1.8 + 0.28 * min(max(jobs, 4), _NAMES))
    _bars(ax, summary, _top(summary["dominant_share"]) if top is None else top)
    step = -(-jobs // _NAMES)
    _name_bars(ax, list(summary["job"]), step)
    ax.set_xlabel(f"Final {_SHARE}")
    if step > 1:
        ax.set_ylabel(f"{jobs:,} jobs, one in {step} named")
    _set_title(ax, title)
    return ax


@styled
def timeline(
    timeline: pd.DataFrame, *, title: str, ax: Axes | None = None, top: float | None = None
) -> Axes:
    """Dominant share of each job as executors are given, step by step.

    Up to 12 jobs are a line each, named at its end; more are drawn as a crowd: median, middle half,
    lowest to highest.

    Parameters
    ----------
    timeline
        As `Result.timeline` gives it, of one pool: `step` and one column a job.
    title
        Shown literally.
    ax
        Where to draw; None is a figure of its own.
    top
        Where the axis of shares ends; None fits the largest. Give two charts the same to compare.
    """
    ax = new_axes(9, 5) if ax is None else ax
    shares = timeline.drop(columns="step")
    _over_time(ax, timeline["step"].to_numpy(), shares, _top(shares) if top is None else top)
    ax.set_ylabel(_SHARE.capitalize())
    _set_title(ax, title)
    return ax


@styled
def story(before: Result, after: Result, *, pool: str | None = None) -> Figure:
    """The whole story as one slide (16:9): BEFORE left, AFTER right, on the same axes.

    Above, the final dominant share of each job, furthest behind BEFORE first; below, how they got
    there. The title is the message, from the figures.

    Raises
    ------
    InputError
        On several scenarios, or several pools and none named.
    """
    compared = compare(before, after, pool)
    figure = Figure(figsize=(40 / 3, 7.5), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.12, h_pad=0.12, wspace=0.04)  # type: ignore[union-attr]
    figure.suptitle(
        textwrap.fill(literal(headline(compared)), 78), fontsize=19, fontweight="bold", x=0.012, ha="left"
    )
    axes = figure.subplots(2, 2, sharex="row", sharey="row")
    summaries = [result.summary(pool=compared.pool) for result in (before, after)]
    timelines = [result.timeline(pool=compared.pool) for result in (before, after)]
    summaries[1] = summaries[1].set_index("job").loc[summaries[0]["job"]].reset_index()
    top = _top(*(table.drop(columns="step") for table in timelines))
    sides = (("BEFORE", compared.before), ("AFTER", compared.after))
    for side, (when, end) in enumerate(sides):
        upper, lower = axes[:, side]
        _bars(upper, summaries[side], top)
        _set_title(upper, f"{when}: {end.policy}", size=16)
        upper.set_xlabel(f"Final {_SHARE}")
        upper.tick_params(labelleft=side == 0)
    jobs = len(compared.start)
    if jobs <= LINES:
        _name_bars(axes[0, 0], list(summaries[0]["job"]), 1)
    else:
        axes[0, 0].set_ylabel("Jobs, in BEFORE's order")
    for side, table in enumerate(timelines):
        lower = axes[1, side]
        _over_time(lower, table["step"].to_numpy(), table.drop(columns="step"), top)
    axes[1, 0].set_ylabel(_SHARE.capitalize())
    figure.supxlabel(
        literal(f"Pool {compared.pool}; jobs: {jobs:,}; executors to give: {compared.before.budget:,}"),
        fontsize=12,
        color=QUIET,
    )
    return figure


@styled
def distribution(
    edges: ArrayLike,
    counts: Mapping[str, ArrayLike],
    *,
    measure: str,
    title: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Share of scenarios at or below each value of a measure, a step curve per policy.

    Parameters
    ----------
    edges : (B + 1,)
        Rising edges of the bins.
    counts : policy → (B,)
        Scenarios in each bin. Curves that coincide are drawn thin on thick, so each stays visible.
    measure
        What is measured, for the axis.
    ax
        Where to draw; None is a figure of its own.

    Raises
    ------
    InputError
        When the bins of a policy are not those of the edges.
    """
    ax = new_axes(9, 5) if ax is None else ax
    bins = np.asarray(edges, np.float64)
    table = {name: np.asarray(row, np.float64) for name, row in counts.items()}
    for name, row in table.items():
        if row.shape != (len(bins) - 1,):
            raise InputError(f"counts[{name!r}] has shape {row.shape}; expected ({len(bins) - 1},)")
    labels = []
    for i, (name, row) in enumerate(table.items()):
        labels.append(_cumulative(ax, bins, row, name, {**look(i), **_nested(i, len(table))}))
    ax.set_xlim(*_occupied(bins, list(table.values())))
    ax.set_ylim(0, 1.02)
    ax.yaxis.set_major_formatter(FuncFormatter(_percent_tick))
    ax.grid(True)
    ax.set_xlabel(literal(measure))
    ax.set_ylabel("Scenarios at or below")
    _legend(ax, labels)
    _set_title(ax, title or f"{measure}, by policy")
    return ax


@styled
def heatmap(
    values: ArrayLike,
    x: Sequence[object],
    y: Sequence[object],
    *,
    x_label: str,
    y_label: str,
    title: str,
    ax: Axes | None = None,
    vmin: float | None = None,
    vmax: float | None = None,
) -> Axes:
    """A measure over two axes of a grid, with a colour bar; cells without a value are hatched.

    Parameters
    ----------
    values : (Y, X)
        NaN where there is none.
    x, y
        What the columns and the rows (from the bottom) stand for.
    vmin, vmax
        Ends of the colours; None is the smallest and largest value. Give several maps the same.

    Raises
    ------
    InputError
        When `values` is not (len(y), len(x)).
    """
    cells = np.ma.masked_invalid(np.asarray(values, np.float64))
    if cells.shape != (len(y), len(x)) or not cells.size:
        raise InputError(f"values has shape {cells.shape}; expected ({len(y)}, {len(x)}), not empty")
    ax = new_axes(9, 6) if ax is None else ax
    low, high = _colour_range(cells, vmin, vmax)
    mesh = ax.pcolormesh(cells, cmap="viridis", vmin=low, vmax=high)
    ax.patch.set(facecolor="0.93", hatch="///", edgecolor=FAINT)
    ax.set_xlim(0, len(x))
    ax.set_ylim(0, len(y))
    _name_cells(ax, x, y)
    if cells.size <= _CELLS:
        _write_cells(ax, cells, mesh)
    if not cells.mask.all():
        ax.figure.colorbar(mesh, ax=ax, pad=0.02).outline.set_visible(False)  # type: ignore[operator]
    ax.set_xlabel(literal(x_label))
    missing = "  (hatched: no value)" if cells.mask.any() else ""
    ax.set_ylabel(literal(y_label))
    _set_title(ax, title + missing)
    return ax


def _set_title(ax: Axes, title: str, size: float | None = None) -> None:
    """Wrapped to the width of the axes, as far as it is known before the layout."""
    size = size or mpl.rcParams["axes.titlesize"]
    width = ax.get_window_extent().width / ax.figure.dpi * 72
    ax.set_title(textwrap.fill(literal(title), max(20, int(width / size / 0.62))), fontsize=size)


def _percent_tick(value: float, _: int) -> str:
    return f"{100 * value:g}%"


def _top(*shares: pd.DataFrame | pd.Series[float]) -> float:
    """Where an axis of these shares ends: a little above the largest."""
    largest = max((float(np.max(table.to_numpy())) for table in shares if table.size), default=0.0)
    return largest * 1.12 or 1.0


def _bars(ax: Axes, summary: pd.DataFrame, top: float) -> None:
    """A bar a job from the top down; so many that they would be hairlines become one outline."""
    shares = summary["dominant_share"].to_numpy(np.float64)
    jobs = len(shares)
    spare = max(0, 4 - jobs) / 2  # a bar alone is not to fill the axes
    ax.set_xlim(0, top)
    ax.set_ylim(max(jobs, 1) - 0.5 + spare, -0.5 - spare)
    ax.xaxis.set_major_formatter(FuncFormatter(_percent_tick))
    ax.xaxis.grid(True)
    ax.set_yticks([])
    ax.tick_params(axis="y", length=0)
    if not jobs:
        ax.text(0.5, 0.5, "no jobs", transform=ax.transAxes, ha="center", va="center")
    elif jobs > _NAMES:
        edges = np.arange(jobs + 1) - 0.5
        ax.stairs(shares, edges, orientation="horizontal", fill=True, color=look(0)["color"])
    else:
        style = looks(list(summary["job"]))
        single = jobs > LINES
        colours = [look(0)["color"] if single else style[job]["color"] for job in summary["job"]]
        bars = ax.barh(np.arange(jobs), shares, height=0.72, color=colours)
        if jobs <= _VALUES:
            ax.bar_label(bars, percents(shares), padding=4)


def _name_bars(ax: Axes, names: list[str], step: int) -> None:
    """Every step-th bar's name along the axis."""
    step = max(step, 1)
    ax.set_yticks(range(0, len(names), step), [short(name) for name in names[::step]])


def _over_time(ax: Axes, steps: NDArray[Any], shares: pd.DataFrame, top: float) -> None:
    last = int(steps[-1])
    ax.set_xlim(0 if last else -1, last)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True) if last else FixedLocator([0]))
    ax.set_ylim(0, top)
    ax.yaxis.set_major_formatter(FuncFormatter(_percent_tick))
    ax.yaxis.grid(True)
    ax.set_xlabel("Executors given" if last else "No executors were given")
    if shares.shape[1] <= LINES:
        _lines(ax, steps, shares)
    else:
        _crowd(ax, steps, shares)


def _lines(ax: Axes, steps: NDArray[Any], shares: pd.DataFrame) -> None:
    """A line a job. Those that coincide stay visible: thin on thick, their markers in turn."""
    jobs = shares.shape[1]
    style = looks(list(shares.columns))
    stride = max(jobs, len(steps) // 12)
    for i, job in enumerate(shares.columns):
        turn = (i * stride // jobs) % len(steps)
        ax.plot(
            steps,
            shares[job],
            **style[job],
            **_nested(i, jobs),
            markevery=(turn, stride),
            clip_on=False,
        )
    ends = [(short(job), float(shares[job].iloc[-1]), style[job]) for job in shares.columns]
    _name_ends(ax, ends)


def _crowd(ax: Axes, steps: NDArray[Any], shares: pd.DataFrame) -> None:
    """The spread over many jobs: lowest to highest, the middle half, the median."""
    spread = np.quantile(shares.to_numpy(), list(_QUANTILES.values()), axis=1)
    at = dict(zip(_QUANTILES, spread, strict=True))
    colour = look(0)["color"]
    ax.fill_between(steps, at["lowest"], at["highest"], color=colour, alpha=0.18, linewidth=0)
    ax.fill_between(
        steps, at["lower quarter"], at["upper quarter"], color=colour, alpha=0.35, linewidth=0
    )
    ax.plot(steps, at["median"], color=colour, linewidth=2.5)
    for edge in ("lowest", "highest"):
        ax.plot(steps, at[edge], color=colour, linewidth=1)
    _name_ends(ax, [(name, float(line[-1]), {"color": colour}) for name, line in at.items()])
    ax.set_xlabel(f"{ax.get_xlabel()}, spread over {shares.shape[1]:,} jobs")


def _nested(index: int, count: int) -> dict[str, float]:
    """Later lines thinner and on top, so that lines which coincide are all seen."""
    widest = min(2.7, 9 / count)
    return {"linewidth": 1.8 + widest * (1 - (index + 1) / count), "zorder": 2 + index / count}


def _name_ends(ax: Axes, ends: Sequence[tuple[str, float, dict[str, Any]]]) -> None:
    """Name lines where they end, right of the axes, moved apart where they would overlap.

    A thin line leads from each end to its name, with the line's own marker before it.
    """
    ends = sorted(ends, key=lambda end: end[1])
    height = ax.get_window_extent().height / ax.figure.dpi * 72
    size = min(mpl.rcParams["font.size"], height / (1.25 * max(len(ends), 1)))
    bottom, top = ax.get_ylim()
    wanted = [(value - bottom) / (top - bottom) for _, value, _ in ends]
    at = _apart(wanted, 1.25 * size / height)
    beside = ax.transAxes + ScaledTranslation(16 / 72, 0, ax.figure.dpi_scale_trans)
    for (name, _, style), start, place in zip(ends, wanted, at, strict=True):
        ends_at = {"xyA": (1, start), "coordsA": ax.transAxes, "xyB": (1, place), "coordsB": beside}
        ax.add_artist(ConnectionPatch(**ends_at, color=style["color"], linewidth=0.8))
        marker = {"color": style["color"], "marker": style.get("marker"), "zorder": 5}
        ax.plot([1], [place], **marker, transform=beside, clip_on=False)
        ax.annotate(
            name,
            xy=(1, place),
            xycoords="axes fraction",
            xytext=(24, 0),
            textcoords="offset points",
            va="center",
            size=size,
        )


def _apart(wanted: Sequence[float], distance: float) -> list[float]:
    """Rising places within 0…1, `distance` apart and as near as can be to those wanted.

    Without the distances between them they are the nearest non-falling sequence (min-max formula).
    """
    count = len(wanted)
    highest = max(1 - distance * (count - 1), 0)
    loose = [min(max(w - i * distance, 0), highest) for i, w in enumerate(wanted)]
    level = [
        max(min(float(np.mean(loose[a : b + 1])) for b in range(i, count)) for a in range(i + 1))
        for i in range(count)
    ]
    return [place + i * distance for i, place in enumerate(level)]


def _cumulative(
    ax: Axes, bins: NDArray[Any], row: NDArray[Any], name: str, style: dict[str, Any]
) -> str:
    """Draw one policy's curve; its words for the legend."""
    total = row.sum()
    reached = np.concatenate([[0], np.cumsum(row) / total if total else np.zeros_like(row)])
    ax.step(bins, reached, where="post", **{**style, "marker": None})
    if not total:
        return f"{short(name)}\nno scenarios"
    median = bins[np.argmax(reached >= 0.5)]
    ax.plot([median], [0.5], **{**style, "linestyle": "", "zorder": 4}, markersize=9)
    return f"{short(name)}\nmedian ≤ {median:.3g}"


def _legend(ax: Axes, labels: Sequence[str]) -> None:
    """Right of the axes, each entry literally: matplotlib would drop a name that starts with _."""
    curves = [line for line in ax.lines if line.get_linestyle() != "None"]
    legend = ax.legend(
        curves,
        ["name"] * len(labels),
        loc="center left",
        bbox_to_anchor=(1.01, 0.5),
        handlelength=3,
        labelspacing=1,
    )
    for text, label in zip(legend.get_texts(), labels, strict=True):
        text.set_text(label)


def _occupied(bins: NDArray[Any], rows: Sequence[NDArray[Any]]) -> tuple[float, float]:
    """The part of the bins in which there is anything."""
    filled = np.flatnonzero(np.sum(rows, axis=0)) if rows else np.empty(0, np.int64)
    if not len(filled):
        return float(bins[0]), float(bins[-1])
    low, high = float(bins[filled[0]]), float(bins[filled[-1] + 1])
    return low - 0.02 * (high - low), high + 0.02 * (high - low)


def _colour_range(
    cells: np.ma.MaskedArray[Any, Any], vmin: float | None, vmax: float | None
) -> tuple[float, float]:
    if cells.mask.all():
        return 0.0, 1.0
    low = float(cells.min()) if vmin is None else vmin
    high = float(cells.max()) if vmax is None else vmax
    if low < high:
        return low, high
    return low - (abs(low) or 1) / 2, low + (abs(low) or 1) / 2


def _name_cells(ax: Axes, x: Sequence[object], y: Sequence[object]) -> None:
    """Names in the middle of columns and rows; where there are many, of some."""
    for axis, names in ((ax.xaxis, x), (ax.yaxis, y)):
        step = -(-len(names) // _TICKS)
        labels = [
            f"{name:g}" if isinstance(name, (int, float)) else short(name, 16)
            for name in names[::step]
        ]
        tilted = axis is ax.xaxis and sum(map(len, labels)) > 60
        axis.set_ticks(np.arange(0, len(names), step) + 0.5, labels)
        if tilted:
            ax.tick_params(axis="x", rotation=30)
    ax.tick_params(length=0)


def _write_cells(ax: Axes, cells: np.ma.MaskedArray[Any, Any], mesh: QuadMesh) -> None:
    """Each cell's value, dark on light colours and light on dark ones."""
    for (row, column), value in np.ndenumerate(cells):
        if np.ma.is_masked(cells[row, column]):
            continue
        red, green, blue, _ = mesh.cmap(mesh.norm(value))
        ink = INK if 0.3 * red + 0.6 * green + 0.1 * blue > 0.45 else "white"
        ax.text(column + 0.5, row + 0.5, f"{value:.3g}", color=ink, ha="center", va="center")
