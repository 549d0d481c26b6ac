"""Lockstep: a block of scenarios as SIMD lanes, one small row per job and line, state in L1.

Row operations are simple loops over lanes with selects written as masks, which is what compilers
turn into vector instructions: `(a & m) | (b & ~m)` with m 0 or −1.

    lane        0    1    2  …            one row per job and line: where that line stands
    line q,l  [ 60   55   70 … ]          grant: line += increment, in the lanes where q was chosen
    key q     [ 60   58   70 … ]          key = max of its lines, LAST once q gets nothing more
    best      [ 20   31   44 … ]          the least key so far, walking the jobs in rank order
    who       [  2    0    1 … ]          whose it is
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fairsched_fast.kernels.jit import inlined, jit
from fairsched_fast.kernels.problem import (
    IGNORE,
    INTEGER,
    OFFSET,
    SLOPE,
    Problem,
    Scenario,
    load_segment,
    unpack,
)

LAST = np.int32(2**31 - 1)  # the key of a job that gets nothing more, in a lane
_MOST = float(LAST)
_NEARLY = 1 - 1e-9  # below, rounding of the product cannot matter


class Lanes(NamedTuple):
    """A block's rows, int32; job rows in rank order."""

    line: NDArray[np.int32]  # (J, L, lanes)
    increment: NDArray[np.int32]  # (J, L, lanes)
    key: NDArray[np.int32]  # (J, lanes)
    given: NDArray[np.int32]  # (J, lanes)
    room: NDArray[np.int32]  # (J, lanes)
    job: NDArray[np.int32]  # (J, lanes)
    limit: NDArray[np.int32]  # (lanes,) steps until the budget is spent or the pool is full
    segment: NDArray[np.int32]  # (lanes,) whose claims the lane is at
    best: NDArray[np.int32]  # (lanes,)
    who: NDArray[np.int32]  # (lanes,)
    common: NDArray[np.float64]  # (lanes,) work space: common denominators
    factor: NDArray[np.float64]  # (lanes,) work space
    offset: NDArray[np.float64]  # (lanes,) work space
    slope: NDArray[np.float64]  # (lanes,) work space


@jit
def blank_lanes(problem: Problem, width: int) -> Lanes:
    """Rows for a block of `width` scenarios, to be filled by `load_lane`."""
    _, J, L, _ = problem.offset.shape
    return Lanes(
        np.zeros((J, L, width), np.int32),
        np.zeros((J, L, width), np.int32),
        np.zeros((J, width), np.int32),
        np.zeros((J, width), np.int32),
        np.zeros((J, width), np.int32),
        np.zeros((J, width), np.int32),
        np.zeros(width, np.int32),
        np.zeros(width, np.int32),
        np.zeros(width, np.int32),
        np.zeros(width, np.int32),
        np.zeros(width),
        np.zeros(width),
        np.zeros(width),
        np.zeros(width),
    )


@inlined
def load_lane(
    problem: Problem, s: int, lane: int, on_full: int, one: Scenario, rows: Lanes
) -> bool:
    """Put scenario s into a lane; False where it needs more than lanes can do.

    Lanes hold integer keys below 2^31 and take capacity as a limit on the number of steps, which it
    is where all demands are equal or nothing can fill the pool.
    """
    unpack(problem, s, one)
    segments, J = problem.ceiling.shape[0], one.job.shape[0]
    for g in range(segments - 1, -1, -1):  # the first stays loaded
        if load_segment(problem, s, g, one) != INTEGER or not keys_fit(one.scaled, one.room):
            return False
    for q in range(J):
        rows.given[q, lane] = 0
        rows.job[q, lane] = one.job[q]
    fill_lane(one.scaled, one.room, lane, rows)
    rows.segment[lane] = 0
    return find_limits(problem, s, 1, on_full, rows.limit[lane : lane + 1])


@jit
def find_limits(
    problem: Problem, start: int, width: int, on_full: int, limit: NDArray[np.int32]
) -> bool:
    """How many steps each lane runs; False where unequal demands can fill a pool."""
    for lane in range(width):
        limit[lane] = LAST
    least(problem.budget, start, width, limit)
    if on_full == IGNORE:
        return True
    for r in range(problem.free.shape[0]):
        if not limit_by(problem.free[r], problem.demand[:, r], start, width, limit):
            return False
    return True


