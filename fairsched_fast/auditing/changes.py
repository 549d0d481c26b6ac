"""The scenarios of a batch again, each changed in one respect: a lie, more capacity, one job less.

Amounts are multiplied in decimal units, by factors of one decimal place, so that quantities that
were decimals stay decimals and their keys exact.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairsched_fast.batch import Batch
from fairsched_fast.number_rules import LARGEST

Floats = NDArray[np.float64]
Index = NDArray[np.integer[Any]]
Planes = dict[str, NDArray[Any]]


def lying(batch: Batch, rows: Index, job: Index, told: Floats) -> Batch:
    """Scenarios `rows` (n,) once more; in each `job` (n,) says one executor takes `told` (n, R)."""
    planes = _planes(batch, rows)
    demand = np.broadcast_to(planes["demand"], (batch.J, batch.R, len(rows))).copy()
    demand[job, :, np.arange(len(rows))] = told
    return _built(batch, rows, {**planes, "demand": demand})


def false_demand(batch: Batch, rows: Index, job: Index, resource: Index, factor: Floats) -> Floats:
    """(n, R): what a lie says that one executor takes, as people write it.

    Parameters
    ----------
    rows, job : (n,)
    resource : (n,)
        Of which the demand is multiplied; R is of all that the job needs. Of a resource that it
        needs nothing of, it asks for so many times the largest demand in the pool.
    factor : (n,)
        Of one decimal place.
    """
    n, R = len(rows), batch.R
    whole = np.broadcast_to(batch.demand, (batch.J, R, batch.S))
    true = whole[job, :, rows]
    largest = np.broadcast_to(whole.max(axis=0), (R, batch.S))[:, rows].T
    given = np.broadcast_to(batch.as_given(batch.demand), whole.shape)[job, :, rows]
    asked = _multiplied(
        batch, rows, np.where(true > 0, true, largest).T, np.broadcast_to(factor, (R, n))
    ).T
    about = resource[:, np.newaxis]
    meant = np.where(about == R, true > 0, about == np.arange(R))
    return np.where(meant, asked, given)


def growing(batch: Batch, rows: Index, resource: Index, factor: Floats) -> Batch:
    """Scenarios `rows` (n,), each with `factor` (n,) times as much of `resource` (n,)."""
    planes, n = _planes(batch, rows), len(rows)
    units = np.broadcast_to(_picked(batch.capacity, rows), (batch.R, n))
    grown = _multiplied(batch, rows, units, np.broadcast_to(factor, (batch.R, n)))
    capacity = np.broadcast_to(planes["capacity"], grown.shape)
    grows = resource == np.arange(batch.R)[:, np.newaxis]
    return _built(batch, rows, {**planes, "capacity": np.where(grows, grown, capacity)})


def leaving(batch: Batch, rows: Index, job: Index) -> Batch:
    """Scenarios `rows` (n,), each without `job` (n,) and what it held: a place of padding."""
    planes, n = _planes(batch, rows), len(rows)
    columns = np.arange(n)
    for name, nothing in _GONE.items():
        if name in planes:
            plane = planes[name]
            planes[name] = np.broadcast_to(plane, (batch.J, *plane.shape[1:-1], n)).copy()
            planes[name][job, ..., columns] = nothing
    present = np.ones((batch.J, n), np.bool_)
    if batch.present is not None:
        present &= _picked(batch.present, rows)
    present[job, columns] = False
    rest = _built(batch, rows, planes)
    rest.present = present
    return rest


_GONE = {
    "demand": 0,
    "usage": 0,
    "guarantee": np.nan,
    "limit": np.nan,
    "executors": 0,
    "min_executors": 0,
    "max_executors": 0,
    "user": -1,
}


def _multiplied(batch: Batch, rows: Index, units: Floats, factor: Floats) -> Floats:
    """Amounts (R, n), in units, times factors of one decimal place, as people write them."""
    scale, decimal = _picked(batch.unit_scale, rows), _picked(batch.decimal, rows)
    tenths = np.rint(units * np.rint(10 * factor))
    return np.minimum(np.where(decimal, tenths / (10 * scale), units * factor), LARGEST)


def _picked(plane: NDArray[Any], rows: Index) -> NDArray[Any]:
    """Scenarios of a plane (…, S'); one that all share stays so."""
    return plane[..., rows] if plane.shape[-1] > 1 else plane


def _planes(batch: Batch, rows: Index) -> Planes:
    """`Batch`'s own words for some scenarios, scenario axis last."""
    planes: Planes = {
        "capacity": batch.as_given(batch.capacity),
        "demand": batch.as_given(batch.demand),
        "usage": batch.as_given(batch.usage),
        "weight": batch.true_weight,
        "extra_executors": batch.extra_executors,
        "executors": batch.executors,
        "min_executors": batch.min_executors,
        "max_executors": batch.wanted + batch.executors,
        "priority": batch.priority,
        "submitted": batch.submitted,
    }
    if batch.guaranteed.any():
        planes["guarantee"] = np.where(batch.guaranteed, batch.as_given(batch.guarantee), np.nan)
    if batch.limited.any():
        amount = batch.as_given(np.where(batch.limited, batch.limit, 0.0))
        planes["limit"] = np.where(batch.limited, amount, np.nan)
    if batch.user is not None and batch.user_cap is not None:
        planes |= {"user": batch.user, "user_cap": batch.user_cap}
    return {name: _picked(plane, rows) for name, plane in planes.items()}


def _built(batch: Batch, rows: Index, planes: Planes) -> Batch:
    """A Batch of planes, with the names that the scenarios had."""
    labels = batch.labels
    words: dict[str, Any] = {
        name: plane if plane.ndim == 1 else np.moveaxis(plane, -1, 0)
        for name, plane in planes.items()
    }
    built = Batch(**words, resources=labels.resources)
    built.labels = labels.cut(rows)
    built.present = None if batch.present is None else _picked(batch.present, rows)
    built.name_rank = None if batch.name_rank is None else _picked(batch.name_rank, rows)
    return built
