"""Aggregates computed on the way: count, mean, standard deviation, least and most of each group.

Moments of slices are merged in chunk order, so they come out the same to the last bit however the
work was spread or interrupted.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from fairsched_fast.moments import Moments, moments_of, no_moments
from fairsched_fast.sweep.scenarios.output import Aggregate

_TOLD = {
    "measure": "column of the summary",
    "count": "rows of the summary (scenario, policy and pool) that have it",
    "mean": "arithmetic mean",
    "std": "standard deviation of a sample (count - 1); empty of a single row",
    "min": "least",
    "max": "most",
}


def no_rows(aggregate: Aggregate) -> Moments:
    """Nothing counted yet."""
    return no_moments(_groups(aggregate), len(aggregate.measures))


def count_rows(aggregate: Aggregate, summary: pa.Table) -> Moments:
    """Of a summary's rows. What a row does not have (null) is not counted."""
    places = [_places(summary[by], levels) for by, levels in _columns(aggregate)]
    columns = [summary[name].to_numpy().astype(np.float64) for name in aggregate.measures]
    group = np.ravel_multi_index(places, aggregate.shape)
    return moments_of(columns, group, _groups(aggregate))


def aggregate_table(aggregate: Aggregate, moments: Moments, summary: pa.Schema) -> pa.Table:
    """One row for each group that has any rows and each measure, in rising order of the groups.

    Its columns are as those of the summary, whose schema is given.
    """
    filled, measure = np.nonzero(moments.count)
    count, mean, _, least, most = (a[filled, measure] for a in moments.arrays())
    places = np.unravel_index(filled, aggregate.shape)
    fields = [summary.field(by) for by in aggregate.by]
    groups = [
        _level_column(levels, place, field.type)
        for levels, place, field in zip(aggregate.levels, places, fields, strict=True)
    ]
    measured = pa.array(np.array(aggregate.measures, object)[measure], pa.string())
    spread = pa.array(moments.std[filled, measure], from_pandas=True)
    figures = [pa.array(count), pa.array(mean), spread, pa.array(least), pa.array(most)]
    columns = [*groups, measured, *figures]
    plain = [field.with_type(column.type) for field, column in zip(fields, columns, strict=False)]
    told = [
        pa.field(name, column.type, metadata={"description": text, "unit": ""})
        for (name, text), column in zip(_TOLD.items(), columns[len(fields) :], strict=True)
    ]
    return pa.table(columns, schema=pa.schema([*plain, *told], metadata=summary.metadata))


def _groups(aggregate: Aggregate) -> int:
    return int(np.prod(aggregate.shape))


def _columns(aggregate: Aggregate) -> Any:
    return zip(aggregate.by, aggregate.levels, strict=True)


def _places(column: pa.ChunkedArray, levels: Any) -> NDArray[Any]:
    """Which of its levels each row has."""
    if isinstance(levels, tuple):
        indices: NDArray[Any] = column.combine_chunks().indices.to_numpy()
        return indices
    values = column.to_numpy()
    place: NDArray[Any] = np.searchsorted(levels, values)  # NaN, which is null, sorts last
    assert np.array_equal(levels[place], values, equal_nan=True)
    return place


def _level_column(levels: Any, place: NDArray[Any], kind: pa.DataType) -> pa.Array:
    if isinstance(levels, tuple):
        return pa.array(np.array(levels, object)[place], pa.string())
    return pa.array(levels[place], from_pandas=True).cast(kind)
