"""What lockstep works on: a `WholeProblem`, and a block of its scenarios on a desk.

All numbers of a WholeProblem are whole and below 2³¹: the planes of a Batch as they are, nothing
copied. Its keys are the integers of the form INTEGER (see `problem`).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fairsched_fast.kernels.jit import inner, leaf

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

    given: NDArray[np.int32]  # (J, lanes) granted so far, in rank order
    limit: NDArray[np.int32]  # (lanes,) steps until the budget is spent or the pool is full
    done: NDArray[np.int32]  # (lanes,) steps taken
    who: NDArray[np.int8]  # (lanes,) the job granted to, or its place; −1 where none
    then: NDArray[np.int8]  # (lanes,) and in the step after
    free: NDArray[np.int32]  # (R, lanes) capacity left, −1 where a pool is over-full
    user_left: NDArray[np.int64]  # (U, lanes)
    need: NDArray[np.int32]  # (lanes,) work space, as are the next two
    row: NDArray[np.int32]  # (lanes,)
    other: NDArray[np.int32]  # (lanes,)


@inner
def blank_desk(J: int, R: int, U: int, lanes: int) -> Desk:
    """Room for a block of so many lanes."""
    return Desk(
        np.empty((J, lanes), np.int32),
        np.empty(lanes, np.int32),
        np.empty(lanes, np.int32),
        np.empty(lanes, np.int8),
        np.empty(lanes, np.int8),
        np.empty((R, lanes), np.int32),
        np.empty((U, lanes), np.int64),
        np.empty(lanes, np.int32),
        np.empty(lanes, np.int32),
        np.empty(lanes, np.int32),
    )


@leaf
def largest(key: NDArray[Any]) -> Any:
    """The key of a job that gets nothing more."""
    return key.dtype.type((1 << (8 * key.itemsize - 2)) * 2 - 1)


@leaf
def same_slopes(whole: WholeProblem) -> bool:
    """Whether every block and segment has the same slopes over the common denominator."""
    width = max(whole.slope.shape[3], whole.factor.shape[3], whole.order.shape[1])
    return width == 1 and whole.slope.shape[0] == 1 and whole.factor.shape[0] == 1


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
    kind, wide = out.dtype.type, plane.shape[3] > 1
    for lane in range(width):
        out[lane] = kind(plane[of, order[q, start + lane], line, start + lane if wide else 0])


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
    """What a row (S',) says of a block's scenarios, cut to the type of `out`."""
    kind = out.dtype.type
    if row.shape[0] > 1:
        part = row[start : start + width]
        for lane in range(width):
            out[lane] = kind(part[lane])
    else:
        value = kind(row[0])
        for lane in range(width):
            out[lane] = value


@leaf
def room_row(whole: WholeProblem, g: int, q: int, start: int, width: int, desk: Desk) -> None:
    """Grants up to which the jobs at place q go by the end of segment g; on `desk.other`."""
    room, limit, ceiling = desk.other, desk.limit, desk.row
    place_row(whole.room, whole.order, q, start, width, room)
    place_row(whole.ceiling[g], whole.order, q, start, width, ceiling)
    for lane in range(width):
        room[lane] = min(room[lane], ceiling[lane], limit[lane])
