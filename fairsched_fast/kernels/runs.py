"""Runs: a job's claims as arithmetic progressions of keys.

The claims of a job are a max of lines; where one line rules, they are a progression. A window of
keys then has a number of claims of it in closed form. For INTEGER keys: rounded ones are no
progressions.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fairsched_fast.kernels.jit import leaf
from fairsched_fast.kernels.problem import DEAD, OFFSET, SLOPE, Scenario

# Rows of runs (5, n), which lie in rank order: the key of a run's next claim, DEAD where it has
# none; from one key to the next; claims left; of which in a window; the place of the job.
KEY, STEP, LEFT, COUNT, PLACE = 0, 1, 2, 3, 4
TOP, RISE, LAST = 0, 1, 2  # of a job: its next key, slope of the line that rules it, its last key
AT_ONCE = 16  # claims are listed


@leaf
def find_runs(one: Scenario, runs: NDArray[np.int64], reach: NDArray[np.int64]) -> int:
    """The runs of a segment's claims that are still to come, in rank order; how many."""
    given, room, scaled = one.given, one.room, one.scaled
    find_reach(scaled, given, room, reach)
    n = np.int64(0)
    for q in range(given.shape[0]):
        k, end = given[q], room[q]
        if k >= end:
            continue
        key, step = reach[TOP, q], reach[RISE, q]
        while key + (end - 1 - k) * step < reach[LAST, q]:  # it does not rule to the end
            ruled = claims_ruled(scaled, q, k, key, step)
            add_run(runs, n, key, step, ruled, q)
            n += 1
            k += ruled
            key, step = ruling_line(scaled, q, k)
        add_run(runs, n, key, step, end - k, q)
        n += 1
    return n


@leaf
def add_run(runs: NDArray[np.int64], n: int, key: int, step: int, left: int, q: int) -> None:
    """Write run n."""
    runs[KEY, n], runs[STEP, n], runs[LEFT, n], runs[PLACE, n] = key, step, left, q


@leaf
def find_reach(
    scaled: NDArray[np.int64],
    given: NDArray[np.int64],
    room: NDArray[np.int64],
    reach: NDArray[np.int64],
) -> None:
    """Key and slope at each job's next claim, the steepest line's of equal ones; its last key."""
    J = given.shape[0]
    reach[:] = 0  # no key is below it: one more line
    for line in range(scaled.shape[1]):
        for q in range(J):
            slope = scaled[SLOPE, line, q]
            value = scaled[OFFSET, line, q] + given[q] * slope
            top, rise = reach[TOP, q], reach[RISE, q]
            above = (value > top) | ((value == top) & (slope > rise))
            reach[TOP, q] = value if above else top
            reach[RISE, q] = slope if above else rise
            final = scaled[OFFSET, line, q] + (room[q] - 1) * slope
            reach[LAST, q] = max(reach[LAST, q], final)


@leaf
def ruling_line(scaled: NDArray[np.int64], q: int, k: int) -> tuple[int, int]:
    """Key and slope at claim k of the job at place q, the steepest line's of equal ones."""
    top, rise = np.int64(0), np.int64(0)
    for line in range(scaled.shape[1]):
        slope = scaled[SLOPE, line, q]
        value = scaled[OFFSET, line, q] + k * slope
        if value > top or (value == top and slope > rise):
            top, rise = value, slope
    return top, rise


@leaf
def claims_ruled(scaled: NDArray[np.int64], q: int, k: int, top: int, rise: int) -> int:
    """How many claims from k on a line rules until a steeper one is above it."""
    ruled = DEAD
    for line in range(scaled.shape[1]):
        slope = scaled[SLOPE, line, q]
        if slope > rise:
            below = top - (scaled[OFFSET, line, q] + k * slope)
            ruled = min(ruled, below // (slope - rise) + 1)
    return ruled


@leaf
def lowest(runs: NDArray[np.int64], n: int) -> int:
    """The least of the next keys."""
    low = DEAD
    for i in range(n):
        low = min(low, runs[KEY, i])
    return low


@leaf
def count_claims_to(runs: NDArray[np.int64], n: int, high: int) -> int:
    """Count each run's claims with key ≤ high; their sum."""
    total = np.int64(0)
    for i in range(n):
        ahead, step, left = high - runs[KEY, i], runs[STEP, i], runs[LEFT, i]
        steps = np.int64(min(float(ahead) / float(max(step, 1)), float(left)))
        # The quotient is off by less than one: one step to either side puts it right.
        steps -= np.int64(1) if steps * step > ahead else np.int64(0)
        steps += np.int64(1) if (steps + 1) * step <= ahead else np.int64(0)
        found = min(steps + 1, left) if step > 0 else left
        runs[COUNT, i] = found if ahead >= 0 else np.int64(0)
        total += runs[COUNT, i]
    return total


@leaf
def list_claims(
    runs: NDArray[np.int64],
    n: int,
    low: int,
    claim: NDArray[np.int64],
    owner: NDArray[np.uint16],
    many: int,
) -> None:
    """List the window's claims run by run: how far their keys are above `low`, and their places.

    They are written `many` at a time (AT_ONCE, but not known when this is compiled, or the loop
    would be unrolled to single stores, not made of vectors), the next run over what was too much:
    those of a run that has none as well, for which runs have some no processor predicts.
    Unsigned indices, because others are checked for being negative.
    """
    total = np.uint64(0)
    for i in range(n):
        key, step = runs[KEY, i] - low, runs[STEP, i]
        left, q = runs[COUNT, i], np.uint16(runs[PLACE, i])
        while True:
            for t in range(many):
                claim[total + np.uint64(t)] = key
                owner[total + np.uint64(t)] = q
                key += step
            total += np.uint64(min(left, many))
            left -= many
            if left <= 0:
                break


@leaf
def go_on(runs: NDArray[np.int64], n: int) -> None:
    """Take the window's claims off the runs."""
    for i in range(n):
        count, left = runs[COUNT, i], runs[LEFT, i] - runs[COUNT, i]
        spent = DEAD if left == 0 else np.int64(0)
        runs[LEFT, i] = left
        runs[KEY, i] = (runs[KEY, i] + count * runs[STEP, i]) | spent  # ≥ 0, and DEAD has all bits
