"""What one could use instead: the notebook's own functions, and NumPy across scenarios.

All take a `Workload` and give who was granted each step, (S, N). Its pools never fill and its jobs
are in name order, so that all of them, ours too, must choose alike.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

NOTEBOOK = Path(__file__).parents[2] / "shared" / "spec" / "fair-scheduler-story.txt"

Orders = NDArray[np.integer[Any]]


@dataclass(frozen=True)
class Workload:
    """S scenarios of the same pool and demands; only what the jobs hold differs."""

    capacity: NDArray[np.int64]  # (R,)
    demand: NDArray[np.int64]  # (J, R)
    usage: NDArray[np.int64]  # (S, J, R)
    ceiling: NDArray[np.int64]  # (J,)
    executors: int  # N

    @property
    def decisions(self) -> int:
        """Executors given in all."""
        return len(self.usage) * self.executors


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


def across_scenarios(work: Workload, policy: str) -> Callable[[], Orders]:
    """NumPy: every scenario takes its k-th step at once, only the chosen jobs' keys made anew."""
    S, J, _ = work.usage.shape
    every = np.arange(S)

    def keys(used: NDArray[np.int64], granted: NDArray[np.int64]) -> NDArray[np.float64]:
        if policy == "round_robin":
            return granted.astype(np.float64)
        return (used / work.capacity).max(axis=-1).round(12)

    def run() -> Orders:
        used, granted = work.usage.copy(), np.zeros((S, J), np.int64)
        current = np.where(granted < work.ceiling, keys(used, granted), np.inf)
        orders = np.empty((S, work.executors), np.int16)
        for step in range(work.executors):
            chosen = orders[:, step] = current.argmin(axis=1)
            used[every, chosen] += work.demand[chosen]
            granted[every, chosen] += 1
            renewed = keys(used[every, chosen], granted[every, chosen])
            full = granted[every, chosen] >= work.ceiling[chosen]
            current[every, chosen] = np.where(full, np.inf, renewed)
        return orders

    return run
