"""What lockstep works on: a `WholeProblem`, and a block of its scenarios on a desk.

All numbers of a WholeProblem are whole and below 2³¹: the planes of a Batch as they are, nothing
copied. Its keys are the integers of the form INTEGER (see `problem`).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fairsched_fast.kernels.jit import inner, leaf
from fairsched_fast.kernels.problem import IGNORE

BLOCK = 256  # most scenarios that run in lockstep: their rows stay near the core
NO_END = np.int32(2**31 - 1)


class WholeProblem(NamedTuple):
    """A `Problem` in whole numbers. S' is 1 (shared by all) or S; J' is 1 or J; G' is 1 or G."""

    offset: NDArray[np.int32]  # (G', J', L, S') lines of the claims; a key is at least 0
    slope: NDArray[np.int32]  # (G', J', L, S'), ≥ 0
    factor: NDArray[np.int64]  # (G', J', L, S') common denominator / denominator of a line; or 0
    ceiling: NDArray[np.int32]  # (G, J, S') grants of this run up to which a segment goes
    order: NDArray[np.int32]  # (J, S') jobs from the lowest rank, who goes first at a tie
    room: NDArray[np.int32]  # (J, S') executors a job may be given below its ceiling
    budget: NDArray[np.int32]  # (S',) executors to distribute
    capacity: NDArray[np.int32]  # (R, S') of the pool
    usage: NDArray[np.int32]  # (J', R, S') held before the run
    demand: NDArray[np.int32]  # (J', R, S') what one executor takes
    user: NDArray[np.int32]  # (J, S') index into U, −1 nobody; not read where U is 0
    user_left: NDArray[np.int64]  # (U, S') executors a user may be given below its cap


class Desk(NamedTuple):
    """A block's state that does not depend on how wide its keys are, and work space."""

    given: NDArray[np.int32]  # (J, BLOCK) granted so far, in rank order
    limit: NDArray[np.int32]  # (BLOCK,) steps until the budget is spent or the pool is full
    full: NDArray[np.int32]  # (BLOCK,) steps that equal demands have room for
    done: NDArray[np.int32]  # (BLOCK,) steps taken
    who: NDArray[np.int16]  # (BLOCK,) the job granted to, −1 where none
    free: NDArray[np.int64]  # (R, BLOCK) capacity left
    user_left: NDArray[np.int64]  # (U, BLOCK)
    need: NDArray[np.int64]  # (BLOCK,) work space, as are the next two
    row: NDArray[np.int32]  # (BLOCK,)
    other: NDArray[np.int32]  # (BLOCK,)


@inner
def blank_desk(J: int, R: int, U: int) -> Desk:
    """Room for a block."""
    return Desk(
        np.zeros((J, BLOCK), np.int32),
        np.zeros(BLOCK, np.int32),
        np.zeros(BLOCK, np.int32),
        np.zeros(BLOCK, np.int32),
        np.zeros(BLOCK, np.int16),
        np.zeros((R, BLOCK), np.int64),
        np.zeros((U, BLOCK), np.int64),
        np.zeros(BLOCK, np.int64),
        np.zeros(BLOCK, np.int32),
        np.zeros(BLOCK, np.int32),
    )


@leaf
def line_row(
    plane: NDArray[Any],
    of: int,
    line: int,
    order: NDArray[np.int32],
    q: int,
    start: int,
    width: int,
    out: NDArray[Any],
) -> None:
    """What a plane (G', J', L, S') says of a line of the jobs at place q, in segment `of`."""
    of = of if plane.shape[0] > 1 else 0
    if order.shape[1] == 1 or plane.shape[1] == 1:
        spread(plane[of, order[q, 0] if plane.shape[1] > 1 else 0, line], start, width, out)
        return
    wide = plane.shape[3] > 1
    for lane in range(width):
        out[lane] = plane[of, order[q, start + lane], line, start + lane if wide else 0]


