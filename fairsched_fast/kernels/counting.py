"""Counting: how many claims have a key up to some level, and what they take.

What must not be passed are C limits: of the budget, of each of R resources, of each of U users.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fairsched_fast.kernels.jit import inner, leaf
from fairsched_fast.kernels.problem import IGNORE, Problem, at, claim_key, row_max

UNLIMITED = np.int64(2**62)
_UNLIMITED = 2.0**62
BUDGET = 0  # index of a limit; resource r has 1 + r, user u has 1 + R + u


class Ledger(NamedTuple):
    """What the jobs of a block of B scenarios were given and may be given; by place in rank order.

    B' is 1 where all scenarios are alike.
    """

    job: NDArray[np.int32]  # (B', J) the job at each place
    given: NDArray[np.int32]  # (B, J) executors granted so far
    room: NDArray[np.int32]  # (B, J) up to how many; what was given once it gets no more
    ends: NDArray[np.int32]  # (J,) work space
    demand: NDArray[np.int64]  # (B', R, J); R is 0 where all demands are equal, or ignored
    largest: NDArray[np.float64]  # (B', R) of all jobs'
    user: NDArray[np.int32]  # (B', J); −1 nobody
    used: NDArray[np.int64]  # (B, C) of each limit
    limit: NDArray[np.int64]  # (B, C)
    budget: NDArray[np.int64]  # (B,) the limit may be lower: a pool that all fill alike
    ended: NDArray[np.bool_]  # (B,) nothing more is granted, of any segment


@inner
def blank_ledger(problem: Problem, on_full: int, block: int) -> Ledger:
    """A ledger for a block of `problem`, to be filled by `open_ledger`."""
    J, U = problem.order.shape[0], problem.user_left.shape[0]
    R = problem.free.shape[0] if on_full != IGNORE and problem.demand.shape[0] > 1 else 0
    ranks = problem.order.shape[1] > 1
    job = block if ranks else 1
    demand = block if ranks or problem.demand.shape[2] > 1 else 1
    user = block if ranks or problem.user.shape[1] > 1 else 1
    C = 1 + R + U
    return Ledger(
        np.zeros((job, J), np.int32),
        np.zeros((block, J), np.int32),
        np.zeros((block, J), np.int32),
        np.zeros(J, np.int32),
        np.zeros((demand, R, J), np.int64),
        np.zeros((demand, R)),
        np.zeros((user, J), np.int32),
        np.zeros((block, C), np.int64),
        np.zeros((block, C), np.int64),
        np.zeros(block, np.int64),
        np.zeros(block, np.bool_),
    )


@leaf
def open_ledger(problem: Problem, on_full: int, start: int, width: int, ledger: Ledger) -> None:
    """Enter scenarios start…start+width−1: nothing is granted, nothing may be."""
    order, user, demand = problem.order, problem.user, problem.demand
    J, R = order.shape[0], ledger.demand.shape[1]
    for lane in range(min(width, ledger.job.shape[0])):
        for q in range(J):
            ledger.job[lane, q] = order[q, at(order, start + lane)]
    for lane in range(min(width, ledger.user.shape[0])):
        for q in range(J):
            j = order[q, at(order, start + lane)]
            ledger.user[lane, q] = user[j, at(user, start + lane)]
    for lane in range(min(width, ledger.demand.shape[0])):
        for r in range(R):
            for q in range(J):
                j = order[q, at(order, start + lane)]
                ledger.demand[lane, r, q] = demand[j, r, at(demand, start + lane)]
            ledger.largest[lane, r] = float(row_max(ledger.demand[lane, r]))
    for lane in range(width):
        ledger.ended[lane] = False
        ledger.budget[lane] = problem.budget[at(problem.budget, start + lane)]
        for q in range(J):
            ledger.given[lane, q] = 0
        for c in range(ledger.used.shape[1]):
            ledger.used[lane, c] = 0
        enter_limits(problem, on_full, start + lane, R, ledger.limit[lane])


@leaf
def enter_limits(problem: Problem, on_full: int, s: int, R: int, limit: NDArray[np.int64]) -> None:
    """The limits (C,) of scenario s."""
    free, demand, user_left = problem.free, problem.demand, problem.user_left
    limit[BUDGET] = problem.budget[at(problem.budget, s)]
    for r in range(R):
        limit[1 + r] = max(0, free[r, at(free, s)])
    if R == 0 and on_full != IGNORE:  # all demand the same: the pool is a limit on their number
        for r in range(free.shape[0]):
            need = demand[0, r, at(demand, s)]
            if need > 0:
                limit[BUDGET] = min(limit[BUDGET], max(0, free[r, at(free, s)]) // need)
    for u in range(user_left.shape[0]):
        limit[1 + R + u] = max(0, user_left[u, at(user_left, s)])


@leaf
def open_rooms(problem: Problem, g: int, start: int, width: int, ledger: Ledger) -> int:
    """What each job may be given once segment g is served; the most that any may be."""
    ceiling, room, budget, order = problem.ceiling, problem.room, problem.budget, problem.order
    ends, rooms, given = ledger.ends, ledger.room, ledger.given
    shared = max(room.shape[1], ceiling.shape[2], order.shape[1]) == 1
    most = np.int32(0)
    for lane in range(width):
        s = start + lane
        left = budget[at(budget, s)]
        for q in range(0 if shared and lane > 0 else ends.shape[0]):
            j = order[q, at(order, s)]
            ends[q] = min(room[j, at(room, s)], ceiling[g, j, at(ceiling, s)])
        for q in range(ends.shape[0]):
            rooms[lane, q] = max(min(ends[q], left), given[lane, q])
            most = max(most, rooms[lane, q])
    return np.int64(most)


@leaf
def count_rows(
    start: int,
    stop: int,
    seeking: NDArray[np.bool_],
    level: NDArray[np.int64],
    offset: NDArray[np.float64],
    inverse: NDArray[np.float64],
    given: NDArray[np.int32],
    room: NDArray[np.int32],
    reach: NDArray[np.float64],
    count: NDArray[np.int32],
) -> None:
    """Up to how many executors each job goes with claims of key ≤ level, in closed form."""
    _, L, J = offset.shape
    for lane in range(start, stop):
        if not seeking[lane]:
            continue
        o, i = min(lane, offset.shape[0] - 1), min(lane, inverse.shape[0] - 1)
        point = float(level[lane]) + 0.5
        for q in range(J):
            reach[q] = (point - offset[o, 0, q]) * inverse[i, 0, q]
        for line in range(1, L):
            for q in range(J):
                here = (point - offset[o, line, q]) * inverse[i, line, q]
                reach[q] = here if here < reach[q] else reach[q]
        for q in range(J):
            least, most = float(given[lane, q]), float(room[lane, q])
            number = np.floor(reach[q]) + 1.0
            number = most if number > most else number
            number = least if number < least else number
            count[lane, q] = np.int32(number)


@leaf
def count_by_keys(
    form: int,
    lane: int,
    level: int,
    lines: NDArray[np.float64],
    scaled: NDArray[np.int64],
    given: NDArray[np.int32],
    room: NDArray[np.int32],
    count: NDArray[np.int32],
) -> None:
    """The same for keys of any form: gallop from where the last count (in `count`) stood.

    Rounded keys have no closed form to trust, and counts change little once a search is near.
    """
    for q in range(count.shape[1]):
        low, high = np.int64(given[lane, q]) - 1, np.int64(room[lane, q])  # key(low) ≤ level < …
        probe, step = min(max(np.int64(count[lane, q]), low + 1), high - 1), np.int64(1)
        while high - low > 1:
            if claim_key(form, lines, scaled, q, probe) <= level:
                low = probe
                probe = low + step
            else:
                high = probe
                probe = high - step
            step *= 2
            if not low < probe < high:
                probe = low + (high - low) // 2
        count[lane, q] = high


@leaf
def tally(
    lane: int,
    count: NDArray[np.int32],
    demand: NDArray[np.int64],
    largest: NDArray[np.float64],
    user: NDArray[np.int32],
    used: NDArray[np.int64],
) -> None:
    """What so many executors use of each limit, at most UNLIMITED."""
    _, R, J = demand.shape
    d, w, capped = min(lane, demand.shape[0] - 1), min(lane, user.shape[0] - 1), used.shape[1] - R
    total = np.int64(0)
    for q in range(J):
        total += np.int64(count[lane, q])
    used[lane, BUDGET] = total
    for r in range(R):
        taken = np.int64(0)
        if largest[d, r] * float(total) < _UNLIMITED:
            for q in range(J):
                taken += np.int64(count[lane, q]) * demand[d, r, q]
        else:
            for q in range(J):
                here = float(count[lane, q]) * float(demand[d, r, q])
                more = UNLIMITED if here >= _UNLIMITED else count[lane, q] * demand[d, r, q]
                taken = min(UNLIMITED - 1, taken) + min(UNLIMITED, more)
        used[lane, 1 + r] = min(UNLIMITED, taken)
    for c in range(1 + R, used.shape[1]):
        used[lane, c] = 0
    for q in range(J if capped > 1 else 0):
        if user[w, q] >= 0:
            used[lane, 1 + R + user[w, q]] += np.int64(count[lane, q])
