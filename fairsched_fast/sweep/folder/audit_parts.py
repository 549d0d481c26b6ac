"""The audit's part of a sweep: one row per scenario, policy and pool that is audited."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from fairsched_fast.auditing.findings import of_result
from fairsched_fast.auditing.verdicts import Findings
from fairsched_fast.auditing.words import EVERY, Column, columns
from fairsched_fast.columns import ResourceColumns
from fairsched_fast.result import Result
from fairsched_fast.sweep.folder.parts import (
    coded,
    column_of,
    cycled,
    job_codes,
    schema_of,
    summary_schema,
    words_type,
)
from fairsched_fast.sweep.scenarios.sampling import Rows, Sweep


def audit_schema(sweep: Sweep) -> pa.Schema:
    """The summary's leading columns, then those of `auditing.words`."""
    summary = summary_schema(sweep)
    leading = [summary.field(name) for name in ("scenario", "policy", "pool")]
    return schema_of([*leading, *(field for field, _, _ in _fields(sweep))], sweep)


def _fields(sweep: Sweep) -> Iterator[tuple[pa.Field, Column, ResourceColumns | None]]:
    """Each column of a file, what the audit calls it, and the resource that it is of."""
    kinds = {
        "number": pa.float64(),
        "job": pa.dictionary(pa.int32(), pa.string()),
        "resource": words_type(),
    }
    for column in columns(sweep.output.audit.probes):
        if column.kind == "each resource":
            for r in sweep.resources:
                text = f"{r.resource}: {column.text}"
                yield column_of(r.stranded, pa.float64(), text, column.unit), column, r
        else:
            yield column_of(column.name, kinds[column.kind], column.text, column.unit), column, None


def audit_table(sweep: Sweep, rows: Rows, results: Sequence[Sequence[Result]]) -> pa.Table:
    """Results are indexed [policy][pool]; rows come scenario by scenario."""
    n, P, Q = len(rows), len(results), len(results[0])
    found = [
        [of_result(result, sweep.output.audit.probes, workers=1) for result in of_policy]
        for of_policy in results
    ]
    names = _Names(sweep, rows, results)

    def interleave(column: Column, resource: ResourceColumns | None) -> NDArray[Any]:
        each = [names.column(found[p][q], q, column, resource) for p in range(P) for q in range(Q)]
        return np.stack(each, axis=1).ravel()

    table: dict[str, Any] = {
        "scenario": np.repeat(rows.scenario, P * Q),
        "policy": cycled(sweep.policy_names, Q, n),
        "pool": cycled(tuple(sweep.settings.pools), 1, n * P),
    }
    for field, column, resource in _fields(sweep):
        table[field.name] = names.array(column, interleave(column, resource))
    return pa.Table.from_pydict(table, schema=audit_schema(sweep))


class _Names:
    """From indices within a pool to those of the whole sweep's names."""

    def __init__(self, sweep: Sweep, rows: Rows, results: Sequence[Sequence[Result]]) -> None:
        batches = [result.batch for result in results[0]]
        self._jobs, self._codes = job_codes(sweep, rows, batches)
        self._first = np.cumsum([0, *(batch.J for batch in batches)])
        resources = (r.resource for r in sweep.resources)
        self._resources = list(dict.fromkeys([*resources, EVERY]))
        self._places = [
            np.array([self._resources.index(r) for r in (*batch.labels.resources, EVERY)])
            for batch in batches
        ]

    def column(
        self, found: Findings, pool: int, column: Column, resource: ResourceColumns | None
    ) -> NDArray[Any]:
        """(n,): numbers, or indices of names, -1 for none."""
        values = found[column.name]
        if column.kind == "number":
            return values
        if column.kind == "job":
            row = np.arange(len(values)) if len(self._codes) > 1 else 0
            return np.where(values < 0, -1, self._codes[row, self._first[pool] + values])
        places = self._places[pool]
        if resource is None:
            return np.where(values < 0, -1, places[values])
        mine = np.flatnonzero(places == self._resources.index(resource.resource))
        return values[mine[0]] if len(mine) else np.full(values.shape[-1], np.nan)

    def array(self, column: Column, values: NDArray[Any]) -> pa.Array:
        """As a file has it: what does not apply is empty."""
        if column.kind == "job":
            indices = pa.array(values.astype(np.int32), mask=values < 0)
            return pa.DictionaryArray.from_arrays(indices, self._jobs)
        if column.kind == "resource":
            return coded(values, self._resources)
        return pa.array(values, from_pandas=True)
