"""Merging: the claims of one scenario in order, a window of keys at a time.

A job's claims are a few runs, arithmetic progressions of keys: where one line rules. (Rounded keys
are no progressions; a job's claims are then one run whose keys are computed one by one.)

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

from fairsched_fast.kernels.jit import inlined, jit
from fairsched_fast.kernels.problem import (
    DEAD,
    IGNORE,
    INTEGER,
    OFFSET,
    SKIP,
    SLOPE,
    STOP,
    Problem,
    Scenario,
    capped,
    claim_key,
    claims_up_to,
    fits,
)

SPENT, EXHAUSTED, STOPPED = 0, 1, 2  # how it ended: `most` granted, no claim left, no fit
WINDOW = 16384  # claims sorted at once: they and their buckets stay near the core
MOST_CLAIMS = 65535  # claims whose places uint16 holds
_OCTAVES = 8 << 52  # the widest window of rounded keys, bit patterns of doubles: 8 powers of two
_SAFE_PRODUCT = 2.0**62
_AT_ONCE = 8  # claims listed
_SPARE = 4  # buckets a claim
_FULL = 0.85  # of the space for claims
_TRIES = 2  # at widening a window
_FEW = 1024  # claims that are not worth a second look
_ONE_BY_ONE = 64  # claims tested before looking again whether many are sure to fit


class Window(NamedTuple):
    """Work space: n ≤ J·(L + 1) runs in rank order, and the claims of a window, up to M."""

    key: NDArray[np.int64]  # (J·(L + 1),) key of a run's next claim; DEAD where it has none
    step: NDArray[np.int64]  # (J·(L + 1),) from one key of a run to the next, for INTEGER
    rate: NDArray[np.float64]  # (J·(L + 1),) 1 / step; 0 where that is 0
    left: NDArray[np.int64]  # (J·(L + 1),) claims left in a run
    count: NDArray[np.int64]  # (J·(L + 1),) of which in the window
    place: NDArray[np.int64]  # (J·(L + 1),) whose run it is
    claim: NDArray[np.int64]  # (M + 8,) keys run by run, less the lowest
    owner: NDArray[np.uint32]  # (M + 8,) their places
    ordered: NDArray[np.int64]  # (M,) keys in order, where buckets hold several
    start: NDArray[np.uint16]  # (buckets,) where the claims of a bucket go
    top: NDArray[np.int64]  # (J,) key of each job's next claim
    rise: NDArray[np.int64]  # (J,) slope of the line that rules it
    last: NDArray[np.int64]  # (J,) key of its last claim


@jit
def blank_window(problem: Problem, claims: int) -> Window:
    """Work space for windows of up to so many claims."""
    _, J, L, _ = problem.offset.shape
    runs = J * (L + 1)
    buckets = 2
    while buckets < 2 * claims:
        buckets *= 2
    return Window(
        np.empty(runs, np.int64),
        np.empty(runs, np.int64),
        np.empty(runs),
        np.empty(runs, np.int64),
        np.empty(runs, np.int64),
        np.empty(runs, np.int64),
        np.empty(claims + _AT_ONCE, np.int64),
        np.empty(claims + _AT_ONCE, np.uint32),
        np.empty(claims, np.int64),
        np.empty(buckets, np.uint16),
        np.empty(J, np.int64),
        np.empty(J, np.int64),
        np.empty(J, np.int64),
    )


@jit
def merge(
    one: Scenario,
    window: Window,
    form: int,
    on_full: int,
    done: int,
    most: int,
    log: NDArray[np.int32],
    keep: bool,
) -> tuple[int, int]:
    """Grant executors of one segment in order, until `most` are granted; `done` already are.

    `log` has space for a window after `most`; with `keep` the places chosen are written to it from
    `done` on, else it is work space.

    Returns
    -------
    (int, int)
        How many are granted, and how it ended: SPENT, EXHAUSTED or STOPPED.
    """
    n = find_runs(one, form, window)
    width = first_width(form, window.rate, n, most - done)
    while done < most:
        low = lowest(window.key, n)
        if low == DEAD:
            return done, EXHAUSTED
        goal = wanted(window.ordered.shape[0], n, most - done)
        high, total = count_window(one, form, window, n, low, width, goal)
        share = share_that_fits(one, window.count, window.place, n, total, on_full)
        few = max(2 * n, _FEW)
        while share < 1.0 and high > low and total > few:  # as far as all is sure to fit
            share = max(share, float(n) / float(total))
            width = np.int64(0.97 * share * float(high - low))
            high, total = count_window(one, form, window, n, low, width, 1)
            share = share_that_fits(one, window.count, window.place, n, total, on_full)
        width = wider(form, high - low, total, goal)
        out = log[done if keep else 0 :]
        sort_window(one, form, window, n, low, high, total, out)
        if share >= 1.0 and done + total <= most:
            take_all(one)
            done += total
            go_on(one, form, window, n)
        else:
            accepted, stopped = accept(one, on_full, out, total, most - done)
            done += accepted
            if stopped:
                return done, STOPPED
            go_on(one, form, window, n)
            drop_blocked(one, on_full, window, n)
    return done, SPENT


@inlined
def find_runs(one: Scenario, form: int, window: Window) -> int:
    """The runs of a segment's claims that are still to come, in rank order; how many."""
    key, step, rate, left, _, place = window[:6]
    given, room, scaled = one.given, one.room, one.scaled
    top, rise, last = window.top, window.rise, window.last
    if form == INTEGER:
        ruling_lines(scaled, given, room, top, rise, last)
    n = 0
    for q in range(given.shape[0]):
        k, end = given[q], room[q]
        if k >= end:
            continue
        if form == INTEGER:
            key[n], step[n] = top[q], rise[q]
            while key[n] + (end - 1 - k) * step[n] < last[q]:  # it does not rule to the end
                left[n], place[n] = claims_ruled(scaled, q, k, key[n], step[n]), q
                k += left[n]
                n += 1
                key[n], step[n] = ruling_line(scaled, q, k)
        else:
            key[n], step[n] = claim_key(form, one.lines, scaled, q, k), 0
        left[n], place[n] = end - k, q
        n += 1
    for i in range(n):
        rate[i] = 1.0 / float(step[i]) if step[i] > 0 else 0.0
    return n


