"""Orders of few jobs: lockstep in which a grant is masked over all rows.

line q,l  [ 60   55   70 … ]    where line l of job q stands, packed; grant: line += rise & hit
key q     [ 60   58   70 … ]    the largest of the job's lines so far
hit       [  0   −1    0 … ]    −1 where q's key is the one chosen
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fairsched_fast.kernels.jit import inner, jit, leaf
from fairsched_fast.kernels.lockstep import block_width, drive, end_segment
from fairsched_fast.kernels.outcome import Outcome
from fairsched_fast.kernels.whole import (
    Desk,
    WholeProblem,
    blank_desk,
    largest,
    line_row,
    room_row,
)


class Lanes(NamedTuple):
    """A block's rows, all of one integer type; job rows in rank order."""

    line: NDArray[Any]  # (J, L, lanes) where a line begins, packed
    rise: NDArray[Any]  # (J, L, lanes) what a grant adds to it
    key: NDArray[Any]  # (J, lanes)
    given: NDArray[Any]  # (J, lanes) executors granted
    room: NDArray[Any]  # (J, lanes) up to which they go; filled where a ceiling may be met
    left: NDArray[Any]  # (lanes,) steps that are left
    chosen: NDArray[Any]  # (lanes,) the least key where a grant is made, −1 where none
    factor: NDArray[Any]  # (lanes,) work space


@jit
def run_lanes(
    whole: WholeProblem,
    on_full: int,
    first: int,
    begins: int,
    ends: int,
    kind: NDArray[Any],
    out: Outcome,
) -> None:
    """Run scenarios begins…ends−1, of few jobs each, a block at a time.

    Parameters
    ----------
    whole
        All scenarios: threads may share it, each with its own range.
    on_full
        SKIP, STOP or IGNORE.
    first
        Column of the outputs that scenario 0 goes to.
    begins, ends
        Which scenarios are run.
    kind : int16, int32 or int64 (0,)
        An array of the type that keys are held in; packed keys stay below its largest number.
    out
        Written; the order in `small` or `medium`.
    """
    J, R, U = whole.order.shape[0], whole.capacity.shape[0], whole.user_left.shape[0]
    L = whole.offset.shape[2]
    block = min(block_width(J, L), ends - begins)
    desk, rows = blank_desk(J, R, U, block), blank_lanes(J, L, block, kind)
    run_blocks(whole, on_full, first, begins, ends, desk, rows, out)


@leaf
def run_blocks(
    whole: WholeProblem,
    on_full: int,
    first: int,
    begins: int,
    ends: int,
    desk: Desk,
    rows: Lanes,
    out: Outcome,
) -> None:
    """The same in rows that are there; a leaf, since other loops count references."""
    drive(whole, on_full, first, begins, ends, desk, rows, out, fill, grant, collect)


@inner
def blank_lanes(J: int, L: int, lanes: int, kind: NDArray[Any]) -> Lanes:
    """Rows of so many lanes, of the type of `kind`."""
    return Lanes(
        np.empty((J, L, lanes), kind.dtype),
        np.empty((J, L, lanes), kind.dtype),
        np.empty((J, lanes), kind.dtype),
        np.empty((J, lanes), kind.dtype),
        np.empty((J, lanes), kind.dtype),
        np.empty(lanes, kind.dtype),
        np.empty(lanes, kind.dtype),
        np.empty(lanes, kind.dtype),
    )


@leaf
def fill(
    whole: WholeProblem, g: int, start: int, width: int, places: int, desk: Desk, rows: Lanes
) -> bool:
    """Put segment g of a block into rows, as far as it was served; whether a ceiling may be met."""
    kind, J, bounded = rows.key.dtype.type, rows.key.shape[0], False
    left, limit, done, ends = rows.left, desk.limit, desk.done, desk.other
    for lane in range(width):
        left[lane] = kind(limit[lane] - done[lane])
    for q in range(J):
        key, given, served = rows.key[q], rows.given[q], desk.given[q]
        for lane in range(width):
            given[lane] = kind(served[lane])
            key[lane] = kind(q)
        for line in range(rows.line.shape[1]):
            fill_line(whole, g, q, line, start, width, places, rows)
        room_row(whole, g, q, start, width, desk)
        for lane in range(width):
            bounded |= ends[lane] < limit[lane]
    for q in range(J if bounded else 0):  # seldom: once more is cheaper than always
        room = rows.room[q]
        room_row(whole, g, q, start, width, desk)
        for lane in range(width):
            room[lane] = kind(ends[lane])
        end_jobs(rows.key[q], rows.given[q], room, width)
    return bounded


