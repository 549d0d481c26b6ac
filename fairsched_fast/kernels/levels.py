"""Finals of a block of scenarios at once, a scenario a SIMD lane; nobody is blocked before others.

Where all demands are equal, what ends a run is a number of steps. Claims with a key up to a level
are a prefix of the schedule, and how many they are has a closed form (see `rows`), here one for
each job's row over the lanes. Newton's method aims at a level a few claims short of the number; the
next levels are granted one by one, jobs in rank order, and lanes that lack more are aimed again.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fairsched_fast.kernels.jit import inner, jit, leaf
from fairsched_fast.kernels.limits import load_limits
from fairsched_fast.kernels.lockstep import add_up, begin, write_ends
from fairsched_fast.kernels.outcome import Outcome
from fairsched_fast.kernels.rows import AT_ONCE, TOP
from fairsched_fast.kernels.whole import (
    Desk,
    WholeProblem,
    blank_desk,
    line_row,
    room_row,
    same_slopes,
)

_TOP = float(TOP)
_MOST = 128  # lanes of a block
_FEWEST = 16
_NEAR = 1 << 18  # bytes of rows that stay near the core
_PASSES = 3  # counts before levels are granted
_CLIMBS = 3  # levels granted before it is counted again; each costs two counts
_SHORT = 0.1  # of a claim a job: what is aimed to be left
_FEW = 3.0  # claims or levels left: no more counts
_PATIENCE = 9  # counts by guesses alone; then every other one halves the bracket


class Levels(NamedTuple):
    """A block's rows, jobs in rank order."""

    offset: NDArray[np.float64]  # (J, L, lanes) lines over the common denominator, whole
    slope: NDArray[np.float64]  # (J, L, lanes)
    inverse: NDArray[np.float64]  # (J, L, lanes) of the slope
    cap: NDArray[np.float64]  # (J, lanes) executors up to which a job may go, less ½
    given: NDArray[np.float64]  # (J, lanes) executors granted
    goal: NDArray[np.float64]  # (lanes,) executors to grant in all
    left: NDArray[np.float64]  # (lanes,) those to go; 0 where there are no claims
    low: NDArray[np.float64]  # (lanes,) all claims up to this level can be granted
    high: NDArray[np.float64]  # (lanes,) not all claims up to this level can be
    below: NDArray[np.float64]  # (lanes,) executors up to `low`
    level: NDArray[np.float64]  # (lanes,) at hand
    total: NDArray[np.float64]  # (lanes,) executors up to it
    last: NDArray[np.float64]  # (lanes,) the level before
    before: NDArray[np.float64]  # (lanes,) executors up to that
    pace: NDArray[np.float64]  # (lanes,) executors a level
    reach: NDArray[np.float64]  # (lanes,) work space, as are the next two
    key: NDArray[np.float64]  # (lanes,)
    following: NDArray[np.float64]  # (lanes,) the least key that is not granted
    who: NDArray[np.int64]  # (lanes,) the scenario of the block


@jit
def run_levels(
    whole: WholeProblem, on_full: int, first: int, begins: int, ends: int, out: Outcome
) -> None:
    """Run scenarios begins…ends−1 in which demands are equal and nobody's executors are capped.

    The same as `run_lanes` does, for keys below 2^50, without the order of grants and at a cost
    that does not depend on their number.

    Parameters
    ----------
    whole, on_full, first, begins, ends, out
        As in `run_lanes`; where `on_full` is IGNORE demands may differ.
    """
    J, R, U = whole.order.shape[0], whole.capacity.shape[0], whole.user_left.shape[0]
    L = whole.offset.shape[2]
    block = max(1, min(block_width(J, L), ends - begins))
    desk, rows = blank_desk(J, R, U, block), blank_levels(J, L, block)
    for start in range(begins, ends, block):
        width = min(ends - start, block)
        tight = load_limits(whole, on_full, start, width, desk)
        begin(desk, width)
        for g in range(whole.ceiling.shape[0]):
            again = start > begins and same_slopes(whole)
            load_segment(whole, g, start, width, again, desk, rows)
            passes, seekers = np.int64(0), width
            while seekers > 0:
                seeking = True
                for _ in range(_PASSES):
                    if seeking:
                        aim(rows, passes, seekers)
                        count(rows, seekers)
                        seeking = narrow(rows, seekers)
                        passes += 1
                climb(rows, seekers)
                seekers = close(desk, rows, seekers)
        add_up(desk, width)
        write_ends(whole, on_full, tight, start, width, desk, first, out)


