"""The general kernel: one executor at a time to the job whose key is lowest, whatever the key.

For keys that are no claims: that fall, that are no max of lines, whose ties are broken by what
changes as executors are granted. A key is a short row of numbers compared from the first; equal
rows go to the lower rank. Every job is looked at for every grant, N·J, so claims are much faster.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache, partial
from typing import NamedTuple

import numpy as np
from numba.extending import register_jitable
from numpy.typing import NDArray

from fairsched_fast.kernels.jit import jit, jit_uncached, leaf
from fairsched_fast.kernels.orders import scenarios, write_given
from fairsched_fast.kernels.outcome import Outcome, blank_log, blank_tile, write_order
from fairsched_fast.kernels.problem import (
    IGNORE,
    STOP,
    Problem,
    at,
    blank,
    capped,
    fits,
    load_room,
    take,
    unpack,
)

KeyFunction = Callable[[NDArray[np.float64], int, NDArray[np.float64]], None]
"""(facts (F,) of a job, executors granted to it so far, row (K,) to write its key to)."""


class Fault(NamedTuple):
    """The first key of a problem that is NaN or fell."""

    where: NDArray[np.int64]  # (3,) scenario, job, grant; −1 where there is none
    keys: NDArray[np.float64]  # (2,) the key before, and that key


class Greedy(NamedTuple):
    """Compiled functions of one key function."""

    run: Callable[..., None]
    keys: Callable[..., None]


def blank_fault() -> Fault:
    """No fault yet."""
    return Fault(np.full(3, -1, np.int64), np.zeros(2))


@leaf
def before(keys: NDArray[np.float64], q: int, other: int) -> bool:
    """Whether the key of place q is lower than another's."""
    for column in range(keys.shape[1]):
        if keys[q, column] != keys[other, column]:
            return bool(keys[q, column] < keys[other, column])
    return False


@leaf
def lowest(keys: NDArray[np.float64], given: NDArray[np.int64], room: NDArray[np.int64]) -> int:
    """The place of the lowest key among those with room, the first at a tie; −1 where none has."""
    best = np.int64(-1)
    for q in range(given.shape[0]):
        if given[q] < room[q] and (best < 0 or before(keys, q, best)):
            best = q
    return best


@cache
def compile_greedy(key: KeyFunction, *, on_disk: bool = False) -> Greedy:
    """The general kernel for a key function.

    `on_disk` keeps the compiled code there, for functions that ship with the package: Numba's cache
    cannot tell that a function it refers to was edited.
    """
    inner, compiled = register_jitable(key), jit if on_disk else partial(jit_uncached, checked=True)

    def run(
        problem: Problem,
        facts: NDArray[np.float64],
        columns: int,
        rising: bool,
        on_full: int,
        first: int,
        out: Outcome,
        fault: Fault,
    ) -> None:
        """As `steps`; facts are (J', S', F). With `rising` a key that falls is a fault."""
        one = blank(problem)
        J, S, log, tile = one.job.shape[0], scenarios(problem), blank_log(out), blank_tile(out)
        keys, N = np.zeros((J, columns)), log.shape[0]
        for s in range(S):
            unpack(problem, s, one)
            load_room(problem, s, np.int64(0), one.job, one.room)
            for q in range(J):
                j, row = one.job[q] if facts.shape[0] > 1 else 0, keys[q]
                inner(facts[j, s if facts.shape[1] > 1 else 0], one.given[q], row)
                if one.room[q] > 0 and row[0] != row[0]:
                    report(fault, s, one.job[q], one.given[q], row[0], row[0])
            done, budget = 0, problem.budget[at(problem.budget, s)]
            while done < budget and fault.where[0] < 0:
                q = lowest(keys, one.given, one.room)
                if q < 0:
                    break
                if capped(one.user, one.user_left, q):
                    one.room[q] = one.given[q]
                    continue
                if on_full != IGNORE and not fits(one.demand, one.free, q):
                    if on_full == STOP:
                        break
                    one.room[q] = one.given[q]
                    continue
                take(one, q, 1)
                if N > 0:
                    log[done] = one.job[q]
                done += 1
                if one.given[q] < one.room[q]:
                    j, row, was = one.job[q] if facts.shape[0] > 1 else 0, keys[q], keys[q, 0]
                    inner(facts[j, s if facts.shape[1] > 1 else 0], one.given[q], row)
                    if row[0] != row[0] or (rising and row[0] < was):
                        report(fault, s, one.job[q], one.given[q], was, row[0])
            log[done:] = -1
            write_order(log, s, S - 1, first, tile, out)
            write_given(one, first + s, out.granted)
            if fault.where[0] >= 0:
                return

    def table(
        facts: NDArray[np.float64], counts: NDArray[np.int64], out: NDArray[np.float64]
    ) -> None:
        """Keys (J, P, K) at P points of one scenario, or one of each, granted `counts` (J, P)."""
        for j in range(counts.shape[0]):
            own = facts[j if facts.shape[0] > 1 else 0]
            for p in range(counts.shape[1]):
                inner(own[p if facts.shape[1] > 1 else 0], counts[j, p], out[j, p])

    # Machine code of one name is taken for the same code, wherever it was compiled: two key
    # functions need two names.
    unique = re.sub(r"\W", "_", f"{key.__module__}.{key.__qualname__}")
    for function in (run, table):
        function.__qualname__ = f"{function.__name__}_{unique}"
    return Greedy(compiled(run), compiled(table))


@leaf
def report(fault: Fault, s: int, j: int, k: int, was: float, now: float) -> None:
    """Note the first fault."""
    if fault.where[0] < 0:
        fault.where[0], fault.where[1], fault.where[2] = s, j, k
        fault.keys[0], fault.keys[1] = was, now
