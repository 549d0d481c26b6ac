"""Aggregates computed on the way: count, mean, standard deviation, least and most of each group.

Moments of slices are merged in chunk order, so they come out the same to the last bit however the
work was spread or interrupted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from fairsched_fast.sweep.output import Aggregate

_TOLD = {
    "measure": "column of the summary",
    "count": "rows of the summary (scenario, policy and pool) that have it",
    "mean": "arithmetic mean",
    "std": "standard deviation of a sample (count - 1); empty of a single row",
    "min": "least",
    "max": "most",
}


@dataclass(frozen=True, slots=True)
class Moments:
    """Of each group and measure, (G, M): count int64, all else float64.

    Merged as Chan, Golub & LeVeque (Updating formulae and a pairwise algorithm for computing sample
    variances, 1979) do it, which cancels nothing.
    """

    count: NDArray[np.int64]
    mean: NDArray[np.float64]
    squares: NDArray[np.float64]  # sum of squared distances from the mean
    least: NDArray[np.float64]
    most: NDArray[np.float64]

    def __add__(self, other: Moments) -> Moments:
        count = self.count + other.count
        share = other.count / np.maximum(count, 1)
        apart = other.mean - self.mean
        return Moments(
            count,
            self.mean + apart * share,
            self.squares + other.squares + apart * apart * self.count * share,
            np.minimum(self.least, other.least),
            np.maximum(self.most, other.most),
        )

    def arrays(self) -> tuple[NDArray[Any], ...]:
        """All there is, to be stored."""
        return self.count, self.mean, self.squares, self.least, self.most


def no_moments(aggregate: Aggregate) -> Moments:
    """Nothing counted yet."""
    shape = int(np.prod(aggregate.shape)), len(aggregate.measures)
    zero = np.zeros(shape)
    return Moments(
        np.zeros(shape, np.int64), zero, zero, np.full(shape, np.inf), np.full(shape, -np.inf)
    )


def moments_of(aggregate: Aggregate, summary: pa.Table) -> Moments:
    """Of a summary's rows. What a row does not have (null) is not counted."""
    places = [_places(summary[by], levels) for by, levels in _columns(aggregate)]
    group = np.ravel_multi_index(places, aggregate.shape)
    found = no_moments(aggregate)
    G = len(found.count)
    out = tuple(array.copy() for array in found.arrays())
    for m, measure in enumerate(aggregate.measures):
        values = summary[measure].to_numpy().astype(np.float64)
        real = ~np.isnan(values)
        of, x = group[real], values[real]
        np.minimum.at(out[3][:, m], of, x)
        np.maximum.at(out[4][:, m], of, x)
        count = np.bincount(of, minlength=G)
        base = np.where(count > 0, out[3][:, m], 0.0)  # so that equal values have no spread
        above = np.bincount(of, weights=x - base[of], minlength=G)
        mean = base + above / np.maximum(count, 1)
        out[0][:, m], out[1][:, m] = count, mean
        out[2][:, m] = np.bincount(of, weights=(x - mean[of]) ** 2, minlength=G)
    return Moments(*out)


def aggregate_table(aggregate: Aggregate, moments: Moments, summary: pa.Schema) -> pa.Table:
    """One row for each group that has any rows and each measure, in rising order of the groups.

    Its columns are as those of the summary, whose schema is given.
    """
    filled, measure = np.nonzero(moments.count)
    count, mean, squares, least, most = (a[filled, measure] for a in moments.arrays())
    places = np.unravel_index(filled, aggregate.shape)
    fields = [summary.field(by) for by in aggregate.by]
    groups = [
        _level_column(levels, place, field.type)
        for levels, place, field in zip(aggregate.levels, places, fields, strict=True)
    ]
    measured = pa.array(np.array(aggregate.measures, object)[measure], pa.string())
    spread = pa.array(np.sqrt(squares / np.maximum(count - 1, 1)), mask=count < 2)
    figures = [pa.array(count), pa.array(mean), spread, pa.array(least), pa.array(most)]
    columns = [*groups, measured, *figures]
    plain = [field.with_type(column.type) for field, column in zip(fields, columns, strict=False)]
    told = [
        pa.field(name, column.type, metadata={"description": text, "unit": ""})
        for (name, text), column in zip(_TOLD.items(), columns[len(fields) :], strict=True)
    ]
    return pa.table(columns, schema=pa.schema([*plain, *told], metadata=summary.metadata))


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
