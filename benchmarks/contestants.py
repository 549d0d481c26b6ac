"""Who takes part in the table of peers, and with how many scenarios each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import peers
from borrowed import LeftOutError, Program, Workshop, python_peer
from measure import ALL_CORES, MOST_CALLS, all_cores, usual_seconds
from workloads import Given, Workload

import fairsched_fast as fs

ORDERS, FINALS = "orders", "finals"
OURS = "ours"

# As many scenarios as take a moment; None is all of them, 0 leaves the contestant out.
SOME = {
    "plain Python": {"W1": 2000, "W2": 20, "W3": 0},
    "NumPy": {"W1": 20_000, "W2": 500, "W3": 4},
    "Numba, plain loop": {"W1": None, "W2": 1000, "W3": 2},
    "NumPy, packed keys": {"W1": None, "W2": 1000, "W3": 8},
    "JAX, vmap over scan": {"W1": None, "W2": None, "W3": 16},
}
BORROWED = {  # in Python: contestant, and the peers' name for it
    "NumPy, packed keys": "numpy",
    "JAX, vmap over scan": "jax",
    "Numba, winner tree": "numba_tree",
    "Numba, lanes": "numba_lock",
}
FASTEST = {"W1": "lock16", "W2": "regs4", "W3": "bucket"}  # of the C++ modes, for orders


@dataclass(frozen=True)
class Contestant:
    """One line of the table."""

    name: str
    kind: str  # ORDERS or FINALS
    scenarios: int
    first: Callable[[], tuple[str, str]]  # the first call of all: checksums
    once: Callable[[], float]  # a usual call's seconds


@dataclass(frozen=True)
class Absent:
    """A line that says why it is empty."""

    name: str
    kind: str
    reason: str


def contestants(workload: str, work: Workload, workshop: Workshop) -> Iterator[Contestant | Absent]:
    """Everyone, the slowest first."""
    for name, kind, make in makers(workload, workshop):
        scenarios = SOME.get(name, {}).get(workload)
        if scenarios == 0:
            yield Absent(name, kind, "minutes")
            continue
        try:
            yield make(name, kind, work.head(scenarios))
        except LeftOutError as reason:
            yield Absent(name, kind, str(reason))


Maker = Callable[[str, str, Workload], Contestant]


def makers(workload: str, workshop: Workshop) -> Iterator[tuple[str, str, Maker]]:
    """Name, kind and how to make it."""
    yield "plain Python", ORDERS, partial(written, peers.plain_loop)
    yield "NumPy", ORDERS, partial(written, peers.across_scenarios)
    yield "Numba, plain loop", ORDERS, partial(written, peers.numba_loop)
    for name, kind in BORROWED.items():
        yield name, ORDERS, partial(borrowed, workshop, kind)
    yield "C++", ORDERS, partial(program, workshop, workload, FASTEST[workload])
    yield OURS, ORDERS, ours
    yield f"{OURS}, Batch made anew", ORDERS, partial(ours, ready=False)
    if len(ALL_CORES) > 1:
        yield f"{OURS}, 2 workers", ORDERS, partial(ours, workers=2)
    yield "C++", FINALS, partial(program, workshop, workload, "final")
    yield OURS, FINALS, ours
    if len(ALL_CORES) > 1:
        yield f"{OURS}, 2 workers", FINALS, partial(ours, workers=2)


def in_process(name: str, kind: str, work: Workload, run: Callable[[], Given]) -> Contestant:
    """A contestant that is a Python function."""
    return Contestant(
        name, kind, len(work.usage), lambda: run().checksums, lambda: usual_seconds(run)
    )


def written(
    make: Callable[[Workload], Callable[[], Any]], name: str, kind: str, work: Workload
) -> Contestant:
    """One of our own peers, which give orders alone: counting them is not timed."""
    run, J = make(work), work.usage.shape[1]
    return Contestant(
        name,
        kind,
        len(work.usage),
        lambda: Given.of_choices(run(), J).checksums,
        lambda: usual_seconds(run),
    )


def borrowed(workshop: Workshop, peer: str, name: str, kind: str, work: Workload) -> Contestant:
    """A Python peer from beside the checkout."""
    return in_process(name, kind, work, python_peer(workshop, peer, work))


def program(
    workshop: Workshop, workload: str, mode: str, name: str, kind: str, work: Workload
) -> Contestant:
    """A C++ peer."""
    peer = Program(workshop, workload, work, mode)
    return Contestant(
        f"{name}, {mode}",
        kind,
        len(work.usage),
        lambda: peer.measure(1)[1],
        lambda: peer.measure(MOST_CALLS)[0],
    )


def ours(
    name: str, kind: str, work: Workload, *, ready: bool = True, workers: int = 1
) -> Contestant:
    """This library, through its public surface, on a Batch that is ready unless said otherwise."""
    batch, log = work.batch(), kind == ORDERS

    def run() -> Given:
        result = fs.allocate(batch if ready else work.batch(), "drf", log=log, workers=workers)
        return Given(result.granted, result.choices)

    if workers == 1:
        return in_process(name, kind, work, run)

    def on_all_cores() -> float:
        with all_cores():
            return usual_seconds(run)

    return Contestant(name, kind, len(work.usage), lambda: run().checksums, on_all_cores)
