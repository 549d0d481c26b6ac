"""Draws the picture of docs/claims.md: python docs/draw_claims.py."""

from pathlib import Path

import matplotlib as mpl
import matplotlib.style
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import fairsched_fast as fs

GRANTS = 12
POOL = fs.Pool("Batch", capacity={"cpu": 100, "mem_gb": 400})
JOBS = [
    fs.Job("etl", usage={"cpu": 10, "mem_gb": 20}, demand={"cpu": 2, "mem_gb": 20}),
    fs.Job("training", usage={"cpu": 16, "mem_gb": 32}, demand={"cpu": 6, "mem_gb": 8}),
    fs.Job("reports", usage={"cpu": 4, "mem_gb": 8}, demand={"cpu": 3, "mem_gb": 8}),
]
BATCH = fs.Batch.from_scenarios(fs.Scenario(POOL, JOBS, GRANTS))
LOOK = {
    "svg.hashsalt": "claims",
    "font.size": 12,
    "axes.prop_cycle": mpl.style.library["petroff10"]["axes.prop_cycle"],
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
}


def draw_row(ax: Axes, row: int, keys: np.ndarray, served: np.ndarray) -> None:
    """A job's claims: those served filled and numbered, those that would come next hollow."""
    given = len(served)
    (line,) = ax.plot(keys, np.full(len(keys), row), "-", alpha=0.35)
    style = {"s": 330, "edgecolors": line.get_color(), "linewidths": 1.5, "zorder": 3}
    ax.scatter(keys[:given], np.full(given, row), color=line.get_color(), **style)
    ax.scatter(keys[given:], np.full(len(keys) - given, row), color="white", **style)
    for key, step in zip(keys, served, strict=False):
        ax.annotate(
            str(step), (key, row), ha="center", va="center_baseline", color="white", zorder=4
        )


def draw_policy(ax: Axes, policy: str, measure: str, last: float) -> None:
    """All jobs' claims up to a key."""
    (claims,) = fs.find_policy(policy)(BATCH)
    choices = fs.allocate(BATCH, policy, log=True).choices[0]
    grants = np.arange(GRANTS)
    keys = np.stack([claims.key(np.full((BATCH.J, 1), k))[:, 0] for k in grants], axis=1)
    for row in range(BATCH.J):
        shown = keys[row][keys[row] <= last]
        draw_row(ax, row, shown, np.flatnonzero(choices == row) + 1)
    ax.set_yticks(range(len(JOBS)), [job.name for job in JOBS])
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(len(JOBS) - 0.5, -0.5)
    ax.set_title(policy, loc="left", fontweight="bold")
    ax.set_xlabel(f"key: {measure}")


def draw() -> Figure:
    """The same jobs under two policies."""
    figure = Figure(figsize=(6.2, 5.2), layout="constrained")
    above, below = figure.subplots(2)
    draw_policy(above, "drf", "dominant share", 0.29)
    above.xaxis.set_major_formatter("{x:.2f}")
    draw_policy(below, "round_robin", "executors granted so far", 4)
    below.set_xticks(range(5))
    return figure


if __name__ == "__main__":
    with mpl.rc_context(LOOK):
        path = Path(__file__).with_name("claims.svg")
        draw().savefig(path, metadata={"Date": None, "Creator": None})
