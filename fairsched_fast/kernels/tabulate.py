"""Keys at given states, for who asks why: the very numbers that the other kernels compare."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fairsched_fast.kernels.jit import jit, leaf
from fairsched_fast.kernels.orders import scenarios
from fairsched_fast.kernels.problem import Problem, at, blank, claim_key, load_segment, unpack


@jit
def sort_keys(
    problem: Problem,
    counts: NDArray[np.int64],
    stage: NDArray[np.int64],
    key: NDArray[np.int64],
) -> None:
    """What is compared of each job at P points: its segment first, then its key.

    Parameters
    ----------
    problem
        S scenarios: 1, which all points are of, or P.
    counts : int64 (J, P)
        Executors granted to each job so far, up to its room.
    stage : int64 (J, P)
        The segment of each job's next claim, G where it has none left; written.
    key : int64 (J, P)
        That claim's key, which sorts as `claim_key` does within its segment; written.
    """
    one = blank(problem)
    S, G = scenarios(problem), problem.ceiling.shape[0]
    forms = np.zeros(G, np.int64)
    lines, scaled = np.zeros((G, *one.lines.shape)), np.zeros((G, *one.scaled.shape), np.int64)
    for s in range(S):
        start, stop = (s, s + 1) if S > 1 else (0, counts.shape[1])
        unpack(problem, s, one)
        for g in range(G):
            forms[g] = load_segment(problem, s, g, one)
            lines[g], scaled[g] = one.lines, one.scaled
        for q in range(one.job.shape[0]):
            j = one.job[q]
            ends = problem.ceiling[:, j, at(problem.ceiling, s)]
            part = counts[j, start:stop]
            keys_of_place(q, ends, forms, lines, scaled, part, stage[j, start:], key[j, start:])


@leaf
def keys_of_place(
    q: int,
    ends: NDArray[np.int32],
    forms: NDArray[np.int64],
    lines: NDArray[np.float64],
    scaled: NDArray[np.int64],
    counts: NDArray[np.int64],
    stage: NDArray[np.int64],
    key: NDArray[np.int64],
) -> None:
    """The same of the job at place q; `ends` are the ceilings of its segments."""
    g, before = 0, np.int64(0)
    for p in range(counts.shape[0]):
        k = counts[p]
        if k < before:
            g = 0
        while g < ends.shape[0] and k >= ends[g]:
            g += 1
        before, stage[p], key[p] = k, g, 0
        if g < ends.shape[0]:
            key[p] = claim_key(forms[g], lines[g], scaled[g], q, k)
