"""Growth curves: what decisions cost as jobs, steps, resources and scenarios grow, one at a time.

    python benchmarks/growth.py --out DIR       # growth.csv and growth.png, a few minutes

See benchmarks/README.md.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterator
from dataclasses import asdict, astuple, dataclass, fields, replace
from functools import partial
from pathlib import Path

import measure
import numpy as np
from measure import seconds
from shapes import FINALS, ORDERS, SHAPES, Point, Size, kernel

import fairsched_fast as fs

# --- What grows -----------------------------------------------------------------------------------

JOBS = (1, 2, 3, 5, 8, 12, 20, 32, 48, 64, 100, 200, 500, 1000, 2000, 5000)
STEPS = (1, 10, 100, 1000, 10_000, 100_000)
RESOURCES = (1, 2, 3, 4, 6, 8)
SCENARIOS = (1, 10, 100, 1000, 10_000, 100_000)
_WORK = 1_000_000  # decisions or jobs of a timed call, whichever are more: tens of milliseconds


def sizes() -> Iterator[tuple[str, Size, list[str]]]:
    """What grows, how large the workload is, and which shapes are timed."""
    for J in JOBS:  # as many executors a job, at every number of jobs
        size = Size(J=J, N=max(100, 50 * J))
        yield "J", replace(size, S=max(1, _WORK // size.N)), list(SHAPES)
    few = list(SHAPES)[:2]
    for N in STEPS:
        yield "N", Size(N=N, S=max(1, _WORK // max(N, 300))), few
    for R in RESOURCES:
        yield "R", Size(R=R), few
    for S in SCENARIOS:
        yield "S", Size(S=S, J=3, N=15), few


@dataclass(frozen=True)
class Workload:
    """One point before it is measured."""

    axis: str
    shape: str
    size: Size
    batch: fs.Batch

    def allocate(self, kind: str) -> fs.Result:
        """Run it."""
        return fs.allocate(self.batch, "drf", log=kind == ORDERS, workers=1)

    def point(self, kind: str, took: float, decisions: int) -> Point:
        """What was measured."""
        by, rate = kernel(self.batch, kind), decisions / took
        size = astuple(self.size)
        return Point(self.axis, self.shape, kind, by, *size, took, decisions, rate)


def workloads() -> list[Workload]:
    """All of them, made from one seed."""
    return [
        Workload(axis, shape, size, fs.Batch(**SHAPES[shape](size, np.random.default_rng(1))))
        for axis, size, shapes in sizes()
        for shape in shapes
    ]


def measured(works: list[Workload], rounds: int) -> list[Point]:
    """Orders and finals of every workload.

    A round goes through all of them, so that a slow moment of the machine spoils a round, which the
    median forgives, rather than a stretch of a curve.
    """
    asked = [(work, kind) for work in works for kind in (ORDERS, FINALS)]
    decisions = [int(work.allocate(kind).steps.sum()) for work, kind in asked]
    runs = [partial(seconds, partial(work.allocate, kind)) for work, kind in asked]
    timings = measure.interleaved(runs, rounds)
    return [
        work.point(kind, timing.median, given)
        for (work, kind), timing, given in zip(asked, timings, decisions, strict=True)
    ]


def main() -> None:
    """Measure, write the table, draw it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, help="folder for growth.csv and .png")
    parser.add_argument("--rounds", type=int, default=7, help="through all workloads (7)")
    options = parser.parse_args()
    measure.settle()
    points = measured(workloads(), options.rounds)
    options.out.mkdir(parents=True, exist_ok=True)
    write(points, options.out / "growth.csv")
    from growth_chart import draw

    draw(points, options.out / "growth.png")


def write(points: list[Point], path: Path) -> None:
    """One row a point."""
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, [field.name for field in fields(Point)])
        table.writeheader()
        table.writerows(asdict(point) for point in points)


if __name__ == "__main__":
    main()
