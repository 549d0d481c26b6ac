"""How shares grow as executors are given: a line a job, or the spread of many."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import ConnectionPatch
from matplotlib.transforms import ScaledTranslation
from numpy.typing import NDArray

from fairsched_fast.charts import parts
from fairsched_fast.charts.style import look, looks, new_axes, styled

_QUARTERS = ("lowest", "lower quarter", "median", "upper quarter", "highest")
_POINTS = 601  # steps that are drawn: shares never fall, so between two nothing is hidden


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
    draw_shares(ax, timeline, parts.share_top(timeline) if top is None else top)
    ax.set_ylabel(parts.SHARE.capitalize())
    parts.set_title(ax, title)
    return ax


def draw_shares(ax: Axes, timeline: pd.DataFrame, top: float) -> None:
    """Shares step by step: a line a job, or the crowd of many."""
    kept = np.linspace(0, len(timeline) - 1, min(len(timeline), _POINTS)).round().astype(int)
    steps = timeline["step"].to_numpy()[kept]
    shares = timeline.drop(columns="step").iloc[kept]
    last = int(steps[-1])
    ax.set_xlim(0 if last else -1, last)
    parts.count_steps(ax, last)
    ax.set_ylim(0, top)
    parts.in_percent(ax.yaxis)
    crowd = f", spread over {shares.shape[1]:,} jobs" if shares.shape[1] > parts.LINES else ""
    ax.set_xlabel(("Executors given" if last else "No executors were given") + crowd)
    (_crowd if crowd else _lines)(ax, steps, shares)


def _lines(ax: Axes, steps: NDArray[Any], shares: pd.DataFrame) -> None:
    """A line a job. Those that coincide stay visible: thin on thick, their markers in turn."""
    jobs = shares.shape[1]
    own = looks(list(shares.columns))
    stride = max(jobs, len(steps) // 12)
    for i, job in enumerate(shares.columns):
        turn = (i * stride // jobs) % len(steps)
        style = own[job] | parts.nested(i, jobs) | {"markevery": (turn, stride)}
        ax.plot(steps, shares[job].to_numpy(), **style, clip_on=False)
    ends = zip(shares.columns, shares.iloc[-1].tolist(), strict=True)
    _name_ends(ax, [(parts.job_label(ax, job), end, own[job]) for job, end in ends])


def _crowd(ax: Axes, steps: NDArray[Any], shares: pd.DataFrame) -> None:
    """The spread over many jobs: lowest to highest, the middle half, the median."""
    quarters = np.quantile(shares.to_numpy(np.float64), [0, 0.25, 0.5, 0.75, 1], axis=1)
    colour = look(0)["color"]
    ax.fill_between(steps, quarters[0], quarters[4], color=colour, alpha=0.18, linewidth=0)
    ax.fill_between(steps, quarters[1], quarters[3], color=colour, alpha=0.35, linewidth=0)
    for line, width in zip(quarters[[0, 2, 4]], (1, 2.5, 1), strict=True):
        ax.plot(steps, line, color=colour, linewidth=width)
    ends = quarters[:, -1].tolist()
    _name_ends(ax, [(*end, {"color": colour}) for end in zip(_QUARTERS, ends, strict=True)])


def _name_ends(ax: Axes, ends: Sequence[tuple[str, float, dict[str, Any]]]) -> None:
    """Name lines where they end, right of the axes, moved apart where they would overlap.

    A thin line leads from each end to its name, with the line's own marker before it.
    """
    ends = sorted(ends, key=lambda end: end[1])
    height = parts.height(ax)
    size = parts.fitting_size(ax, len(ends))
    wanted = [value / ax.get_ylim()[1] for _, value, _ in ends]
    places = _apart(wanted, 1.25 * size / height)
    beside = ax.transAxes + ScaledTranslation(16 / 72, 0, ax.figure.dpi_scale_trans)
    for (name, _, style), start, place in zip(ends, wanted, places, strict=True):
        colour = style["color"]
        leader = ConnectionPatch(
            (1, start), (1, place), ax.transAxes, beside, color=colour, linewidth=0.8
        )
        ax.add_artist(leader)
        marker = {"marker": style.get("marker"), "color": colour, "zorder": 5, "clip_on": False}
        ax.plot([1], [place], **marker, transform=beside)
        ax.annotate(
            name,
            (1, place),
            xycoords="axes fraction",
            xytext=(24, 0),
            textcoords="offset points",
            va="center",
            size=size,
        )


def _apart(wanted: Sequence[float], distance: float) -> list[float]:
    """Places within 0…1 at least `distance` apart, as near as can be to the rising ones wanted.

    Less the distances between them they are the nearest non-falling sequence (min-max formula).
    """
    count = len(wanted)
    highest = max(1 - distance * (count - 1), 0)
    loose = [min(max(place - i * distance, 0), highest) for i, place in enumerate(wanted)]
    level = [
        max(min(float(np.mean(loose[a : b + 1])) for b in range(i, count)) for a in range(i + 1))
        for i in range(count)
    ]
    return [place + i * distance for i, place in enumerate(level)]
