"""Compiling ahead: all kernels at once, for an image, or a machine that is to answer at once.

A kernel compiles when a run first needs it, so each is given the smallest run that does.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from multiprocessing import get_context

import numpy as np

from fairsched_fast.batch import Batch
from fairsched_fast.compiling import hush
from fairsched_fast.engine import allocate
from fairsched_fast.errors import InputError
from fairsched_fast.policies.key_functions import KeyPolicy
from fairsched_fast.policies.registry import known_policies

_LARGE, _HUGE = 10**6, 7 * 10**8  # what jobs hold where keys take more than 16, and 32, bits


def runs() -> dict[str, Callable[[], None]]:
    """By what it serves, a run that needs a kernel; those that take longest to compile first."""
    together: dict[str, Callable[[], None]] = {
        "orders of few jobs, keys of 16 bits": partial(_order, 2),
        "orders of many jobs": partial(_order, 129),
        "finals": partial(_finals, [[1], [2]]),
        "orders of few jobs, keys of 32 bits": partial(_order, 2, _LARGE),
        "finals of equal demands": partial(_finals, [[1]]),
        "orders of up to 128 jobs, keys of 64 bits": partial(_order, 3, _HUGE),
        "orders of up to 128 jobs, keys of 32 bits": partial(_order, 24),
    }
    alone = {
        f"orders and reasons of {name}": partial(_reasons, name)
        for name, policy in known_policies().items()
        if isinstance(policy, KeyPolicy) and policy.built_in
    }
    return together | alone | {"reasons": partial(_reasons, "drf")}


def compile_all(workers: int) -> Iterator[tuple[str, float]]:
    """Compile every kernel, in so many processes: what each serves and its seconds, when done.

    Raises
    ------
    InputError
        Where a process is killed.
    """
    pool = ProcessPoolExecutor(workers, get_context("spawn"), _begin)
    try:
        begun = {pool.submit(_compile, serves): serves for serves in runs()}
        for done in as_completed(begun):
            yield begun[done], done.result()
    except BrokenProcessPool:
        raise InputError(
            "a process that compiled kernels was killed, perhaps for want of memory: each takes "
            "some 600 MB; try --workers 1"
        ) from None
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _begin() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # interrupted without a word: ours says it
    hush()


def _compile(serves: str) -> float:
    start = time.perf_counter()
    runs()[serves]()
    return time.perf_counter() - start


def _order(jobs: int, held: int = 0) -> None:
    """An order of jobs that are alike, whose keys are as large as what they hold."""
    usage = np.full((jobs, 1), held)
    batch = Batch(capacity=[(held + 9) * jobs], demand=[[1]], usage=usage, extra_executors=1)
    allocate(batch, "drf", log=True, workers=1)


def _finals(demand: list[list[int]]) -> None:
    """What two jobs have in the end, of enough executors that they are counted."""
    batch = Batch(capacity=[999], demand=demand, usage=[[0], [1]], extra_executors=100)
    allocate(batch, "drf", workers=1)


def _reasons(policy: str) -> None:
    """Two jobs under a policy, and why."""
    batch = Batch(capacity=[9], demand=[[1], [2]], extra_executors=3)
    allocate(batch, policy, log=True, workers=1).step_log()
