"""What each job has at the end: a bar a job."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from fairsched_fast.charts import parts
from fairsched_fast.charts.style import look, looks, new_axes, percents, styled

NAMES = 72
"""Bars that carry their name, in a figure of their own."""

_VALUES = 30  # bars that carry their value


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
        ax = new_axes(9, 1.8 + 0.28 * min(max(jobs, 4), NAMES))
    draw_bars(ax, summary, parts.share_top(summary) if top is None else top)
    name_bars(ax, list(summary["job"]))
    ax.set_xlabel(f"Final {parts.SHARE}")
    parts.set_title(ax, title)
    return ax


def draw_bars(ax: Axes, summary: pd.DataFrame, top: float) -> None:
    """A bar a job from the top down; so many that they would be hairlines become one outline."""
    shares = summary["dominant_share"].to_numpy(np.float64)
    jobs = len(shares)
    spare = max(0, 4 - jobs) / 2  # a bar alone is not to fill the axes
    ax.set_xlim(0, top)
    ax.set_ylim(max(jobs, 1) - 0.5 + spare, -0.5 - spare)
    parts.in_percent(ax.xaxis)
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
        colours = [own[job]["color"] if jobs <= parts.LINES else plain for job in summary["job"]]
        drawn = ax.barh(np.arange(jobs), shares, height=0.72, color=colours)
        if jobs <= min(_VALUES, parts.room(ax)):
            ax.bar_label(drawn, percents(shares), padding=4)


def name_bars(ax: Axes, names: Sequence[str], notes: Sequence[str] | None = None) -> None:
    """The bars' names, and a note after each, of as many as the height of the axes allows."""
    step = -(-len(names) // parts.room(ax)) or 1
    if step > 1:
        ax.set_ylabel(f"{len(names):,} jobs, one in {step} named")
    notes = notes or [""] * len(names)
    labels = [parts.job_label(ax, name) + note for name, note in zip(names, notes, strict=True)]
    ax.set_yticks(range(0, len(names), step), labels[::step])
