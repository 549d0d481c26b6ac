"""Orders of more jobs: lockstep in which a grant is made lane by lane, on a record of the job.

Walking all rows to find the least key is cheap, a `min` each; changing all of them is not. A record
holds what a grant needs side by side: count, room, and for each line where it begins and how it
rises. There are two lines at least, so that where they are is known when this is compiled.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fairsched_fast.kernels.jit import inner, jit, leaf
from fairsched_fast.kernels.lockstep import add_up, block_width, count_left, drive
from fairsched_fast.kernels.outcome import Outcome
from fairsched_fast.kernels.whole import (
    Desk,
    WholeProblem,
    blank_desk,
    largest,
    line_row,
    room_row,
)

COUNT, ROOM, LINE, RISE = 0, 1, 2, 3
_LINES = 2  # at least


class Records(NamedTuple):
    """A block's records and key rows, all of one integer type; jobs in rank order."""

    state: NDArray[Any]  # (lanes, J, 2 + 2·L) count, room, then line, packed, and rise by turns
    key: NDArray[Any]  # (J, lanes)
    left: NDArray[Any]  # (lanes,) steps left; while all lanes are together, at the segment's begin
    chosen: NDArray[Any]  # (lanes,) the least key where a grant is made, −1 where none
    work: NDArray[Any]  # (lanes,) work space


@jit
def run_records(
    whole: WholeProblem,
    on_full: int,
    first: int,
    begins: int,
    ends: int,
    kind: NDArray[Any],
    out: Outcome,
) -> None:
    """Run scenarios begins…ends−1, a block at a time; parameters as of `run_lanes`."""
    J, R, U = whole.order.shape[0], whole.capacity.shape[0], whole.user_left.shape[0]
    L = whole.offset.shape[2]
    block = max(1, min(block_width(J, L), ends - begins))
    desk, rows = blank_desk(J, R, U, block), blank_records(J, L, block, kind)
    run_blocks(whole, on_full, first, begins, ends, desk, rows, out)


@leaf
def run_blocks(
    whole: WholeProblem,
    on_full: int,
    first: int,
    begins: int,
    ends: int,
    desk: Desk,
    rows: Records,
    out: Outcome,
) -> None:
    """The same in rows that are there; a leaf, since other loops count references."""
    drive(whole, on_full, first, begins, ends, desk, rows, out, fill, no_start, grant, collect)


@inner
def blank_records(J: int, L: int, lanes: int, kind: NDArray[Any]) -> Records:
    """Records of so many lanes, of the type of `kind`."""
    rows = Records(
        np.empty((lanes, J, 2 + 2 * max(L, _LINES)), kind.dtype),
        np.empty((J, lanes), kind.dtype),
        np.empty(lanes, kind.dtype),
        np.empty(lanes, kind.dtype),
        np.empty(lanes, kind.dtype),
    )
    make_up(rows.state, L)
    return rows


@leaf
def make_up(state: NDArray[Any], L: int) -> None:
    """Lines that jobs do not have say nothing."""
    for lane in range(state.shape[0]):
        for q in range(state.shape[1]):
            for at in range(LINE + 2 * L, state.shape[2]):
                state[lane, q, at] = 0


@leaf
def fill(
    whole: WholeProblem, g: int, start: int, width: int, longest: int, places: int, again: bool,
    desk: Desk, rows: Records,
) -> bool:  # fmt: skip
    """Put segment g of a block into records, as far as it was served; they know their ceilings.

    All of it, whatever is there `again`: a record is written whole sooner than in part.
    """
    kind, state = rows.key.dtype.type, rows.state
    ends, last = desk.other, largest(rows.key)
    count_left(desk, rows.left, width)
    for q in range(rows.key.shape[0]):
        key, served = rows.key[q], desk.given[q]
        for lane in range(width):
            key[lane] = kind(q)
        for line in range(whole.offset.shape[2]):
            fill_line(whole, g, q, line, start, width, places, desk, rows)
        room_row(whole, g, q, start, width, desk)
        for lane in range(width):
            state[lane, q, COUNT] = kind(served[lane])
            state[lane, q, ROOM] = kind(ends[lane])
            key[lane] = last if served[lane] >= ends[lane] else key[lane]
    return True


@leaf
def fill_line(
    whole: WholeProblem,
    g: int,
    q: int,
    line: int,
    start: int,
    width: int,
    places: int,
    desk: Desk,
    rows: Records,
) -> None:
    """Put a line of the jobs at place q into their records; products may wrap around meanwhile."""
    kind, state, key, at = rows.key.dtype.type, rows.state, rows.key[q], 2 * line
    factor, served, offset, slope = rows.work, desk.given[q], desk.row, desk.other
    line_row(whole.factor, g, line, whole.order, q, start, width, factor)
    line_row(whole.offset, g, line, whole.order, q, start, width, offset)
    line_row(whole.slope, g, line, whole.order, q, start, width, slope)
    for lane in range(width):
        by = kind(factor[lane] * kind(places))
        rise = kind(kind(slope[lane]) * by)
        begins = kind(kind(kind(offset[lane]) * by) + kind(q))
        state[lane, q, LINE + at] = begins
        state[lane, q, RISE + at] = rise
        key[lane] = max(key[lane], kind(begins + kind(kind(served[lane]) * rise)))


@leaf
def no_start(
    whole: WholeProblem,
    longest: int,
    sure: int,
    bounded: bool,
    places: int,
    column: int,
    width: int,
    desk: Desk,
    rows: Records,
    out: Outcome,
) -> int:
    """No step is taken before the others: 0."""
    return 0


@leaf
def grant(rows: Records, places: int, width: int, bounded: bool) -> None:
    """Grant to the job of the chosen key in every lane."""
    state, key, chosen = rows.state, rows.key, rows.chosen
    kind, last, size = key.dtype.type, largest(key), state.shape[2]
    for lane in range(width):
        if chosen[lane] < 0:
            continue
        q = np.int64(chosen[lane]) & (places - 1)
        record = state[lane, q]
        count = kind(record[COUNT] + kind(1))
        record[COUNT] = count
        a = kind(record[LINE] + kind(count * record[RISE]))
        b = kind(record[LINE + 2] + kind(count * record[RISE + 2]))
        now = max(chosen[lane], a, b)
        for at in range(LINE + 4, size, 2):
            now = max(now, kind(record[at] + kind(count * record[at + 1])))
        key[q, lane] = last if count >= record[ROOM] else now


@leaf
def collect(rows: Records, desk: Desk, width: int) -> None:
    """Keep what was granted, and in how many steps."""
    for q in range(desk.given.shape[0]):
        for lane in range(width):
            desk.given[q, lane] = rows.state[lane, q, COUNT]
    add_up(desk, width)