@leaf
def block_width(J: int, L: int) -> int:
    """How many scenarios a block has at most: fewer the more jobs and lines there are."""
    width = _MOST
    while width > _FEWEST and width * J * (3 * L + 2) * 8 > _NEAR:
        width //= 2
    return width


@inner
def blank_levels(J: int, L: int, lanes: int) -> Levels:
    """Rows of so many lanes."""
    lines, jobs, rows = np.empty((3, J, L, lanes)), np.empty((2, J, lanes)), np.empty((13, lanes))
    return Levels(
        lines[0], lines[1], lines[2], jobs[0], jobs[1], rows[0], rows[1], rows[2], rows[3], rows[4],
        rows[5], rows[6], rows[7], rows[8], rows[9], rows[10], rows[11], rows[12],
        np.empty(lanes, np.int64),
    )  # fmt: skip


@leaf
def load_segment(
    whole: WholeProblem, g: int, start: int, width: int, again: bool, desk: Desk, rows: Levels
) -> None:
    """Put segment g of a block into rows, as far as it was served; slopes only if not `again`.

    What is aimed at first is the mean key once what is left has been shared equally.
    """
    ends, share, level, total = desk.other, rows.last, rows.level, rows.total
    goal, left, low, high, below = rows.goal, rows.left, rows.low, rows.high, rows.below
    J, limit, pace = rows.given.shape[0], desk.limit, rows.pace
    for lane in range(width):
        goal[lane] = float(limit[lane])
        below[lane] = 0.0
        level[lane] = 0.0
        total[lane] = 0.0
        rows.who[lane] = lane
    for q in range(J):
        given, served = rows.given[q], desk.given[q]
        for lane in range(width):
            given[lane] = float(served[lane])
            below[lane] += given[lane]
    for lane in range(width):
        left[lane] = goal[lane] - below[lane]
        share[lane] = np.floor(left[lane] / float(J))
    for q in range(J):
        load_lines(whole, g, q, start, width, again, rows)
        room_row(whole, g, q, start, width, desk)
        cap, given, key = rows.cap[q], rows.given[q], rows.key
        for lane in range(width):
            room = float(ends[lane])
            room = room if room > given[lane] else given[lane]
            cap[lane] = room - 0.5
            total[lane] += room
            level[lane] += key[lane]
    for lane in range(width):
        low[lane] = _TOP if total[lane] <= goal[lane] else -1.0
        high[lane] = _TOP
        rows.last[lane] = -1.0
        rows.before[lane] = below[lane]
        pace[lane] = max(left[lane], 1.0) / (np.floor(level[lane] / float(J)) + 1.0)


@leaf
def close(desk: Desk, rows: Levels, width: int) -> int:
    """Keep what was granted, and move the lanes that go on to the front; how many they are."""
    left, who = rows.left, rows.who
    for q in range(rows.given.shape[0]):
        given, kept = rows.given[q], desk.given[q]
        for lane in range(width):
            kept[who[lane]] = np.int32(given[lane])
    n = np.int64(0)
    for lane in range(width):
        if left[lane] > 0.0:
            if n < lane:
                move(rows, lane, n)
            n += 1
    return n


@leaf
def move(rows: Levels, lane: int, to: int) -> None:
    """Copy what a lane has into another one."""
    for q in range(rows.given.shape[0]):
        for line in range(rows.offset.shape[1]):
            rows.offset[q, line, to] = rows.offset[q, line, lane]
            rows.slope[q, line, to] = rows.slope[q, line, lane]
            rows.inverse[q, line, to] = rows.inverse[q, line, lane]
        rows.cap[q, to] = rows.cap[q, lane]
        rows.given[q, to] = rows.given[q, lane]
    for row in (rows.goal, rows.left, rows.low, rows.high, rows.below, rows.last, rows.before):
        row[to] = row[lane]
    rows.pace[to] = rows.pace[lane]
    rows.who[to] = rows.who[lane]


