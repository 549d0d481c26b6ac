"""What a sweep will come to, without running it: counts, and a probe for time and size."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd
import pyarrow as pa

from fairsched_fast.sweep.folder.durable import write_parquet
from fairsched_fast.sweep.running.compute import tables_of
from fairsched_fast.sweep.running.run import check_overfull
from fairsched_fast.sweep.scenarios.chunks import Chunk, chunks, rows_per_scenario, slice_size
from fairsched_fast.sweep.scenarios.counting import count_kept
from fairsched_fast.sweep.scenarios.sampling import Sweep
from fairsched_fast.sweep.scenarios.settings import plain_number
from fairsched_fast.workers import threads

PROBE = 16_384  # scenarios that are run to learn what one costs
_PLACES = [k / 32 for k in (16, 8, 24, *range(0, 33, 4), *range(1, 33, 2))]  # until one is kept
_SAMPLES = 5


@dataclass(frozen=True, slots=True)
class Plan:
    """What to expect. `exact` is whether `kept` was counted, not estimated."""

    scenarios: int
    kept: int
    exact: bool
    rows: dict[str, int]
    bytes: int
    seconds: float
    workers: int
    parts: int
    sample: pd.DataFrame

    def to_json(self) -> dict[str, Any]:
        """For a program."""
        return {**asdict(self), "sample": self.sample.to_dict("records")}


def make_plan(sweep: Sweep, limit: int | None = None, workers: int | None = None) -> Plan:
    """Count, probe and sample.

    Raises
    ------
    InputError
        As running the sweep would.
    """
    check_overfull(sweep)
    end = sweep.end(limit)
    kept, exact = count_kept(sweep, end)
    seconds, size, steps = _probe(sweep, end)
    per_scenario = rows_per_scenario(sweep)
    if "steps" in per_scenario:
        per_scenario["steps"] = steps
    cores = threads(workers)
    return Plan(
        scenarios=end,
        kept=kept,
        exact=exact,
        rows={kind: round(kept * each) for kind, each in per_scenario.items()},
        bytes=int(size * kept),
        seconds=seconds * end / cores,
        workers=cores,
        parts=_parts(sweep, end),
        sample=_sample(sweep, end),
    )


def _probe(sweep: Sweep, end: int) -> tuple[float, float, float]:
    """Seconds on one core of one scenario, kept or not; bytes on disk and steps of a kept one."""
    seconds, size, kept, scanned, steps = 0.0, 0, 0, 0, 0
    probe = min(PROBE, slice_size(sweep))
    for first, block in sweep.block_starts():
        stop = min(first + block.size, end)
        if first >= stop:
            break
        for place in _PLACES:
            start = first + int(place * max(0, stop - first - probe))
            chunk = Chunk(0, start, min(start + probe, stop), first)
            tables_of(sweep, chunk)  # compiles what it needs, which is no cost of a scenario
            began = time.perf_counter()
            tables, digest = tables_of(sweep, chunk)
            for table in tables.values():
                sink = pa.BufferOutputStream()
                write_parquet(table, sink)
                size += sink.getvalue().size
            steps += tables["steps"].num_rows if "steps" in tables else 0
            seconds += time.perf_counter() - began
            kept += digest.scenarios
            scanned += chunk.stop - chunk.start
            if digest.scenarios:
                break
    return seconds / scanned, size / max(kept, 1), steps / max(kept, 1)


def _parts(sweep: Sweep, end: int) -> int:
    kinds = len(sweep.output.kinds)
    if sweep.size <= 10**9:
        return kinds * sum(1 for _ in chunks(sweep, end))
    return kinds * max(1, end // next(chunks(sweep, end)).stop)


def _sample(sweep: Sweep, end: int) -> pd.DataFrame:
    """A few scenarios, evenly spread: id and the value of each axis."""
    rows = []
    samples = min(_SAMPLES, end)
    for i in (k * (end - 1) // max(samples - 1, 1) for k in range(samples)):
        found = sweep.all_rows(i, i + 1)
        settings = sweep.filled(found)
        values = {s.path: plain_number(s.read(settings)) for s in sweep.axes}
        values.update({s.path: column[0].item() for s, column in found.values.items()})
        note = "" if len(sweep.rows(i, i + 1)) else "dropped by where"
        rows.append({"scenario": i, **values, "note": note})
    sample = pd.DataFrame(rows, dtype=object)
    return sample if sample["note"].any() else sample.drop(columns="note")
