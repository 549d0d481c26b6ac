"""The work of a chunk: its scenarios under every policy, written as its parts.

`attempt` needs the sweep, the chunk and the folder, and gives back one record: it can run in any
process that sees the folder.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from fairsched_fast import engine
from fairsched_fast.batch import Batch
from fairsched_fast.errors import InputError
from fairsched_fast.measures import all_figures
from fairsched_fast.policies.base import Policy
from fairsched_fast.result import Result
from fairsched_fast.sweep.folder.audit_parts import audit_table
from fairsched_fast.sweep.folder.digest import Digest, digest_chunk, empty_digest
from fairsched_fast.sweep.folder.durable import Stamp, StorageError, beside, parquet_writer, writing
from fairsched_fast.sweep.folder.journal import ChunkRecord, Part
from fairsched_fast.sweep.folder.parts import jobs_table, steps_table, summary_table
from fairsched_fast.sweep.folder.store import part_path
from fairsched_fast.sweep.scenarios.chunks import Chunk, slice_size
from fairsched_fast.sweep.scenarios.sampling import Rows, Sweep

ATTEMPTS = 2


def attempt(sweep: Sweep, chunk: Chunk, folder: Path) -> ChunkRecord:
    """Run a chunk and write its parts; a failure, once it has come again, is what is recorded.

    Raises
    ------
    StorageError
        When the folder cannot be written to: other chunks could not be either.
    """
    for _ in range(ATTEMPTS):
        try:
            return compute(sweep, chunk, folder)
        except StorageError:
            raise
        except InputError as error:
            failed = str(error)
        except Exception as error:  # whatever a policy raises
            failed = f"{type(error).__name__}: {error}"
    return ChunkRecord(chunk.number, chunk.start, chunk.stop, failed=failed)


def compute(sweep: Sweep, chunk: Chunk, folder: Path) -> ChunkRecord:
    """Run a chunk, slice by slice, and write its parts: none where `where` keeps nothing of it."""
    digest = empty_digest(sweep)
    with _Parts(folder, chunk.number) as parts:
        for piece in chunk.slices(slice_size(sweep)):
            tables, found = tables_of(sweep, piece)
            digest.add(found)
            for kind, table in tables.items():
                parts.write(kind, table)
    stamps = parts.stamps()
    return ChunkRecord(chunk.number, chunk.start, chunk.stop, stamps, digest.pack())


class _Parts:
    """The parts of a chunk, each begun with its first rows; they take their places at the end."""

    def __init__(self, folder: Path, number: int) -> None:
        self._folder, self._number = folder, number
        self._open = ExitStack()
        self._writers: dict[str, pq.ParquetWriter] = {}
        self._rows: dict[str, int] = {}

    def __enter__(self) -> _Parts:
        return self

    def __exit__(self, *raised: object) -> None:
        with writing(self._folder):
            self._open.__exit__(*raised)  # type: ignore[arg-type]

    def write(self, kind: str, table: pa.Table) -> None:
        """Add rows, as a row group."""
        if not table.num_rows:
            return
        with writing(self._folder):
            if kind not in self._writers:
                partial = self._open.enter_context(beside(self._path(kind)))
                writer = parquet_writer(partial, table.schema)
                self._writers[kind] = self._open.enter_context(writer)
            self._writers[kind].write_table(table)
        self._rows[kind] = self._rows.get(kind, 0) + table.num_rows

    def stamps(self) -> dict[str, Part]:
        """What was written, once it is in its place."""
        found = {kind: Stamp.of(self._path(kind)) for kind in self._rows}
        return {
            kind: Part(self._rows[kind], stamp.bytes, stamp.sha256)
            for kind, stamp in found.items()
            if stamp is not None
        }

    def _path(self, kind: str) -> Path:
        return part_path(self._folder, kind, self._number)


def tables_of(sweep: Sweep, piece: Chunk) -> tuple[dict[str, pa.Table], Digest]:
    """Some scenarios under every policy: their tables by kind, and their digest; nothing written.

    Raises
    ------
    InputError
        Where a scenario is wrong in itself.
    """
    rows = sweep.rows(piece.start, piece.stop)
    if not len(rows):
        return {}, empty_digest(sweep)
    output = sweep.output
    batches = batches_of(sweep, rows)
    results = _results(sweep, batches)
    measures = [[all_figures(result, sweep.resources) for result in of] for of in results]
    summary = None
    tables: dict[str, pa.Table] = {}
    if output.summary or output.aggregates:
        summary = summary_table(sweep, rows, results, measures)
    if output.summary:
        tables["summary"] = summary
    if output.jobs:
        tables["jobs"] = jobs_table(sweep, rows, results)
    if output.steps:
        sampled = sweep.sampled(rows, piece.block_start, output.steps)
        if len(sampled):
            tables["steps"] = steps_table(sweep, sampled, _orders(sweep, sampled, results))
    if output.audit.share:
        sampled = sweep.sampled(rows, piece.block_start, output.audit.share)
        if len(sampled):
            every = len(sampled) == len(rows)
            audited = results if every else _results(sweep, batches_of(sweep, sampled))
            tables["audit"] = audit_table(sweep, sampled, audited)
    inside = rows.scenario - piece.block_start
    return tables, digest_chunk(sweep, rows, inside, results, measures, summary)


def batches_of(sweep: Sweep, rows: Rows) -> list[Batch]:
    """One for each pool; where a scenario is wrong, which ones were read is said."""
    try:
        return sweep.batches(rows)
    except InputError as error:
        first, last = rows.scenario[[0, -1]]
        raise InputError(
            f"scenarios {first} … {last} (S counts from the first): {error}"
        ) from error


def _results(sweep: Sweep, batches: Sequence[Batch]) -> list[list[Result]]:
    """Indexed [policy][pool]."""
    return [[run_pool(sweep, batch, policy) for batch in batches] for policy in sweep.policies]


def run_pool(sweep: Sweep, batch: Batch, policy: Policy, order: int | None = None) -> Result:
    """A pool under a policy; one that starts over-full simply gets nothing."""
    return engine.run(batch, policy, sweep.on_full, workers=1, order=order)


def _orders(sweep: Sweep, sampled: Rows, results: Sequence[Sequence[Result]]) -> list[list[Result]]:
    """Results of some of the rows once more, with the order of grants. Indexed [policy][pool]."""
    batches = batches_of(sweep, sampled)
    return [
        [
            run_pool(sweep, batch, known.policy, order=max(1, int(known.steps.max())))
            for batch, known in zip(batches, of_policy, strict=True)
        ]
        for of_policy in results
    ]