@leaf
def load_lines(
    whole: WholeProblem, g: int, q: int, start: int, width: int, again: bool, rows: Levels
) -> None:
    """Put the lines of the jobs at place q into rows, and their keys at a share of the steps."""
    factor, key, given, share, order = rows.reach, rows.key, rows.given[q], rows.last, whole.order
    for lane in range(width):
        key[lane] = 0.0
    for line in range(rows.offset.shape[1]):
        offset, slope, inverse = rows.offset[q, line], rows.slope[q, line], rows.inverse[q, line]
        line_row(whole.factor, g, line, order, q, start, width, factor)
        line_row(whole.offset, g, line, order, q, start, width, offset)
        if not again:
            line_row(whole.slope, g, line, order, q, start, width, slope)
            for lane in range(width):
                slope[lane] *= factor[lane]
                inverse[lane] = 1.0 / slope[lane] if slope[lane] > 0.0 else AT_ONCE
        for lane in range(width):
            offset[lane] *= factor[lane]
            here = offset[lane] + (given[lane] + share[lane]) * slope[lane]
            key[lane] = here if here > key[lane] else key[lane]


@leaf
def aim(rows: Levels, passes: int, width: int) -> None:
    """Choose each lane's next level, within its bracket."""
    goal, low, high, level = rows.goal, rows.low, rows.high, rows.level
    last, before, pace = rows.last, rows.before, rows.pace
    halve, short = passes > _PATIENCE and passes % 2 == 0, _SHORT * float(rows.given.shape[0])
    for lane in range(width):
        far = 4.0 * last[lane] + 4.0 if passes > 0 else _TOP  # stride out, not all the way
        top = (high[lane] if high[lane] < far else far) - 1.0
        target = np.floor(last[lane] + (goal[lane] - short - before[lane]) / pace[lane])
        target = np.floor((low[lane] + top) / 2.0) if halve else target
        target = target if target < top else top
        level[lane] = target if target > low[lane] + 1.0 else low[lane] + 1.0


@leaf
def count(rows: Levels, width: int) -> None:
    """How many executors claims up to each lane's level make."""
    total, L = rows.total, rows.offset.shape[1]
    for lane in range(width):
        total[lane] = 0.0
    for q in range(rows.given.shape[0]):
        bound = rows.cap[q]
        if L > 2:
            reach_of_more(rows, q, width)
            bound = rows.reach
        add_job(rows.offset[q], rows.inverse[q], bound, rows.given[q], rows.level, total, width)


@leaf
def add_job(
    offset: NDArray[np.float64],
    inverse: NDArray[np.float64],
    bound: NDArray[np.float64],
    given: NDArray[np.float64],
    level: NDArray[np.float64],
    total: NDArray[np.float64],
    width: int,
) -> None:
    """Add how many executors a job's claims up to each lane's level make."""
    second = min(1, offset.shape[0] - 1)  # the only line twice
    a, b, by_a, by_b = offset[0], offset[second], inverse[0], inverse[second]
    for lane in range(width):
        reach = reach_at(level[lane], a[lane], by_a[lane], b[lane], by_b[lane], bound[lane])
        number = np.floor(reach) + 1.0
        total[lane] += number if number > given[lane] else given[lane]


@leaf
def reach_at(level: float, a: float, by_a: float, b: float, by_b: float, bound: float) -> float:
    """How far a job of two lines goes up to a level: the closed form of `rows`, but the floor."""
    point = level + 0.5
    here, there = (point - a) * by_a, (point - b) * by_b
    here = there if there < here else here
    return here if here < bound else bound


@leaf
def reach_of_more(rows: Levels, q: int, width: int) -> None:
    """How far the cap, and all lines but the first two, let the job at place q go, in `reach`."""
    level, reach, cap = rows.level, rows.reach, rows.cap[q]
    for lane in range(width):
        reach[lane] = cap[lane]
    for line in range(2, rows.offset.shape[1]):
        offset, inverse = rows.offset[q, line], rows.inverse[q, line]
        for lane in range(width):
            here = (level[lane] + 0.5 - offset[lane]) * inverse[lane]
            reach[lane] = here if here < reach[lane] else reach[lane]


