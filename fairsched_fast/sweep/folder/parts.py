"""What a sweep writes: the columns of its Parquet parts, their units, and how they are filled."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from fairsched_fast import measures
from fairsched_fast.batch import Batch
from fairsched_fast.columns import unit_of
from fairsched_fast.measures import Figures
from fairsched_fast.number_rules import COUNT
from fairsched_fast.result import Result, StopReason
from fairsched_fast.sweep.scenarios.paths import Setting
from fairsched_fast.sweep.scenarios.sampling import Rows, Sweep
from fairsched_fast.sweep.scenarios.settings import Settings

SCHEMA_VERSION = 1


def summary_schema(sweep: Sweep) -> pa.Schema:
    """One row per scenario × policy × pool."""
    axes = [
        column_of(
            s.path, _axis_type(sweep, s), f"the value of {s.path} in this scenario", _axis_unit(s)
        )
        for s in sweep.axes
    ]
    shares = [*measures.FAIRNESS, *map(measures.used, sweep.resources)]
    return schema_of(
        [
            column_of("scenario", pa.int64(), "id: index in the sweep before `where`"),
            column_of("block", pa.int32(), "place of its [[block]] in the spec, from 0"),
            column_of("repeat", pa.int32(), "which repetition of the block's setting, from 0"),
            column_of("policy", words_type(), "policy it was run under"),
            column_of("pool", words_type(), "pool, isolated from the others"),
            *axes,
            column_of(measures.STEPS.name, pa.int32(), measures.STEPS.told, "executors"),
            column_of(
                "stop", words_type(), "why the run ended: " + ", ".join(r.name for r in StopReason)
            ),
            *(column_of(measure.name, pa.float64(), measure.told, "1") for measure in shares),
        ],
        sweep,
    )


def jobs_schema(sweep: Sweep) -> pa.Schema:
    """One row per scenario × policy × job."""
    job = pa.dictionary(pa.int32(), pa.string())
    return schema_of(
        [
            column_of("scenario", pa.int64(), "id: index in the sweep before `where`"),
            column_of("policy", words_type(), "policy it was run under"),
            column_of("pool", words_type(), "pool the job takes from"),
            column_of("job", job, "the job's name"),
            column_of("granted", pa.int32(), "executors given in the run", "executors"),
            column_of(
                "executors", pa.int32(), "executors held before the run + granted", "executors"
            ),
            column_of(
                "dominant_share", pa.float64(), "largest share over the resources, at the end", "1"
            ),
        ],
        sweep,
    )


def steps_schema(sweep: Sweep) -> pa.Schema:
    """One row per grant."""
    return schema_of(
        [
            *(jobs_schema(sweep).field(name) for name in ("scenario", "policy", "pool")),
            column_of("step", pa.int32(), "which grant of the pool's run, from 1"),
            jobs_schema(sweep).field("job"),
        ],
        sweep,
    )


def summary_table(
    sweep: Sweep,
    rows: Rows,
    results: Sequence[Sequence[Result]],
    figures: Sequence[Sequence[Figures]],
) -> pa.Table:
    """Results and `all_figures` of them are indexed [policy][pool]; rows go by scenario."""
    schema = summary_schema(sweep)
    n, P, Q = len(rows), len(results), len(results[0])

    def each(values: Any) -> NDArray[Any]:
        return np.repeat(values, P * Q)

    def interleave(pick: Any) -> NDArray[Any]:
        return np.stack([pick(p, q) for p in range(P) for q in range(Q)], axis=1).ravel()

    settings = sweep.filled(rows)
    columns: dict[str, Any] = {
        "scenario": each(rows.scenario),
        "block": np.full(n * P * Q, rows.block, np.int32),
        "repeat": each(rows.repeat.astype(np.int32)),
        "policy": cycled(sweep.policy_names, Q, n),
        "pool": cycled(tuple(sweep.settings.pools), 1, n * P),
    }
    for setting in sweep.axes:
        columns[setting.path] = _axis_column(
            setting, settings, rows, each, schema.field(setting.path).type
        )
    columns["steps"] = interleave(lambda p, q: results[p][q].steps)
    columns["stop"] = coded(
        interleave(lambda p, q: results[p][q].stop), [r.name for r in StopReason]
    )
    measured = [measure.name for measure in measures.FAIRNESS]
    measured += [column.utilization for column in sweep.resources]
    columns |= {  # what does not apply is empty
        name: pa.array(interleave(lambda p, q, name=name: figures[p][q][name]), from_pandas=True)
        for name in measured
    }
    return pa.Table.from_pydict(columns, schema=schema)


def jobs_table(sweep: Sweep, rows: Rows, results: Sequence[Sequence[Result]]) -> pa.Table:
    """Results are indexed [policy][pool]; rows come scenario by scenario."""
    batches = [result.batch for result in results[0]]
    n, P, J = len(rows), len(results), sum(batch.J for batch in batches)

    def interleave(pick: Any) -> NDArray[Any]:
        columns = [pick(result) for of_policy in results for result in of_policy]
        return np.concatenate(columns, axis=1).ravel()

    pools = np.repeat(np.arange(len(batches)), [batch.J for batch in batches])
    names, codes = job_codes(sweep, rows, batches)
    return pa.Table.from_pydict(
        {
            "scenario": np.repeat(rows.scenario, P * J),
            "policy": cycled(sweep.policy_names, J, n),
            "pool": coded(np.tile(pools, n * P), tuple(sweep.settings.pools)),
            "job": pa.DictionaryArray.from_arrays(
                np.tile(codes.astype(np.int32), (n // len(codes), P)).ravel(), names
            ),
            "granted": interleave(lambda result: result.granted),
            "executors": interleave(lambda result: result.executors),
            "dominant_share": interleave(lambda result: result.dominant_share),
        },
        schema=jobs_schema(sweep),
    )


def steps_table(sweep: Sweep, rows: Rows, results: Sequence[Sequence[Result]]) -> pa.Table:
    """Who was given each executor. Results, which have their orders, are indexed [policy][pool]."""
    batches = [result.batch for result in results[0]]
    n, P, Q = len(rows), len(results), len(batches)
    names, codes = job_codes(sweep, rows, batches)
    first_job = np.cumsum([0, *(batch.J for batch in batches)])
    lengths = np.stack([result.steps for of_policy in results for result in of_policy], axis=1)
    starts = np.cumsum(lengths) - lengths.ravel()
    run = np.repeat(np.arange(n * P * Q), lengths.ravel())
    jobs = np.empty(len(run), np.int32)
    for p in range(P):
        for q in range(Q):
            choices = results[p][q].choices
            assert choices is not None
            scenario, step = np.nonzero(choices >= 0)
            job = codes[scenario if len(codes) > 1 else 0, first_job[q] + choices[scenario, step]]
            jobs[starts[(scenario * P + p) * Q + q] + step] = job
    return pa.Table.from_pydict(
        {
            "scenario": rows.scenario[run // (P * Q)],
            "policy": coded(run // Q % P, sweep.policy_names),
            "pool": coded(run % Q, tuple(sweep.settings.pools)),
            "step": (np.arange(len(run)) - starts[run] + 1).astype(np.int32),
            "job": pa.DictionaryArray.from_arrays(jobs, names),
        },
        schema=steps_schema(sweep),
    )


def job_codes(
    sweep: Sweep, rows: Rows, batches: Sequence[Batch]
) -> tuple[list[str], NDArray[np.int64]]:
    """All job names, and each scenario's jobs as indices into them, (n or 1, J)."""
    if sweep.table is not None and rows.drawn is not None:
        return sweep.table.names.tolist(), rows.drawn
    names = [name for batch in batches for name in batch.job_names(0)]
    return names, np.arange(len(names))[np.newaxis]