@leaf
def fill_line(
    whole: WholeProblem,
    g: int,
    q: int,
    line: int,
    start: int,
    width: int,
    places: int,
    rows: Lanes,
) -> None:
    """Put a line of the jobs at place q into its rows.

    Products wrap around and are right again in the end: only what fits is filled in.
    """
    kind, factor, key, given = rows.key.dtype.type, rows.factor, rows.key[q], rows.given[q]
    begins, rise, times, place = rows.line[q, line], rows.rise[q, line], kind(places), kind(q)
    line_row(whole.offset, g, line, whole.order, q, start, width, begins)
    line_row(whole.slope, g, line, whole.order, q, start, width, rise)
    line_row(whole.factor, g, line, whole.order, q, start, width, factor)
    for lane in range(width):
        by = kind(factor[lane] * times)
        slope = kind(rise[lane] * by)
        low = kind(kind(begins[lane] * by) + place)
        rise[lane] = slope
        begins[lane] = low
        key[lane] = max(key[lane], kind(low + kind(given[lane] * slope)))


@leaf
def grant(rows: Lanes, places: int, width: int, bounded: bool) -> None:
    """Grant to the job of the chosen key in every lane."""
    for q in range(rows.key.shape[0]):
        grant_job(rows.key[q], rows.given[q], rows.line[q], rows.rise[q], rows.chosen, width)
        if bounded:
            end_jobs(rows.key[q], rows.given[q], rows.room[q], width)


@leaf
def grant_job(
    key: NDArray[Any],
    given: NDArray[Any],
    line: NDArray[Any],
    rise: NDArray[Any],
    chosen: NDArray[Any],
    width: int,
) -> None:
    """Grant to a job where its key is the chosen one: two lines at once, then the others."""
    kind, second = key.dtype.type, min(1, line.shape[0] - 1)
    a, b, rise_a, rise_b = line[0], line[second], rise[0], rise[second]
    for lane in range(width):
        mine = kind(-1) if key[lane] == chosen[lane] else kind(0)
        count = kind(given[lane] - mine)
        given[lane] = count
        now = max(
            kind(a[lane] + kind(count * rise_a[lane])), kind(b[lane] + kind(count * rise_b[lane]))
        )
        key[lane] = max(key[lane], now)
    for more in range(2, line.shape[0]):
        raise_keys(key, given, line[more], rise[more], width)


@leaf
def raise_keys(
    key: NDArray[Any], given: NDArray[Any], line: NDArray[Any], rise: NDArray[Any], width: int
) -> None:
    """Raise keys to where a line stands."""
    kind = key.dtype.type
    for lane in range(width):
        key[lane] = max(key[lane], kind(line[lane] + kind(given[lane] * rise[lane])))


@leaf
def end_jobs(key: NDArray[Any], given: NDArray[Any], room: NDArray[Any], width: int) -> None:
    """A job that has what it may have gets nothing more: the largest key."""
    kind, last = key.dtype.type, largest(key)
    for lane in range(width):
        done = kind(-1) if given[lane] >= room[lane] else kind(0)
        key[lane] = kind((last & done) | (key[lane] & ~done))


@leaf
def collect(rows: Lanes, desk: Desk, width: int) -> None:
    """Keep what was granted, and in how many steps."""
    for q in range(rows.given.shape[0]):
        given, kept = rows.given[q], desk.given[q]
        for lane in range(width):
            kept[lane] = given[lane]
    end_segment(desk, rows.left, width)
