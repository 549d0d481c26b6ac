"""Orders: who is granted each executor, step by step.

Few jobs: lockstep, a block of scenarios as SIMD lanes. Many jobs, or constraints that single jobs
out: one scenario at a time, a winner tree over the jobs' next claims.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairsched_fast.kernels.jit import jit
from fairsched_fast.kernels.problem import (
    DEAD,
    IGNORE,
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

SPENT, EXHAUSTED, STOPPED = 0, 1, 2  # how `play` ended: `most` granted, no claim left, no fit


@jit
def steps(
    problem: Problem, on_full: int, first: int, granted: NDArray[np.int32], choices: NDArray[Any]
) -> int:
    """Run S scenarios, writing what each job was given and who was chosen at each step.

    Parameters
    ----------
    problem
        The S scenarios.
    on_full
        SKIP, STOP or IGNORE.
    first
        Column of the outputs that the problem's scenario 0 goes to.
    granted : int32 (J, ≥ first + S)
        Executors given to each job; written.
    choices : int8, int16 or int32 (N, ≥ first + S), N ≥ every budget
        The job chosen at each step, −1 where none; written. With N = 0 no order is kept.

    Returns
    -------
    int
        The least exact form of keys used: INTEGER, QUOTIENT or TICKS.
    """
    S = scenarios(problem)
    worst = 0
    one = blank(problem)
    for s in range(S):
        unpack(problem, s, one)
        budget = problem.budget[at(problem.budget, s)]
        done = 0
        for g in range(problem.ceiling.shape[0]):
            form = load_segment(problem, s, g, one)
            worst = max(worst, form)
            done, state = play(one, form, on_full, done, budget, first + s, choices)
            if state != EXHAUSTED:
                break
        for n in range(done, choices.shape[0]):
            choices[n, first + s] = -1
        write_given(one, first + s, granted)
    return worst


@jit
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


@jit
def write_given(one: Scenario, column: int, granted: NDArray[np.int32]) -> None:
    """Copy the counts from rank order into the output's job order."""
    for q in range(one.job.shape[0]):
        granted[one.job[q], column] = one.given[q]


@jit
def play(
    one: Scenario, form: int, on_full: int, done: int, most: int, column: int, choices: NDArray[Any]
) -> tuple[int, int]:
    """Grant executors of one segment, one by one, until `most` are granted; `done` already are.

    Returns
    -------
    (int, int)
        How many are granted, and how it ended: SPENT, EXHAUSTED or STOPPED.
    """
    job, room, given, lines, scaled = one.job, one.room, one.given, one.lines, one.scaled
    demand, free, user, user_left = one.demand, one.free, one.user, one.user_left
    key, tree = one.key, one.tree
    J, R, places, log = job.shape[0], free.shape[0], key.shape[0], choices.shape[0] > 0
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
                free[r] -= demand[q, r]
            if user[q] >= 0:
                user_left[user[q]] -= 1
            if log:
                choices[done, column] = job[q]
            done += 1
        key[q] = claim_key(form, lines, scaled, q, given[q]) if given[q] < room[q] else DEAD
        node = (places + q) // 2
        while node > 0:
            tree[node] = winner(key, tree, node)
            node //= 2
    return done, SPENT


@jit
def winner(key: NDArray[np.int64], tree: NDArray[np.int64], node: int) -> int:
    """The place that wins below a node: the lower key, the left (lower rank) at a tie."""
    left, right = tree[2 * node], tree[2 * node + 1]
    return right if key[right] < key[left] else left
