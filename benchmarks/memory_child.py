"""A process of its own whose peak memory `costs.py` reads: ten million notebook scenarios.

Pool, demand and ceilings are shared by all; what jobs hold differs.
"""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import fairsched_fast as fs

S, J, R, N = 10_000_000, 3, 2, 15


def peak() -> int:
    """Bytes of memory, the most since `forget_peak`."""
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return kilobytes if sys.platform == "darwin" else 1024 * kilobytes


def forget_peak() -> None:
    """Count from what is held now, where the system can: else stages hide behind earlier ones."""
    switch = Path("/proc/self/clear_refs")
    if switch.exists():
        switch.write_text("5")


def few(log: bool) -> None:
    """Compile, or load, before anything is counted."""
    batch = fs.Batch(capacity=[9], demand=[[1]], usage=np.zeros((2, 1, 1)), extra_executors=3)
    fs.allocate(batch, "drf", log=log)


def held() -> NDArray[np.float64]:
    """What the jobs hold, (S, J, R)."""
    stream, usage = np.random.default_rng(1), np.empty((S, J, R))
    usage[...] = [[60, 240], [40, 240], [20, 40]]
    for job in range(J):
        usage[:, job, 0] -= stream.integers(0, 6, S, np.int8) * 2.0
    return usage


def main() -> None:
    """Print bytes in and out, and the peak of each stage beyond what loading took."""
    log = sys.argv[1] == "orders"
    few(log)
    before = peak()
    usage = held()
    forget_peak()
    batch = fs.Batch(
        capacity=[200, 800], demand=[[2, 16]], usage=usage, max_executors=30, extra_executors=N
    )
    of_batch, given = peak() - before, usage.nbytes
    del usage  # the Batch keeps planes of its own
    forget_peak()
    result = fs.allocate(batch, "drf", log=log)
    of_allocate = peak() - before
    inputs = sum(a.nbytes for a in vars(batch).values() if isinstance(a, np.ndarray))
    outputs = [result.granted, result.steps, result.stop, *([result.choices] if log else [])]
    results = sum(array.nbytes for array in outputs)
    figures = {
        "a caller's arrays (MB)": given / 1e6,
        "the Batch's arrays (MB)": inputs / 1e6,
        "results (MB)": results / 1e6,
        "peak while the Batch is made (MB)": of_batch / 1e6,
        "peak of allocate (MB)": of_allocate / 1e6,
        "peak of Batch ÷ arrays in and out": of_batch / (given + inputs),
        "peak of allocate ÷ Batch and results": of_allocate / (inputs + results),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
