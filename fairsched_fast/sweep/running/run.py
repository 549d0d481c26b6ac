"""Running a sweep: chunks on all cores, each recorded once its parts stand, and going on later.

A crew runs the chunks: threads, or a cluster's workers. What the sweep comes to is read back from
the journal, chunk by chunk in order, so that it is the same whether the work was done at once,
spread, or stopped and taken up again.
"""

from __future__ import annotations

import hashlib
import inspect
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from itertools import takewhile
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fairsched_fast.batch import capacity_checks
from fairsched_fast.errors import InputError
from fairsched_fast.policies.base import Policy
from fairsched_fast.policies.key_functions import KeyPolicy
from fairsched_fast.progress import Advance
from fairsched_fast.sweep.folder.aggregates import aggregate_table
from fairsched_fast.sweep.folder.digest import Digest, empty_digest
from fairsched_fast.sweep.folder.durable import write_parquet
from fairsched_fast.sweep.folder.journal import ChunkRecord
from fairsched_fast.sweep.folder.parts import summary_schema
from fairsched_fast.sweep.folder.store import AGGREGATES, Store
from fairsched_fast.sweep.running.compute import attempt
from fairsched_fast.sweep.running.crew import Crew, Threads
from fairsched_fast.sweep.scenarios.chunks import Chunk, chunks
from fairsched_fast.sweep.scenarios.counting import NOTHING_KEPT, count_kept
from fairsched_fast.sweep.scenarios.reading import load_sweep
from fairsched_fast.sweep.scenarios.sampling import Sweep
from fairsched_fast.workers import threads

if TYPE_CHECKING:
    from distributed import Client


def _silent(done: int, *, already: bool = False) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A chunk that failed, and failed again: scenarios start…stop−1."""

    chunk: int
    start: int
    stop: int
    message: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a sweep came to. `resumed` is how many scenarios an earlier run had finished."""

    sweep: Sweep
    folder: Path
    digest: Digest
    manifest: dict[str, Any]
    files: tuple[Path, ...]  # charts and aggregates
    failures: tuple[Failure, ...]
    resumed: int


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
    spec: Sweep | str | PathLike[str],
    out: str | PathLike[str],
    *,
    jobs: str | PathLike[str] | None = None,
    limit: int | None = None,
    workers: int | None = None,
    client: Client | None = None,
    fail_fast: bool = False,
    advance: Advance = _silent,
) -> Outcome:
    """Run a sweep and write its results, or go on with what is missing of them.

    Parameters
    ----------
    spec, out
        A sweep file's path, or what `load_sweep` made of it, and the folder for its results.
    jobs
        A CSV that stands in for the file's `[jobs] csv`.
    limit
        Only the scenarios with the first `limit` ids.
    workers
        Threads; None is all cores. The files do not depend on it.
    client
        A `dask.distributed.Client`: its cluster's workers run the chunks, and write to `out`, which
        they see by the same path. The files do not depend on that either.
    fail_fast
        End with the first chunk that fails; else the others go on, and `failures` has the list.
    advance
        Called with the number of scenarios, before `where`, each time some are done; first with
        those that an earlier run had done, as `already`.

    Raises
    ------
    InputError
        When the spec is wrong, the folder not ours or held by another process, or `where` keeps
        nothing.
    StorageError
        When results cannot be written.
    """
    sweep = _understood(spec, jobs)
    check_overfull(sweep)
    count_kept(sweep, sweep.end(limit))
    store = Store(Path(out), sweep.text, _about(sweep, limit))
    with store.held():
        hire = _hiring(sweep, store.folder, workers, client)
        return _go_on(sweep, store, limit, hire, fail_fast, advance)


def _understood(spec: Sweep | str | PathLike[str], jobs: str | PathLike[str] | None) -> Sweep:
    if not isinstance(spec, Sweep):
        return load_sweep(Path(spec), None if jobs is None else Path(jobs))
    if jobs is not None:
        raise InputError(
            f"jobs is {jobs!r}, and the sweep is read already; give its path, or no jobs"
        )
    return spec


def _hiring(
    sweep: Sweep, folder: Path, workers: int | None, client: Client | None
) -> Callable[[], Crew]:
    """What makes the crew, once there is work for it."""
    if client is None:
        many = threads(workers)
        return lambda: Threads(lambda chunk: attempt(sweep, chunk, folder), many)
    from fairsched_fast.sweep.running.cluster import Cluster, check_client

    if workers is not None:
        raise InputError(f"workers is {workers}, and client says who works; leave one of them out")
    check_client(client)
    return lambda: Cluster(client, sweep, folder)


