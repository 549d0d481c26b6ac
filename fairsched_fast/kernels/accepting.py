"""Accepting: which claims of a window are granted, within users' caps and capacity."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fairsched_fast.kernels.jit import leaf
from fairsched_fast.kernels.problem import DEAD, IGNORE, SKIP, STOP, Scenario, capped, fits
from fairsched_fast.kernels.runs import COUNT, KEY, LEFT, PLACE

_SAFE_PRODUCT = 2.0**62
_ONE_BY_ONE = 64  # claims tested before looking again whether many are sure to fit


@leaf
def share_that_fits(
    one: Scenario,
    runs: NDArray[np.int64],
    n: int,
    total: int,
    left: int,
    on_full: int,
) -> float:
    """About which share of a window's claims budget, caps and capacity allow; 1 only if all.

    On the way the claims of each job are counted.
    """
    wanted, user, demand = one.count, one.user, one.demand
    for q in range(wanted.shape[0]):
        wanted[q] = 0
    for i in range(n):
        wanted[runs[PLACE, i]] += runs[COUNT, i]
    share = part(left, total)
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
        if float(one.largest[r]) * float(total) >= _SAFE_PRODUCT:
            return 0.0
        used, needs = np.int64(0), demand[r]
        for q in range(wanted.shape[0]):
            used += needs[q] * wanted[q]
        share = min(share, part(one.free[r], used))
    return share


@leaf
def part(there: int, asked: int) -> float:
    """Which part of what is asked for there is: below 1 unless all of it."""
    if asked <= max(0, there):
        return 1.0
    return min(0.99, float(max(0, there)) / float(asked))


@leaf
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


@leaf
def accept(
    one: Scenario, on_full: int, chosen: NDArray[np.uint16], total: int, most: int
) -> tuple[int, bool]:
    """Grant a window's claims one by one, up to `most`, keeping in `chosen` those that are granted.

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
            i, granted = accept_sure(room, given, count, chosen, i, total, accepted, sure)
            spend(demand, free, count)
            accepted += granted
            continue
        end = min(i + _ONE_BY_ONE, total)
        while i < end and accepted < most:
            q = np.int64(chosen[i])
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
                chosen[accepted] = q
                accepted += 1
    return accepted, stopped


@leaf
def sure_fits(one: Scenario, on_full: int) -> int:
    """How many executors fit, whoever gets them."""
    sure = np.int64(0) if one.user_left.shape[0] > 0 else DEAD
    if on_full != IGNORE:
        for r in range(one.free.shape[0]):
            if one.largest[r] > 0:
                sure = min(sure, max(np.int64(0), one.free[r]) // one.largest[r])
    return sure


@leaf
def accept_sure(
    room: NDArray[np.int64],
    given: NDArray[np.int64],
    count: NDArray[np.int64],
    chosen: NDArray[np.uint16],
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
        q = np.int64(chosen[i])
        i += 1
        if given[q] < room[q]:
            given[q] += 1
            count[q] += 1
            chosen[accepted] = q
            accepted += 1
    return i, accepted - before


@leaf
def spend(demand: NDArray[np.int64], free: NDArray[np.int64], count: NDArray[np.int64]) -> None:
    """Take what so many executors of each job need off what is free."""
    for r in range(free.shape[0]):
        used, needs = np.int64(0), demand[r]
        for q in range(count.shape[0]):
            used += needs[q] * count[q]
        free[r] -= used


@leaf
def drop_blocked(one: Scenario, on_full: int, runs: NDArray[np.int64], n: int) -> None:
    """End the runs of jobs that get nothing more: what is free only shrinks."""
    given, room, user, user_left = one.given, one.room, one.user, one.user_left
    for r in range(one.free.shape[0] if on_full == SKIP else 0):
        left, needs = max(np.int64(0), one.free[r]), one.demand[r]
        for q in range(given.shape[0]):
            now, most = given[q], room[q]
            room[q] = min(most, now) if needs[q] > left else most
    for q in range(given.shape[0] if user_left.shape[0] > 0 else 0):
        if capped(user, user_left, q):
            room[q] = min(room[q], given[q])
    for i in range(n):
        q = runs[PLACE, i]
        gone = given[q] >= room[q]
        runs[KEY, i] = DEAD if gone else runs[KEY, i]
        runs[LEFT, i] = 0 if gone else runs[LEFT, i]
