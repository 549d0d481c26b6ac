"""Orders of few jobs: lockstep in which a grant is masked over all rows.

line q,l  [ 60   55   70 … ]    where line l of job q begins, packed: after k grants line + k · rise
key q     [ 60   58   70 … ]    the largest of the job's lines so far
mine      [  0   −1    0 … ]    −1 where q's key is the one chosen
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fairsched_fast.kernels import three
from fairsched_fast.kernels.jit import inner, jit, leaf
from fairsched_fast.kernels.lockstep import block_width, count_left, drive
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
    """A block's rows, all of one integer type; job rows in rank order.

    J' and L' are J and L, or what `three` needs where that is more.
    """

    line: NDArray[Any]  # (J', L', lanes) where a line begins, packed; in `three` where it stands
    rise: NDArray[Any]  # (J', L', lanes) what a grant adds to it
    scale: NDArray[Any]  # (J, L, lanes) what a line's numbers are multiplied by, to be packed
    key: NDArray[Any]  # (J, lanes)
    given: NDArray[Any]  # (J', lanes) executors granted
    room: NDArray[Any]  # (J', lanes) up to which they go; filled where a ceiling may be met
    left: NDArray[Any]  # (lanes,) steps left; while all lanes are together, at the segment's begin
    chosen: NDArray[Any]  # (lanes,) the least key where a grant is made, −1 where none
    work: NDArray[Any]  # (lanes,) work space


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
        Scenario of the outputs that scenario 0 is.
    begins, ends
        Which scenarios are run.
    kind : int16, int32 or int64 (0,)
        An array of the type that keys are held in; packed keys stay below its largest number.
    out
        Written; the order in `small`, so of 128 jobs at most, and none that is elsewhere.
    """
    J, R, U = whole.order.shape[0], whole.capacity.shape[0], whole.user_left.shape[0]
    L = whole.offset.shape[2]
    block = max(1, min(block_width(J, L), ends - begins))
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
    drive(whole, on_full, first, begins, ends, desk, rows, out, fill, set_out, grant, collect)


@inner
def blank_lanes(J: int, L: int, lanes: int, kind: NDArray[Any]) -> Lanes:
    """Rows of so many lanes, of the type of `kind`."""
    jobs, lines = max(J, three.JOBS), max(L, three.LINES)
    rows = Lanes(
        np.empty((jobs, lines, lanes), kind.dtype),
        np.empty((jobs, lines, lanes), kind.dtype),
        np.empty((J, L, lanes), kind.dtype),
        np.empty((J, lanes), kind.dtype),
        np.empty((jobs, lanes), kind.dtype),
        np.empty((jobs, lanes), kind.dtype),
        np.empty(lanes, kind.dtype),
        np.empty(lanes, kind.dtype),
        np.empty(lanes, kind.dtype),
    )
    make_up(rows, J, L)
    return rows


@leaf
def make_up(rows: Lanes, J: int, L: int) -> None:
    """Lines that jobs do not have say nothing; jobs that nobody has never come first."""
    kind, last, lanes = rows.key.dtype.type, largest(rows.key), rows.left.shape[0]
    for q in range(rows.line.shape[0]):
        for line in range(L if q < J else 0, rows.line.shape[1]):
            for lane in range(lanes):
                rows.line[q, line, lane] = kind(q) if q < J else last  # no key is less than q
                rows.rise[q, line, lane] = 0
                rows.given[q, lane] = 0
                rows.room[q, lane] = 0


@leaf
def starts_ahead(whole: WholeProblem) -> bool:
    """Whether `three` takes the first steps."""
    J, L = whole.order.shape[0], whole.offset.shape[2]
    return J <= three.JOBS and 1 <= L <= three.LINES and whole.order.shape[1] == 1


