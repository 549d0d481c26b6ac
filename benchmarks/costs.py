"""What a call costs beside the scheduling: waiting, starting, compiling, memory.

    python benchmarks/costs.py                       # all of it, about two minutes
    python benchmarks/costs.py latency memory --json

See benchmarks/README.md.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import measure
import numpy as np
from measure import FIRST_RESULT, process, seconds
from workloads import w1

import fairsched_fast as fs

Figures = dict[str, float]


def latency() -> Figures:
    """Microseconds of `allocate` on a ready Batch of notebook scenarios, warm."""
    found = {}
    for scenarios, calls in ((1, 3000), (1000, 1000)):
        batch = w1(scenarios).batch()
        for kind, log in (("orders", True), ("finals", False)):
            run = partial(fs.allocate, batch, "drf", log=log, workers=1)
            run()
            micros = np.array([seconds(run) for _ in range(calls)]) * 1e6
            for percent in (50, 90, 99):
                name = f"{scenarios:,} scenarios, {kind}, p{percent} (µs)"
                found[name] = float(np.percentile(micros, percent))
    return found


def start() -> Figures:
    """Seconds from a process's start to its end: machine code on disk already."""
    with tempfile.TemporaryDirectory() as cache:
        process(FIRST_RESULT, cache)
        codes = {
            "python alone (s)": "",
            "import numpy (s)": "import numpy",
            "import numba (s)": "import numba",
            "import fairsched_fast (s)": "import fairsched_fast",
            "first results (s)": FIRST_RESULT,
        }
        runs = [partial(seconds, partial(process, code, cache)) for code in codes.values()]
        timings = measure.interleaved(runs, 5)
    found = {name: timing.median for name, timing in zip(codes, timings, strict=True)}
    found["beyond import numba (s)"] = found["first results (s)"] - found["import numba (s)"]
    return found


def compiling() -> Figures:
    """Seconds to first results where nothing is on disk yet, beyond those where it is."""
    cold, warm = [], []
    for _ in range(2):
        with tempfile.TemporaryDirectory() as cache:
            run = partial(process, FIRST_RESULT, cache)
            cold.append(seconds(run))
            warm.append(seconds(run))
    first, again = statistics.median(cold), statistics.median(warm)
    return {"first results, cold (s)": first, "compiling (s)": first - again}


def memory() -> Figures:
    """Peak memory of ten million notebook scenarios beside the bytes that go in and out."""
    found = {}
    for kind in ("finals", "orders"):
        script = Path(__file__).with_name("memory_child.py")
        ran = subprocess.run(
            [sys.executable, str(script), kind], capture_output=True, text=True, check=True
        )
        for name, figure in json.loads(ran.stdout).items():
            found[f"{kind}: {name}"] = figure
    return found


COSTS: dict[str, Callable[[], Figures]] = {
    "latency": latency,
    "start": start,
    "compiling": compiling,
    "memory": memory,
}


def main() -> None:
    """Measure what was asked for, and print it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("costs", nargs="*", metavar="latency start compiling memory", help="all")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if unknown := set(options.costs) - set(COSTS):
        parser.error(f"no {', '.join(sorted(unknown))}; expected {', '.join(COSTS)}")
    measure.settle()
    found = {}
    for name in options.costs or COSTS:
        found[name] = COSTS[name]()
        if not options.json:
            print(f"{name}: {COSTS[name].__doc__}")
            for what, figure in found[name].items():
                print(f"  {what:<44}{figure:>12,.2f}")
            print()
    if options.json:
        print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
