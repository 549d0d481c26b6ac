"""Finals: what each job has at the end, at a cost that does not depend on how much is granted.

Keys never fall, so the claims with key ≤ κ are a prefix of the schedule. The largest κ whose whole
prefix surely fits is found by bisection, counting claims in closed form; the next level is settled
job by job in rank order, and there something is used up: the budget, a pool, a user's cap. Jobs
that get nothing more are dropped, a short burst of real steps clears what is tight, and so on.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fairsched_fast.kernels.jit import jit
from fairsched_fast.kernels.merge import EXHAUSTED, SPENT, STOPPED
from fairsched_fast.kernels.orders import play, scenarios, write_given
from fairsched_fast.kernels.problem import (
    IGNORE,
    INTEGER,
    OFFSET,
    SLOPE,
    STOP,
    Problem,
    Scenario,
    at,
    blank,
    capped,
    claim_key,
    load_segment,
    take,
    unpack,
)

_SAFE_PRODUCT = 2.0**62


@jit
def totals(problem: Problem, on_full: int, first: int, granted: NDArray[np.int32]) -> int:
    """Run S scenarios, writing what each job was given: the same numbers as `steps`.

    Parameters
    ----------
    problem, on_full, first, granted
        As in `steps`.

    Returns
    -------
    int
        The least exact form of keys used: INTEGER, QUOTIENT or TICKS.
    """
    worst = 0
    one = blank(problem)
    no_log = np.empty((0, 0), np.int32)
    for s in range(scenarios(problem)):
        unpack(problem, s, one)
        left = np.int64(problem.budget[at(problem.budget, s)])
        for g in range(problem.ceiling.shape[0]):
            form = load_segment(problem, s, g, one)
            worst = max(worst, form)
            left, state = count_segment(one, form, on_full, left, no_log)
            if state != EXHAUSTED:
                break
        write_given(one, first + s, granted)
    return worst


@jit
def count_segment(
    one: Scenario, form: int, on_full: int, left: int, no_log: NDArray[np.int32]
) -> tuple[int, int]:
    """Grant what the jobs get of one segment.

    Returns
    -------
    (int, int)
        What is left of the budget, and how it ended: SPENT, EXHAUSTED or STOPPED.
    """
    while left > 0:
        level = last_sure_level(one, form, on_full, left)
        left -= count_claims(one, form, level)
        for q in range(one.job.shape[0]):
            take(one, q, one.count[q])
        if left == 0:
            return left, SPENT
        if top_level(one, form) < 0:
            return left, EXHAUSTED
        left, stopped = take_level(one, form, level + 1, on_full, left)
        if stopped:
            return left, STOPPED
        burst = min(left, one.job.shape[0])
        done, state = play(one, form, on_full, 0, burst, 0, no_log)
        left -= done
        if state != SPENT:
            return left, state
    return left, SPENT


@jit
def top_level(one: Scenario, form: int) -> int:
    """The key of the last claim of all; −1 where no job has any left."""
    top = np.int64(-1)
    for q in range(one.job.shape[0]):
        if one.given[q] < one.room[q]:
            top = max(top, claim_key(form, one.lines, one.scaled, q, one.room[q] - 1))
    return top


@jit
def last_sure_level(one: Scenario, form: int, on_full: int, left: int) -> int:
    """The largest κ such that every remaining claim with key ≤ κ is sure to be granted."""
    high = top_level(one, form)
    if prefix_fits(one, form, high, on_full, left):
        return high
    low = np.int64(-1)
    while high - low > 1:
        middle = low + (high - low) // 2
        if prefix_fits(one, form, middle, on_full, left):
            low = middle
        else:
            high = middle
    return low


@jit
def prefix_fits(one: Scenario, form: int, level: int, on_full: int, left: int) -> bool:
    """Whether budget, users' caps and capacity allow every remaining claim with key ≤ level."""
    if count_claims(one, form, level) > left:
        return False
    count, user, demand = one.count, one.user, one.demand
    J, U = user.shape[0], one.user_left.shape[0]
    if U > 0:
        for u in range(U):
            one.user_count[u] = 0
        for q in range(J):
            if user[q] >= 0:
                one.user_count[user[q]] += count[q]
        for u in range(U):
            if one.user_count[u] > max(0, one.user_left[u]):
                return False
    if on_full == IGNORE:
        return True
    for r in range(demand.shape[0]):
        room = one.free[r]
        for q in range(J):
            if count[q] == 0 or demand[r, q] == 0:
                continue
            if float(demand[r, q]) * float(count[q]) >= _SAFE_PRODUCT:
                return False
            room -= demand[r, q] * count[q]
            if room < 0:
                return False
    return True


@jit
def count_claims(one: Scenario, form: int, level: int) -> int:
    """Count each job's remaining claims with key ≤ level into `one.count`; their sum."""
    total = np.int64(0)
    count, given, room, lines, scaled = one.count, one.given, one.room, one.lines, one.scaled
    for q in range(count.shape[0]):
        count[q] = claims_up_to(form, lines, scaled, q, given[q], room[q], level)
        total += count[q]
    return total


@jit
def claims_up_to(
    form: int,
    lines: NDArray[np.float64],
    scaled: NDArray[np.int64],
    q: int,
    first: int,
    end: int,
    level: int,
) -> int:
    """How many of the claims first…end−1 of the job at place q have a key ≤ level."""
    if first >= end or claim_key(form, lines, scaled, q, first) > level:
        return 0
    if form == INTEGER:
        for line in range(scaled.shape[1]):
            slope = scaled[SLOPE, line, q]
            if slope > 0:
                end = min(end, (level - scaled[OFFSET, line, q]) // slope + 1)
        return end - first
    # Rounded keys have no closed form to trust: find the last such claim on the keys themselves.
    low, step = first, 1
    while first + step < end and claim_key(form, lines, scaled, q, first + step) <= level:
        low, step = first + step, 2 * step
    high = min(end, first + step)
    while high - low > 1:
        middle = low + (high - low) // 2
        if claim_key(form, lines, scaled, q, middle) <= level:
            low = middle
        else:
            high = middle
    return high - first


@jit
def take_level(one: Scenario, form: int, level: int, on_full: int, left: int) -> tuple[int, bool]:
    """Grant the claims of one level in rank order, as far as they go.

    Returns
    -------
    (int, bool)
        What is left of the budget, and whether a job that does not fit stops the run.
    """
    count_claims(one, form, level)
    for q in range(one.job.shape[0]):
        wanted = one.count[q]
        if wanted == 0:
            continue
        if capped(one.user, one.user_left, q):
            one.room[q] = one.given[q]
            continue
        most = min(wanted, left)
        if one.user[q] >= 0:
            most = min(most, one.user_left[one.user[q]])
        full = False
        if on_full != IGNORE:
            allowed = how_many_fit(one, q, most)
            full = allowed < most
            most = allowed
        take(one, q, most)
        left -= most
        if full and on_full == STOP:
            return left, True
        if left == 0:
            return left, False
        if most < wanted:
            one.room[q] = one.given[q]
    return left, False


@jit
def how_many_fit(one: Scenario, q: int, most: int) -> int:
    """How many executors of the job at place q fit into what is free, up to `most`."""
    for r in range(one.free.shape[0]):
        need = one.demand[r, q]
        if need > 0:
            most = min(most, max(0, one.free[r] // need))
    return most
