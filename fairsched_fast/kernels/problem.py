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

from fairsched_fast.kernels.jit import inner, leaf

OFFSET, SLOPE, PER = 0, 1, 2  # of a line
INTEGER, QUOTIENT, TICKS, KEYS = (
    0,
    1,
    2,
    3,
)  # forms of keys, from the most exact; KEYS: a function's
SKIP, STOP, IGNORE = 0, 1, 2  # what happens when the chosen job's next executor does not fit
DEAD = np.int64(2**63 - 1)  # the key of a job that gets nothing more

UNPACKED, SEGMENT, COMMON = 0, 1, 2  # whether and which is in a Scenario, its common denominator
NOTHING = -1

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

    Functions that a kernel calls for every grant take the arrays they need, not the whole tuple,
    which would be taken apart and put together again each time.
    """

    job: NDArray[np.int64]  # (J,) the job at each place
    room: NDArray[np.int64]  # (J,) no more than `given` once it gets nothing more
    given: NDArray[np.int64]  # (J,) executors granted so far
    lines: NDArray[np.float64]  # (3, L, J) offset, slope and per; per is infinite, not 0
    factor: NDArray[np.int64]  # (L, J) what brings a line over the common denominator
    scaled: NDArray[np.int64]  # (2, L, J) offset and slope over it, for INTEGER
    demand: NDArray[np.int64]  # (R, J)
    largest: NDArray[np.int64]  # (R,) demand of all jobs
    free: NDArray[np.int64]  # (R,)
    user: NDArray[np.int64]  # (J,)
    user_left: NDArray[np.int64]  # (U,)
    count: NDArray[np.int64]  # (J,) work space
    user_count: NDArray[np.int64]  # (U,) work space
    kept: NDArray[np.int64]  # (3,) what need not be loaded again: see UNPACKED, SEGMENT, COMMON
    key: NDArray[np.int64]  # (places,) keys of the next claims, `places` a power of two ≥ J
    tree: NDArray[np.int64]  # (2 · places,) winner tree over `key`


@inner
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
        np.zeros((3, L, J)),
        np.zeros((L, J), np.int64),
        np.zeros((2, L, J), np.int64),
        np.zeros((R, J), np.int64),
        np.zeros(R, np.int64),
        np.zeros(R, np.int64),
        np.zeros(J, np.int64),
        np.zeros(U, np.int64),
        np.zeros(J, np.int64),
        np.zeros(U, np.int64),
        np.full(3, NOTHING, np.int64),
        np.full(places, DEAD, np.int64),
        np.zeros(2 * places, np.int64),
    )


@leaf
def at(array: NDArray[Any], s: int) -> int:
    """Where scenario s stands on the last axis: 0 where all share it."""
    return s if array.shape[-1] > 1 else 0


@leaf
def unpack(problem: Problem, s: int, one: Scenario) -> None:
    """Fill `one` with scenario s, nothing granted; its claims are for `load_segment`."""
    R, J = one.demand.shape
    first = one.kept[UNPACKED] == NOTHING
    if first or problem.order.shape[1] > 1:
        first = True  # what the jobs have moves with them
        one.kept[UNPACKED], one.kept[SEGMENT] = 1, NOTHING
        for q in range(J):
            one.job[q] = problem.order[q, at(problem.order, s)]
    if first or problem.user.shape[1] > 1:
        for q in range(J):
            one.user[q] = problem.user[one.job[q], at(problem.user, s)]
    if first or problem.demand.shape[2] > 1:
        each, column = problem.demand.shape[0] > 1, at(problem.demand, s)
        for r in range(R):
            for q in range(J):
                one.demand[r, q] = problem.demand[one.job[q] if each else 0, r, column]
            one.largest[r] = row_max(one.demand[r])
    for q in range(J):
        one.given[q] = 0
    for r in range(R):
        one.free[r] = problem.free[r, at(problem.free, s)]
    for u in range(one.user_left.shape[0]):
        one.user_left[u] = problem.user_left[u, at(problem.user_left, s)]


@leaf
def row_max(row: NDArray[np.int64]) -> int:
    """The largest of a row, or 0."""
    most = np.int64(0)
    for q in range(row.shape[0]):
        most = max(most, row[q])
    return most


@leaf
def load_segment(problem: Problem, s: int, g: int, one: Scenario) -> int:
    """Put the claims of segment g of scenario s into `one`; the form of their keys.

    What was granted so far stays, and does not change the form. A job that has nothing left in the
    segment gets room 0.
    """
    job, room, kept = one.job, one.room, one.kept
    of = g if problem.offset.shape[0] > 1 else 0
    fresh = kept[SEGMENT] != of
    if fresh or problem.per.shape[3] > 1:
        load_lines(problem.per, of, s, job, one.lines[PER])
        kept[COMMON] = prepare_factors(one.lines[PER], one.factor, room)
    if fresh or problem.offset.shape[3] > 1:
        load_lines(problem.offset, of, s, job, one.lines[OFFSET])
    if fresh or problem.slope.shape[3] > 1:
        load_lines(problem.slope, of, s, job, one.lines[SLOPE])
    kept[SEGMENT] = of
    load_room(problem, s, g, job, room)
    if kept[COMMON] > 0 and scale(one.lines, one.factor, room, one.scaled):
        form = INTEGER
    else:
        form = settle_form(one.lines, one.factor, one.scaled, room)
        kept[SEGMENT] = NOTHING  # its lines are changed
    for q in range(job.shape[0]):
        if room[q] <= one.given[q]:
            room[q] = 0
    return form


@leaf
def load_lines(
    source: NDArray[Any], of: int, s: int, job: NDArray[np.int64], out: NDArray[np.float64]
) -> None:
    """One part (G', J, L, S') of the lines of a segment, as rows (L, J) in rank order."""
    column = at(source, s)
    for line in range(out.shape[0]):
        for q in range(out.shape[1]):
            out[line, q] = source[of, job[q], line, column]


@leaf
def load_room(
    problem: Problem, s: int, g: int, job: NDArray[np.int64], room: NDArray[np.int64]
) -> None:
    """Up to how many executors of this run each job may get in segment g."""
    ceiling, most = at(problem.ceiling, s), at(problem.room, s)
    budget = np.int64(problem.budget[at(problem.budget, s)])
    for q in range(room.shape[0]):
        j = job[q]
        room[q] = min(budget, problem.ceiling[g, j, ceiling], problem.room[j, most])


@leaf
def prepare_factors(
    per: NDArray[np.float64], factor: NDArray[np.int64], room: NDArray[np.int64]
) -> int:
    """Make denominators (L, J) of 0 infinite, and find factors to the common one of all jobs.

    A multiple of the one of the jobs with room, it serves as well where keys stay small, and does
    not depend on the room.
    """
    L, J = per.shape
    for line in range(L):
        for q in range(J):
            per[line, q] = np.inf if per[line, q] == 0.0 else per[line, q]
    return find_factors(per, factor, room, np.bool_(True))


@leaf
def find_factors(
    per: NDArray[np.float64], factor: NDArray[np.int64], room: NDArray[np.int64], everyone: bool
) -> int:
    """The least common denominator, and what brings each line over it; 0 where it passes 2^62.

    Lines that add nothing do not count, nor do jobs whose room is 0 unless `everyone` does; their
    factor is 0.
    """
    L, J = per.shape
    common = np.int64(1)
    for line in range(L):
        last = np.inf
        for q in range(J):
            value = per[line, q]
            counts = (value != np.inf) & (everyone | (room[q] > 0))
            if value == last or not counts:
                continue
            last = value
            if not whole(value):
                return 0
            denominator = np.int64(value)
            if common % denominator != 0:
                step = denominator // math.gcd(common, denominator)
                if float(common) * float(step) >= _INTEGER_KEYS:
                    return 0
                common *= step
    for line in range(L):
        last, times = np.inf, np.int64(0)
        for q in range(J):
            value = per[line, q]
            if value != last:
                last, times = value, np.int64(0) if value == np.inf else common // np.int64(value)
            factor[line, q] = times if everyone or room[q] > 0 else 0
    return common


@leaf
def settle_form(
    lines: NDArray[np.float64],
    factor: NDArray[np.int64],
    scaled: NDArray[np.int64],
    room: NDArray[np.int64],
) -> int:
    """Choose the most exact form that holds a segment's keys, and prepare its lines for it.

    The choice depends on the keys' values alone, not on the units they are written in.
    """
    _, L, J = lines.shape
    everyone = np.bool_(False)  # no literal, of which Numba would make a version of its own
    for line in range(L):
        for q in range(J):
            if lines[PER, line, q] == np.inf:
                continue
            for part in range(3):
                if not whole(lines[part, line, q]):
                    return TICKS
    if find_factors(lines[PER], factor, room, everyone) > 0 and scale(lines, factor, room, scaled):
        return INTEGER
    for line in range(L):  # lowest terms: what the denominators are whatever the units
        for q in range(J):
            per = lines[PER, line, q]
            if per == np.inf:
                continue
            offset, slope = abs(int(lines[OFFSET, line, q])), int(lines[SLOPE, line, q])
            divisor = float(math.gcd(math.gcd(offset, slope), int(per)))
            for part in range(3):
                lines[part, line, q] /= divisor
    if find_factors(lines[PER], factor, room, everyone) > 0 and scale(lines, factor, room, scaled):
        return INTEGER
    return QUOTIENT if doubles_tell_apart(lines, room) else TICKS


@leaf
def whole(x: float) -> bool:
    """Whether x is a whole number that a double holds exactly."""
    return (abs(x) < _WHOLE) & (x == np.floor(x))


@leaf
def scale(
    lines: NDArray[np.float64],
    factor: NDArray[np.int64],
    room: NDArray[np.int64],
    scaled: NDArray[np.int64],
) -> bool:
    """Lines times their factors; False where one is a fraction or keys would pass 2^62."""
    _, L, J = lines.shape
    wrong = 0
    for line in range(L):
        for q in range(J):
            offset, slope, times = lines[OFFSET, line, q], lines[SLOPE, line, q], factor[line, q]
            top = max(abs(offset), offset + float(room[q]) * slope) * float(times)
            fine = whole(offset) & whole(slope) & (top < _INTEGER_KEYS)
            wrong += 0 if fine | (times == 0) else 1
            scaled[OFFSET, line, q] = np.int64(offset if fine else 0.0) * times
            scaled[SLOPE, line, q] = np.int64(slope if fine else 0.0) * times
    return wrong == 0


@leaf
def doubles_tell_apart(lines: NDArray[np.float64], room: NDArray[np.int64]) -> bool:
    """Whether correctly rounded quotients order these keys, equal ones staying equal."""
    _, L, J = lines.shape
    top, first, second = 0.0, 1.0, 1.0  # the largest key, the two largest denominators
    for line in range(L):
        for q in range(J):
            per = lines[PER, line, q]
            if room[q] == 0 or per == np.inf:
                continue
            units = lines[OFFSET, line, q] + float(room[q]) * lines[SLOPE, line, q]
            top = max(top, units / per)
            if per > first:
                first, second = per, first
            elif second < per < first:
                second = per
    return max(top, 1.0) * first * second < _DISTINCT_DOUBLES


@leaf
def claim_key(
    form: int, lines: NDArray[np.float64], scaled: NDArray[np.int64], q: int, k: int
) -> int:
    """The key of the k-th claim (from 0) of the job at place q: ≥ 0, never falls as k grows."""
    if form == INTEGER:
        best = np.int64(0)
        for line in range(scaled.shape[1]):
            best = max(best, scaled[OFFSET, line, q] + k * scaled[SLOPE, line, q])
        return best
    share = 0.0
    for line in range(lines.shape[1]):
        units = lines[OFFSET, line, q] + float(k) * lines[SLOPE, line, q]
        if form == TICKS:
            share = max(share, np.rint(_TICK * units / lines[PER, line, q]))
        else:
            share = max(share, units / lines[PER, line, q])
    return np.float64(share).view(np.int64)


@leaf
def fits(demand: NDArray[np.int64], free: NDArray[np.int64], q: int) -> bool:
    """Whether the next executor of the job at place q fits into what is free."""
    for r in range(free.shape[0]):
        if demand[r, q] > 0 and demand[r, q] > free[r]:
            return False
    return True


@leaf
def capped(user: NDArray[np.int64], user_left: NDArray[np.int64], q: int) -> bool:
    """Whether the user of the job at place q is at its cap."""
    return user[q] >= 0 and user_left[user[q]] <= 0


@leaf
def take(one: Scenario, q: int, count: int) -> None:
    """Grant `count` executors to the job at place q."""
    one.given[q] += count
    for r in range(one.free.shape[0]):
        one.free[r] -= count * one.demand[r, q]
    if one.user[q] >= 0:
        one.user_left[one.user[q]] -= count