@leaf
def fill(
    whole: WholeProblem, g: int, start: int, width: int, longest: int, places: int, again: bool,
    desk: Desk, rows: Lanes,
) -> bool:  # fmt: skip
    """Put segment g of a block into rows, but for its keys; whether a ceiling may be met."""
    kind, J, bounded = rows.key.dtype.type, rows.key.shape[0], False
    count_left(desk, rows.left, width)
    for q in range(J):
        given, served = rows.given[q], desk.given[q]
        for lane in range(width):
            given[lane] = kind(served[lane])
        for line in range(whole.offset.shape[2]):
            if not again:
                fill_rise(whole, g, q, line, start, width, places, rows)
            fill_line(whole, g, q, line, start, width, desk, rows)
        bounded |= may_end(whole, g, q, start, width, longest, desk)
    for q in range(J if bounded else 0):  # seldom: once more is cheaper than always
        room, ends = rows.room[q], desk.other
        room_row(whole, g, q, start, width, desk)
        for lane in range(width):
            room[lane] = kind(ends[lane])
    return bounded


@leaf
def may_end(
    whole: WholeProblem, g: int, q: int, start: int, width: int, longest: int, desk: Desk
) -> bool:
    """Whether a job at place q may be given less, by the end of segment g, than its lane has."""
    if max(whole.order.shape[1], whole.room.shape[1], whole.ceiling.shape[2]) == 1:
        j = whole.order[q, 0]
        return min(whole.room[j, 0], whole.ceiling[g, j, 0]) < longest
    room_row(whole, g, q, start, width, desk)
    ends, limit, bounded = desk.other, desk.limit, False
    for lane in range(width):
        bounded |= ends[lane] < limit[lane]
    return bounded


@leaf
def fill_line(
    whole: WholeProblem, g: int, q: int, line: int, start: int, width: int, desk: Desk, rows: Lanes
) -> None:
    """Put where a line of the jobs at place q begins into its row.

    Products wrap around and are right again in the end: only what fits is filled in.
    """
    kind, begins, by = rows.key.dtype.type, rows.line[q, line], rows.scale[q, line]
    place, plane, order, row = kind(q), whole.offset, whole.order, desk.row
    if plane.shape[3] > 1 and order.shape[1] == 1:  # read where it lies
        j, of = order[q, 0] if plane.shape[1] > 1 else 0, g if plane.shape[0] > 1 else 0
        row = plane[of, j, line, start : start + width]
    else:
        line_row(plane, g, line, order, q, start, width, row)
    for lane in range(width):
        begins[lane] = kind(kind(kind(row[lane]) * by[lane]) + place)


@leaf
def fill_rise(
    whole: WholeProblem,
    g: int,
    q: int,
    line: int,
    start: int,
    width: int,
    places: int,
    rows: Lanes,
) -> None:
    """Put what a grant adds to a line of the jobs at place q into its row, and its scale."""
    kind, rise, by = rows.key.dtype.type, rows.rise[q, line], rows.scale[q, line]
    line_row(whole.factor, g, line, whole.order, q, start, width, by)
    line_row(whole.slope, g, line, whole.order, q, start, width, rise)
    for lane in range(width):
        by[lane] = kind(by[lane] * kind(places))
        rise[lane] = kind(rise[lane] * by[lane])


@leaf
def set_out(
    whole: WholeProblem,
    longest: int,
    sure: int,
    bounded: bool,
    places: int,
    column: int,
    width: int,
    desk: Desk,
    rows: Lanes,
    out: Outcome,
) -> int:
    """Take the first of a block's `longest` steps where `three` can; how many, at most `sure`.

    Keys are found, unless no step is left.
    """
    if sure <= 0 or not starts_ahead(whole) or falls_below(rows, width):
        find_keys(rows, places, width, bounded)
        return 0
    key, line, given, room = rows.key, rows.line, rows.given, rows.room
    for q in range(key.shape[0] if bounded else 0):
        end_jobs(line[q, 0], given[q], room[q], width)
    # Two by two, never one more than is sure; one more than the longest is nobody's, and not taken.
    most = longest if sure >= longest else sure - sure % 2
    taken = three.take_steps(
        line,
        rows.rise,
        given,
        room,
        rows.left,
        whole.order,
        most,
        bounded,
        column,
        width,
        desk,
        out,
    )
    for q in range(key.shape[0] if taken < longest else 0):
        step_back(key[q], given[q], line[q], rows.rise[q], width)
    return min(taken, longest)


