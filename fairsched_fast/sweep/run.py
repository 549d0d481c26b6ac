"""Running a sweep: chunks of scenarios on all cores, each written as its own parts.

A chunk's bounds are a function of the spec alone and no chunk spans two blocks, so the files are
the same for any number of workers. Threads run the chunks: kernels, NumPy and Parquet encoding all
leave Python's lock.
"""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from fairsched_fast import capacity_checks, engine
from fairsched_fast.errors import InputError
from fairsched_fast.result import Result
from fairsched_fast.sweep.counting import NOTHING_KEPT, count_kept
from fairsched_fast.sweep.digest import Digest, digest_chunk, empty_digest
from fairsched_fast.sweep.parts import jobs_table, measure, summary_table
from fairsched_fast.sweep.sampling import Rows, Sweep
from fairsched_fast.sweep.store import Store

ROWS_PER_PART = 1 << 18  # about as many rows as the larger of a chunk's parts holds
_SMALLEST_CHUNK = 256
_AHEAD = 2  # chunks waiting beside those that run: bounds memory

Advance = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Chunk:
    """Scenarios start…stop−1, before `where`; all of one block that begins at `block_start`."""

    number: int
    start: int
    stop: int
    block_start: int


@dataclass(frozen=True, slots=True)
class ChunkDone:
    """What is left of a chunk once its parts are written."""

    chunk: Chunk
    digest: Digest
    rows: dict[str, int]
    bytes: dict[str, int]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a sweep came to."""

    sweep: Sweep
    folder: Path
    digest: Digest
    manifest: dict[str, Any]
    charts: tuple[Path, ...]


def chunks(sweep: Sweep, limit: int | None = None) -> Iterator[Chunk]:
    """The chunks of the first `limit` scenarios (None: all)."""
    rows_each = len(sweep.policies) * max(
        len(sweep.settings.pools), sweep.jobs_per_scenario if sweep.keep_jobs else 1
    )
    size = max(_SMALLEST_CHUNK, ROWS_PER_PART // rows_each)
    end = sweep.end(limit)
    number = 0
    for first, block in sweep.block_starts():
        for start in range(first, min(first + block.size, end), size):
            stop = min(start + size, first + block.size, end)
            yield Chunk(number, start, stop, first)
            number += 1


def compute(sweep: Sweep, chunk: Chunk) -> tuple[dict[str, pa.Table], Digest]:
    """Run a chunk under every policy: its tables, nothing written.

    Raises
    ------
    InputError
        Where a scenario of it is wrong in itself.
    """
    rows = sweep.rows(chunk.start, chunk.stop)
    if not len(rows):
        return {}, empty_digest(sweep)
    results = _results(sweep, rows)
    measures = [[measure(result) for result in of_policy] for of_policy in results]
    tables = {"summary": summary_table(sweep, rows, results, measures)}
    if sweep.keep_jobs:
        tables["jobs"] = jobs_table(sweep, rows, results)
    inside = rows.scenario - chunk.block_start
    return tables, digest_chunk(sweep, rows, inside, results, measures)


def _results(sweep: Sweep, rows: Rows) -> list[list[Result]]:
    """[policy][pool]. A pool that starts over-full simply gets nothing."""
    try:
        batches = sweep.batches(rows)
    except InputError as error:
        first, last = rows.scenario[[0, -1]]
        raise InputError(
            f"scenarios {first} … {last} (S counts from the first): {error}"
        ) from error
    return [
        [engine.run(b, policy, sweep.on_full, workers=1) for b in batches]
        for policy in sweep.policies
    ]


def check_overfull(sweep: Sweep) -> None:
    """Refuse a sweep whose pools are over-full whatever its axes say.

    Raises
    ------
    InputError
        Naming pool and resource.
    """
    for block_start, block in sweep.block_starts():
        swept = {s.parts[2] for s in block.settings if len(s.parts) == 4}
        if sweep.on_full == "ignore" or swept & {"capacity", "usage"} or sweep.table is not None:
            continue
        for batch in sweep.batches(sweep.all_rows(block_start, block_start + 1)):
            capacity_checks.check_overfull(batch)


def run_sweep(
    sweep: Sweep,
    out: Path,
    *,
    limit: int | None = None,
    workers: int | None = None,
    advance: Advance = lambda scenarios: None,
) -> Outcome:
    """Run a sweep and write its results.

    Parameters
    ----------
    sweep, out
        What to run, and the folder for its results.
    limit
        Only the scenarios with the first `limit` ids.
    workers
        Threads; None is all cores. The files do not depend on it.
    advance
        Called with the number of scenarios, before `where`, each time some are done.

    Raises
    ------
    InputError
        When the folder is not ours, a scenario is wrong, or `where` keeps nothing.
    StorageError
        When results cannot be written.
    """
    check_overfull(sweep)
    count_kept(sweep, sweep.end(limit))
    store = Store(out, sweep.text, _about(sweep, limit))
    began = time.monotonic()
    store.begin()
    digest = empty_digest(sweep)
    rows, sizes, parts = Counter[str](), Counter[str](), 0
    status = "failed"
    try:
        for done in _in_order(sweep, store, chunks(sweep, limit), workers or engine.cores()):
            digest.add(done.digest)
            rows.update(done.rows)
            sizes.update(done.bytes)
            parts += len(done.rows)
            advance(done.chunk.stop - done.chunk.start)
        if digest.scenarios == 0:
            raise InputError(NOTHING_KEPT)
        from fairsched_fast.sweep.pictures import draw_charts

        charts = draw_charts(sweep, digest, store)
        status = "complete"
    except KeyboardInterrupt:
        status = "interrupted"
        raise
    finally:
        outcome = {
            "status": status,
            "kept": digest.scenarios,
            "pools": digest.pools,
            "differing": digest.differing,
            "overfull": digest.overfull,
            "rows": dict(rows),
            "bytes": dict(sizes),
            "parts": parts,
            "seconds": round(time.monotonic() - began, 3),
        }
        manifest = store.write_manifest(outcome)
    return Outcome(sweep, out, digest, manifest, tuple(charts))


def _in_order(
    sweep: Sweep, store: Store, todo: Iterator[Chunk], workers: int
) -> Iterator[ChunkDone]:
    """Run chunks on threads and hand them back in order, a bounded window ahead."""

    def work(chunk: Chunk) -> ChunkDone:
        tables, digest = compute(sweep, chunk)
        sizes = {
            kind: store.write_part(kind, chunk.number, table) for kind, table in tables.items()
        }
        return ChunkDone(chunk, digest, {k: t.num_rows for k, t in tables.items()}, sizes)

    waiting: deque[Future[ChunkDone]] = deque()
    pool = ThreadPoolExecutor(workers)
    try:
        for chunk in todo:
            waiting.append(pool.submit(work, chunk))
            if len(waiting) >= workers + _AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def _about(sweep: Sweep, limit: int | None) -> dict[str, Any]:
    return {
        "name": sweep.name,
        "seed": sweep.seed,
        "policies": list(sweep.policy_names),
        "on_full": sweep.on_full,
        "scenarios": sweep.end(limit),
        "limit": limit,
        "jobs_table": None if sweep.table is None else sweep.table.source,
        "jobs_sha256": None if sweep.table is None else sweep.table.sha256,
        "axes": [setting.path for setting in sweep.axes],
    }
