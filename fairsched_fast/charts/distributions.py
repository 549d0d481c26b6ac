"""How a measure is spread over scenarios: a curve a policy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from numpy.typing import ArrayLike, NDArray

from fairsched_fast.charts import parts
from fairsched_fast.charts.style import literal, look, new_axes, short, styled
from fairsched_fast.errors import InputError

_POINTS = 400  # of a curve: finer than can be seen, and an SVG stays small


@dataclass(frozen=True, slots=True)
class _Curve:
    """A step curve: `reached` (n,) of all is at or below `at` (n,); both empty of nothing."""

    name: str
    at: NDArray[np.float64]
    reached: NDArray[np.float64]
    median: float
    note: str


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

    Of values already counted in bins; `ecdf` is of the values themselves. Curves that coincide are
    drawn thin on thick, so each stays visible.

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
    bins = np.asarray(edges, np.float64)
    curves = []
    for name, row in counts.items():
        count = np.asarray(row, np.float64)
        if count.shape != (len(bins) - 1,):
            raise InputError(
                f"counts[{name!r}] has shape {count.shape}; expected ({len(bins) - 1},)"
            )
        curves.append(_counted(name, bins, count))
    return _draw(ax, curves, measure, title)


@styled
def ecdf(
    values: Mapping[str, ArrayLike],
    *,
    measure: str,
    title: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Share of scenarios at or below each value of a measure, exactly, a step curve per policy.

    The empirical distribution function. Equal values are one step. What is NaN or infinite is left
    out and counted in the legend. Curves that coincide are drawn thin on thick.

    Parameters
    ----------
    values : policy → (S,)
        The measure in each scenario; numbers of scenarios may differ.
    measure
        What is measured, for the axis.
    title
        What it shows.
    ax
        Where to draw; None is a figure of its own.
    """
    curves = [_exact(name, np.asarray(row, np.float64).ravel()) for name, row in values.items()]
    return _draw(ax, curves, measure, title)


def _counted(name: str, edges: NDArray[np.float64], counts: NDArray[np.float64]) -> _Curve:
    """Of bins: at each edge, from the first to the last that has any."""
    filled = np.flatnonzero(counts)
    if not len(filled):
        return _Curve(name, np.zeros(0), np.zeros(0), np.nan, "no scenarios")
    first, last = int(filled[0]), int(filled[-1]) + 1
    reached = np.concatenate([[0], np.cumsum(counts[first:last]) / counts.sum()])
    median = edges[first + np.argmax(reached >= 0.5)]
    at, reached = _thinned(edges[first : last + 1], reached)
    return _Curve(name, at, reached, float(median), f"median ≤ {median:.3g}")


def _exact(name: str, values: NDArray[np.float64]) -> _Curve:
    """Of values: a step at each that there is."""
    real = values[np.isfinite(values)]
    lacking = len(values) - len(real)
    note = f"\n{lacking:,} without a value" if lacking else ""
    if not len(real):
        return _Curve(name, real, real, np.nan, "no scenarios" + note)
    at, count = np.unique(real, return_counts=True)
    reached = np.append(0, count.cumsum() / len(real))
    median = at[np.argmax(reached[1:] >= 0.5)]
    at, reached = _thinned(np.append(at[0], at), reached)
    return _Curve(name, at, reached, float(median), f"median {median:.3g}{note}")


def _thinned(
    at: NDArray[np.float64], reached: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Of very many points the ends and those at which the curve passes a level that can be seen."""
    if len(at) <= _POINTS:
        return at, reached
    levels = np.linspace(0, reached[-1], _POINTS)
    kept = np.unique(np.searchsorted(reached, levels).clip(0, len(at) - 1))
    return at[kept], reached[kept]


def _draw(ax: Axes | None, curves: list[_Curve], measure: str, title: str) -> Axes:
    """The curves, their medians marked and told, from the least to the most of them all."""
    ax = new_axes(9, max(5, 1.2 + 0.6 * len(curves))) if ax is None else ax
    low, high = _ends(curves)
    styles = [look(i) | parts.nested(i, len(curves)) for i in range(len(curves))]
    for curve, style in zip(curves, styles, strict=True):
        _draw_curve(ax, curve, style, high)
    handles = [Line2D([], [], **style) for style in styles]
    parts.legend(ax, handles, [f"{short(curve.name)}\n{curve.note}" for curve in curves])
    ax.set_xlim(low, high)
    ax.set_ylim(0, 1.02)
    ax.xaxis.grid(True)
    parts.in_percent(ax.yaxis)
    ax.set_xlabel(literal(measure))
    ax.set_ylabel("Scenarios at or below")
    parts.set_title(ax, title)
    return ax


def _draw_curve(ax: Axes, curve: _Curve, style: dict[str, Any], end: float) -> None:
    line = style | {"marker": None}
    if not len(curve.at):
        ax.step([], [], **line)
        return
    ax.step(np.append(curve.at, end), np.append(curve.reached, 1), where="post", **line)
    mark = style | {"linestyle": "none", "zorder": 2 + style["zorder"]}
    ax.plot([curve.median], [0.5], **mark, markersize=6 + 1.5 * style["linewidth"])


def _ends(curves: list[_Curve]) -> tuple[float, float]:
    """Of the axis: what the curves span, and a little around it; never the same."""
    drawn = [curve.at for curve in curves if len(curve.at)]
    low = min((float(at[0]) for at in drawn), default=0.0)
    high = max((float(at[-1]) for at in drawn), default=1.0)
    margin = 0.02 * (high - low) or 0.05 * abs(low) or 0.05
    return low - margin, high + margin
