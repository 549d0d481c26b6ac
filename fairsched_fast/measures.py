"""What is measured of a run's end: names, words, which way is better, and the figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fairsched_fast import metrics
from fairsched_fast.batch import Batch
from fairsched_fast.columns import ResourceColumns
from fairsched_fast.result import Result

HIGHER, LOWER, NEITHER = 1, -1, 0  # which way is better


@dataclass(frozen=True, slots=True)
class Measure:
    """A column of a sweep's summary that measures something."""

    name: str
    told: str
    better: int  # HIGHER, LOWER or NEITHER


STEPS = Measure("steps", "executors given", HIGHER)
FAIRNESS = (
    Measure("dominant_share_min", "smallest dominant share over the pool's jobs", HIGHER),
    Measure("dominant_share_max", "largest dominant share over the pool's jobs", NEITHER),
    Measure(
        "dominant_share_gap",
        "dominant_share_max - dominant_share_min, not divided by weights",
        LOWER,
    ),
    Measure("jain", "Jain's index of dominant share / weight over the pool's jobs", HIGHER),
)

Figures = dict[str, NDArray[np.float64]]


def used(column: ResourceColumns) -> Measure:
    """How much of a resource is in use."""
    return Measure(column.utilization, f"share of the pool's {column.resource} in use", HIGHER)


def all_measures(columns: Sequence[ResourceColumns]) -> tuple[Measure, ...]:
    """Everything that is measured in pools that have these resources."""
    return (STEPS, *FAIRNESS, *map(used, columns))


def fairness(result: Result) -> Figures:
    """The measures `FAIRNESS` of each row of a result, (S,) each.

    NaN in a pool without jobs; Jain's index is NaN where no job is entitled to anything.
    """
    batch, shares = result.batch, result.dominant_share.T
    return {
        "dominant_share_min": metrics.lowest(shares, batch.present),
        "dominant_share_max": metrics.highest(shares, batch.present),
        "dominant_share_gap": metrics.gap(shares, batch.present),
        "jain": metrics.jain(*metrics.entitled(batch, shares)),
    }


def utilization(result: Result, columns: Sequence[ResourceColumns]) -> Figures:
    """Share of each resource in use, (S,) each; NaN where the pool has none of it."""
    batch, found = result.batch, metrics.utilization(result.batch, result.granted.T)
    place = {name: r for r, name in enumerate(batch.labels.resources)}
    return {
        column.utilization: _where_there(batch, place.get(column.resource), found)
        for column in columns
    }


def all_figures(result: Result, columns: Sequence[ResourceColumns]) -> Figures:
    """Those of `all_measures`, in its order, float64 (S,) each."""
    steps = result.steps.astype(np.float64)
    return {STEPS.name: steps, **fairness(result), **utilization(result, columns)}


def _where_there(batch: Batch, r: int | None, found: NDArray[np.float64]) -> NDArray[np.float64]:
    if r is None:
        return np.full(batch.S, np.nan)
    return np.where(batch.capacity[r] == 0, np.nan, found[r])
