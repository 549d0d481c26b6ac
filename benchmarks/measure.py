"""How things are timed: pinned to a core where one is meant, in interleaved rounds, medians."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import fairsched_fast

ALL_CORES = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []

LEAST_CALLS, MOST_CALLS = 3, 15  # that are timed at once,
SPAN = 0.5  # seconds, of as many as take so long together

FIRST_RESULT = (  # a program: all kernels once
    "import fairsched_fast as fs; batch = fs.Batch(capacity=[9], demand=[[1], [2]], "
    "extra_executors=3); fs.allocate(batch, 'drf', log=True); fs.allocate(batch, 'drf')"
)


def pin(cores: Sequence[int]) -> None:
    """Run this process, and what it starts from now on, on these cores, where the system can."""
    if cores:
        os.sched_setaffinity(0, cores)


def pin_to_one() -> None:
    """Run on the last core, which is seldom the one that interrupts go to."""
    pin(ALL_CORES[-1:])


@contextmanager
def all_cores() -> Iterator[None]:
    """Every core for a moment."""
    pin(ALL_CORES)
    try:
        yield
    finally:
        pin_to_one()


def settle() -> None:
    """Pin to one core, and say which package is measured: it may not be the one beside us."""
    print(f"measuring {Path(fairsched_fast.__file__).parent}", file=sys.stderr, flush=True)
    pin_to_one()


def seconds(run: Callable[[], Any]) -> float:
    """How long one call takes."""
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def usual_seconds(run: Callable[[], Any]) -> float:
    """How long a call usually takes: the median of some, after one that is not timed.

    What ran before then holds neither the caches nor the memory that a call asks for. One that
    takes a millisecond is near its usual pace after four.
    """
    calls = min(MOST_CALLS, max(LEAST_CALLS, int(SPAN / seconds(run))))
    return statistics.median(seconds(run) for _ in range(calls))


def process(code: str, cache: Path | str) -> None:
    """A fresh interpreter that runs some code and ends; its machine code goes to `cache`."""
    environment = os.environ | {"NUMBA_CACHE_DIR": str(cache)}
    subprocess.run([sys.executable, "-c", code], env=environment, check=True)


@dataclass
class Timing:
    """Seconds of each round."""

    rounds: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        """The figure to compare."""
        return statistics.median(self.rounds)


def interleaved(runs: Sequence[Callable[[], float]], rounds: int) -> list[Timing]:
    """Time everyone once a round, so that all meet the same moods of the machine.

    Each is a function that runs once and gives the seconds it took.
    """
    timings = [Timing() for _ in runs]
    for _ in range(rounds):
        for timing, once in zip(timings, runs, strict=True):
            timing.rounds.append(once())
    return timings