def _go_on(
    sweep: Sweep,
    store: Store,
    limit: int | None,
    hire: Callable[[], Crew],
    fail_fast: bool,
    advance: Advance,
) -> Outcome:
    """Run what is missing in the folder, which is held; all else is taken as it lies there."""
    began = time.monotonic()
    whole = store.resume(
        lambda last: takewhile(lambda chunk: chunk.number <= last, chunks(sweep, limit)),
        empty_digest(sweep).fits,
    )
    before = sum(record.stop - record.start for record in store.journal.records())
    if before:
        advance(before, already=True)

    def finished(record: ChunkRecord) -> bool:
        advance(record.stop - record.start)
        return fail_fast and bool(record.failed)

    if before == sweep.end(limit) and store.is_complete():
        digest, files = _fold(sweep, store)[0], list(store.manifest["files"])
    else:
        todo = (chunk for chunk in chunks(sweep, limit) if chunk.number not in whole)
        digest, files = _finish(
            sweep, store, began, lambda: _run_chunks(hire(), store, todo, finished)
        )
    return Outcome(
        sweep=sweep,
        folder=store.folder,
        digest=digest,
        manifest=store.manifest,
        files=tuple(store.folder / name for name in files),
        failures=tuple(Failure(**found) for found in store.manifest["failed"]),
        resumed=before,
    )


def _finish(
    sweep: Sweep, store: Store, began: float, work: Callable[[], None]
) -> tuple[Digest, list[str]]:
    """Work, then write what is derived from all chunks; the manifest says how it ended."""
    digest, known = _fold(sweep, store)  # what is there is read before anything of it goes
    store.restart()
    status, files = "failed", dict[str, Any]()
    try:
        try:
            work()
        finally:
            digest, known = _fold(sweep, store)
        if digest.scenarios == 0 and not known["failed"]:
            raise InputError(NOTHING_KEPT)
        files = _derive(sweep, digest, store)
        store.journal.rewrite(store.journal.records())  # in order: the same, whatever happened
        status = "failed" if known["failed"] else "complete"
    except KeyboardInterrupt:
        status = "interrupted"
        raise
    finally:
        seconds = round(time.monotonic() - began, 3)
        store.write_manifest({"status": status, **known, "files": files, "seconds": seconds})
    return digest, list(files)


def _run_chunks(
    crew: Crew, store: Store, todo: Iterator[Chunk], finished: Callable[[ChunkRecord], bool]
) -> None:
    """Have chunks run, a bounded window ahead, until `finished` says that it is enough.

    Those that the crew still finishes when that is so, or when the user interrupts, are recorded.
    """

    def settle() -> bool:
        enough = False
        for record in crew.settled():
            store.record(record)
            enough |= finished(record)
        return enough

    try:
        for chunk in todo:
            crew.submit(chunk)
            if crew.is_full() and settle():
                return
        while len(crew):
            if settle():
                return
    finally:
        for record in crew.close():
            store.record(record)
    store.clear_partials()


def _fold(sweep: Sweep, store: Store) -> tuple[Digest, dict[str, Any]]:
    """What all recorded chunks come to: their digests added in order, and counts for people."""
    digest, empty = empty_digest(sweep), empty_digest(sweep)
    rows, sizes, parts = Counter[str](), Counter[str](), 0
    failed: list[dict[str, Any]] = []
    for record in store.journal.records():
        if record.failed:
            failed.append(asdict(Failure(record.number, record.start, record.stop, record.failed)))
            continue
        digest.add(empty.unpack(record.digest))
        parts += len(record.parts)
        rows.update({kind: part.rows for kind, part in record.parts.items()})
        sizes.update({kind: part.bytes for kind, part in record.parts.items()})
    return digest, {
        "kept": digest.scenarios,
        "pools": digest.pools,
        "differing": digest.differing,
        "overfull": digest.overfull,
        "rows": dict(rows),
        "bytes": dict(sizes),
        "parts": parts,
        "failed": failed,
    }


def _derive(sweep: Sweep, digest: Digest, store: Store) -> dict[str, Any]:
    """Write charts and aggregates; their entries in the manifest."""
    if digest.scenarios == 0:
        return {}
    from fairsched_fast.sweep.folder.pictures import draw_charts

    files = draw_charts(sweep, digest, store)
    schema = summary_schema(sweep)
    for aggregate, moments in zip(sweep.output.aggregates, digest.moments, strict=True):
        table = aggregate_table(aggregate, moments, schema)
        files |= store.write_file(
            f"{AGGREGATES}/{aggregate.name}.parquet", partial(write_parquet, table)
        )
    return files


def _about(sweep: Sweep, limit: int | None) -> dict[str, Any]:
    return {
        "name": sweep.name,
        "seed": sweep.seed,
        "policies": list(sweep.policy_names),
        "policy_sources": {p.name: _source_hash(p) for p in sweep.policies if not p.built_in},
        "on_full": sweep.on_full,
        "scenarios": sweep.end(limit),
        "limit": limit,
        "jobs_table": None if sweep.table is None else sweep.table.source,
        "jobs_sha256": None if sweep.table is None else sweep.table.sha256,
        "axes": [setting.path for setting in sweep.axes],
    }


def _source_hash(policy: Policy) -> str:
    """What a policy of one's own is recognised by: the file it is written in, whole."""
    written = policy.function if isinstance(policy, KeyPolicy) else None
    function = written or policy.lower
    try:
        source = Path(inspect.getsourcefile(function) or "").read_bytes()
    except (OSError, TypeError):  # typed into a session, or made by a program
        code = getattr(function, "__code__", None)
        source = code.co_code if code is not None else policy.name.encode()
    return hashlib.sha256(source).hexdigest()
