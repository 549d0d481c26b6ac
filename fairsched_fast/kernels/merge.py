"""Merging: the claims of one scenario in order, a window of keys at a time.

A job's claims are a few runs, arithmetic progressions of keys.

    low                     high        the next window: the claims with these keys, some thousands
    |  a   a   a   a   a      |   a     a run of job a
    |    b         b          |   b     one of job b
    | c c c c c c c c c c c c | c       …
    buckets of keys: count the claims of each, sum up, and every claim's place in order is known

Runs lie in rank order and the sort by buckets is stable, so ties are right as they come. Where
buckets hold several keys, an insertion sort puts right what little is left. A window that surely
fits is granted as a whole, with no test of its claims; in others, claims that do not fit are left
out, and their jobs with them.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fairsched_fast.kernels.accepting import accept, drop_blocked, share_that_fits, take_all
from fairsched_fast.kernels.jit import inner, leaf
from fairsched_fast.kernels.problem import DEAD, Problem, Scenario
from fairsched_fast.kernels.runs import (
    AT_ONCE,
    COUNT,
    STEP,
    count_claims_to,
    find_runs,
    go_on,
    list_claims,
    lowest,
)

SPENT, EXHAUSTED, STOPPED = 0, 1, 2  # how it ended: `most` granted, no claim left, no fit
WINDOW = 16384  # claims sorted at once: they and their buckets stay near the core
MOST_CLAIMS = MOST_JOBS = 65535  # uint16 holds their places
_WIDEST = 2.0**62
_SPARE = 4  # buckets a claim
_FULL = 0.85  # of the space for claims
_TRIES = 2  # at widening a window
_LOOKS = 3  # at narrowing one that does not fit
_FEW = 1024  # claims that are tested one by one without further ado


class Window(NamedTuple):
    """Work space: n ≤ J·(L + 1) runs in rank order, and the claims of a window, up to M.

    Few arrays, for each is taken apart and put together again wherever they are passed.
    """

    runs: NDArray[np.int64]  # (5, J·(L + 1)) rows KEY … PLACE
    reach: NDArray[np.int64]  # (3, J) rows TOP, RISE, LAST
    claim: NDArray[np.int64]  # (M + AT_ONCE,) keys run by run, less the lowest
    owner: NDArray[np.uint16]  # (M + AT_ONCE,) their places
    ordered: NDArray[np.int64]  # (M,) keys in order, where buckets hold several
    chosen: NDArray[np.uint16]  # (M,) places in order
    start: NDArray[np.uint16]  # (buckets,) where the claims of a bucket go


@inner
def blank_window(problem: Problem, claims: int) -> Window:
    """Work space for windows of up to so many claims."""
    _, J, L, _ = problem.offset.shape
    buckets = 2
    while buckets < 2 * claims:
        buckets *= 2
    return Window(
        np.empty((5, J * (L + 1)), np.int64),
        np.empty((3, J), np.int64),
        np.empty(claims + AT_ONCE, np.int64),
        np.empty(claims + AT_ONCE, np.uint16),
        np.empty(claims, np.int64),
        np.empty(claims, np.uint16),
        np.empty(buckets, np.uint16),
    )


@leaf
def merge(
    one: Scenario,
    window: Window,
    on_full: int,
    done: int,
    most: int,
    log: NDArray[np.int32],
) -> tuple[int, int]:
    """Grant executors of one segment in order, until `most` are granted; `done` already are.

    The places chosen are written to `log` from `done` on, unless it is empty.

    Returns
    -------
    (int, int)
        How many are granted, and how it ended: SPENT, EXHAUSTED or STOPPED.
    """
    runs, chosen, space = window.runs, window.chosen, window.ordered.shape[0]
    n = find_runs(one, runs, window.reach)
    width = first_width(runs, n, min(space, most - done))
    while done < most:
        low = lowest(runs, n)
        if low == DEAD:
            return done, EXHAUSTED
        goal = min(np.int64(_FULL * float(space)) + 1, most - done + n)
        high, total = count_window(runs, space, n, low, width, goal)
        share = share_that_fits(one, runs, n, total, most - done, on_full)
        looks = 0
        while share < 1.0 and high > low and total > max(2 * n, _FEW) and looks < _LOOKS:
            looks += 1  # only as far as all is sure to fit, or not many claims are left to test
            share = max(share, float(n) / float(total))
            width = np.int64(0.97 * share * float(high - low))
            high, total = count_window(runs, space, n, low, width, np.int64(1))
            share = share_that_fits(one, runs, n, total, most - done, on_full)
        width = wider(high - low, total, goal)
        sort_window(window, n, low, high, total)
        all_fit, stopped = share >= 1.0, False
        if all_fit:
            take_all(one)
        else:
            total, stopped = accept(one, on_full, chosen, total, most - done)
        write_log(chosen, total, done, log)
        done += total
        if stopped:
            return done, STOPPED
        go_on(runs, n)
        if not all_fit:
            drop_blocked(one, on_full, runs, n)
    return done, SPENT


@leaf
def first_width(runs: NDArray[np.int64], n: int, goal: int) -> int:
    """A guess at how many keys wide a window of so many claims is."""
    dense = 0.0
    for i in range(n):
        dense += 1.0 / float(runs[STEP, i]) if runs[STEP, i] > 0 else 0.0
    return np.int64(min(float(goal) / dense, _WIDEST)) if dense > 0.0 else 0


@leaf
def wider(width: int, total: int, goal: int) -> int:
    """A guess at how wide a window of `goal` claims is, where one so wide has `total`."""
    times = min(float(goal) / float(total), 16.0)
    return np.int64(min((float(width) + 1.0) * times, _WIDEST))


@leaf
def count_window(
    runs: NDArray[np.int64],
    space: int,
    n: int,
    low: int,
    width: int,
    goal: int,
) -> tuple[int, int]:
    """Count each run's claims in a window from `low`: its end, and their sum.

    The width is a guess: a window of far fewer claims than `goal` is widened, one of more than
    there is space for narrowed. A single key may have more. The first of its claims, in rank
    order, make a window of their own.
    """
    tries = 0
    while True:
        width = min(width, DEAD - 1 - low)
        high = low + width
        total = count_claims_to(runs, n, high)
        if total > space and width > 0:
            width = np.int64(float(width) * min(0.7, _FULL * float(space) / float(total)))
            tries = _TRIES
        elif 2 * total < goal and tries < _TRIES:
            width = wider(width, total, goal)
            tries += 1
        else:
            break
    if total > space:
        total = 0
        for i in range(n):
            runs[COUNT, i] = min(runs[COUNT, i], space - total)
            total += runs[COUNT, i]
    return high, total


@leaf
def sort_window(
    window: Window,
    n: int,
    low: int,
    high: int,
    total: int,
) -> None:
    """Put the places of the window's claims in order, into `window.chosen`."""
    runs, claim, owner, chosen = window.runs, window.claim, window.owner, window.chosen
    at_once = claim.shape[0] - chosen.shape[0]  # AT_ONCE, not known when this is compiled
    list_claims(runs, n, low, claim, owner, at_once)
    shift, buckets = 0, min(window.start.shape[0], _SPARE * total)
    while (high - low) >> shift >= buckets:
        shift += 1
    start, ordered = window.start[: ((high - low) >> shift) + 1], window.ordered
    count_buckets(claim, total, shift, start)
    place_claims(claim, owner, total, shift, start, ordered, chosen)
    if shift > 0:
        for i in range(1, total):
            if ordered[i - 1] > ordered[i]:
                insert(ordered, chosen, i)


