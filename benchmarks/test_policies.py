"""The same scenarios, the same run: the notebook's loop, NumPy across scenarios, ours.

    pytest benchmarks --benchmark-group-by=group

Every contestant's choices are compared with NumPy's before anything is timed.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import peers
import pytest
from numpy.typing import NDArray
from peers import Workload

import fairsched_fast as fs


def story_sized(scenarios: int) -> Workload:
    """The notebook's pool, its three jobs holding more or less of what they hold there."""
    stream = np.random.default_rng(1)
    spread = stream.integers(0, 6, (scenarios, 3, 1))
    return Workload(
        capacity=np.array([200, 800]),
        demand=np.array([[2, 16]] * 3),
        usage=np.array([[60, 240], [20, 40], [40, 240]]) - spread * [2, 8],
        ceiling=np.full(3, 30),
        executors=15,
    )


def queue_sized(scenarios: int) -> Workload:
    """32 jobs, 500 executors."""
    stream = np.random.default_rng(2)
    held = stream.integers(0, 31, (scenarios, 32, 1))
    return Workload(
        capacity=np.array([4000, 24000]),
        demand=np.array([[2, 16]] * 32),
        usage=held * [2, 8],
        ceiling=np.full(32, 30),
        executors=500,
    )


def cluster_sized(scenarios: int) -> Workload:
    """1,000 jobs, each with demands of its own on four resources, 5,000 executors."""
    stream = np.random.default_rng(3)
    demand = np.stack(
        [
            stream.integers(1, 9, 1000),
            stream.integers(2, 65, 1000),
            stream.choice([0, 1, 2], 1000, p=[0.7, 0.2, 0.1]),
            stream.integers(10, 201, 1000),
        ],
        axis=-1,
    )
    return Workload(
        capacity=np.array([100_000, 640_000, 10_000, 2_000_000]),
        demand=demand,
        usage=demand * stream.integers(0, 4, (scenarios, 1000, 1)),
        ceiling=stream.integers(10, 61, 1000),
        executors=5000,
    )


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
        batch = fs.Batch(
            capacity=work.capacity,
            demand=work.demand,
            usage=work.usage,
            max_executors=work.ceiling,
            extra_executors=work.executors,
        )
        return fs.allocate(batch, policy, log=log, workers=workers)

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


def granted(orders: NDArray[Any], jobs: int) -> NDArray[Any]:
    """(S, J) executors each job was given, of who was given each step (S, N)."""
    return np.stack([np.bincount(row, minlength=jobs) for row in orders])


def check(given: Any, expected: NDArray[Any], jobs: int) -> None:
    """A contestant's output is NumPy's."""
    if not isinstance(given, fs.Result):
        assert np.array_equal(given, expected)
        return
    assert np.array_equal(given.granted, granted(expected, jobs))
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
        rate = work.decisions / benchmark.stats.stats.median
        benchmark.extra_info["decisions_per_second"] = round(rate)


ONE_CALL = (
    "import fairsched_fast as fs; batch = fs.Batch(capacity=[9], demand=[[1], [2]], "
    "extra_executors=3); fs.allocate(batch, 'drf', log=True); fs.allocate(batch, 'drf')"
)


@pytest.mark.parametrize("cached", [False, True], ids=["compiling", "cached"])
def test_first_call_of_a_process(benchmark: Any, tmp_path: Path, cached: bool) -> None:
    """A fresh process to the end of its first results: import, compile or load, run."""
    benchmark.group = "first call of a process"
    benchmark.name = "cached" if cached else "compiling"
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)}

    def run() -> None:
        subprocess.run([sys.executable, "-c", ONE_CALL], env=environment, check=True)

    if cached:
        run()
    benchmark.pedantic(run, rounds=3 if cached else 1)