@jit
def ruling_lines(
    scaled: NDArray[np.int64],
    given: NDArray[np.int64],
    room: NDArray[np.int64],
    top: NDArray[np.int64],
    rise: NDArray[np.int64],
    last: NDArray[np.int64],
) -> None:
    """Key and slope at each job's next claim, the steepest line's of equal ones; its last key."""
    J = given.shape[0]
    for q in range(J):
        top[q] = 0  # no key is below it: one more line
        rise[q] = 0
        last[q] = 0
    for line in range(scaled.shape[1]):
        offset, slope = scaled[OFFSET, line], scaled[SLOPE, line]
        for q in range(J):
            value = offset[q] + given[q] * slope[q]
            above = (value > top[q]) | ((value == top[q]) & (slope[q] > rise[q]))
            top[q] = value if above else top[q]
            rise[q] = slope[q] if above else rise[q]
            last[q] = max(last[q], offset[q] + (room[q] - 1) * slope[q])


@jit
def ruling_line(scaled: NDArray[np.int64], q: int, k: int) -> tuple[int, int]:
    """Key and slope at claim k of the job at place q, the steepest line's of equal ones."""
    top, rise = np.int64(0), np.int64(0)
    for line in range(scaled.shape[1]):
        slope = scaled[SLOPE, line, q]
        value = scaled[OFFSET, line, q] + k * slope
        if value > top or (value == top and slope > rise):
            top, rise = value, slope
    return top, rise