@leaf
def count_buckets(
    claim: NDArray[np.int64], total: int, shift: int, start: NDArray[np.uint16]
) -> None:
    """Where the claims of each bucket start: after those of all buckets before it."""
    start[:] = 0
    for i in range(total):
        start[np.uint32(claim[i] >> shift)] += np.uint16(1)
    before = np.uint16(0)
    for b in range(start.shape[0]):
        here = start[b]
        start[b] = before
        before = np.uint16(before + here)


@leaf
def place_claims(
    claim: NDArray[np.int64],
    owner: NDArray[np.uint16],
    total: int,
    shift: int,
    start: NDArray[np.uint16],
    ordered: NDArray[np.int64],
    chosen: NDArray[np.uint16],
) -> None:
    """The claims' places by bucket, run by run in each; keys too where buckets hold several."""
    for i in range(total):
        b = np.uint32(claim[i] >> shift)
        to = start[b]
        start[b] = np.uint16(to + np.uint16(1))
        chosen[to] = owner[i]
        if shift > 0:
            ordered[to] = claim[i]


@leaf
def write_log(chosen: NDArray[np.uint16], count: int, done: int, log: NDArray[np.int32]) -> None:
    """Copy a window's choices to the log, from `done` on, unless it is empty."""
    if log.shape[0] > 0:
        part = log[done : done + count]  # counted from 0: other indices are checked one by one
        for i in range(part.shape[0]):
            part[i] = chosen[i]


@leaf
def insert(ordered: NDArray[np.int64], chosen: NDArray[np.uint16], i: int) -> None:
    """Move claim i down to where it belongs among those before it, which are in order."""
    key, q = ordered[i], chosen[i]
    while i > 0 and ordered[i - 1] > key:
        ordered[i], chosen[i] = ordered[i - 1], chosen[i - 1]
        i -= 1
    ordered[i], chosen[i] = key, q
