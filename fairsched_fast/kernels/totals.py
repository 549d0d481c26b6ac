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
from fairsched_fast.kernels.problem import (
    IGNORE,
    INTEGER,
    STOP,
    Problem,
    Scenario,
    at,
    blank,
    capped,
    claim_key,
    take,
    unpack,
)
from fairsched_fast.kernels.steps import play, scenarios, write_given

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
    no_log = np.empty((0, 0), np.int8)
    for s in range(scenarios(problem)):
        form = unpack(problem, s, one)
        worst = max(worst, form)
        left = np.int64(problem.budget[at(problem.budget, s)])
        while left > 0:
            level = last_sure_level(one, form, on_full, left)
            left -= take_prefix(one, form, level)
            if level == top_level(one, form):
                break
            left, ended = take_level(one, form, level + 1, on_full, left)
            if ended:
                break
            done, ended = play(one, form, on_full, min(left, one.job.shape[0]), 0, no_log)
            left -= done
            if ended:
                break
        write_given(one, first + s, granted)
    return worst


@jit
def top_level(one: Scenario, form: int) -> int:
    """The key of the last claim of all; −1 where no job has any left."""
    top = np.int64(-1)
    for q in range(one.job.shape[0]):
        if one.given[q] < one.room[q]:
            top = max(top, claim_key(form, one, q, one.room[q] - 1))
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
    J, R, U = one.job.shape[0], one.free.shape[0], one.user_left.shape[0]
    budget = left
    for q in range(J):
        count = claims_up_to(one, form, q, level)
        if count == 0:
            continue
        budget -= count
        if budget < 0:
            return False
    if U > 0:
        for u in range(U):
            allowed = one.user_left[u]
            for q in range(J):
                if one.user[q] == u:
                    count = claims_up_to(one, form, q, level)
                    if count > 0:
                        allowed -= count
                        if allowed < 0:
                            return False
    if on_full == IGNORE:
        return True
    for r in range(R):
        room = one.free[r]
        for q in range(J):
            need = one.demand[q, r]
            if need == 0:
                continue
            count = claims_up_to(one, form, q, level)
            if count == 0:
                continue
            if float(need) * float(count) >= _SAFE_PRODUCT:
                return False
            room -= need * count
            if room < 0:
                return False
    return True


@jit
def claims_up_to(one: Scenario, form: int, q: int, level: int) -> int:
    """How many remaining claims of the job at place q have a key ≤ level."""
    low, high = one.given[q], one.room[q]
    if low >= high or claim_key(form, one, q, low) > level:
        return 0
    if form == INTEGER:
        for line in range(one.scaled_offset.shape[1]):
            slope = one.scaled_slope[q, line]
            if slope > 0:
                high = min(high, (level - one.scaled_offset[q, line]) // slope + 1)
        return high - low
    if claim_key(form, one, q, high - 1) <= level:
        return high - low
    # Rounded keys: the last k with key ≤ level, found on the keys themselves.
    start = low
    high -= 1
    while high - low > 1:
        middle = low + (high - low) // 2
        if claim_key(form, one, q, middle) <= level:
            low = middle
        else:
            high = middle
    return low + 1 - start


@jit
def take_prefix(one: Scenario, form: int, level: int) -> int:
    """Grant every remaining claim with key ≤ level; how many they were."""
    taken = 0
    for q in range(one.job.shape[0]):
        count = claims_up_to(one, form, q, level)
        if count > 0:
            take(one, q, count)
            taken += count
    return taken


@jit
def take_level(one: Scenario, form: int, level: int, on_full: int, left: int) -> tuple[int, bool]:
    """Grant the claims of one level in rank order, as far as they go.

    Returns
    -------
    (int, bool)
        What is left of the budget, and whether the run has ended.
    """
    for q in range(one.job.shape[0]):
        wanted = claims_up_to(one, form, q, level)
        if wanted == 0:
            continue
        if capped(one, q):
            one.room[q] = one.given[q]
            continue
        count = min(wanted, left)
        u = one.user[q]
        if u >= 0:
            count = min(count, one.user_left[u])
        full = False
        if on_full != IGNORE:
            for r in range(one.free.shape[0]):
                need = one.demand[q, r]
                if need > 0:
                    most = max(0, one.free[r] // need)
                    if most < count:
                        count = most
                        full = True
        take(one, q, count)
        left -= count
        if left == 0:
            return left, True
        if full and on_full == STOP:
            return left, True
        if count < wanted:
            one.room[q] = one.given[q]
    return left, False