@jit
def limit_by(
    free: NDArray[np.int64],
    demand: NDArray[np.int64],
    start: int,
    width: int,
    limit: NDArray[np.int32],
) -> bool:
    """Lower each lane's limit to what is free (S',) of a resource, by demands (J', S')."""
    wide, varied = free.shape[0] > 1, demand.shape[1] > 1
    for lane in range(width):
        need = np.int64(0)
        for j in range(demand.shape[0]):
            need = max(need, demand[j, start + lane if varied else 0])
        there = free[start + lane if wide else 0]
        if need == 0 or float(need) * float(limit[lane]) < _NEARLY * float(there):
            continue  # enough for all of them: a division saved
        most = max(np.int64(0), there // need)
        if most < limit[lane]:
            if demand.shape[0] > 1:
                return False
            limit[lane] = most
    return True


@jit
def load_block(problem: Problem, start: int, width: int, on_full: int, rows: Lanes) -> bool:
    """Put a block into lanes at once, a tenth of the work of unpacking each scenario.

    False where ranks differ by scenario, claims come in segments, or keys need more than lanes have
    without being brought to lowest terms.
    """
    order, common, factor = problem.order, rows.common, rows.factor
    if problem.ceiling.shape[0] > 1 or order.shape[1] > 1:
        return False
    if not find_common(problem.per[0], start, width, common):
        return False
    _, J, L, _ = problem.offset.shape
    for q in range(J):
        j = order[q, 0]
        room, key, given, job = rows.room[q], rows.key[q], rows.given[q], rows.job[q]
        for lane in range(width):
            room[lane] = LAST
            given[lane] = 0
            job[lane] = j
            key[lane] = 0
        least(problem.room[j], start, width, room)
        least(problem.budget, start, width, room)
        least(problem.ceiling[0, j], start, width, room)
        for line in range(L):
            spread(problem.per[0, j, line], start, width, factor)
            for lane in range(width):  # exact: both are whole, and one divides the other
                factor[lane] = common[lane] / factor[lane] if factor[lane] > 0.0 else 0.0
            spread(problem.offset[0, j, line], start, width, rows.offset)
            spread(problem.slope[0, j, line], start, width, rows.slope)
            if not load_line(rows, q, line, width):
                return False
        for lane in range(width):
            key[lane] = LAST if room[lane] <= 0 else key[lane]
    for lane in range(width):
        rows.segment[lane] = 0
    return find_limits(problem, start, width, on_full, rows.limit)


@jit
def load_line(rows: Lanes, q: int, line: int, width: int) -> bool:
    """Offset and slope, times the factor, into a line's rows; False where they are too much."""
    offset, slope, factor = rows.offset, rows.slope, rows.factor
    room, key = rows.room[q], rows.key[q]
    stand, increment = rows.line[q, line], rows.increment[q, line]
    bad = 0
    for lane in range(width):
        units, rise = offset[lane] * factor[lane], slope[lane] * factor[lane]
        top = units + float(room[lane]) * rise
        whole = (np.floor(offset[lane]) == offset[lane]) & (np.floor(slope[lane]) == slope[lane])
        fits = whole & (units > -_MOST) & (top < _MOST) & (rise < _MOST)
        bad += np.int64(0) if fits else np.int64(1)
        stand[lane] = np.int32(units)
        increment[lane] = np.int32(rise)
    for lane in range(width):
        key[lane] = max(key[lane], stand[lane])
    return bad == 0


@jit
def find_common(
    per: NDArray[np.float64], start: int, width: int, common: NDArray[np.float64]
) -> bool:
    """Least common multiples of denominators (J, L, S'); False where any is no small whole one."""
    shared = per.shape[2] == 1
    for lane in range(1 if shared else width):
        multiple = 1
        for j in range(per.shape[0]):
            for line in range(per.shape[1]):
                value = per[j, line, 0 if shared else start + lane]
                if not (value < _MOST and value == np.floor(value)):
                    return False
                if value == 0.0 or multiple % int(value) == 0:
                    continue
                step = int(value) // math.gcd(multiple, int(value))
                if float(multiple) * float(step) >= _MOST:
                    return False
                multiple *= step
        common[lane] = multiple
    if shared:
        for lane in range(1, width):
            common[lane] = common[0]
    return True


@jit
def spread(row: NDArray[np.float64], start: int, width: int, out: NDArray[np.float64]) -> None:
    """What a row (S',) says of each lane's scenario."""
    if row.shape[0] > 1:
        part = row[start : start + width]
        for lane in range(width):
            out[lane] = part[lane]
    else:
        value = row[0]
        for lane in range(width):
            out[lane] = value


@jit
def least(row: NDArray[np.int32], start: int, width: int, out: NDArray[np.int32]) -> None:
    """Lower each lane of `out` to what a row (S',) says of its scenario."""
    if row.shape[0] > 1:
        part = row[start : start + width]
        for lane in range(width):
            out[lane] = min(out[lane], part[lane])
    else:
        value = row[0]
        for lane in range(width):
            out[lane] = min(out[lane], value)


@jit
def keys_fit(scaled: NDArray[np.int64], room: NDArray[np.int64]) -> bool:
    """Whether all lines of a segment stay below LAST."""
    for q in range(room.shape[0]):
        if room[q] == 0:
            continue
        for line in range(scaled.shape[1]):
            offset, slope = scaled[OFFSET, line, q], scaled[SLOPE, line, q]
            if abs(offset) >= LAST or slope >= LAST or offset + room[q] * slope >= LAST:
                return False
    return True


@jit
def fill_lane(scaled: NDArray[np.int64], room: NDArray[np.int64], lane: int, rows: Lanes) -> None:
    """Put the claims of a segment into a lane, as far as they are served."""
    for q in range(room.shape[0]):
        rows.room[q, lane] = room[q]
        top = np.int32(0)
        for line in range(scaled.shape[1]):
            slope = scaled[SLOPE, line, q] if room[q] > 0 else 0
            stand = scaled[OFFSET, line, q] + rows.given[q, lane] * slope if room[q] > 0 else 0
            rows.line[q, line, lane] = stand
            rows.increment[q, line, lane] = slope
            top = max(top, np.int32(stand))
        rows.key[q, lane] = LAST if room[q] == 0 else top


@jit
def next_segments(
    problem: Problem, start: int, width: int, step: int, one: Scenario, rows: Lanes
) -> None:
    """Lanes that still run and have no claim left in their segment go on to the next one."""
    segments, J = problem.ceiling.shape[0], rows.key.shape[0]
    for lane in range(width):
        while (
            rows.best[lane] == LAST
            and rows.segment[lane] + 1 < segments
            and step < rows.limit[lane]
        ):
            rows.segment[lane] += 1
            unpack(problem, start + lane, one)
            for q in range(J):
                one.given[q] = rows.given[q, lane]
            load_segment(problem, start + lane, rows.segment[lane], one)
            fill_lane(one.scaled, one.room, lane, rows)
            for q in range(J):
                if rows.key[q, lane] < rows.best[lane]:
                    rows.best[lane] = rows.key[q, lane]
                    rows.who[lane] = q


@jit
def run_lanes(
    problem: Problem,
    on_full: int,
    start: int,
    stop: int,
    first: int,
    one: Scenario,
    rows: Lanes,
    granted: NDArray[np.int32],
    choices: NDArray[Any],
) -> bool:
    """Run scenarios start…stop−1 in lockstep; False, with nothing done, where they need more."""
    if problem.user_left.shape[0] > 0:
        return False
    width = stop - start
    if not load_block(problem, start, width, on_full, rows):
        for lane in range(width):
            if not load_lane(problem, start + lane, lane, on_full, one, rows):
                return False
    longest = 0
    for lane in range(width):
        longest = max(longest, rows.limit[lane])
    N, column = choices.shape[0], first + start
    for n in range(longest):
        choose(rows)
        if problem.ceiling.shape[0] > 1:
            next_segments(problem, start, width, n, one, rows)
        if not grant(rows, n):
            longest = n
            break
        if N > 0:
            log = choices[n, column : column + width]
            for lane in range(width):
                log[lane] = rows.job[max(rows.who[lane], 0), lane] if rows.who[lane] >= 0 else -1
    for n in range(longest, N):
        choices[n, column : column + width] = -1
    for q in range(rows.key.shape[0]):
        for lane in range(width):
            granted[rows.job[q, lane], column + lane] = rows.given[q, lane]
    return True


@jit
def choose(rows: Lanes) -> None:
    """In every lane, the place of the least key: the first, in rank order, at a tie."""
    J, width = rows.key.shape
    best, who = rows.best, rows.who
    for lane in range(width):
        best[lane] = rows.key[0, lane]
        who[lane] = 0
    for q in range(1, J):
        key = rows.key[q]
        place = np.int32(q)
        for lane in range(width):
            mask = np.int32(-1) if key[lane] < best[lane] else np.int32(0)
            best[lane] = (key[lane] & mask) | (best[lane] & ~mask)
            who[lane] = (place & mask) | (who[lane] & ~mask)


@jit
def grant(rows: Lanes, n: int) -> bool:
    """Grant step n in every lane that still runs (who = −1 in others); whether any did."""
    J, L, width = rows.line.shape
    best, who, limit = rows.best, rows.who, rows.limit
    step = np.int32(n)
    alive = np.int32(0)
    for lane in range(width):
        over = np.int32(-1) if (best[lane] == LAST) | (step >= limit[lane]) else np.int32(0)
        who[lane] |= over
        alive |= ~over
    if alive == 0:
        return False
    for q in range(J):
        place = np.int32(q)
        key, given, room = rows.key[q], rows.given[q], rows.room[q]
        for lane in range(width):
            given[lane] += np.int32(1) if who[lane] == place else np.int32(0)
        for line in range(L):
            stand, increment = rows.line[q, line], rows.increment[q, line]
            for lane in range(width):
                mask = np.int32(-1) if who[lane] == place else np.int32(0)
                stand[lane] += increment[lane] & mask
                key[lane] = max(stand[lane], key[lane] if line > 0 else np.int32(0))
        for lane in range(width):
            mask = np.int32(-1) if given[lane] >= room[lane] else np.int32(0)
            key[lane] = (LAST & mask) | (key[lane] & ~mask)
    return True
