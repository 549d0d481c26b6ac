"""What each job has at the end: a bar a job."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import NDArray

from fairsched_fast.charts import parts
from fairsched_fast.charts.style import look, looks, new_axes, percents, styled

NAMES = 72
"""Up to so many jobs have a bar each; more are drawn in as many groups."""

_ROWS = 24  # names beside groups, in a figure of their own
_VALUES = 30  # bars that carry their value


@styled
def dominant_shares(
    summary: pd.DataFrame, *, title: str, ax: Axes | None = None, top: float | None = None
) -> Axes:
    """Final dominant share of each job, a bar each, in the table's order from the top.

    Up to 12 jobs have the colours of their lines in `timeline`. More than 72 are drawn in groups of
    neighbours: a bar to the group's lowest share, a line at its median, pale to its highest.

    Parameters
    ----------
    summary
        As `Result.summary` gives it, of one pool: columns `job` and `dominant_share`, of 1.
    title
        What it shows.
    ax
        Where to draw; None is a figure of its own, as tall as the jobs need.
    top
        Where the axis of shares ends (`share_top`); None fits the largest.
    """
    jobs = len(summary)
    if ax is None:
        ax = new_axes(9, 1.8 + 0.28 * (max(jobs, 4) if jobs <= NAMES else _ROWS))
    draw_bars(ax, summary, parts.share_top(summary) if top is None else top)
    name_bars(ax, list(summary["job"]))
    parts.set_title(ax, title)
    return ax


def draw_bars(ax: Axes, summary: pd.DataFrame, top: float) -> None:
    """A bar a job from the top down; so many that they would be hairlines are drawn in groups."""
    shares = summary["dominant_share"].to_numpy(np.float64)
    jobs = len(shares)
    spare = max(0, 4 - jobs) / 2  # a bar alone is not to fill the axes
    ax.set_xlim(0, top)
    ax.set_ylim(max(jobs, 1) - 0.5 + spare, -0.5 - spare)
    parts.in_percent(ax.xaxis)
    ax.set_xlabel(f"Final {parts.SHARE}")
    ax.set_yticks([])
    ax.tick_params(axis="y", length=0)
    if not jobs:
        ax.text(0.5, 0.5, "no jobs", transform=ax.transAxes, ha="center", va="center")
    elif jobs > NAMES:
        _draw_groups(ax, shares)
    else:
        drawn = ax.barh(np.arange(jobs), shares, height=0.72, color=_colours(summary))
        if jobs <= min(_VALUES, parts.room(ax)):
            ax.bar_label(drawn, percents(shares), padding=4)


def _colours(summary: pd.DataFrame) -> list[Any]:
    """Of few jobs each its own, that of its line in a timeline."""
    names = list(summary["job"])
    if len(names) > parts.LINES:
        return [look(0)["color"]] * len(names)
    own = looks(names)
    return [own[name]["color"] for name in names]


def _draw_groups(ax: Axes, shares: NDArray[np.float64]) -> None:
    """Neighbours together: a bar up to their lowest, pale from there to the highest."""
    size = -(-len(shares) // NAMES)
    edges = np.append(np.arange(0, len(shares), size), len(shares))
    groups = [shares[start:stop] for start, stop in pairwise(edges.tolist())]
    low, middle, high = np.array([np.quantile(group, [0, 0.5, 1]) for group in groups]).T
    across: Any = {"orientation": "horizontal", "color": look(0)["color"]}
    ax.stairs(low, edges - 0.5, fill=True, alpha=0.7, **across)
    ax.stairs(high, edges - 0.5, baseline=low, fill=True, alpha=0.3, **across)
    ax.stairs(middle, edges - 0.5, baseline=None, linewidth=1.5, **across)
    note = f"{size} jobs a row: lowest, median (line), highest (pale)"
    ax.set_xlabel(f"{ax.get_xlabel()}\n{note}")


def name_bars(ax: Axes, names: Sequence[str], notes: Sequence[str] | None = None) -> None:
    """The bars' names, and a note after each, of as many as the height of the axes allows."""
    step = -(-len(names) // parts.room(ax)) or 1
    if step > 1:
        ax.set_ylabel(f"{len(names):,} jobs, one in {step} named")
    notes = notes or [""] * len(names)
    labels = [parts.job_label(ax, name) + note for name, note in zip(names, notes, strict=True)]
    ax.set_yticks(range(0, len(names), step), labels[::step])
