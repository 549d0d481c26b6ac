"""Who was given each executor: a strip a policy, step by step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import NDArray

from fairsched_fast.charts import parts
from fairsched_fast.charts.style import FAINT, hatched, look, new_axes, short, styled

_CELL = 9  # points: a step that is narrower has no cell of its own
_FEWEST, _BINS = 12, 60  # steps in a bin, bins of very many steps
_COUNTED = 3  # policies whose executors are counted in the legend
_TURN = "\u200e"  # left-to-right mark, which is not seen
_HALF = 0.41  # half the height of a strip


@dataclass(frozen=True, slots=True)
class _Band:
    """A job, or all that are not shown one by one."""

    label: str
    marker: str | None
    fill: dict[str, Any]


@styled
def strip(
    orders: Mapping[str, Sequence[str] | NDArray[Any]],
    *,
    title: str,
    jobs: Sequence[str] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Who was given each executor, a strip a policy, one above the other on the same steps.

    As many steps as there is room for are a cell each, some 60. More are put into bins, and a bin
    is divided as its executors were. Up to 12 jobs are shown one by one; of more, the 11 that were
    given most by all the policies together, and the others as one: of hundreds of jobs, the names
    of their users or queues say more. The legend counts what each was given by up to three
    policies.

    Parameters
    ----------
    orders : policy → (N,)
        Names of the jobs in the order in which they were given executors, as in the step log's
        `allocated_to`. In the mapping's order from the top; their lengths may differ.
    title
        What it shows.
    jobs
        Names of all jobs, so that each looks as it does in other charts, whether it was given any
        executors or not; None is those in `orders`.
    ax
        Where to draw; None is a figure of its own.
    """
    rows = [np.asarray(order, object) for order in orders.values()]
    known = sorted(set(jobs or ()).union(*rows))
    codes = [np.asarray(pd.Categorical(row, categories=known).codes, np.int64) for row in rows]
    granted = np.array([np.bincount(row, minlength=len(known)) for row in codes])
    bands, place = _bands(known, granted)
    last = max(map(len, rows), default=0)
    if ax is None:
        ax = new_axes(10, max(1.6 + 0.9 * len(orders), 1.2 + 0.3 * len(bands)))
    cells = last * _CELL <= parts.width(ax)
    size = 1 if cells else max(_FEWEST, -(-last // _BINS))
    ax.set_xlim(0, max(last, 1))
    for level, row in enumerate(codes):
        _draw_strip(ax, level, place[row], bands, size)
        _mark_runs(ax, level, place[row], bands)
    _name_strips(ax, list(orders), last, size)
    given = np.array([np.bincount(place, row, minlength=len(bands)) for row in granted])
    handles = [
        (Patch(**_fill(band, cells=size == 1)), Line2D([], [], **_mark(band))) for band in bands
    ]
    labels = [_label(band, given[:, b].tolist()) for b, band in enumerate(bands)]
    parts.legend(ax, handles, labels, spacing=0.45)
    parts.set_title(ax, title)
    return ax


def _bands(known: list[str], granted: NDArray[np.int64]) -> tuple[list[_Band], NDArray[np.int64]]:
    """What is told apart, and which of these each of the `known` jobs is part of."""
    bands, place = [], np.zeros(len(known), np.int64)
    single = np.arange(len(known))
    if len(known) > parts.LINES:
        most = np.argsort(-granted.sum(axis=0), kind="stable")
        single = np.sort(most[: parts.LINES - 1])
    place[:] = len(single)
    for i, job in enumerate(single.tolist()):
        style = look(i)
        fill = hatched(i) | {"facecolor": style["color"]}
        bands.append(_Band(short(known[job], 20), style["marker"], fill))
        place[job] = i
    if len(single) < len(known):
        bands.append(_Band(f"{len(known) - len(single):,} others", None, {"facecolor": "0.85"}))
    return bands, place


def _draw_strip(
    ax: Axes, level: int, bands_of: NDArray[np.int64], bands: list[_Band], size: int
) -> None:
    """One policy's, from the band of each step (n,), in bins of `size` steps."""
    n, B = len(bands_of), len(bands)
    if not n:
        return
    edges = np.append(np.arange(0, n, size), n)
    bins = np.arange(n) // size
    counts = np.bincount(bins * B + bands_of, minlength=(len(edges) - 1) * B).reshape(-1, B)
    shares = counts / np.diff(edges)[:, np.newaxis]
    tops = level - _HALF + 2 * _HALF * np.pad(shares.cumsum(axis=1), ((0, 0), (1, 0)))
    for b in np.flatnonzero(counts.any(axis=0)).tolist():
        fill = _fill(bands[b], cells=size == 1)
        ax.stairs(tops[:, b + 1], edges, baseline=tops[:, b], fill=True, **fill)


def _fill(band: _Band, *, cells: bool) -> dict[str, Any]:
    """Markers tell cells apart, and hatching the parts of bins."""
    return band.fill | ({"hatch": None} if cells else {})


def _mark_runs(ax: Axes, level: int, bands_of: NDArray[np.int64], bands: list[_Band]) -> None:
    """A job's marker in the middle of each run that is all its own and wide enough for it."""
    points = parts.width(ax) / ax.get_xlim()[1]
    changes = (np.flatnonzero(np.diff(bands_of)) + 1).tolist()
    for start, stop in pairwise([0, *changes, len(bands_of)]):
        if (stop - start) * points >= _CELL:
            ax.plot([(start + stop) / 2], [level], **_mark(bands[bands_of[start]]))


def _label(band: _Band, given: list[float]) -> str:
    """Its name, and what few policies gave it; the marks keep a name in Arabic from turning it."""
    counts = " → ".join(f"{count:,.0f}" for count in given) if len(given) <= _COUNTED else ""
    return f"{_TURN}{band.label}{_TURN}  {counts}".rstrip()


def _mark(band: _Band) -> dict[str, Any]:
    outline = {"markerfacecolor": "white", "markeredgecolor": "0.15", "markeredgewidth": 0.8}
    return {"marker": band.marker, "markersize": 7, "linestyle": "none"} | outline


def _name_strips(ax: Axes, names: list[str], last: int, size: int) -> None:
    ax.set_ylim(max(len(names), 1) - 0.5, -0.5)
    ax.set_yticks(range(len(names)), [parts.job_label(ax, name) for name in names])
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    ax.spines["bottom"].set_color(FAINT)
    parts.count_steps(ax, last)
    binned = f"; of every {size:,} executors, the part that each job was given"
    label = "Executors given" if last else "No executors were given"
    ax.set_xlabel(label + (binned if size > 1 else ""))
