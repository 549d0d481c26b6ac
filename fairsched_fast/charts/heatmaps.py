"""A measure over two axes of a grid."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from numpy.typing import ArrayLike, NDArray

from fairsched_fast.charts import parts
from fairsched_fast.charts.style import FAINT, INK, literal, new_axes, short, styled
from fairsched_fast.errors import InputError

_CELLS = 100  # heat map cells that carry their value
_TICKS = 12  # names along an axis


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
    many = cells.size > _CELLS  # small as a picture in an SVG, large as paths
    mesh = ax.pcolormesh(cells, cmap="viridis", vmin=low, vmax=high, rasterized=many)
    ax.patch.set(facecolor="0.93", hatch="///", edgecolor=FAINT)
    ax.set(xlim=(0, len(x)), ylim=(0, len(y)))
    _name_cells(ax, x, y)
    if not many:
        _write_cells(ax, cells, mesh)
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


def _name_cells(ax: Axes, x: Sequence[object], y: Sequence[object]) -> None:
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


def _write_cells(ax: Axes, cells: np.ma.MaskedArray[Any, Any], mesh: QuadMesh) -> None:
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
