"""What jobs are like in the growth curves: equal or not, with or without what limits them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import fairsched_fast as fs
from fairsched_fast import dispatch, kernels
from fairsched_fast.lowering import make_whole

ORDERS, FINALS = "orders", "finals"
LANES, RECORDS, MERGING, COUNTING = "lanes", "records", "merging", "counting"  # kernels


@dataclass(frozen=True)
class Size:
    """A workload's measures: S scenarios, J jobs, R resources, N executors to give in each."""

    S: int = 400
    J: int = 32
    R: int = 2
    N: int = 500


@dataclass(frozen=True)
class Point:
    """A row of the table of growth curves: a workload, and what it took."""

    axis: str  # what grows: J, N, R or S
    shape: str  # what jobs are like, a name in SHAPES
    kind: str  # ORDERS or FINALS
    kernel: str  # which one serves it
    S: int
    J: int
    R: int
    N: int
    seconds: float  # the median of the rounds
    decisions: int
    decisions_per_second: float


def alike(size: Size, stream: np.random.Generator) -> dict[str, Any]:
    """One demand for all; pools that never fill; jobs hold up to 30 executors' worth."""
    demand = np.array([2, 16, 1, 4] * 2)[: size.R]
    held = stream.integers(0, 31, (size.S, size.J, size.R))
    room = 31 * size.J + size.N + 1
    return {
        "capacity": demand * room,
        "demand": demand[np.newaxis],
        "usage": demand * held,
        "extra_executors": size.N,
    }


def own_demands(size: Size, stream: np.random.Generator) -> dict[str, Any]:
    """Each job has demands of its own, and pools fill after nine tenths of the executors."""
    plain, most = alike(size, stream), np.array([8, 64, 2, 200] * 2)[: size.R]
    demand = stream.integers(1, most + 1, (size.J, size.R))
    usage = demand * stream.integers(0, 4, (size.S, size.J, 1))
    wanted = (demand.mean(axis=0) * 0.9 * size.N).astype(np.int64)
    capacity = usage.sum(axis=1).max(axis=0) + wanted
    return plain | {"capacity": capacity, "demand": demand, "usage": usage}


def ceilings(size: Size, stream: np.random.Generator) -> dict[str, Any]:
    """Ceilings that half of the jobs reach."""
    fair = max(1, size.N // size.J)
    most = stream.choice([max(1, fair // 2), 4 * fair + 4], size.J)
    return alike(size, stream) | {"max_executors": most}


def caps(size: Size, stream: np.random.Generator) -> dict[str, Any]:
    """Four users, two of them capped below what they would get."""
    fair = max(1, size.N // 8)
    users = {"user": stream.integers(0, 4, size.J), "user_cap": [fair, fair, size.N, size.N]}
    return alike(size, stream) | users


def weights(size: Size, stream: np.random.Generator) -> dict[str, Any]:
    """Weights 1, 2, 3 and a half."""
    return alike(size, stream) | {"weight": stream.choice([0.5, 1, 2, 3], size.J)}


SHAPES: dict[str, Callable[[Size, np.random.Generator], dict[str, Any]]] = {
    "equal demands": alike,
    "own demands, pools fill": own_demands,
    "ceilings that bind": ceilings,
    "users' caps": caps,
    "weights": weights,
}


def kernel(batch: fs.Batch, kind: str) -> str:
    """Which kernel serves a batch of whole numbers under DRF."""
    if kind == FINALS and dispatch.prefer_totals(batch):
        return COUNTING
    made = make_whole(batch, fs.find_policy("drf")(batch))
    chosen = dispatch.lockstep_kernel(batch, made[1]) if made else None
    if chosen is None:
        return MERGING
    return LANES if chosen[0] is kernels.run_lanes else RECORDS
