"""What kernels work on: a `Problem` for many scenarios, and one scenario unpacked from it.

Keys are compared as the rational numbers they are. A scenario's lines are brought to one of three
forms, each an int64 that sorts as the key does:

- INTEGER: over L, the least common multiple of the denominators: max_l (offset + k·slope)·(L/per).
- QUOTIENT: where L is too large, one correctly rounded division a line. Two different keys x/p and
  y/q differ by at least 1/(pq), so their doubles differ while key·p·q < 2^52.
- TICKS: beyond that, and where a line is no whole number: rint(1e12·(offset + k·slope)/per).

Non-negative doubles sort as their bit patterns, so the latter two are kept as bits. A key is always
computed from the whole number k, never by adding up, so every algorithm sees the same key.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fairsched_fast.kernels.jit import inlined, jit

OFFSET, SLOPE, PER = 0, 1, 2  # of a line
INTEGER, QUOTIENT, TICKS, KEYS = (
    0,
    1,
    2,
    3,
)  # forms of keys, from the most exact; KEYS: a function's
SKIP, STOP, IGNORE = 0, 1, 2  # what happens when the chosen job's next executor does not fit
DEAD = np.int64(2**63 - 1)  # the key of a job that gets nothing more

_INTEGER_KEYS = 2.0**62
_WHOLE = 2.0**53
_DISTINCT_DOUBLES = 2.0**52
_TICK = 1e12


class Problem(NamedTuple):
    """Claims and constraints of S scenarios. S' is 1 (shared by all) or S; J' is 1 or J.

    A job's claims come in G segments, one after the other: all claims of the first segments are
    served before any of the second. G' is 1 where all segments have the same lines.
    """

    offset: NDArray[np.float64]  # (G', J, L, S') lines of the claims; a key is at least 0
    slope: NDArray[np.float64]  # (G', J, L, S'), ≥ 0
    per: NDArray[np.float64]  # (G', J, L, S'), ≥ 0; 0: the line adds nothing
    ceiling: NDArray[np.int32]  # (G, J, S') grants of this run up to which a segment goes
    order: NDArray[np.int32]  # (J, S') jobs from the lowest rank, who goes first at a tie
    room: NDArray[np.int32]  # (J, S') executors a job may be given below its ceiling
    budget: NDArray[np.int32]  # (S',) executors to distribute
    free: NDArray[np.int64]  # (R, S') capacity left before the run; negative where over-full
    demand: NDArray[np.int64]  # (J', R, S') what one executor takes, in units of `free`
    user: NDArray[np.int32]  # (J, S') index into U, −1 nobody
    user_left: NDArray[np.int64]  # (U, S') executors a user may be given below its cap


class Scenario(NamedTuple):
    """One scenario, its jobs by place in rank order (q), and how far its run has come.

    Functions that a kernel calls for every grant take the arrays they need, not the whole tuple:
    passing it counts a reference to each of its arrays, ten times the work of the grant.
    """

    job: NDArray[np.int64]  # (J,) the job at each place
    room: NDArray[np.int64]  # (J,) 0 once it gets nothing more
    given: NDArray[np.int64]  # (J,) executors granted so far
    lines: NDArray[np.float64]  # (J, L, 3) offset, slope and per
    scaled: NDArray[np.int64]  # (J, L, 2) offset and slope over the common denominator, for INTEGER
    demand: NDArray[np.int64]  # (J, R)
    free: NDArray[np.int64]  # (R,)
    user: NDArray[np.int64]  # (J,)
    user_left: NDArray[np.int64]  # (U,)
    count: NDArray[np.int64]  # (J,) work space
    user_count: NDArray[np.int64]  # (U,) work space
    key: NDArray[np.int64]  # (places,) keys of the next claims, `places` a power of two ≥ J
    tree: NDArray[np.int64]  # (2 · places,) winner tree over `key`


@jit
def blank(problem: Problem) -> Scenario:
    """Room for one scenario of `problem`, to be filled by `unpack`."""
    _, J, L, _ = problem.offset.shape
    R, U = problem.free.shape[0], problem.user_left.shape[0]
    places = 1
    while places < J:
        places *= 2
    return Scenario(
        np.zeros(J, np.int64),
        np.zeros(J, np.int64),
        np.zeros(J, np.int64),
        np.zeros((J, L, 3)),
        np.zeros((J, L, 2), np.int64),
        np.zeros((J, R), np.int64),
        np.zeros(R, np.int64),
        np.zeros(J, np.int64),
        np.zeros(U, np.int64),
        np.zeros(J, np.int64),
        np.zeros(U, np.int64),
        np.full(places, DEAD, np.int64),
        np.zeros(2 * places, np.int64),
    )


@jit
def at(array: NDArray[Any], s: int) -> int:
    """Where scenario s stands on the last axis: 0 where all share it."""
    return s if array.shape[-1] > 1 else 0


@inlined
def unpack(problem: Problem, s: int, one: Scenario) -> None:
    """Fill `one` with scenario s, nothing granted; its claims are for `load_segment`."""
    J = problem.order.shape[0]
    for q in range(J):
        j = problem.order[q, at(problem.order, s)]
        one.job[q] = j
        one.given[q] = 0
        one.user[q] = problem.user[j, at(problem.user, s)]
        d = j if problem.demand.shape[0] > 1 else 0
        for r in range(one.free.shape[0]):
            one.demand[q, r] = problem.demand[d, r, at(problem.demand, s)]
    for r in range(one.free.shape[0]):
        one.free[r] = problem.free[r, at(problem.free, s)]
    for u in range(one.user_left.shape[0]):
        one.user_left[u] = problem.user_left[u, at(problem.user_left, s)]


@inlined
def load_segment(problem: Problem, s: int, g: int, one: Scenario) -> int:
    """Put the claims of segment g of scenario s into `one`; the form of their keys.

    What was granted so far stays, and does not change the form. A job that has nothing left in the
    segment gets room 0.
    """
    _, J, L, _ = problem.offset.shape
    budget = problem.budget[at(problem.budget, s)]
    of = g if problem.offset.shape[0] > 1 else 0
    for q in range(J):
        j = one.job[q]
        ceiling = problem.ceiling[g, j, at(problem.ceiling, s)]
        one.room[q] = min(budget, ceiling, problem.room[j, at(problem.room, s)])
        for line in range(L):
            one.lines[q, line, OFFSET] = problem.offset[of, j, line, at(problem.offset, s)]
            one.lines[q, line, SLOPE] = problem.slope[of, j, line, at(problem.slope, s)]
            one.lines[q, line, PER] = problem.per[of, j, line, at(problem.per, s)]
    form = settle_form(one.lines, one.scaled, one.room)
    for q in range(J):
        if one.room[q] <= one.given[q]:
            one.room[q] = 0
    return form


@jit
def settle_form(
    lines: NDArray[np.float64], scaled: NDArray[np.int64], room: NDArray[np.int64]
) -> int:
    """Choose the most exact form that holds a segment's keys, and prepare its lines for it.

    The choice depends on the keys' values alone, not on the units they are written in.
    """
    J, L, _ = lines.shape
    exact = True
    for q in range(J):
        for line in range(L):
            if lines[q, line, PER] == 0.0:
                lines[q, line, OFFSET] = 0.0
                lines[q, line, SLOPE] = 0.0
                lines[q, line, PER] = 1.0
            for part in range(3):
                exact = exact and whole(lines[q, line, part])
    if not exact:
        return TICKS
    if scale(lines, scaled, room):
        return INTEGER
    for q in range(J):  # lowest terms: what the denominators are whatever the units
        for line in range(L):
            offset, slope = abs(int(lines[q, line, OFFSET])), int(lines[q, line, SLOPE])
            common = math.gcd(math.gcd(offset, slope), int(lines[q, line, PER]))
            for part in range(3):
                lines[q, line, part] /= float(common)
    if scale(lines, scaled, room):
        return INTEGER
    return QUOTIENT if doubles_tell_apart(lines, room) else TICKS


@jit
def whole(x: float) -> bool:
    """Whether x is a whole number that a double holds exactly."""
    return abs(x) < _WHOLE and x == np.floor(x)


@jit
def scale(lines: NDArray[np.float64], scaled: NDArray[np.int64], room: NDArray[np.int64]) -> bool:
    """Bring all lines over their common denominator; False where the keys would pass 2^62."""
    J, L, _ = lines.shape
    common = 1
    for q in range(J):
        if room[q] == 0:
            continue
        for line in range(L):
            per = int(lines[q, line, PER])
            if common % per != 0:
                factor = per // math.gcd(common, per)
                if float(common) * float(factor) >= _INTEGER_KEYS:
                    return False
                common *= factor
    for q in range(J):
        if room[q] == 0:
            continue
        for line in range(L):
            offset, slope = lines[q, line, OFFSET], lines[q, line, SLOPE]
            factor = common // int(lines[q, line, PER])
            top = max(abs(offset), offset + float(room[q]) * slope)
            if top * float(factor) >= _INTEGER_KEYS:
                return False
            scaled[q, line, OFFSET] = int(offset) * factor
            scaled[q, line, SLOPE] = int(slope) * factor
    return True


@jit
def doubles_tell_apart(lines: NDArray[np.float64], room: NDArray[np.int64]) -> bool:
    """Whether correctly rounded quotients order these keys, equal ones staying equal."""
    J, L, _ = lines.shape
    top, first, second = 0.0, 1.0, 1.0  # the largest key, the two largest denominators
    for q in range(J):
        if room[q] == 0:
            continue
        for line in range(L):
            per = lines[q, line, PER]
            units = lines[q, line, OFFSET] + float(room[q]) * lines[q, line, SLOPE]
            top = max(top, units / per)
            if per > first:
                first, second = per, first
            elif second < per < first:
                second = per
    return max(top, 1.0) * first * second < _DISTINCT_DOUBLES


@jit
def claim_key(
    form: int, lines: NDArray[np.float64], scaled: NDArray[np.int64], q: int, k: int
) -> int:
    """The key of the k-th claim (from 0) of the job at place q: ≥ 0, never falls as k grows."""
    if form == INTEGER:
        best = np.int64(0)
        for line in range(scaled.shape[1]):
            best = max(best, scaled[q, line, OFFSET] + k * scaled[q, line, SLOPE])
        return best
    share = 0.0
    for line in range(lines.shape[1]):
        units = lines[q, line, OFFSET] + float(k) * lines[q, line, SLOPE]
        if form == TICKS:
            share = max(share, np.rint(_TICK * units / lines[q, line, PER]))
        else:
            share = max(share, units / lines[q, line, PER])
    return np.float64(share).view(np.int64)


@jit
def fits(demand: NDArray[np.int64], free: NDArray[np.int64], q: int) -> bool:
    """Whether the next executor of the job at place q fits into what is free."""
    for r in range(free.shape[0]):
        if demand[q, r] > 0 and demand[q, r] > free[r]:
            return False
    return True


@jit
def capped(user: NDArray[np.int64], user_left: NDArray[np.int64], q: int) -> bool:
    """Whether the user of the job at place q is at its cap."""
    return user[q] >= 0 and user_left[user[q]] <= 0


@jit
def take(one: Scenario, q: int, count: int) -> None:
    """Grant `count` executors to the job at place q."""
    one.given[q] += count
    for r in range(one.free.shape[0]):
        one.free[r] -= count * one.demand[q, r]
    if one.user[q] >= 0:
        one.user_left[one.user[q]] -= count
