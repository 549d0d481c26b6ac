"""What one would write oneself: a plain loop, NumPy across scenarios, a simple Numba loop.

And the notebook's own functions, where the notebook is at hand. All take a `Workload` and give who
was granted each step, (S, N), −1 where nobody was; jobs are in name order, so that all of them,
ours too, must choose alike.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from workloads import Workload

NOTEBOOK = Path(__file__).parents[2] / "shared" / "spec" / "fair-scheduler-story.txt"
NOBODY = -1

Orders = NDArray[np.integer[Any]]


def notebook_functions() -> dict[str, Any]:
    """The notebook's schedulers, defined from its text.

    Raises
    ------
    FileNotFoundError
        Where the notebook is not beside the checkout.
    """
    text = NOTEBOOK.read_text(encoding="utf-8")
    definitions = re.search(r"^from dataclasses.*?(?=^## 1\))", text, re.DOTALL | re.MULTILINE)
    assert definitions is not None
    functions: dict[str, Any] = {}
    exec(definitions[0].replace("import matplotlib.pyplot as plt", ""), functions)
    return functions


def notebook(work: Workload, policy: str) -> Callable[[], Orders]:
    """The notebook's loop, a scenario after the other, with the step log it always keeps."""
    functions = notebook_functions()
    schedule = functions[{"drf": "drf_allocate", "round_robin": "round_robin_allocate"}[policy]]
    pool = functions["Pool"]("p", *work.capacity.tolist(), *work.demand[0].tolist())
    names = {f"j{j:04}": j for j in range(len(work.demand))}
    ceilings = work.ceiling.tolist()

    def run() -> Orders:
        orders = []
        for held in work.usage.tolist():
            members = [
                functions["JobState"](name, *held[j], ceilings[j]) for name, j in names.items()
            ]
            _, log = schedule(pool, members, work.executors)
            orders.append([names[step["allocated_to"]] for step in log])
        return np.array(orders)

    return run


def plain_loop(work: Workload) -> Callable[[], Orders]:
    """DRF in plain Python: lists, `min` over the jobs that are left, a scenario after the other."""
    capacity, demand = work.capacity.tolist(), work.demand.tolist()
    ceiling, N = work.ceiling.tolist(), work.executors

    def schedule(used: list[list[int]]) -> list[int]:
        free = [c - sum(held) for c, held in zip(capacity, zip(*used, strict=True), strict=True)]
        granted, order = [0] * len(used), []
        waiting = {j for j in range(len(used)) if ceiling[j] > 0}

        def key(j: int) -> tuple[float, int]:
            return round(max(u / c for u, c in zip(used[j], capacity, strict=True)), 12), j

        while waiting and len(order) < N:
            j = min(waiting, key=key)
            if any(need > left for need, left in zip(demand[j], free, strict=True)):
                waiting.remove(j)
                continue
            used[j] = [u + d for u, d in zip(used[j], demand[j], strict=True)]
            free = [left - need for left, need in zip(free, demand[j], strict=True)]
            granted[j] += 1
            order.append(j)
            if granted[j] == ceiling[j]:
                waiting.remove(j)
        return order + [NOBODY] * (N - len(order))

    return lambda: np.array([schedule(used) for used in work.usage.tolist()])


def across_scenarios(work: Workload, policy: str = "drf") -> Callable[[], Orders]:
    """NumPy: every scenario takes its next step at once, only the chosen jobs' keys made anew."""
    S, J, _ = work.usage.shape
    every = np.arange(S)

    def keys(used: NDArray[np.int64], granted: NDArray[np.int64]) -> NDArray[np.float64]:
        if policy == "round_robin":
            return granted.astype(np.float64)
        return (used / work.capacity).max(axis=-1).round(12)

    def run() -> Orders:
        used, granted = work.usage.copy(), np.zeros((S, J), np.int64)
        free = work.capacity - used.sum(axis=1)
        current = np.where(granted < work.ceiling, keys(used, granted), np.inf)
        orders, taken = np.full((S, work.executors), NOBODY, np.int16), np.zeros(S, np.int64)
        running = every
        while running.size:
            chosen = current[running].argmin(axis=1)
            alive = current[running, chosen] < np.inf
            running, chosen = running[alive], chosen[alive]
            need = work.demand[chosen]
            fits = (need <= free[running]).all(axis=1)
            current[running[~fits], chosen[~fits]] = np.inf  # for good: what is free only shrinks
            rows, chosen, need = running[fits], chosen[fits], need[fits]
            orders[rows, taken[rows]] = chosen
            taken[rows] += 1
            free[rows] -= need
            used[rows, chosen] += need
            granted[rows, chosen] += 1
            full = granted[rows, chosen] >= work.ceiling[chosen]
            renewed = keys(used[rows, chosen], granted[rows, chosen])
            current[rows, chosen] = np.where(full, np.inf, renewed)
            running = running[taken[running] < work.executors]
        return orders

    return run


def numba_loop(work: Workload) -> Callable[[], Orders]:
    """The plain loop compiled: every job's share made anew at every step."""
    capacity, demand = work.capacity.astype(np.float64), work.demand
    loop = compiled_loop()

    def run() -> Orders:
        orders = np.full((len(work.usage), work.executors), NOBODY, np.int16)
        loop(capacity, demand, work.usage, work.ceiling, orders)
        return orders

    return run


@cache
def compiled_loop() -> Callable[..., None]:
    """DRF for Numba, compiled when it is first called."""
    import numba

    def schedule(
        capacity: NDArray[np.float64],
        demand: NDArray[np.int64],
        usage: NDArray[np.int64],
        ceiling: NDArray[np.int64],
        orders: Orders,
    ) -> None:
        S, J, R = usage.shape
        for s in range(S):
            used, granted = usage[s].copy(), np.zeros(J, np.int64)
            free = capacity - used.sum(axis=0)
            for n in range(orders.shape[1]):
                chosen, least = NOBODY, np.inf
                for j in range(J):
                    eligible, share = granted[j] < ceiling[j], 0.0
                    for r in range(R):
                        eligible = eligible and demand[j, r] <= free[r]
                        share = max(share, used[j, r] / capacity[r])
                    key = np.rint(1e12 * share)
                    if eligible and key < least:
                        chosen, least = j, key
                if chosen == NOBODY:
                    break
                for r in range(R):
                    used[chosen, r] += demand[chosen, r]
                    free[r] -= demand[chosen, r]
                granted[chosen] += 1
                orders[s, n] = chosen

    compiled: Callable[..., None] = numba.njit(schedule)
    return compiled
