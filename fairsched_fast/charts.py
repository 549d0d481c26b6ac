"""Charts: tables and arrays in, matplotlib Axes out.

Every function draws on the `ax` it is given, or on a figure of its own (`ax.figure`). None touches
pyplot, so nothing has to be closed; `save` writes the same bytes for the same figure. All text is
shown literally. Shares are labelled in percent of the pool.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from numpy.typing import ArrayLike, NDArray

from fairsched_fast import chart_parts as parts
from fairsched_fast.before_after import BeforeAfter, before_and_after, headline
from fairsched_fast.chart_style import FAINT, QUIET, literal, look, new_axes, save, short, styled
from fairsched_fast.errors import InputError
from fairsched_fast.result import Result

__all__ = ["distribution", "dominant_shares", "heatmap", "save", "share_top", "story", "timeline"]

_SHARE = "dominant share of the pool"
_CELLS = 100  # heat map cells that carry their value


def share_top(*tables: pd.DataFrame) -> float:
    """Where the axis of shares of these summaries or timelines ends; pass it to both charts."""
    values = (
        table["dominant_share"] if "dominant_share" in table else table.drop(columns="step")
        for table in tables
    )
    return parts.fitting_top(value.to_numpy(np.float64) for value in values)


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
        What it shows.
    ax
        Where to draw; None is a figure of its own, as tall as the jobs need.
    top
        Where the axis of shares ends (`share_top`); None fits the largest.
    """
    jobs = len(summary)
    if ax is None:
        ax = new_axes(9, 1.8 + 0.28 * min(max(jobs, 4), parts.NAMES))
    parts.bars(ax, summary, share_top(summary) if top is None else top)
    parts.name_bars(ax, list(summary["job"]))
    ax.set_xlabel(f"Final {_SHARE}")
    parts.set_title(ax, title)
    return ax


@styled
def timeline(
    timeline: pd.DataFrame, *, title: str, ax: Axes | None = None, top: float | None = None
) -> Axes:
    """Dominant share of each job as executors are given, step by step.

    Up to 12 jobs are a line each, named at its end; more are drawn as a crowd: lowest to highest,
    the middle half, the median.

    Parameters
    ----------
    timeline
        As `Result.timeline` gives it, of one pool: `step` and one column a job.
    title
        What it shows.
    ax
        Where to draw; None is a figure of its own.
    top
        Where the axis of shares ends (`share_top`); None fits the largest.
    """
    ax = new_axes(9, 5) if ax is None else ax
    parts.over_time(ax, timeline, share_top(timeline) if top is None else top)
    ax.set_ylabel(_SHARE.capitalize())
    parts.set_title(ax, title)
    return ax


@styled
def story(before: Result, after: Result, *, pool: str | None = None) -> Figure:
    """The whole story as one slide (16:9): BEFORE left, AFTER right, on the same axes.

    Above, the final dominant share of each job, in both in BEFORE's order; below, how they got
    there. The title is the message, from the figures.

    Raises
    ------
    InputError
        On several scenarios, or several pools and none named.
    """
    compared = before_and_after(before, after, pool)
    layout = ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.12, wspace=0.04)
    figure = Figure(figsize=(40 / 3, 7.5), layout=layout)
    axes = figure.subplots(2, 2, sharex="row", sharey="row")
    timelines = [result.timeline(pool=compared.pool) for result in (before, after)]
    summaries = [result.summary(pool=compared.pool) for result in (before, after)]
    summaries[1] = summaries[1].set_index("job").loc[summaries[0]["job"]].reset_index()
    top = share_top(*timelines)
    for column in (0, 1):
        parts.bars(axes[0, column], summaries[column], top)
        axes[0, column].set_xlabel(f"Final {_SHARE}")
        parts.over_time(axes[1, column], timelines[column], top)
    axes[1, 0].set_ylabel(_SHARE.capitalize())
    jobs = list(summaries[0]["job"])
    weights = [f" (weight {compared.weight[job]:.3g})" for job in jobs]
    parts.name_bars(axes[0, 0], jobs, weights if compared.weighted else None)
    _caption(figure, axes[0], compared)
    return figure


