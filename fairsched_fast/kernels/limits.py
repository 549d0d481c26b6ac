"""What stops a lane: the budget, a full pool, a user's cap.

Where all demands are equal, capacity is a limit on the steps. Elsewhere single jobs may have to be
stopped before others: as many steps as are sure to fit run untested, and what is left is counted
anew; once that is but a few, every grant is tested.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairsched_fast.kernels.jit import leaf
from fairsched_fast.kernels.problem import IGNORE, STOP
from fairsched_fast.kernels.whole import NO_END, Desk, WholeProblem, largest, spread

_WORTH = 4  # steps: with fewer sure ones, testing each is cheaper than counting what is left


@leaf
def load_limits(whole: WholeProblem, on_full: int, start: int, width: int, desk: Desk) -> bool:
    """Put on the desk what stops each lane; whether single jobs may be stopped before others.

    Where all demands are equal, or nothing can fill the pool, capacity is a limit on the steps.
    """
    limit, need = desk.limit, desk.need
    spread(whole.budget, start, width, limit)
    tight = whole.user_left.shape[0] > 0
    if on_full == IGNORE:
        return tight
    for r in range(whole.capacity.shape[0]):
        free = desk.free[r]
        find_free(whole, r, start, width, desk)
        find_need(whole.demand, r, start, width, desk)
        if whole.demand.shape[0] == 1:
            cut_short(free, need, limit, width, whole.demand.shape[2] == 1)
            continue
        for lane in range(width):
            tight |= np.int64(need[lane]) * np.int64(limit[lane]) > np.int64(free[lane])
    return tight


@leaf
def cut_short(
    free: NDArray[np.int32],
    need: NDArray[np.int32],
    limit: NDArray[np.int32],
    width: int,
    same: bool,
) -> None:
    """End each lane with the last step that fits; `same`: all lanes need as much.

    Both numbers are below 2³¹, so the quotient of two doubles has the right whole part. A product
    with the inverse takes half the time, and falls short by at most one: it is never too large,
    being wrong by less than a quotient is below the next whole number.
    """
    if same:
        step, inverse = need[0], 1.0 / float(max(need[0], np.int32(1)))
        for lane in range(width if step > 0 and may_fall_short(free, step, limit, width) else 0):
            there = max(free[lane], np.int32(0))
            most = np.int32(float(there) * inverse)
            rest = np.int32(there - np.int32(most * step))
            more = np.int32(1) if rest >= step else np.int32(0)
            limit[lane] = min(limit[lane], np.int32(most + more))
        return
    for lane in range(width):
        most = np.int32(max(float(free[lane]), 0.0) / float(max(need[lane], np.int32(1))))
        limit[lane] = min(limit[lane], most if need[lane] > 0 else NO_END)


@leaf
def may_fall_short(
    free: NDArray[np.int32], step: np.int32, limit: NDArray[np.int32], width: int
) -> bool:
    """Whether a lane has less than its steps need; True where products are beyond 32 bits."""
    short = False
    if step * np.int64(longest_run(limit, width)) > np.int64(NO_END):
        return True
    for lane in range(width):
        short |= np.int32(step * limit[lane]) > free[lane]
    return short


@leaf
def longest_run(limit: NDArray[np.int32], width: int) -> int:
    """The most steps that any lane has."""
    longest = np.int32(0)
    for lane in range(width):
        longest = max(longest, limit[lane])
    return longest


@leaf
def find_free(whole: WholeProblem, r: int, start: int, width: int, desk: Desk) -> None:
    """What is free of a resource before the run, in each lane; −1 where more is used than there is.

    What is below 0 stays there whatever else is taken off, so 32 bits are enough.
    """
    free, own = desk.free[r], whole.usage.shape[0] > 1
    spread(whole.capacity[r], start, width, free)
    for j in range(whole.order.shape[0]):
        take_off(whole.usage[j if own else 0, r], start, width, free)


@leaf
def take_off(row: NDArray[np.int32], start: int, width: int, free: NDArray[np.int32]) -> None:
    """Take what a row (S',) says off what is free in each lane, down to −1."""
    over = np.int32(-1)
    if row.shape[0] > 1:
        part = row[start : start + width]
        for lane in range(width):
            free[lane] = max(np.int32(free[lane] - part[lane]), over)
    else:
        value = row[0]
        for lane in range(width):
            free[lane] = max(np.int32(free[lane] - value), over)


@leaf
def find_need(demand: NDArray[np.int32], r: int, start: int, width: int, desk: Desk) -> None:
    """The largest of all jobs' demands of a resource, in each lane."""
    need, row = desk.need, desk.row
    spread(demand[0, r], start, width, need)
    for j in range(1, demand.shape[0]):
        spread(demand[j, r], start, width, row)
        for lane in range(width):
            need[lane] = max(need[lane], row[lane])


@leaf
def sure_steps(whole: WholeProblem, on_full: int, start: int, width: int, desk: Desk) -> int:
    """How many steps more are sure to be had in every lane, −1 where too few to matter.

    What was granted is on the desk; what is left is counted anew.
    """
    limit, done, need, sure = desk.limit, desk.done, desk.need, np.int64(NO_END)
    for r in range(whole.capacity.shape[0] if on_full != IGNORE else 0):
        free = desk.free[r]
        find_free(whole, r, start, width, desk)
        for q in range(desk.given.shape[0]):
            take_granted(whole, r, q, start, width, desk)
        find_need(whole.demand, r, start, width, desk)
        for lane in range(width):
            runs = (limit[lane] > done[lane]) & (need[lane] > 0)
            most = np.int64(float(free[lane]) / float(max(need[lane], 1))) - 1  # rounded, so less 1
            sure = min(sure, most if runs else np.int64(NO_END))
    if whole.user_left.shape[0] > 0:
        find_user_left(whole, start, width, desk)
        for u in range(whole.user_left.shape[0]):
            for lane in range(width):
                runs = limit[lane] > done[lane]
                sure = min(sure, desk.user_left[u, lane] if runs else np.int64(NO_END))
    return sure if sure >= _WORTH else np.int64(-1)


@leaf
def take_granted(whole: WholeProblem, r: int, q: int, start: int, width: int, desk: Desk) -> None:
    """Take what the jobs at place q were granted off what is free of a resource."""
    order, demand, free, given = whole.order, whole.demand, desk.free[r], desk.given[q]
    wide = demand.shape[2] > 1
    if order.shape[1] == 1 and not wide:
        value = np.int64(demand[order[q, 0] if demand.shape[0] > 1 else 0, r, 0])
        for lane in range(width):
            free[lane] -= value * given[lane]
        return
    for lane in range(width):
        j = order[q, start + lane if order.shape[1] > 1 else 0] if demand.shape[0] > 1 else 0
        free[lane] -= np.int64(demand[j, r, start + lane if wide else 0]) * given[lane]


@leaf
def find_user_left(whole: WholeProblem, start: int, width: int, desk: Desk) -> None:
    """How many executors each user may still be given, in each lane."""
    order, user, left = whole.order, whole.user, desk.user_left
    for u in range(left.shape[0]):
        spread(whole.user_left[u], start, width, left[u])
    for q in range(desk.given.shape[0]):
        for lane in range(width):
            j = order[q, start + lane if order.shape[1] > 1 else 0]
            u = user[j, start + lane if user.shape[1] > 1 else 0]
            if u >= 0:
                left[u, lane] -= desk.given[q, lane]


@leaf
def admit(
    whole: WholeProblem,
    on_full: int,
    start: int,
    width: int,
    places: int,
    desk: Desk,
    key: NDArray[Any],
    left: NDArray[Any],
    chosen: NDArray[Any],
) -> None:
    """Take what the chosen jobs need; block those whose next executor is not to be had."""
    order, demand, user, limit = whole.order, whole.demand, whole.user, desk.limit
    free, user_left = desk.free, desk.user_left
    kind, last = key.dtype.type, largest(key)
    for lane in range(width):
        if chosen[lane] < 0:
            continue
        q = np.int64(chosen[lane]) & (places - 1)
        j = order[q, start + lane if order.shape[1] > 1 else 0]
        u = user[j, start + lane if user.shape[1] > 1 else 0] if user_left.shape[0] > 0 else -1
        capped = u >= 0 and user_left[u, lane] <= 0
        full = not capped and on_full != IGNORE and not fits(demand, free, j, start, lane)
        if capped or full:
            chosen[lane] = kind(-1)
            key[q, lane] = last
            if full and on_full == STOP:  # no step is left
                limit[lane] -= left[lane]
                left[lane] = 0
            continue
        if on_full != IGNORE:
            take(demand, free, j, start, lane)
        if u >= 0:
            user_left[u, lane] -= 1


@leaf
def fits(demand: NDArray[np.int32], free: NDArray[np.int32], j: int, start: int, lane: int) -> bool:
    """Whether the next executor of job j fits into what is free in a lane."""
    d, s = j if demand.shape[0] > 1 else 0, start + lane if demand.shape[2] > 1 else 0
    for r in range(free.shape[0]):
        if demand[d, r, s] > 0 and demand[d, r, s] > free[r, lane]:
            return False
    return True


@leaf
def take(demand: NDArray[np.int32], free: NDArray[np.int32], j: int, start: int, lane: int) -> None:
    """Take an executor of job j off what is free in a lane."""
    d, s = j if demand.shape[0] > 1 else 0, start + lane if demand.shape[2] > 1 else 0
    for r in range(free.shape[0]):
        free[r, lane] -= demand[d, r, s]
