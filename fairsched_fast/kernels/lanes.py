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
    at,
    load_segment,
    unpack,
)

LAST = np.int32(2**31 - 1)  # the key of a job that gets nothing more, in a lane


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
    limit = np.int64(problem.budget[at(problem.budget, s)])
    if on_full != IGNORE:
        same = problem.demand.shape[0] == 1
        for r in range(one.free.shape[0]):
            need = np.int64(0)
            for q in range(1 if same else J):
                need = max(need, one.demand[q, r])
            if need > 0:
                most = max(np.int64(0), one.free[r] // need)
                if most < limit:
                    if not same:
                        return False
                    limit = most
    rows.limit[lane] = limit
    return True


@jit
def keys_fit(scaled: NDArray[np.int64], room: NDArray[np.int64]) -> bool:
    """Whether all lines of a segment stay below LAST."""
    for q in range(room.shape[0]):
        if room[q] == 0:
            continue
        for line in range(scaled.shape[1]):
            offset, slope = scaled[q, line, OFFSET], scaled[q, line, SLOPE]
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
            slope = scaled[q, line, SLOPE] if room[q] > 0 else 0
            stand = scaled[q, line, OFFSET] + rows.given[q, lane] * slope if room[q] > 0 else 0
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
