"""Orders: who is granted each executor, step by step.

One scenario at a time, by merging; rounded keys, and more jobs than merging has places for, by a
winner tree over the jobs' next claims. (Few jobs whose keys are whole numbers, and short orders of
more, are for `lanes` and `records`.)
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fairsched_fast.kernels.jit import jit, leaf
from fairsched_fast.kernels.merge import (
    EXHAUSTED,
    MOST_CLAIMS,
    MOST_JOBS,
    SPENT,
    STOPPED,
    WINDOW,
    Window,
    blank_window,
    merge,
)
from fairsched_fast.kernels.outcome import Outcome, blank_log, blank_tile, write_order
from fairsched_fast.kernels.problem import (
    DEAD,
    IGNORE,
    INTEGER,
    STOP,
    Problem,
    Scenario,
    at,
    blank,
    capped,
    claim_key,
    fits,
    load_segment,
    unpack,
)


@jit
def steps(problem: Problem, on_full: int, first: int, out: Outcome) -> int:
    """Run S scenarios, writing what each job was given and who was chosen at each step.

    Parameters
    ----------
    problem
        The S scenarios.
    on_full
        SKIP, STOP or IGNORE.
    first
        Scenario of the outputs that the problem's scenario 0 is.
    out
        Its `granted` and its order are written (`blank_outcome` makes one): `small` for up to
        128 jobs, `medium` up to 32,768, else `large`, the other two empty; N ≥ every budget. With
        N = 0 no order is kept. Its `steps` and `stop` are for `stops`.

    Returns
    -------
    int
        The least exact form of keys used: INTEGER, QUOTIENT or TICKS.
    """
    S, worst = scenarios(problem), 0
    one, window = blank(problem), blank_window(problem, claims_at_once(problem))
    log, tile = blank_log(out), blank_tile(out)
    for s in range(S):
        form = run_one(problem, s, on_full, one, window, log)
        worst = max(worst, form)
        write_given(one, first + s, out.granted)
        write_order(log, s, S - 1, first, tile, out)
    return worst


@leaf
def claims_at_once(problem: Problem) -> int:
    """How many claims a window holds: each job's next ones, and no more than are granted."""
    most = np.int64(0)
    for s in range(problem.budget.shape[0]):
        most = max(most, problem.budget[s])
    return min(max(2 * problem.order.shape[0], min(WINDOW, 2 * most + 64)), MOST_CLAIMS)


@leaf
def run_one(
    problem: Problem,
    s: int,
    on_full: int,
    one: Scenario,
    window: Window,
    log: NDArray[np.int32],
) -> int:
    """Run scenario s, its jobs chosen in `log`; the least exact form of keys."""
    unpack(problem, s, one)
    budget = problem.budget[at(problem.budget, s)]
    done, worst = np.int64(0), 0
    for g in range(problem.ceiling.shape[0]):
        form = load_segment(problem, s, g, one)
        worst = max(worst, form)
        if form == INTEGER and one.job.shape[0] <= MOST_JOBS:
            done, state = merge(one, window, on_full, done, budget, log)
        else:
            done, state = play(one, form, on_full, done, budget, log)
        if state != EXHAUSTED:
            break
    if log.shape[0] > 0:
        to_jobs(one.job, log[:done])
        log[done:] = -1
    return worst


@leaf
def to_jobs(job: NDArray[np.int64], chosen: NDArray[np.int32]) -> None:
    """Turn places into jobs."""
    moved = 0
    for q in range(job.shape[0]):
        moved += 1 if job[q] != q else 0
    if moved > 0:
        for n in range(chosen.shape[0]):
            chosen[n] = np.int32(job[np.uint32(chosen[n])])


@leaf
def scenarios(problem: Problem) -> int:
    """S, the longest scenario axis."""
    return max(
        problem.offset.shape[3],
        problem.slope.shape[3],
        problem.per.shape[3],
        problem.ceiling.shape[2],
        problem.order.shape[1],
        problem.room.shape[1],
        problem.budget.shape[0],
        problem.free.shape[1],
        problem.demand.shape[2],
        problem.user.shape[1],
        problem.user_left.shape[1],
    )


@leaf
def write_given(one: Scenario, column: int, granted: NDArray[np.int32]) -> None:
    """Copy the counts from rank order into the output's job order."""
    for q in range(one.job.shape[0]):
        granted[one.job[q], column] = one.given[q]


@leaf
def play(
    one: Scenario, form: int, on_full: int, done: int, most: int, log: NDArray[np.int32]
) -> tuple[int, int]:
    """Grant executors of one segment, one by one, until `most` are granted; `done` already are.

    The places chosen are written to `log` from `done` on, unless it is empty.

    Returns
    -------
    (int, int)
        How many are granted, and how it ended: SPENT, EXHAUSTED or STOPPED.
    """
    room, given, lines, scaled = one.room, one.given, one.lines, one.scaled
    demand, free, user, user_left = one.demand, one.free, one.user, one.user_left
    key, tree = one.key, one.tree
    J, R, places, keep = given.shape[0], free.shape[0], key.shape[0], log.shape[0] > 0
    for q in range(places):
        live = q < J and given[q] < room[q]
        key[q] = claim_key(form, lines, scaled, q, given[q]) if live else DEAD
        tree[places + q] = q
    for node in range(places - 1, 0, -1):
        tree[node] = winner(key, tree, node)
    while done < most:
        q = tree[1]
        if key[q] == DEAD:
            return done, EXHAUSTED
        if capped(user, user_left, q):
            room[q] = given[q]
        elif on_full != IGNORE and not fits(demand, free, q):
            if on_full == STOP:
                return done, STOPPED
            room[q] = given[q]
        else:
            given[q] += 1
            for r in range(R):
                free[r] -= demand[r, q]
            if user[q] >= 0:
                user_left[user[q]] -= 1
            if keep:
                log[done] = q
            done += 1
        key[q] = claim_key(form, lines, scaled, q, given[q]) if given[q] < room[q] else DEAD
        node = (places + q) // 2
        while node > 0:
            tree[node] = winner(key, tree, node)
            node //= 2
    return done, SPENT


@leaf
def winner(key: NDArray[np.int64], tree: NDArray[np.int64], node: int) -> int:
    """The place that wins below a node: the lower key, the left (lower rank) at a tie."""
    left, right = tree[2 * node], tree[2 * node + 1]
    return right if key[right] < key[left] else left
