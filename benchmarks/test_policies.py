"""The same scenarios, the same run: the notebook's loop, NumPy across scenarios, ours.

    pytest benchmarks --benchmark-group-by=group

Every contestant's choices are compared with NumPy's before anything is timed.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import peers
import pytest
from measure import FIRST_RESULT, process
from numpy.typing import NDArray
from workloads import Given, Workload, cluster_sized, queue_sized, story_sized

import fairsched_fast as fs

MAKERS = {"3 jobs": story_sized, "32 jobs": queue_sized, "1000 jobs": cluster_sized}
SCENARIOS = {  # few enough for the notebook's loop, then enough for everyone else
    "round_robin, 3 jobs": (1000,),
    "drf, 3 jobs": (1000, 200_000),
    "drf, 32 jobs": (10, 2000),
    "drf, 1000 jobs": (20,),
}
CASES = [(name, scenarios) for name, sizes in SCENARIOS.items() for scenarios in sizes]
FOR_THE_NOTEBOOK = {("round_robin, 3 jobs", 1000), ("drf, 3 jobs", 1000), ("drf, 32 jobs", 10)}


@cache
def workload(name: str, scenarios: int) -> tuple[Workload, str, NDArray[Any]]:
    """Scenarios, the policy they are run under, and who should get each step, (S, N)."""
    policy, jobs = name.split(", ")
    work = MAKERS[jobs](scenarios)
    return work, policy, peers.across_scenarios(work, policy)()


def ours(work: Workload, policy: str, *, log: bool, workers: int = 1) -> Callable[[], fs.Result]:
    """From arrays to a Result: making the Batch, with all its checks, counts."""

    def run() -> fs.Result:
        return fs.allocate(work.batch(), policy, log=log, workers=workers)

    return run


@fs.key_policy("drf_by_function")
def drf_by_function(usage: Any, demand: Any, capacity: Any, weight: float, executors: int) -> float:
    """DRF written as a key function: the same choices, on the general kernel."""
    share = 0.0
    for r in range(len(usage)):
        share = max(share, usage[r] / capacity[r])
    return share / weight


def general(work: Workload, policy: str) -> Callable[[], fs.Result]:
    """The general kernel, order kept, where there is such a function."""
    if policy != "drf":
        pytest.skip("there is a key function of drf only")
    return ours(work, "drf_by_function", log=True)


CONTESTANTS: dict[str, Callable[[Workload, str], Callable[[], Any]]] = {
    "notebook": peers.notebook,
    "numpy": peers.across_scenarios,
    "ours_order": lambda work, policy: ours(work, policy, log=True),
    "ours_final": lambda work, policy: ours(work, policy, log=False),
    "ours_key_function": general,
    "ours_order_all_cores": lambda work, policy: ours(
        work, policy, log=True, workers=os.cpu_count() or 1
    ),
}


def check(given: Any, expected: NDArray[Any], jobs: int) -> None:
    """A contestant's output is NumPy's."""
    if not isinstance(given, fs.Result):
        assert np.array_equal(given, expected)
        return
    assert np.array_equal(given.granted, Given.of_choices(expected, jobs).granted)
    assert given.choices is None or np.array_equal(given.choices, expected)


@pytest.mark.parametrize("who", CONTESTANTS)
@pytest.mark.parametrize(("name", "scenarios"), CASES)
def test_policies(benchmark: Any, name: str, scenarios: int, who: str) -> None:
    benchmark.group, benchmark.name = f"{name}, {scenarios:,} scenarios", who
    if who == "notebook":
        if (name, scenarios) not in FOR_THE_NOTEBOOK:
            pytest.skip("minutes in the notebook's loop, or more resources than it knows")
        if not peers.NOTEBOOK.exists():
            pytest.skip(f"{peers.NOTEBOOK} is not there: it is no part of the repository")
    work, policy, expected = workload(name, scenarios)
    run = CONTESTANTS[who](work, policy)
    check(run(), expected, len(work.demand))
    benchmark.pedantic(run, rounds=3 if who in ("notebook", "numpy") else 10)
    if benchmark.stats is not None:
        rate = np.count_nonzero(expected >= 0) / benchmark.stats.stats.median
        benchmark.extra_info["decisions_per_second"] = round(rate)


@pytest.mark.parametrize("cached", [False, True], ids=["compiling", "cached"])
def test_first_call_of_a_process(benchmark: Any, tmp_path: Path, cached: bool) -> None:
    """A fresh process to the end of its first results: import, compile or load, run."""
    benchmark.group = "first call of a process"
    benchmark.name = "cached" if cached else "compiling"
    run = partial(process, FIRST_RESULT, tmp_path)
    if cached:
        run()
    benchmark.pedantic(run, rounds=3 if cached else 1)
