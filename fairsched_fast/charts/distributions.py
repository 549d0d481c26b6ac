"""How a measure is spread over scenarios: a curve a policy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike, NDArray

from fairsched_fast.charts import parts
from fairsched_fast.charts.style import literal, look, new_axes, short, styled
from fairsched_fast.errors import InputError


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
        median = _cumulative(ax, bins, row, style)
        said = "no scenarios" if median is None else f"median ≤ {median:.3g}"
        labels.append(f"{short(name)}\n{said}")
    parts.legend(ax, styles, labels)
    ax.set_xlim(*_occupied(bins, np.sum(list(table.values()), axis=0)))
    ax.set_ylim(0, 1.02)
    ax.xaxis.grid(True)
    parts.in_percent(ax.yaxis)
    ax.set_xlabel(literal(measure))
    ax.set_ylabel("Scenarios at or below")
    parts.set_title(ax, title)
    return ax


def _cumulative(
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


def _occupied(edges: NDArray[np.float64], counts: NDArray[np.float64]) -> tuple[float, float]:
    """The part of the bins in which `counts` (B,) has anything, and a little around it."""
    filled = np.flatnonzero(counts)
    first, last = (filled[0], filled[-1] + 1) if len(filled) else (0, -1)
    margin = 0.02 * (edges[last] - edges[first])
    return float(edges[first] - margin), float(edges[last] + margin)
