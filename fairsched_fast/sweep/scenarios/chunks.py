"""How a sweep is cut up: chunks are the unit of work, of files and of going on after a stop.

The cuts are a function of the spec alone, never of timing, workers or machine. A chunk's rows
become one part of each kind, its slices the row groups of those parts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from fairsched_fast.auditing.probes import ways
from fairsched_fast.sweep.scenarios.sampling import Sweep

PART_ROWS = 1 << 20
"""About as many rows does the largest part of a chunk hold, in a sweep large enough for it."""
SLICE_ROWS = 1 << 18
"""About as many rows are computed at once: what bounds memory."""

_SPREAD = 32  # a sweep that has no such number of whole parts is cut finer, so that all cores work
_SMALLEST_SLICE = 256


@dataclass(frozen=True, slots=True)
class Chunk:
    """Scenarios start…stop−1, before `where`; all of one block that begins at `block_start`."""

    number: int
    start: int
    stop: int
    block_start: int

    def slices(self, size: int) -> Iterator[Chunk]:
        """It in pieces of `size` scenarios."""
        for start in range(self.start, self.stop, size):
            yield Chunk(self.number, start, min(start + size, self.stop), self.block_start)


def rows_per_scenario(sweep: Sweep) -> dict[str, float]:
    """How many rows of each kind kept a scenario comes to; of steps, the most it may."""
    policies, output = len(sweep.policies), sweep.output
    each = {
        "summary": float(policies * len(sweep.settings.pools)),
        "jobs": float(policies * sweep.jobs_per_scenario),
        "steps": policies * sweep.most_executors * output.steps,
        "audit": policies * len(sweep.settings.pools) * output.audit.share,
    }
    return {kind: each[kind] for kind in output.kinds}


def slice_size(sweep: Sweep) -> int:
    """Scenarios computed at once."""
    rows = [len(sweep.policies) * len(sweep.settings.pools), *rows_per_scenario(sweep).values()]
    most = max(*rows, _probed(sweep))
    return max(_SMALLEST_SLICE, int(SLICE_ROWS // most))


def _probed(sweep: Sweep) -> float:
    """How many times a scenario is run for its audit."""
    audit = sweep.output.audit
    if not audit.probes:
        return 0.0
    pools = sweep.settings.pools.values()
    resources = max(len(pool["capacity"]) for pool in pools)
    runs = ways(sweep.jobs_per_scenario, resources) * len(pools)
    return audit.share * len(sweep.policies) * runs


def chunks(sweep: Sweep, limit: int | None = None) -> Iterator[Chunk]:
    """The chunks of the first `limit` scenarios (None: all); a limit only ends them earlier."""
    piece = slice_size(sweep)
    size = piece * max(1, min(sweep.size // (_SPREAD * piece), PART_ROWS // SLICE_ROWS))
    end = sweep.end(limit)
    number = 0
    for first, block in sweep.block_starts():
        for start in range(first, min(first + block.size, end), size):
            yield Chunk(number, start, min(start + size, first + block.size, end), first)
            number += 1
