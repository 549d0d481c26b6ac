"""One of each chart, as it was looked at: `python tests/chart_examples.py` draws them anew.

What it writes to `tests/seen/` is small, a picture of blocks of 12 × 12 pixels: look at the charts
themselves (`--whole FOLDER`) before you commit it.
"""

import argparse
import io
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.image import imread, imsave
from notebook_figures import SCENARIO, run

import fairsched_fast as fs
from fairsched_fast import charts

SEEN = Path(__file__).parent / "seen"
_BLOCK, _DPI = 12, 60


def crowd(jobs, names=None, steps=None):
    """A scenario of many jobs, their usage all over the place."""
    usage = np.random.default_rng(jobs).integers(0, 200, jobs)
    members = [
        fs.Job(names[j] if names else f"job_{j:03}", usage={"mem_gb": int(usage[j])})
        for j in range(jobs)
    ]
    pool = fs.Pool("Batch", {"cpu": 100 * jobs, "mem_gb": 400 * jobs}, {"cpu": 2, "mem_gb": 16})
    return fs.Scenario(pool, members, 4 * jobs if steps is None else steps)


def orders(scenario, policies=("round_robin", "drf")):
    """Who was given each executor, by policy."""
    return {name: run(name, scenario).step_log()["allocated_to"].to_numpy() for name in policies}


def values(policies):
    """A measure of 500 scenarios under each policy."""
    rng = np.random.default_rng(1)
    return {name: rng.beta(2, 4 + 2 * i, 500).round(2) for i, name in enumerate(policies)}


POLICIES = ("round_robin", "drf", "asset", "fifo")
USED, FAIR = (0.8, 0.78, 0.72, 0.85), (0.8, 0.95, 0.9, 0.6)
EXAMPLES = {
    "bars": lambda: charts.dominant_shares(run("drf").summary(), title="AFTER: drf"),
    "bars-300": lambda: charts.dominant_shares(run("round_robin", crowd(300)).summary(), title="B"),
    "lines": lambda: charts.timeline(run("drf").timeline(), title="AFTER: drf"),
    "lines-300": lambda: charts.timeline(run("drf", crowd(300)).timeline(), title="drf"),
    "story": lambda: charts.story(run("round_robin"), run("drf")),
    "strip": lambda: charts.strip(orders(SCENARIO), title="Who was given each executor"),
    "strip-many": lambda: charts.strip(orders(crowd(30, steps=600)), title="Who was given each"),
    "ecdf": lambda: charts.ecdf(values(POLICIES), measure="Gap", title="Gap, 500 scenarios"),
    "tradeoff": lambda: charts.tradeoff(
        {name: [0.7, used, 0.9] for name, used in zip(POLICIES, USED, strict=True)},
        {name: [fair - 0.1, fair, 1] for name, fair in zip(POLICIES, FAIR, strict=True)},
        measure="Jain's index",
        title="Fairness against utilisation",
    ),
    "heatmap": lambda: charts.heatmap(
        np.where(np.eye(8, 12), np.nan, np.arange(96).reshape(8, 12)),
        range(12),
        range(8),
        x_label="cpu",
        y_label="memory",
        title="A measure over a grid",
    ),
}


def blocks(chart):
    """What is to be seen from afar: mean colour of each block, (Y, X, 3) of 0…255."""
    figure = chart if isinstance(chart, Figure) else chart.figure
    drawn = io.BytesIO()
    figure.savefig(drawn, format="raw", dpi=_DPI)
    width, height = (figure.get_size_inches() * _DPI).round().astype(int)
    pixels = np.frombuffer(drawn.getvalue(), np.uint8).reshape(height, width, 4)[..., :3]
    Y, X = height // _BLOCK, width // _BLOCK
    cut = pixels[: Y * _BLOCK, : X * _BLOCK].reshape(Y, _BLOCK, X, _BLOCK, 3)
    return cut.mean(axis=(1, 3))


def seen(name):
    """What was looked at, as `blocks`."""
    return 255.0 * imread(SEEN / f"{name}.png")[..., :3]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--whole", type=Path, metavar="FOLDER", help="also write the charts here")
    whole = parser.parse_args().whole
    SEEN.mkdir(exist_ok=True)
    for name, draw in EXAMPLES.items():
        chart = draw()
        imsave(SEEN / f"{name}.png", blocks(chart).round().astype(np.uint8))
        if whole:
            whole.mkdir(parents=True, exist_ok=True)
            charts.save(chart, whole / f"{name}.png")


if __name__ == "__main__":
    main()
