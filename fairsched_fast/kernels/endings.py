"""Why a run ended, read off its final state."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fairsched_fast.kernels.jit import jit, leaf
from fairsched_fast.kernels.orders import scenarios
from fairsched_fast.kernels.outcome import BUDGET, CAPACITY, CEILINGS, USER_CAPS
from fairsched_fast.kernels.problem import IGNORE, Problem, at


@jit
def stops(
    problem: Problem,
    on_full: int,
    first: int,
    granted: NDArray[np.int32],
    steps: NDArray[np.int32],
    stop: NDArray[np.int8],
) -> None:
    """How many executors S scenarios gave, and why each run ended.

    Parameters
    ----------
    problem, on_full, first, granted
        As in `steps` or `totals`, after they ran.
    steps : int32 (≥ first + S,)
        Executors given; written.
    stop : int8 (≥ first + S,)
        BUDGET, CAPACITY, USER_CAPS or CEILINGS; written.
    """
    free = np.empty(problem.free.shape[0], np.int64)
    user_left = np.empty(problem.user_left.shape[0], np.int64)
    for s in range(scenarios(problem)):
        total = np.int64(0)
        for j in range(problem.order.shape[0]):
            total += granted[j, first + s]
        steps[first + s] = total
        if total == problem.budget[at(problem.budget, s)]:
            stop[first + s] = BUDGET
        else:
            stop[first + s] = why_early(problem, s, on_full, granted[:, first + s], free, user_left)


@leaf
def why_early(
    problem: Problem,
    s: int,
    on_full: int,
    given: NDArray[np.int32],
    free: NDArray[np.int64],
    user_left: NDArray[np.int64],
) -> int:
    """Why scenario s ended before its budget; `free` and `user_left` are work space."""
    J, R = problem.order.shape[0], problem.free.shape[0]
    for r in range(R):
        free[r] = problem.free[r, at(problem.free, s)]
    for u in range(user_left.shape[0]):
        user_left[u] = problem.user_left[u, at(problem.user_left, s)]
    for j in range(J):
        d = j if problem.demand.shape[0] > 1 else 0
        for r in range(R):
            free[r] -= given[j] * problem.demand[d, r, at(problem.demand, s)]
        u = problem.user[j, at(problem.user, s)]
        if u >= 0:
            user_left[u] -= given[j]
    reason = CEILINGS
    for j in range(J):
        if given[j] >= problem.room[j, at(problem.room, s)]:
            continue
        u = problem.user[j, at(problem.user, s)]
        if u >= 0 and user_left[u] <= 0:
            reason = USER_CAPS
        elif on_full != IGNORE:
            d = j if problem.demand.shape[0] > 1 else 0
            for r in range(R):
                need = problem.demand[d, r, at(problem.demand, s)]
                if need > 0 and need > free[r]:
                    return CAPACITY
    return reason
