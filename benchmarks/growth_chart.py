"""The chart of growth curves: decisions a second against jobs, and where the kernel changes."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator
from shapes import COUNTING, FINALS, LANES, MERGING, ORDERS, RECORDS, SHAPES, Point

from fairsched_fast.charts import save, style

_OKABE_ITO = mpl.color_sequences["okabe_ito"]  # which colour-blind people tell apart
COLOURS = [_OKABE_ITO[i] for i in (1, 2, 3, 6, 5)]  # neither black nor yellow, pale on white
TITLES = {ORDERS: "Orders: who gets each executor", FINALS: "Finals: who has how many at the end"}
FILLS = {
    LANES: "full",
    RECORDS: "right",
    MERGING: "none",
    COUNTING: "left",
}  # of markers, by kernel
TICKS = (1, 3, 10, 32, 100, 1000, 5000)


@style.styled
def draw(points: Iterable[Point], path: Path) -> None:
    """Save the chart of those points whose number of jobs grows."""
    jobs = [point for point in points if point.axis == "J"]
    figure = Figure(figsize=(12, 6.2), layout="constrained")
    panels = dict(
        zip((ORDERS, FINALS), figure.subplots(1, 2, sharex=True, sharey=True), strict=True)
    )
    for kind, axes in panels.items():
        for shape, colour, marker in zip(SHAPES, COLOURS, style.MARKERS, strict=False):
            line = [point for point in jobs if (point.kind, point.shape) == (kind, shape)]
            curve(axes, line, colour, marker)
        furnish(axes, TITLES[kind])
    figure.suptitle(
        "DRF, two resources, 50 executors to give for each job (100 or more in all)",
        fontsize=12,
        color=style.QUIET,
    )
    panels[ORDERS].set_ylabel("decisions a second, one core")
    figure.legend(handles=legend(), loc="outside lower center", ncols=4, fontsize=11)
    save(figure, path)


def curve(axes: Axes, line: list[Point], colour: object, marker: str) -> None:
    """One line, its markers filled as the kernel says."""
    jobs, rates = [p.J for p in line], [p.decisions_per_second for p in line]
    axes.plot(jobs, rates, color=colour, linewidth=1.8)
    for point in line:
        axes.plot(
            point.J,
            point.decisions_per_second,
            marker,
            color=colour,
            markersize=8,
            markerfacecoloralt="white",
            fillstyle=FILLS[point.kernel],
        )


def furnish(axes: Axes, title: str) -> None:
    """Scales, ticks and words."""
    axes.set_title(title)
    axes.set(xscale="log", yscale="log", xlabel="jobs in a scenario")
    axes.set_xticks(TICKS, [f"{tick:,}" for tick in TICKS])
    axes.minorticks_off()
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 3)))
    axes.margins(x=0.04)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda rate, _: counted(rate)))
    axes.grid(axis="y")


def counted(rate: float) -> str:
    """A rate as 10 million, in words."""
    return f"{rate / 1e6:,g} million" if rate >= 1e6 else f"{rate:,.0f}"


def legend() -> list[Line2D]:
    """What colours and markers say, then what their filling says."""
    shapes = [
        Line2D([], [], color=colour, marker=marker, markersize=8, linewidth=1.8, label=shape)
        for shape, colour, marker in zip(SHAPES, COLOURS, style.MARKERS, strict=False)
    ]
    fills = [
        Line2D([], [], color=style.INK, marker="o", linestyle="", markersize=8,
               fillstyle=fill, markerfacecoloralt="white", label=f"kernel: {kernel}")
        for kernel, fill in FILLS.items()
    ]  # fmt: skip
    return [*shapes, *fills]
