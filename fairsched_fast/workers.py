"""Threads: how many are meant, and work spread over them."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from functools import cache

from fairsched_fast.errors import InputError


def threads(workers: int | None) -> int:
    """How many threads are meant by `workers`; None is all cores.

    Raises
    ------
    InputError
        When it is no whole number, or below 1.
    """
    if workers is None:
        return cores()
    if not isinstance(workers, int) or workers < 1:
        raise InputError(f"workers is {workers!r}; expected a whole number, 1 or more, or None")
    return workers


def cores() -> int:
    """The processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def spread(work: Callable[[int], int], starts: range, workers: int) -> list[int]:
    """What `work` gives for every start, on so many threads, this one among them.

    Raises
    ------
    Exception
        The one of the first start that has any, whichever thread came first.
    """
    others = min(workers, len(starts)) - 1
    if others == 0:
        return [work(start) for start in starts]
    results: dict[int, int | Exception] = {}
    turns = iter(starts)  # taking the next is one step of the interpreter, so threads can share it

    def work_along() -> None:
        for start in turns:
            try:
                results[start] = work(start)
            except Exception as error:
                results[start] = error

    helping = [_helpers(os.getpid(), cores()).submit(work_along) for _ in range(others)]
    work_along()
    wait(helping)
    forms = []
    for start in starts:
        result = results[start]
        if isinstance(result, Exception):
            raise result
        forms.append(result)
    return forms


@cache
def _helpers(process: int, many: int) -> ThreadPoolExecutor:
    """Threads that wait for work: starting one takes as long as ten thousand small scenarios.

    Those of this process, for a fork has none of its parent's, and of the cores it may use now.
    """
    return ThreadPoolExecutor(many, thread_name_prefix=f"fairsched-{process}")
