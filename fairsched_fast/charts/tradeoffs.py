"""Fairness against utilisation: where each policy stands, and which are dominated."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from numpy.typing import ArrayLike, NDArray

from fairsched_fast.charts import parts
from fairsched_fast.charts.style import FAINT, QUIET, literal, look, new_axes, short, styled
from fairsched_fast.errors import InputError

_SPREADS = 6  # policies whose spreads are drawn; of more, those of the front
_SAME = 9  # decimals: what differs less is summation's doing


def spread(values: ArrayLike) -> NDArray[np.float64]:
    """(3,) float64: lower quartile, mean, upper quartile of `values` (S,), without what is NaN.

    NaN of no values at all.
    """
    real = np.asarray(values, np.float64).ravel()
    real = real[np.isfinite(real)]
    if not real.size:
        return np.full(3, np.nan)
    low, high = np.quantile(real, [0.25, 0.75])
    return np.array([low, real.mean(), high])


def pareto_front(x: ArrayLike, y: ArrayLike) -> NDArray[np.bool_]:
    """(P,) which points are on the Pareto front of higher `x` (P,) and higher `y` (P,).

    They are those that no other dominates: is as high or higher in both, and higher in one. Points
    with NaN are not on it. Values that differ by less than 1e-9 are the same.
    """
    points = np.round(np.stack([np.asarray(x, np.float64), np.asarray(y, np.float64)]), _SAME)
    as_high = (points[:, np.newaxis] >= points[:, :, np.newaxis]).all(axis=0)
    higher = (points[:, np.newaxis] > points[:, :, np.newaxis]).any(axis=0)
    dominated = np.any(as_high & higher, axis=1)
    return np.asarray(~dominated & ~np.isnan(points).any(axis=0))


@styled
def tradeoff(
    utilization: Mapping[str, ArrayLike],
    fairness: Mapping[str, ArrayLike],
    *,
    measure: str,
    title: str,
    lower_is_fairer: bool = False,
    ax: Axes | None = None,
) -> Axes:
    """Fairness over utilisation, a marker a policy at its means, with lines over its middle halves.

    Further up and to the right is better. Policies that no other dominates (as good or better in
    both means, and better in one) are filled and joined, the Pareto front; the others are hollow.

    Parameters
    ----------
    utilization, fairness : policy → (3,)
        Lower quartile, mean, upper quartile over scenarios, as `spread` gives them. Utilisation is
        a share of the pool, 0…1.
    measure
        What fairness is measured by, for the axis.
    title
        What it shows.
    lower_is_fairer
        Whether small values are the fair ones, as of the gap: the axis then runs downwards.
    ax
        Where to draw; None is a figure of its own.

    Raises
    ------
    InputError
        When the policies of the two differ, or their values are not (3,).
    """
    x, y = _table(utilization, "utilization"), _table(fairness, "fairness")
    if list(utilization) != list(fairness):
        raise InputError(
            f"utilization is of {list(utilization)} and fairness of {list(fairness)}; expected "
            "the same policies in the same order"
        )
    ax = new_axes(9.5, max(5.5, 1.2 + 0.55 * len(x))) if ax is None else ax
    front = pareto_front(x[:, 1], -y[:, 1] if lower_is_fairer else y[:, 1])
    _join(ax, x[front, 1], y[front, 1])
    marks = [_mark(i, len(x), bool(front[i])) for i in range(len(x))]
    for i in np.flatnonzero(~np.isnan(x[:, 1] + y[:, 1])).tolist():
        if front[i] or len(x) <= _SPREADS:
            _draw_spread(ax, x[i], y[i], marks[i]["color"])
        ax.plot([x[i, 1]], [y[i, 1]], **marks[i])
    labels = [_label(name, x[i, 1], y[i, 1], bool(front[i])) for i, name in enumerate(utilization)]
    parts.legend(ax, [Line2D([], [], **mark) for mark in marks], labels)
    _furnish(ax, lower_is_fairer)
    ax.set_ylabel(literal(measure))
    parts.set_title(ax, title)
    return ax


def _draw_spread(ax: Axes, x: NDArray[np.float64], y: NDArray[np.float64], colour: Any) -> None:
    """Lines through the means over the middle halves."""
    look_of: Any = {"color": colour, "linewidth": 1.4, "alpha": 0.6, "zorder": 3}
    ax.plot([x.min(), x.max()], [y[1], y[1]], **look_of)
    ax.plot([x[1], x[1]], [y.min(), y.max()], **look_of)


def _table(values: Mapping[str, ArrayLike], name: str) -> NDArray[np.float64]:
    """(P, 3)."""
    rows = {policy: np.asarray(row, np.float64) for policy, row in values.items()}
    for policy, row in rows.items():
        if row.shape != (3,):
            raise InputError(
                f"{name}[{policy!r}] has shape {row.shape}; expected (3,): lower quartile, mean, "
                "upper quartile (spread)"
            )
    return np.stack(list(rows.values())) if rows else np.zeros((0, 3))


def _mark(index: int, count: int, on_front: bool) -> dict[str, Any]:
    """Later ones smaller and on top, so that those which coincide are all seen."""
    style = look(index)
    fill = style["color"] if on_front else "white"
    return {
        **style,
        "linestyle": "none",
        "markersize": 8 + 8 * (1 - (index + 1) / count),
        "markerfacecolor": fill,
        "markeredgecolor": style["color"],
        "markeredgewidth": 2,
        "zorder": 5 + index / count,
    }


def _label(name: str, x: float, y: float, on_front: bool) -> str:
    if np.isnan(x + y):
        return f"{short(name)}\nno scenarios"
    dominated = "" if on_front else ", dominated"
    return f"{short(name)}\n{100 * x:.3g}% used, {y:.3g}{dominated}"


def _join(ax: Axes, x: NDArray[np.float64], y: NDArray[np.float64]) -> None:
    """The front: from each policy on it to the next, what could be had for what is given up."""
    order = np.argsort(x, kind="stable")
    ax.plot(x[order], y[order], color=FAINT, linestyle=(0, (2, 2)), linewidth=1.5, zorder=2)


def _furnish(ax: Axes, downwards: bool) -> None:
    ax.margins(0.08)
    ax.xaxis.grid(True)
    ax.yaxis.grid(True)
    parts.in_percent(ax.xaxis)
    if downwards:
        ax.invert_yaxis()
    told = "means, and lines over the middle half; filled: the Pareto front"
    ax.set_xlabel(f"Utilisation of the pool\n{told}")
    ax.annotate(
        "better ↗",
        (1, 1),
        xycoords="axes fraction",
        xytext=(-4, -4),
        textcoords="offset points",
        ha="right",
        va="top",
        color=QUIET,
    )
