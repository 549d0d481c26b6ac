"""The table of peers: the same scenarios, the same minutes, everyone's decisions a second.

    python benchmarks/table.py                 # W1, W2 and W3, five rounds, a few minutes
    python benchmarks/table.py W1 --rounds 9 --json

Nobody is timed before its checksums are right. See benchmarks/README.md.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

import measure
from borrowed import PEERS, Workshop
from measure import interleaved
from rich import box
from rich.console import Console
from rich.table import Table
from workloads import PEERS as WORKLOADS
from workloads import TRUTH, Given, Workload

import fairsched_fast as fs


@dataclass
class Line:
    """A contestant's figures, or why there are none."""

    workload: str
    kind: str
    name: str
    scenarios: int = 0
    rate: float = 0.0  # millions of decisions a second, the median of the rounds
    rates: list[float] = field(default_factory=list)
    first_call: float = 0.0  # its seconds beyond a usual call: compiling, mostly
    note: str = ""


def main() -> None:
    """Print the table, or JSON."""
    options = parsed()
    measure.settle()
    lines: list[Line] = []
    with tempfile.TemporaryDirectory(prefix="fairsched-benchmarks-") as folder:
        # Everyone compiles in this run, so that first calls can be compared.
        os.environ["NUMBA_CACHE_DIR"] = str(Path(folder) / "numba")
        workshop = Workshop(Path(folder), options.peers)
        for workload in options.workloads:
            print(f"{workload} …", file=sys.stderr, flush=True)
            found = measured(workload, workshop, options.rounds)
            lines += found
            if not options.json:
                show(workload, found)
    if options.json:
        print(json.dumps([asdict(line) for line in lines], indent=1))


def parsed() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("workloads", nargs="*", metavar="W1 W2 W3", help="all three unless named")
    parser.add_argument("--rounds", type=int, default=5, help="interleaved rounds (5)")
    parser.add_argument("--peers", type=Path, default=PEERS, help="folder of the fast peers")
    parser.add_argument("--json", action="store_true", help="JSON, with every round's figure")
    options = parser.parse_args()
    if unknown := set(options.workloads) - set(WORKLOADS):
        parser.error(f"no workload {', '.join(sorted(unknown))}; expected {', '.join(WORKLOADS)}")
    options.workloads = options.workloads or list(WORKLOADS)
    return options


def measured(workload: str, workshop: Workshop, rounds: int) -> list[Line]:
    """Check everyone on a workload, then time them."""
    from contestants import OURS, Absent, Contestant, contestants

    work = WORKLOADS[workload]()
    start = time.perf_counter()
    truth = trusted(workload, work)
    firsts = {OURS: time.perf_counter() - start}
    lines: list[Line] = []
    running: list[tuple[Line, Contestant]] = []
    for one in contestants(workload, work, workshop):
        line = Line(workload, one.kind, one.name)
        if isinstance(one, Absent):
            line.note = one.reason
        else:
            start = time.perf_counter()
            line.note = mistake(one.first(), truth, one.scenarios)
            line.first_call = firsts.pop(one.name, time.perf_counter() - start)
            line.scenarios = one.scenarios
            if not line.note:
                running.append((line, one))
        lines.append(line)
    timings = interleaved([one.once for _, one in running], rounds)
    for (line, _), timing in zip(running, timings, strict=True):
        millions = truth.granted[: line.scenarios].sum() / 1e6
        line.rates = [float(millions / seconds) for seconds in timing.rounds]
        line.rate = statistics.median(line.rates)
        line.first_call = max(0.0, line.first_call - timing.median)
    return lines


def trusted(workload: str, work: Workload) -> Given:
    """What everyone should give: what we give, if its checksums are the known ones."""
    result = fs.allocate(work.batch(), "drf", log=True)
    given = Given(result.granted, result.choices)
    if given.checksums != TRUTH[workload]:
        raise SystemExit(f"{workload}: {given.checksums}, expected {TRUTH[workload]}")
    return given


def mistake(checksums: tuple[str, str], truth: Given, scenarios: int) -> str:
    """What is wrong with a contestant's output; "" where nothing is."""
    assert truth.choices is not None
    granted, choices = Given(truth.granted[:scenarios], truth.choices[:scenarios]).checksums
    right = granted, choices if checksums[1] else ""
    return "" if checksums == right else f"WRONG: {checksums}, expected {right}"


def show(workload: str, lines: list[Line]) -> None:
    """Orders, then finals: who is how fast, and how many times as fast ours is."""
    from contestants import FINALS, ORDERS, OURS

    S, J, R, N = WORKLOADS[workload]().shape
    title = f"{workload}: {S:,} scenarios, {J:,} jobs, {R} resources, {N:,} executors each"
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)
    table.add_column("who")
    for heading in ("M decisions/s", "slowest–fastest", "ours is", "first call", "scenarios"):
        table.add_column(heading, justify="right", no_wrap=True)
    for kind in (ORDERS, FINALS):
        table.add_section()
        table.add_row(f"[bold]{kind}[/bold]")
        of_kind = [line for line in lines if line.kind == kind]
        ours = next(line.rate for line in of_kind if line.name == OURS)
        for line in of_kind:
            table.add_row(f"  {line.name}", *cells(line, ours))
    console = Console(width=None if sys.stdout.isatty() else 100)
    table.caption = "ours is: how many times as fast, orders beside orders, finals beside finals"
    console.print(table)
    for line in lines:
        if line.note:
            console.print(f"  {line.name}: {line.note}", style="dim", highlight=False)
    console.print()


def cells(line: Line, ours: float) -> list[str]:
    """A line's figures as text."""
    if not line.rates:
        return ["–"]
    times = ours / line.rate
    return [
        significant(line.rate),
        f"{significant(min(line.rates))}–{significant(max(line.rates))}",
        f"{times:,.0f} ×" if times >= 10 else f"{times:.2f} ×",
        f"{line.first_call:.1f} s" if line.first_call >= 0.05 else "",
        f"{line.scenarios:,}",
    ]


def significant(rate: float) -> str:
    """A rate in three figures or so."""
    return f"{rate:,.0f}" if rate >= 100 else f"{rate:.3g}"


if __name__ == "__main__":
    main()
