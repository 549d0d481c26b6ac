"""What charts of any family are made of: titles, axes of shares, names, legends."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.legend_handler import HandlerTuple
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, StrMethodFormatter

from fairsched_fast.charts.style import literal, short

SHARE = "dominant share of the pool"
LINES = 12
"""Up to so many jobs are drawn one by one, each in its own look; beyond that as a crowd."""


def set_title(ax: Axes, title: str, size: float | None = None) -> None:
    """Literally, wrapped to the width of the axes as far as it is known before the layout."""
    size = size or float(mpl.rcParams["axes.titlesize"])
    letters = int(width(ax) / (0.75 * size))  # bold, and not into the margin
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


def count_steps(ax: Axes, last: int) -> None:
    """Whole numbers along an axis of executors given."""
    few = 8 if last < 1000 else 5
    ax.xaxis.set_major_locator(MaxNLocator(few, integer=True) if last else FixedLocator([0]))
    ax.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))


def job_label(ax: Axes, name: str) -> str:
    """A job's name beside the axes: no wider than about a third of them."""
    return short(name, min(max(int(width(ax) / 20.5), 8), 24))


def width(ax: Axes) -> float:
    """In points, as far as it is known before the layout."""
    return float(ax.get_window_extent().width / ax.figure.dpi * 72)


def height(ax: Axes) -> float:
    """In points, as far as it is known before the layout."""
    return float(ax.get_window_extent().height / ax.figure.dpi * 72)


def room(ax: Axes) -> int:
    """Lines of text that its height has room for."""
    return 1 + int(height(ax) / 15)


def fitting_size(ax: Axes, lines: float) -> float:
    """Of letters, in points, so that so many lines fit beside the axes."""
    return min(float(mpl.rcParams["font.size"]), height(ax) / (1.25 * max(lines, 1)))


def nested(index: int, count: int) -> dict[str, float]:
    """Later lines thinner and on top, so that lines which coincide are all seen."""
    widest = min(2.7, 9 / count)
    return {"linewidth": 1.8 + widest * (1 - (index + 1) / count), "zorder": 2 + index / count}


def legend(
    ax: Axes, handles: Sequence[Any], labels: Sequence[str], *, spacing: float = 1.0
) -> None:
    """Right of the axes, each entry literally: matplotlib would drop a name that starts with _.

    A tuple of handles is drawn one upon the other. Letters are as small as the height asks for.
    """
    lines = sum(1 + label.count("\n") for label in labels) + spacing * len(labels)
    drawn = ax.legend(
        handles,
        ["name"] * len(labels),
        loc="center left",
        bbox_to_anchor=(1, 0.5),  # no part of the width: the layout would move with each drawing
        borderaxespad=0.8,
        handlelength=3.5,
        labelspacing=spacing,
        fontsize=fitting_size(ax, lines),
        handler_map={tuple: HandlerTuple(ndivide=1)},
    )
    for text, label in zip(drawn.get_texts(), labels, strict=True):
        text.set_text(label)