@leaf
def place_row(
    plane: NDArray[np.int32],
    order: NDArray[np.int32],
    q: int,
    start: int,
    width: int,
    out: NDArray[np.int32],
) -> None:
    """What a plane (J, S') says of the jobs at place q."""
    if order.shape[1] == 1:
        spread(plane[order[q, 0]], start, width, out)
        return
    wide = plane.shape[1] > 1
    for lane in range(width):
        out[lane] = plane[order[q, start + lane], start + lane if wide else 0]


@leaf
def spread(row: NDArray[Any], start: int, width: int, out: NDArray[Any]) -> None:
    """What a row (S',) says of a block's scenarios."""
    if row.shape[0] > 1:
        part = row[start : start + width]
        for lane in range(width):
            out[lane] = part[lane]
    else:
        value = row[0]
        for lane in range(width):
            out[lane] = value


@leaf
def room_row(whole: WholeProblem, g: int, q: int, start: int, width: int, desk: Desk) -> None:
    """Grants up to which the jobs at place q go by the end of segment g; on `desk.other`."""
    room, limit, ceiling = desk.other, desk.limit, desk.row
    place_row(whole.room, whole.order, q, start, width, room)
    for lane in range(width):
        room[lane] = min(room[lane], limit[lane])
    place_row(whole.ceiling[g], whole.order, q, start, width, ceiling)
    for lane in range(width):
        room[lane] = min(room[lane], ceiling[lane])


@leaf
def load_limits(whole: WholeProblem, on_full: int, start: int, width: int, desk: Desk) -> bool:
    """Put on the desk what stops each lane; whether single jobs may be stopped before others.

    Where all demands are equal, or nothing can fill the pool, capacity is a limit on the steps.
    """
    limit, full, need = desk.limit, desk.full, desk.need
    spread(whole.budget, start, width, limit)
    for lane in range(width):
        full[lane] = NO_END
    for u in range(whole.user_left.shape[0]):
        row, left = whole.user_left[u], desk.user_left[u]
        for lane in range(width):
            left[lane] = row[start + lane if row.shape[0] > 1 else 0]
    tight = whole.user_left.shape[0] > 0
    if on_full == IGNORE:
        return tight
    for r in range(whole.capacity.shape[0]):
        free = desk.free[r]
        find_free(whole, r, start, width, desk)
        find_need(whole.demand, r, start, width, desk)
        short = False
        for lane in range(width):
            short |= (need[lane] * limit[lane] > free[lane]) & (need[lane] > 0)
        if short and whole.demand.shape[0] > 1:
            tight = True
        elif short:
            for lane in range(width):
                if need[lane] * limit[lane] > free[lane] and need[lane] > 0:
                    full[lane] = max(np.int64(0), free[lane] // need[lane])
                    limit[lane] = full[lane]
    return tight


@leaf
def find_free(whole: WholeProblem, r: int, start: int, width: int, desk: Desk) -> None:
    """What is free of a resource before the run, in each lane."""
    free = desk.free[r]
    spread(whole.capacity[r], start, width, free)
    times = whole.order.shape[0] if whole.usage.shape[0] == 1 else 1
    for j in range(whole.usage.shape[0]):
        take_off(whole.usage[j, r], times, start, width, free)


@leaf
def take_off(
    row: NDArray[np.int32], times: int, start: int, width: int, out: NDArray[np.int64]
) -> None:
    """Take what a row (S',) says, so many times, off each lane."""
    if row.shape[0] > 1:
        part = row[start : start + width]
        for lane in range(width):
            out[lane] -= times * np.int64(part[lane])
    else:
        value = times * np.int64(row[0])
        for lane in range(width):
            out[lane] -= value


@leaf
def find_need(demand: NDArray[np.int32], r: int, start: int, width: int, desk: Desk) -> None:
    """The largest of all jobs' demands of a resource, in each lane."""
    need, row, most = desk.need, desk.row, np.int64(0)
    if demand.shape[2] == 1:
        for j in range(demand.shape[0]):
            most = max(most, np.int64(demand[j, r, 0]))
    for lane in range(width):
        need[lane] = most
    if demand.shape[2] > 1:
        for j in range(demand.shape[0]):
            spread(demand[j, r], start, width, row)
            for lane in range(width):
                need[lane] = max(need[lane], np.int64(row[lane]))
