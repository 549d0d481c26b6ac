"""Rows: a block of scenarios with whole keys, each turned into rows over its jobs.

Planes are scenario-fastest; counting walks the jobs of one scenario after the other. A block is
turned at once, so that each cache line of a plane is read once. Line l of the job at place q:

    key(k) = offset + k · slope           over the common denominator, whole, below 2^50
    claims with key ≤ κ: ⌊(κ + ½ − offset) · inverse⌋ + 1

(κ + ½ − offset) / slope is at least ½ / slope away from any whole number, and rounding the inverse
and the product moves it by less, 2^-52 of it: the floor is exact.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fairsched_fast.kernels.jit import inner, leaf
from fairsched_fast.kernels.problem import Problem

BLOCK = 16  # scenarios: two cache lines of float64
TOP = np.int64(2**50)  # above every key
_TOP = float(TOP)
AT_ONCE = 2.0**40  # stands for the inverse of slope 0: all claims have the same key


class Rows(NamedTuple):
    """Lines of a block of B scenarios, jobs by place in rank order. B' is 1 where all are alike."""

    offset: NDArray[np.float64]  # (B', L, J)
    slope: NDArray[np.float64]  # (B', L, J)
    inverse: NDArray[np.float64]  # (B', L, J) of the slope
    common: NDArray[np.float64]  # (B',) common denominators


@inner
def blank_rows(problem: Problem) -> Rows:
    """Rows for a block of `problem`, to be filled by `load_rows`."""
    _, J, L, _ = problem.offset.shape
    per = BLOCK if problem.order.shape[1] > 1 or problem.per.shape[3] > 1 else 1
    offset = BLOCK if problem.offset.shape[3] > 1 else per
    slope = BLOCK if problem.slope.shape[3] > 1 else per
    return Rows(
        np.zeros((offset, L, J)), np.zeros((slope, L, J)), np.zeros((slope, L, J)), np.zeros(per)
    )


@leaf
def load_rows(problem: Problem, g: int, start: int, width: int, most: int, rows: Rows) -> bool:
    """Fill the rows with segment g of a block; False where any key needs more than rows have.

    `most` is what any job may be given. Whether a block can be loaded depends on all its scenarios;
    what each is given does not depend on the path it takes.
    """
    of = g if problem.offset.shape[0] > 1 else 0
    per, order, common, slope = problem.per[of], problem.order, rows.common, rows.slope
    for lane in range(min(width, common.shape[0])):
        common[lane] = common_denominator(per, start + lane if per.shape[2] > 1 else 0)
        if common[lane] == 0.0:
            return False
    half, steep = _TOP / 2.0, _TOP / 2.0 / float(max(1, most))
    if not load_plane(problem.offset[of], per, order, start, width, common, half, rows.offset):
        return False
    if not load_plane(problem.slope[of], per, order, start, width, common, steep, slope):
        return False
    for lane in range(min(width, slope.shape[0])):
        for line in range(slope.shape[1]):
            for q in range(slope.shape[2]):
                rise = slope[lane, line, q]
                rows.inverse[lane, line, q] = 1.0 / rise if rise > 0.0 else AT_ONCE
    return True


@leaf
def common_denominator(per: NDArray[Any], s: int) -> float:
    """The least common multiple of scenario s's denominators (J, L, S'); 0 where it is too much."""
    multiple = 1
    for line in range(per.shape[1]):
        last = 0.0
        for j in range(per.shape[0]):
            value = float(per[j, line, s])
            if value == last:
                continue
            last = value
            if not (value < _TOP and value == np.floor(value)):
                return 0.0
            if value > 0.0 and multiple % int(value) != 0:
                step = int(value) // math.gcd(multiple, int(value))
                if float(multiple) * float(step) >= _TOP:
                    return 0.0
                multiple *= step
    return float(multiple)


@leaf
def load_plane(
    plane: NDArray[Any],
    per: NDArray[Any],
    order: NDArray[np.int32],
    start: int,
    width: int,
    common: NDArray[np.float64],
    limit: float,
    out: NDArray[np.float64],
) -> bool:
    """A plane (J, L, S') over the common denominator; False where not whole or beyond the limit."""
    bad = np.int64(0)
    wide, ranks, pers = plane.shape[2] > 1, order.shape[1] > 1, per.shape[2] > 1
    lanes = min(width, out.shape[0])
    if wide and not ranks and not pers:
        for q in range(out.shape[2]):
            for line in range(out.shape[1]):
                row = plane[order[q, 0], line, start : start + lanes]
                value = float(per[order[q, 0], line, 0])
                factor = common[0] / value if value > 0.0 else 0.0
                for lane in range(lanes):
                    stated = float(row[lane])
                    bad |= np.int64(stated != np.floor(stated))
                    bad |= np.int64(abs(stated * factor) >= limit)
                for lane in range(lanes):
                    out[lane, line, q] = float(row[lane]) * factor
        return bad == 0
    last = common.shape[0] - 1
    for lane in range(lanes):
        s = start + lane
        for line in range(out.shape[1]):
            for q in range(out.shape[2]):
                j = order[q, s if ranks else 0]
                value = float(per[j, line, s if pers else 0])
                factor = common[min(lane, last)] / value if value > 0.0 else 0.0
                stated = float(plane[j, line, s if wide else 0])
                bad |= np.int64(stated != np.floor(stated))
                bad |= np.int64(abs(stated * factor) >= limit)
                out[lane, line, q] = stated * factor
    return bad == 0