@jit
def claims_ruled(scaled: NDArray[np.int64], q: int, k: int, top: int, rise: int) -> int:
    """How many claims from k on a line rules until a steeper one is above it."""
    ruled = DEAD
    for line in range(scaled.shape[1]):
        slope = scaled[SLOPE, line, q]
        if slope > rise:
            below = top - (scaled[OFFSET, line, q] + k * slope)
            ruled = min(ruled, below // (slope - rise) + 1)
    return ruled


@jit
def wanted(space: int, n: int, most: int) -> int:
    """How many claims a window should have: not many more than will be granted."""
    return min(np.int64(_FULL * float(space)) + 1, most + n)


@jit
def first_width(form: int, rate: NDArray[np.float64], n: int, goal: int) -> int:
    """A guess at how many keys wide a window of so many claims is."""
    if form != INTEGER:
        return _OCTAVES
    dense = 0.0
    for i in range(n):
        dense += rate[i]
    return np.int64(min(float(goal) / dense, _SAFE_PRODUCT)) if dense > 0.0 else 0


@jit
def wider(form: int, width: int, total: int, goal: int) -> int:
    """A guess at how wide a window of `goal` claims is, where one so wide has `total`."""
    times = min(float(goal) / float(total), 16.0)
    widest = _SAFE_PRODUCT if form == INTEGER else float(_OCTAVES)
    return np.int64(min((float(width) + 1.0) * times, widest))


@jit
def lowest(key: NDArray[np.int64], n: int) -> int:
    """The least of the next keys."""
    low = DEAD
    for i in range(n):
        low = min(low, key[i])
    return low


@inlined
def count_window(
    one: Scenario, form: int, window: Window, n: int, low: int, width: int, goal: int
) -> tuple[int, int]:
    """Count each run's claims in a window from `low`: its end, and their sum.

    The width is a guess: a window of far fewer claims than `goal` is widened, one of more than
    there is space for narrowed. A single key may have more. The first of its claims, in rank
    order, make a window of their own.
    """
    count, space = window.count, window.ordered.shape[0]
    tries = 0
    while True:
        width = min(width, DEAD - 1 - low)
        high = low + width
        if form == INTEGER:
            total = count_runs(window.key, window.step, window.rate, window.left, n, high, count)
        else:
            total = count_rounded(one, form, window, n, high)
        if total > space and width > 0:
            width = np.int64(float(width) * min(0.7, _FULL * float(space) / float(total)))
            tries = _TRIES
        elif 2 * total < goal and tries < _TRIES:
            width = wider(form, width, total, goal)
            tries += 1
        else:
            break
    if total > space:
        total = 0
        for i in range(n):
            count[i] = min(count[i], space - total)
            total += count[i]
    return high, total


@inlined
def count_rounded(one: Scenario, form: int, window: Window, n: int, high: int) -> int:
    """`count_runs` for keys that are no progressions."""
    key, left, count, place = window.key, window.left, window.count, window.place
    given, lines, scaled = one.given, one.lines, one.scaled
    total = np.int64(0)
    for i in range(n):
        count[i] = 0
        if key[i] <= high:
            k = given[place[i]]
            count[i] = claims_up_to(form, lines, scaled, place[i], k, k + left[i], high)
        total += count[i]
    return total


@jit
def count_runs(
    key: NDArray[np.int64],
    step: NDArray[np.int64],
    rate: NDArray[np.float64],
    left: NDArray[np.int64],
    n: int,
    high: int,
    count: NDArray[np.int64],
) -> int:
    """Count each run's claims with key ≤ high; their sum."""
    total = np.int64(0)
    for i in range(n):
        ahead = high - key[i]
        steps = np.int64(min(float(ahead) * rate[i], float(left[i])))
        # The product is off by less than one: one step to either side puts it right.
        steps -= np.int64(1) if steps * step[i] > ahead else np.int64(0)
        steps += np.int64(1) if (steps + 1) * step[i] <= ahead else np.int64(0)
        found = min(steps + 1, left[i]) if step[i] > 0 else left[i]
        count[i] = found if ahead >= 0 else np.int64(0)
        total += count[i]
    return total


@inlined
def sort_window(
    one: Scenario,
    form: int,
    window: Window,
    n: int,
    low: int,
    high: int,
    total: int,
    out: NDArray[np.int32],
) -> None:
    """Write the places of the window's claims in order."""
    count, place, claim, owner = window.count, window.place, window.claim, window.owner
    if form == INTEGER:
        list_progressions(window.key, window.step, count, place, n, low, claim, owner)
    else:
        list_rounded(one.given, form, one.lines, one.scaled, count, place, n, low, claim, owner)
    shift, buckets = 0, min(window.start.shape[0], _SPARE * total)
    while (high - low) >> shift >= buckets:
        shift += 1
    start, ordered = window.start[: ((high - low) >> shift) + 1], window.ordered
    count_buckets(claim, total, shift, start)
    place_claims(claim, owner, total, shift, start, ordered, out)
    if shift > 0:
        for i in range(1, total):
            if ordered[i - 1] > ordered[i]:
                insert(ordered, out, i)


@jit
def list_progressions(
    key: NDArray[np.int64],
    step: NDArray[np.int64],
    count: NDArray[np.int64],
    place: NDArray[np.int64],
    n: int,
    low: int,
    claim: NDArray[np.int64],
    owner: NDArray[np.uint32],
) -> None:
    """List the window's claims run by run: how far their keys are above `low`, and their places.

    They are written eight at a time, which is one instruction, the next run over what was too much.
    Unsigned indices, because others are checked for being negative.
    """
    total = np.uint64(0)
    for i in range(n):
        ahead, rise, left, q = key[i] - low, step[i], count[i], np.uint32(place[i])
        while left > 0:
            for t in range(_AT_ONCE):
                claim[total + np.uint64(t)] = ahead + t * rise
                owner[total + np.uint64(t)] = q
            total += np.uint64(min(left, _AT_ONCE))
            ahead += _AT_ONCE * rise
            left -= _AT_ONCE


@jit
def list_rounded(
    given: NDArray[np.int64],
    form: int,
    lines: NDArray[np.float64],
    scaled: NDArray[np.int64],
    count: NDArray[np.int64],
    place: NDArray[np.int64],
    n: int,
    low: int,
    claim: NDArray[np.int64],
    owner: NDArray[np.uint32],
) -> None:
    """`list_progressions` for keys that are none."""
    total = 0
    for i in range(n):
        q = place[i]
        for t in range(count[i]):
            claim[total] = claim_key(form, lines, scaled, q, given[q] + t) - low
            owner[total] = q
            total += 1


@jit
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


@jit
def place_claims(
    claim: NDArray[np.int64],
    owner: NDArray[np.uint32],
    total: int,
    shift: int,
    start: NDArray[np.uint16],
    ordered: NDArray[np.int64],
    out: NDArray[np.int32],
) -> None:
    """Put the claims into their buckets: their places, and their keys where buckets hold several."""
    for i in range(total):
        b = np.uint32(claim[i] >> shift)
        to = start[b]
        start[b] = np.uint16(to + np.uint16(1))
        out[to] = owner[i]
        if shift > 0:
            ordered[to] = claim[i]


@jit
def insert(ordered: NDArray[np.int64], out: NDArray[np.int32], i: int) -> None:
    """Move claim i down to where it belongs among those before it, which are in order."""
    key, q = ordered[i], out[i]
    while i > 0 and ordered[i - 1] > key:
        ordered[i], out[i] = ordered[i - 1], out[i - 1]
        i -= 1
    ordered[i], out[i] = key, q


@inlined
def share_that_fits(
    one: Scenario,
    count: NDArray[np.int64],
    place: NDArray[np.int64],
    n: int,
    total: int,
    on_full: int,
) -> float:
    """About which share of a window's claims caps and capacity allow; 1 only if all.

    On the way the claims of each job are counted.
    """
    wanted, user, demand = one.count, one.user, one.demand
    for q in range(wanted.shape[0]):
        wanted[q] = 0
    for i in range(n):
        wanted[place[i]] += count[i]
    share = 1.0
    if one.user_left.shape[0] > 0:
        one.user_count[:] = 0
        for q in range(wanted.shape[0]):
            if user[q] >= 0:
                one.user_count[user[q]] += wanted[q]
        for u in range(one.user_left.shape[0]):
            share = min(share, part(one.user_left[u], one.user_count[u]))
    if on_full == IGNORE:
        return share
    for r in range(one.free.shape[0]):
        largest, used, needs = np.int64(0), np.int64(0), demand[r]
        for q in range(wanted.shape[0]):
            largest = max(largest, needs[q])
            used += needs[q] * wanted[q]
        if float(largest) * float(total) >= _SAFE_PRODUCT:
            return 0.0
        share = min(share, part(one.free[r], used))
    return share


@jit
def part(there: int, asked: int) -> float:
    """Which part of what is asked for there is: below 1 unless all of it."""
    if asked <= max(0, there):
        return 1.0
    return min(0.99, float(max(0, there)) / float(asked))


@inlined
def take_all(one: Scenario) -> None:
    """Grant the executors counted in `one.count`."""
    given, count, user = one.given, one.count, one.user
    for q in range(given.shape[0]):
        given[q] += count[q]
    spend(one.demand, one.free, count)
    if one.user_left.shape[0] > 0:
        for q in range(given.shape[0]):
            if user[q] >= 0:
                one.user_left[user[q]] -= count[q]


@inlined
def accept(
    one: Scenario, on_full: int, out: NDArray[np.int32], total: int, most: int
) -> tuple[int, bool]:
    """Grant a window's claims one by one, up to `most`, keeping in `out` those that are granted.

    Returns
    -------
    (int, bool)
        How many are granted, and whether a job that does not fit stops the run.
    """
    room, given, demand, free = one.room, one.given, one.demand, one.free
    user, user_left, count = one.user, one.user_left, one.count
    i, accepted, stopped = 0, 0, False
    while i < total and accepted < most and not stopped:
        sure = min(most - accepted, sure_fits(one, on_full))
        if sure > _ONE_BY_ONE:
            i, granted = accept_sure(room, given, count, out, i, total, accepted, sure)
            spend(demand, free, count)
            accepted += granted
            continue
        end = min(i + _ONE_BY_ONE, total)
        while i < end and accepted < most:
            q = np.int64(out[i])
            i += 1
            if given[q] >= room[q]:
                continue
            if capped(user, user_left, q):
                room[q] = given[q]
            elif on_full != IGNORE and not fits(demand, free, q):
                if on_full == STOP:
                    stopped = True
                    break
                room[q] = given[q]
            else:
                given[q] += 1
                for r in range(free.shape[0]):
                    free[r] -= demand[r, q]
                if user[q] >= 0:
                    user_left[user[q]] -= 1
                out[accepted] = q
                accepted += 1
    return accepted, stopped


@inlined
def sure_fits(one: Scenario, on_full: int) -> int:
    """How many executors fit, whoever gets them."""
    sure = np.int64(0) if one.user_left.shape[0] > 0 else DEAD
    if on_full != IGNORE:
        for r in range(one.free.shape[0]):
            largest, needs = np.int64(0), one.demand[r]
            for q in range(needs.shape[0]):
                largest = max(largest, needs[q])
            if largest > 0:
                sure = min(sure, max(np.int64(0), one.free[r]) // largest)
    return sure


@jit
def accept_sure(
    room: NDArray[np.int64],
    given: NDArray[np.int64],
    count: NDArray[np.int64],
    out: NDArray[np.int32],
    i: int,
    total: int,
    accepted: int,
    most: int,
) -> tuple[int, int]:
    """`accept` from claim i on, up to `most` grants that are sure to fit, counted by job.

    Returns
    -------
    (int, int)
        The next claim, and how many are granted.
    """
    for q in range(count.shape[0]):
        count[q] = 0
    before = accepted
    while i < total and accepted - before < most:
        q = np.int64(out[i])
        i += 1
        if given[q] < room[q]:
            given[q] += 1
            count[q] += 1
            out[accepted] = q
            accepted += 1
    return i, accepted - before


@jit
def spend(demand: NDArray[np.int64], free: NDArray[np.int64], count: NDArray[np.int64]) -> None:
    """Take what so many executors of each job need off what is free."""
    for r in range(free.shape[0]):
        used, needs = np.int64(0), demand[r]
        for q in range(count.shape[0]):
            used += needs[q] * count[q]
        free[r] -= used


@inlined
def go_on(one: Scenario, form: int, window: Window, n: int) -> None:
    """Take the window's claims off the runs."""
    take_off(window.key, window.step, window.left, window.count, n)
    if form != INTEGER:
        key, left, given, room = window.key, window.left, one.given, one.room
        for i in range(n):
            q = window.place[i]
            if window.count[i] > 0 and left[i] > 0 and given[q] < room[q]:
                key[i] = claim_key(form, one.lines, one.scaled, q, given[q])


@jit
def take_off(
    key: NDArray[np.int64],
    step: NDArray[np.int64],
    left: NDArray[np.int64],
    count: NDArray[np.int64],
    n: int,
) -> None:
    """Take `count` claims off runs that are progressions."""
    for i in range(n):
        left[i] -= count[i]
        key[i] = key[i] + count[i] * step[i] if left[i] > 0 else DEAD


@inlined
def drop_blocked(one: Scenario, on_full: int, window: Window, n: int) -> None:
    """End the runs of jobs that get nothing more: what is free only shrinks."""
    key, left, place, given, room = window.key, window.left, window.place, one.given, one.room
    demand, free, user, user_left = one.demand, one.free, one.user, one.user_left
    for i in range(n):
        q = place[i]
        if left[i] > 0 and (
            given[q] >= room[q]
            or capped(user, user_left, q)
            or (on_full == SKIP and not fits(demand, free, q))
        ):
            room[q] = given[q]
            key[i], left[i] = DEAD, 0