@leaf
def find_keys(rows: Lanes, places: int, width: int, bounded: bool) -> None:
    """Keys are where lines stand, and at least 0: −1 is nobody's key, so nobody is granted."""
    kind, chosen = rows.key.dtype.type, rows.chosen
    for lane in range(width):
        chosen[lane] = kind(-1)
    for q in range(rows.key.shape[0]):
        key, place = rows.key[q], kind(q)
        for lane in range(width):
            key[lane] = place
    grant(rows, places, width, bounded)


@leaf
def falls_below(rows: Lanes, width: int) -> bool:
    """Whether one of two lines stands below 0 in any lane, which a key does not."""
    kind = rows.key.dtype.type
    signs = kind(0)
    for q in range(rows.key.shape[0]):
        a, b = rows.line[q, 0], rows.line[q, 1]
        for lane in range(width):
            signs = kind(signs | kind(a[lane] | b[lane]))
    return signs < kind(0)


@leaf
def step_back(
    key: NDArray[Any], given: NDArray[Any], line: NDArray[Any], rise: NDArray[Any], width: int
) -> None:
    """Lines that have moved on with what was given back to where they begin, keys to match.

    Where none falls below 0.
    """
    kind, a, b, rise_a, rise_b = key.dtype.type, line[0], line[1], rise[0], rise[1]
    for lane in range(width):
        key[lane] = max(a[lane], b[lane])
        a[lane] = kind(a[lane] - kind(given[lane] * rise_a[lane]))
        b[lane] = kind(b[lane] - kind(given[lane] * rise_b[lane]))


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
    kind, a, b, rise_a, rise_b = key.dtype.type, line[0], line[1], rise[0], rise[1]
    for lane in range(width):
        mine = kind(-1) if key[lane] == chosen[lane] else kind(0)
        count = kind(given[lane] - mine)
        given[lane] = count
        one, two = (
            stands(a[lane], count, rise_a[lane], kind),
            stands(b[lane], count, rise_b[lane], kind),
        )
        key[lane] = max(key[lane], one, two)
    for more in range(2, line.shape[0]):
        raise_keys(key, given, line[more], rise[more], width)


@leaf
def raise_keys(
    key: NDArray[Any], given: NDArray[Any], line: NDArray[Any], rise: NDArray[Any], width: int
) -> None:
    """Raise keys to where a line stands."""
    kind = key.dtype.type
    for lane in range(width):
        key[lane] = max(key[lane], stands(line[lane], given[lane], rise[lane], kind))


@leaf
def stands(begins: Any, count: Any, rise: Any, kind: Any) -> Any:
    """Where a line stands after `count` grants."""
    return kind(begins + kind(count * rise))


@leaf
def end_jobs(key: NDArray[Any], given: NDArray[Any], room: NDArray[Any], width: int) -> None:
    """A job that has what it may have gets nothing more: the largest key."""
    kind, last = key.dtype.type, largest(key)
    for lane in range(width):
        done = kind(-1) if given[lane] >= room[lane] else kind(0)
        key[lane] = kind((last & done) | (key[lane] & ~done))


@leaf
def collect(rows: Lanes, desk: Desk, width: int) -> None:
    """Keep what was granted, and in how many steps: in one pass, where `add_up` takes another."""
    done = desk.done
    for lane in range(width):
        done[lane] = 0
    for q in range(desk.given.shape[0]):
        given, kept = rows.given[q], desk.given[q]
        for lane in range(width):
            kept[lane] = given[lane]
            done[lane] += given[lane]