@leaf
def narrow(rows: Levels, width: int) -> bool:
    """Narrow brackets by what was counted; whether any is still wide."""
    goal, left, low, high, below = rows.goal, rows.left, rows.low, rows.high, rows.below
    level, total, last, before, pace = rows.level, rows.total, rows.last, rows.before, rows.pace
    seeking, tied = np.int64(0), 2.0 * float(rows.given.shape[0])
    for lane in range(width):
        at, number = level[lane], total[lane]
        kept = number <= goal[lane]
        low[lane] = at if kept and at > low[lane] else low[lane]
        below[lane] = number if kept and number > below[lane] else below[lane]
        high[lane] = high[lane] if kept or at > high[lane] else at
        more, rise = number - before[lane], at - last[lane]
        much = min(tied, goal[lane] * 0.25)  # more than whether a level of ties was passed
        tells = abs(more) > much and rise != 0.0
        slowed = pace[lane] * 0.25 if more == 0.0 and high[lane] == _TOP else pace[lane]
        pace[lane] = more / rise if tells else slowed
        last[lane] = at
        before[lane] = number
        wide = (goal[lane] - below[lane] > _FEW) & (high[lane] - low[lane] > _FEW)
        seeking |= np.int64(wide & (left[lane] > 0.0))
    return seeking != 0


@leaf
def climb(rows: Levels, width: int) -> None:
    """Grant claims up to the levels found and on the next few."""
    goal, left, low, level = rows.goal, rows.left, rows.low, rows.level
    following, last, before, below = rows.following, rows.last, rows.before, rows.below
    going = np.int64(1)
    for lane in range(width):
        level[lane] = max(low[lane], 0.0)  # no key is less, though lines may stand below 0
    for _ in range(1 + _CLIMBS):
        if going == 0:
            break
        for lane in range(width):
            following[lane] = _TOP
        for q in range(rows.given.shape[0]):
            grant(rows, q, width)
        going = np.int64(0)
        for lane in range(width):
            low[lane] = level[lane]
            level[lane] = following[lane]
            left[lane] = left[lane] if following[lane] < _TOP else 0.0
            going |= np.int64(left[lane] > 0.0)
    for lane in range(width):
        last[lane] = low[lane]
        below[lane] = goal[lane] - left[lane]
        before[lane] = below[lane]


@leaf
def grant(rows: Levels, q: int, width: int) -> None:
    """Grant the jobs at place q their claims up to each lane's level; what key follows."""
    given, bound, key, following = rows.given[q], rows.cap[q], rows.key, rows.following
    if rows.offset.shape[1] > 2:
        reach_of_more(rows, q, width)
        bound = rows.reach
    grant_job(
        rows.offset[q], rows.inverse[q], rows.slope[q], bound, rows.cap[q], rows.level, given,
        rows.left, key, width,
    )  # fmt: skip
    for line in range(2, rows.offset.shape[1]):
        offset, slope = rows.offset[q, line], rows.slope[q, line]
        for lane in range(width):
            here = offset[lane] + given[lane] * slope[lane]
            key[lane] = here if here > key[lane] else key[lane]
    for lane in range(width):
        following[lane] = key[lane] if key[lane] < following[lane] else following[lane]


@leaf
def grant_job(
    offset: NDArray[np.float64],
    inverse: NDArray[np.float64],
    slope: NDArray[np.float64],
    bound: NDArray[np.float64],
    cap: NDArray[np.float64],
    level: NDArray[np.float64],
    given: NDArray[np.float64],
    left: NDArray[np.float64],
    key: NDArray[np.float64],
    width: int,
) -> None:
    """Grant a job its claims up to each lane's level; where its first two lines stand then."""
    second = min(1, offset.shape[0] - 1)  # the only line twice
    a, b, by_a, by_b = offset[0], offset[second], inverse[0], inverse[second]
    rise_a, rise_b = slope[0], slope[second]
    for lane in range(width):
        reach = reach_at(level[lane], a[lane], by_a[lane], b[lane], by_b[lane], bound[lane])
        number = np.floor(reach) + 1.0 - given[lane]
        number = number if number < left[lane] else left[lane]
        number = number if number > 0.0 else 0.0
        count = given[lane] + number
        left[lane] -= number
        given[lane] = count
        here, there = a[lane] + count * rise_a[lane], b[lane] + count * rise_b[lane]
        here = there if there > here else here
        here = here if here > 0.0 else 0.0
        key[lane] = here if count < cap[lane] else _TOP