def _axis_column(
    setting: Setting, settings: Settings, rows: Rows, each: Any, kind: pa.DataType
) -> pa.Array:
    """Its values; where this block does not sweep over it, what it is there."""
    if setting in rows.values:
        return pa.array(each(rows.values[setting]).astype(kind.to_pandas_dtype()))
    value = setting.read(settings)
    column = np.full(len(rows), np.nan if value is None else value)
    return pa.array(each(column), from_pandas=True).cast(kind)


def _axis_type(sweep: Sweep, setting: Setting) -> pa.DataType:
    """int64 where every value it can have is whole, so that files do not show 5 as 5.0."""
    base = setting.read(sweep.settings)
    if setting.rule.whole:
        return pa.int64()
    nothing = np.empty(0, np.int64)
    whole = isinstance(base, int) and all(
        axis.at(nothing).dtype.kind == "i"
        for block in sweep.blocks
        for axes in (block.grid, block.linked)
        for swept, axis in axes.items()
        if swept.overlaps(setting)
    )
    drawn = any(
        swept.overlaps(setting)
        for block in sweep.blocks
        for axes in (block.random, block.sobol)
        for swept in axes
    )
    return pa.int64() if whole and not drawn else pa.float64()


def _axis_unit(setting: Setting) -> str:
    if setting.rule is COUNT:
        return "executors"
    return (unit_of(setting.resource) or "") if setting.resource else "1"


def coded(codes: NDArray[Any], words: Sequence[str]) -> pa.DictionaryArray:
    """Words of a few kinds; -1 is none of them."""
    none = codes < 0
    indices = pa.array(codes.astype(np.int16, copy=False), mask=none if none.any() else None)
    return pa.DictionaryArray.from_arrays(indices, list(words))


def cycled(words: Sequence[str], each: int, times: int) -> pa.DictionaryArray:
    """Every word so many times, and all of that again and again."""
    return coded(np.tile(np.repeat(np.arange(len(words), dtype=np.int16), each), times), words)


def words_type() -> pa.DataType:
    """What `coded` makes."""
    return pa.dictionary(pa.int16(), pa.string())


def column_of(name: str, kind: pa.DataType, description: str, unit: str = "") -> pa.Field:
    """A column and what people read of it."""
    return pa.field(name, kind, metadata={"description": description, "unit": unit})


def schema_of(fields: list[pa.Field], sweep: Sweep) -> pa.Schema:
    """A table's columns, and which version of them this is."""
    about = {"fairsched_fast.schema": str(SCHEMA_VERSION), "fairsched_fast.sweep": sweep.name}
    return pa.schema(fields, metadata=about)