def _caption(figure: Figure, heads: Sequence[Axes], compared: BeforeAfter) -> None:
    """The message above, what is left and right, what was run below."""
    message = literal(headline(compared))
    lines = -(-len(message) // 76)
    message = textwrap.fill(message, min(76, len(message) // lines + 8))
    figure.suptitle(message, fontsize=19, fontweight="bold", x=0.012, ha="left")
    parts.set_title(heads[0], f"BEFORE: {compared.before.policy}", size=16)
    parts.set_title(heads[1], f"AFTER: {compared.after.policy}", size=16)
    jobs, budget = len(compared.start), compared.before.budget
    run = f"Pool {short(compared.pool, 60)}; jobs: {jobs:,}; executors to give: {budget:,}"
    figure.supxlabel(run, fontsize=12, color=QUIET)


@styled
def distribution(
    edges: ArrayLike,
    counts: Mapping[str, ArrayLike],
    *,
    measure: str,
    title: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Share of scenarios at or below each value of a measure, a step curve per policy.

    Curves that coincide are drawn thin on thick, so each stays visible.

    Parameters
    ----------
    edges : (B + 1,)
        Rising edges of the bins.
    counts : policy → (B,)
        Scenarios in each bin.
    measure
        What is measured, for the axis.
    title
        What it shows.
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
    styles = [look(i) | parts.nested(i, len(table)) for i in range(len(table))]
    labels = []
    for (name, row), style in zip(table.items(), styles, strict=True):
        median = parts.cumulative(ax, bins, row, style)
        said = "no scenarios" if median is None else f"median ≤ {median:.3g}"
        labels.append(f"{short(name)}\n{said}")
    parts.legend(ax, styles, labels)
    ax.set_xlim(*parts.occupied(bins, np.sum(list(table.values()), axis=0)))
    ax.set_ylim(0, 1.02)
    ax.xaxis.grid(True)
    parts.in_percent(ax.yaxis)
    ax.set_xlabel(literal(measure))
    ax.set_ylabel("Scenarios at or below")
    parts.set_title(ax, title)
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
        What the columns, and the rows from the bottom, stand for.
    x_label, y_label, title
        What the axes and the colours are.
    ax
        Where to draw; None is a figure of its own.
    vmin, vmax
        Ends of the colours; None is the smallest and largest value. Give several maps the same.

    Raises
    ------
    InputError
        When `values` is not (len(y), len(x)), or empty.
    """
    cells = np.ma.masked_invalid(np.asarray(values, np.float64))
    if cells.shape != (len(y), len(x)) or not cells.size:
        raise InputError(
            f"values has shape {cells.shape}; expected ({len(y)}, {len(x)}), not empty"
        )
    ax = new_axes(9, 6) if ax is None else ax
    low, high = _colour_range(cells.compressed(), vmin, vmax)
    mesh = ax.pcolormesh(cells, cmap="viridis", vmin=low, vmax=high)
    ax.patch.set(facecolor="0.93", hatch="///", edgecolor=FAINT)
    ax.set(xlim=(0, len(x)), ylim=(0, len(y)))
    parts.name_cells(ax, x, y)
    if cells.size <= _CELLS:
        parts.write_cells(ax, cells, mesh)
    if cells.count():
        ax.figure.colorbar(mesh, ax=ax, pad=0.02).outline.set_visible(False)
    missing = "\n(hatched: no value)" if np.ma.is_masked(cells) else ""
    ax.set_xlabel(literal(x_label) + missing)
    ax.set_ylabel(literal(y_label))
    parts.set_title(ax, title)
    return ax


def _colour_range(
    values: NDArray[Any], vmin: float | None, vmax: float | None
) -> tuple[float, float]:
    """Ends of the colours, never the same."""
    low = float(values.min(initial=np.inf)) if vmin is None else vmin
    high = float(values.max(initial=-np.inf)) if vmax is None else vmax
    if not np.isfinite([low, high]).all():
        return 0.0, 1.0
    return (low, high) if low < high else (low - 0.5, low + 0.5)
