"""What charts of any family are made of: titles, axes of shares, names, legends."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

from fairsched_fast.charts.style import literal, short

SHARE = "dominant share of the pool"
LINES = 12
"""Up to so many jobs are drawn one by one, each in its own look; beyond that as a crowd."""


def set_title(ax: Axes, title: str, size: float | None = None) -> None:
    """Literally, wrapped to the width of the axes as far as it is known before the layout."""
    size = size or float(mpl.rcParams["axes.titlesize"])
    width = ax.get_window_extent().width / ax.figure.dpi * 72
    letters = int(width / (0.75 * size))  # bold, and not into the margin
    ax.set_title(textwrap.fill(literal(title), max(20, letters)), fontsize=size)


def share_top(*tables: pd.DataFrame) -> float:
    """Where the axis of shares of these summaries or timelines ends; pass it to both charts."""
    shares = (
        table["dominant_share"] if "dominant_share" in table else table.drop(columns="step")
        for table in tables
    )
    largest = max((float(np.max(share)) for share in shares if share.size), default=0.0)
    return 1.12 * largest or 1.0


def in_percent(axis: mpl.axis.Axis) -> None:
    """Label an axis of shares 0%, 10% …, and draw its grid."""
    axis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))  # "0.0125%" is wide
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:g}%"))
    axis.grid(True)


def job_label(ax: Axes, name: str) -> str:
    """A job's name beside the axes: no wider than about a third of them."""
    width = ax.get_window_extent().width / ax.figure.dpi * 72
    return short(name, min(max(int(width / 20.5), 8), 24))


def height(ax: Axes) -> float:
    """In points, as far as it is known before the layout."""
    return float(ax.get_window_extent().height / ax.figure.dpi * 72)


def room(ax: Axes) -> int:
    """Lines of text that its height has room for."""
    return 1 + int(height(ax) / 15)


def nested(index: int, count: int) -> dict[str, float]:
    """Later lines thinner and on top, so that lines which coincide are all seen."""
    widest = min(2.7, 9 / count)
    return {"linewidth": 1.8 + widest * (1 - (index + 1) / count), "zorder": 2 + index / count}


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
