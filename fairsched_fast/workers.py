"""Threads: how many are meant, and work spread over them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
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


def share_out(work: Callable[[int], int], starts: range, workers: int) -> list[int]:
    """What `work` gives for every start, on so many threads, this one among them.

    They are at most one more than there are cores.

    Raises
    ------
    BaseException
        The one of the first start that has any, whichever thread came first. Nothing is begun then.
    """
    if len(starts) == 1:
        return [work(starts[0])]
    others = min(workers, len(starts)) - 1
    results: dict[int, int] = {}
    errors: dict[int, BaseException] = {}
    turns = iter(starts)  # one step of the interpreter takes the next, so threads can share it

    def work_along() -> None:
        for start in turns:
            try:
                results[start] = work(start)
            except BaseException as error:
                errors[start] = error
                _use_up(turns)

    helping = [_helpers(os.getpid(), cores()).submit(work_along) for _ in range(others)]
    try:
        work_along()
    finally:
        _use_up(turns)
        wait([helper for helper in helping if not helper.cancel()])  # others have nothing to do
    if errors:  # starts are taken in order, so none before the first was left out
        raise errors[min(errors)]
    return [results[start] for start in starts]


def _use_up(turns: Iterator[int]) -> None:
    """Nothing more is begun."""
    for _ in turns:
        pass


@cache
def _helpers(process: int, many: int) -> ThreadPoolExecutor:
    """Threads that wait for work: starting one takes as long as ten thousand small scenarios.

    Those of this process, for a fork has none of its parent's, and of the cores it may use now.
    """
    return ThreadPoolExecutor(many, thread_name_prefix=f"fairsched-{process}")
