"""Finals: what each job has at the end, at a cost that does not depend on how much is granted.

Keys never fall, so the claims with key ≤ κ are a prefix of the schedule. A search brackets the
level at which the first limit is reached (the budget, a resource, a user's cap), counting claims;
the few claims within the bracket, or those of a single level, are settled one by one as a scheduler
would. Jobs that can get nothing more are dropped, and the search goes on to the next limit.

Scenarios are searched in blocks: a function is called once for all of them, since Numba counts a
reference to each array at a call (and at each turn of a loop that reads a tuple).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fairsched_fast.kernels.counting import (
    BUDGET,
    Ledger,
    blank_ledger,
    count_by_keys,
    count_rows,
    open_ledger,
    open_rooms,
)
from fairsched_fast.kernels.jit import inner, jit, leaf
from fairsched_fast.kernels.orders import scenarios
from fairsched_fast.kernels.problem import (
    INTEGER,
    STOP,
    Problem,
    Scenario,
    blank,
    claim_key,
    load_segment,
    unpack,
)
from fairsched_fast.kernels.rows import BLOCK, Rows, blank_rows, load_rows
from fairsched_fast.kernels.search import (
    BY_ROWS,
    MANY,
    Search,
    aim,
    blank_search,
    one_level,
    open_brackets,
    weigh,
)

TOGETHER = 512  # jobs searched at a time: fewer scenarios where each has many


class Claims(NamedTuple):
    """The claims of a bracket in the order they are served."""

    size: NDArray[np.int64]  # (B,)
    key: NDArray[np.int64]  # (B, J + MANY)
    place: NDArray[np.int64]  # (B, J + MANY) whose they are
    wanted: NDArray[np.int64]  # (B, J + MANY) how many


@inner
def blank_claims(B: int, most: int) -> Claims:
    """Lists for B scenarios."""
    return Claims(
        np.zeros(B, np.int64),
        np.zeros((B, most), np.int64),
        np.zeros((B, most), np.int64),
        np.zeros((B, most), np.int64),
    )


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
    worst = INTEGER
    S, G = scenarios(problem), problem.ceiling.shape[0]
    block = min(S, BLOCK)
    one, rows, ledger = blank(problem), blank_rows(problem), blank_ledger(problem, on_full, block)
    J, C = ledger.given.shape[1], ledger.limit.shape[1]
    search = blank_search(block, J, C, G)
    together = min(max(1, TOGETHER // J), block)
    claims = blank_claims(together, J + MANY)
    for start in range(0, S, block):
        width = min(block, S - start)
        open_ledger(problem, on_full, start, width, ledger)
        for g in range(G):
            most = open_rooms(problem, g, start, width, ledger)
            by_rows = load_rows(problem, g, start, width, most, rows)
            for lane in range(0, width, together if by_rows else 1):
                form, end = BY_ROWS, min(lane + together, width)
                if not by_rows:
                    if ledger.ended[lane]:
                        continue
                    form, end = load_alone(problem, start + lane, g, lane, ledger, one), lane + 1
                    worst = max(worst, form)
                serve(form, g, on_full, lane, end, rows, one, ledger, search, claims)
        write_block(ledger, width, first + start, granted)
    return worst


@leaf
def load_alone(problem: Problem, s: int, g: int, lane: int, ledger: Ledger, one: Scenario) -> int:
    """Put segment g of scenario s into `one`, for keys that rows cannot hold; their form."""
    unpack(problem, s, one)
    for q in range(one.given.shape[0]):
        one.given[q] = ledger.given[lane, q]
    return load_segment(problem, s, g, one)


@leaf
def serve(
    form: int,
    g: int,
    on_full: int,
    start: int,
    stop: int,
    rows: Rows,
    one: Scenario,
    ledger: Ledger,
    search: Search,
    claims: Claims,
) -> None:
    """Grant what the jobs get of segment g, in lanes start…stop−1 that have not ended."""
    given, room, used, limit = ledger.given, ledger.room, ledger.used, ledger.limit
    J, C, first = given.shape[1], used.shape[1], True
    for lane in range(start, stop):
        search.low[lane] = -1
        for c in range(C):
            search.pace[lane, c] = search.first_pace[g, c]
    while open_brackets(form, start, stop, on_full == STOP, ledger, search):
        if first and search.first_level[g] < 0:  # any job's key once all have shared equally
            q, lane = 0, start
            while not search.open[lane]:
                lane += 1
            while given[lane, q] == room[lane, q]:
                q += 1
            k = min(limit[lane, BUDGET] // J, np.int64(room[lane, q]) - 1)
            search.first_level[g] = key_at(
                form, lane, rows.offset, rows.slope, one.lines, one.scaled, q, k
            )
        while aim(form, g, start, stop, J, used, limit, search):
            if form == BY_ROWS:
                count_rows(
                    start, stop, search.seeking, search.level, rows.offset, rows.inverse, given,
                    room, search.reach, search.count,
                )  # fmt: skip
            else:
                level = search.level[start]
                count_by_keys(form, start, level, one.lines, one.scaled, given, room, search.count)
            weigh(form, start, stop, ledger, search)
        if first and search.open[stop - 1]:
            search.first_level[g] = max(0, search.low[stop - 1])
            for c in range(C):
                search.first_pace[g, c] = search.pace[stop - 1, c]
        list_claims(form, start, stop, rows, one, search, ledger, claims)
        settle(on_full, start, stop, ledger, claims)
        first = False


@leaf
def list_claims(
    form: int, start: int, stop: int, rows: Rows, one: Scenario, search: Search, ledger: Ledger,
    claims: Claims,
) -> None:  # fmt: skip
    """List the claims of each bracket in the order in which they are served."""
    offset, slope, lines, scaled = rows.offset, rows.slope, one.lines, one.scaled
    given, upper, low, high = ledger.given, search.upper, search.low, search.high
    key, place, wanted = claims.key, claims.place, claims.wanted
    opened, size = search.open, claims.size
    for lane in range(start, stop):
        n, row, level = 0, lane - start, one_level(form, low[lane], high[lane])
        for q in range(upper.shape[1] if opened[lane] else 0):
            more = np.int64(upper[lane, q]) - np.int64(given[lane, q])
            if level and more > 0:  # of one key, so in rank order, a job's together
                place[row, n], wanted[row, n] = q, more
                n += 1
                more = 0
            for k in range(more):  # few: sorted by key, then rank
                mine = key_at(form, lane, offset, slope, lines, scaled, q, given[lane, q] + k)
                i = n
                while i > 0 and key[row, i - 1] > mine:
                    key[row, i], place[row, i] = key[row, i - 1], place[row, i - 1]
                    i -= 1
                key[row, i], place[row, i], wanted[row, n] = mine, q, 1
                n += 1
        size[row] = n
        low[lane] = high[lane]


@leaf
def key_at(
    form: int,
    lane: int,
    offset: NDArray[np.float64],
    slope: NDArray[np.float64],
    lines: NDArray[np.float64],
    scaled: NDArray[np.int64],
    q: int,
    k: int,
) -> int:
    """The key of the k-th claim of the job at place q."""
    if form != BY_ROWS:
        return claim_key(form, lines, scaled, q, k)
    o, i = min(lane, offset.shape[0] - 1), min(lane, slope.shape[0] - 1)
    best = 0.0
    for line in range(offset.shape[1]):
        best = max(best, offset[o, line, q] + float(k) * slope[i, line, q])
    return np.int64(best)


@leaf
def settle(on_full: int, start: int, stop: int, ledger: Ledger, claims: Claims) -> None:
    """Grant the listed claims in turn, as far as they go."""
    demand, user, used, limit = ledger.demand, ledger.user, ledger.used, ledger.limit
    given, room, ended = ledger.given, ledger.room, ledger.ended
    size, place, wanted = claims.size, claims.place, claims.wanted
    _, R, _ = demand.shape
    for lane in range(start, stop):
        d, w = min(lane, demand.shape[0] - 1), min(lane, user.shape[0] - 1)
        for i in range(size[lane - start]):
            q = place[lane - start, i]
            u = 1 + R + user[w, q]
            number = min(wanted[lane - start, i], np.int64(room[lane, q] - given[lane, q]))
            number = min(number, limit[lane, BUDGET] - used[lane, BUDGET])
            if user[w, q] >= 0:
                number = min(number, limit[lane, u] - used[lane, u])
            fit = number
            for r in range(R):
                if demand[d, r, q] > 0:
                    fit = min(fit, (limit[lane, 1 + r] - used[lane, 1 + r]) // demand[d, r, q])
            given[lane, q] += fit
            used[lane, BUDGET] += fit
            for r in range(R):
                used[lane, 1 + r] += fit * demand[d, r, q]
            if user[w, q] >= 0:
                used[lane, u] += fit
            if fit < wanted[lane - start, i]:
                room[lane, q] = given[lane, q]
            if fit < number and on_full == STOP:
                ended[lane] = True
            if ended[lane] or used[lane, BUDGET] == limit[lane, BUDGET]:
                break


@leaf
def write_block(ledger: Ledger, width: int, column: int, granted: NDArray[np.int32]) -> None:
    """Copy what a block was given into the output (J, ≥ column + width), in job order."""
    job, given = ledger.job, ledger.given
    for q in range(given.shape[1]):
        if job.shape[0] == 1:
            row = granted[job[0, q], column : column + width]
            for lane in range(width):
                row[lane] = given[lane, q]
            continue
        for lane in range(width):
            granted[job[lane, q], column + lane] = given[lane, q]
