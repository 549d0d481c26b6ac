"""Fairness measures: arrays in, arrays out. Job axis first, scenario axis last.

Padding is masked out of every measure by `present` (J, S' or S), None where every job is real.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairsched_fast.batch import Batch

Floats = NDArray[np.float64]
Present = NDArray[np.bool_] | None


def real_jobs(batch: Batch) -> NDArray[np.bool_]:
    """(J, S): all but padding."""
    present = np.True_ if batch.present is None else batch.present
    return np.broadcast_to(present, (batch.J, batch.S))


def share(used: Floats, capacity: Floats) -> Floats:
    """used / capacity; of a resource of zero capacity every share is 0 (the notebook's rule)."""
    return np.divide(used, np.where(capacity == 0, np.inf, capacity))


def dominant_share(batch: Batch, granted: NDArray[np.integer[Any]]) -> Floats:
    """Largest share over the resources, (J, S), once each job was given `granted` (J, S).

    Ghodsi et al., Dominant Resource Fairness, NSDI 2011. Not divided by weights.
    """
    capacity, demand, usage = batch.capacity, batch.demand, batch.usage
    best = np.zeros(granted.shape)
    for r in range(batch.R):
        np.maximum(best, share(usage[:, r] + granted * demand[:, r], capacity[r]), out=best)
    return best


def executors_run(bundle: Floats, demand: Floats) -> Floats:
    """How many executors of each job a bundle of resources runs, fractions counted, (J, S).

    min_r bundle / demand over the resources that an executor needs (Leontief utility, as in Ghodsi
    et al., NSDI 2011); infinite where it needs none.

    Parameters
    ----------
    bundle, demand : (J', R, S')
        In one unit.
    """
    some = demand > 0
    run: Floats = np.where(some, bundle / np.where(some, demand, 1.0), np.inf).min(axis=1)
    return run


def entitled(batch: Batch, shares: Floats) -> tuple[Floats, Present]:
    """Shares (J, S) over weights, and whose count: jobs of weight 0 are entitled to nothing."""
    weight = batch.true_weight
    some = weight > 0
    if some.all():
        return shares / weight, batch.present
    present = some if batch.present is None else some & batch.present
    return shares / np.where(some, weight, 1.0), np.broadcast_to(present, shares.shape)


def utilization(batch: Batch, granted: NDArray[np.integer[Any]]) -> Floats:
    """Share of each resource in use, (R, S), once each job was given `granted` (J, S)."""
    demand, used = batch.demand, batch.used_before()
    total = np.broadcast_to(used, (batch.R, granted.shape[-1])).copy()
    for j in range(batch.J):
        total += granted[j] * demand[j if len(demand) > 1 else 0]
    return share(total, batch.capacity)


def mean_utilization(batch: Batch, granted: NDArray[np.integer[Any]]) -> Floats:
    """Mean over the resources of the share in use, (S,); those of zero capacity do not count.

    0 where no resource has any capacity.
    """
    total = np.zeros(granted.shape[-1])
    for used in utilization(batch, granted):  # one by one, as `jain`
        total += used
    count = np.broadcast_to((batch.capacity > 0).sum(axis=0), total.shape)
    return share(total, count.astype(np.float64))


def lowest(values: Floats, present: Present = None) -> Floats:
    """Smallest over the jobs, (S,); NaN where there are none."""
    kept = values if present is None else np.where(present, values, np.inf)
    return _of_some(kept.min(axis=0), present)


def highest(values: Floats, present: Present = None) -> Floats:
    """Largest over the jobs, (S,); NaN where there are none."""
    kept = values if present is None else np.where(present, values, 0.0)
    return _of_some(kept.max(axis=0), present)


def gap(values: Floats, present: Present = None) -> Floats:
    """Largest less smallest over the jobs, (S,); NaN where there are none."""
    return highest(values, present) - lowest(values, present)


def _of_some(found: Floats, present: Present) -> Floats:
    """What was found (S,), NaN of no jobs."""
    return found if present is None else np.where(present.any(axis=0), found, np.nan)


def jain(values: Floats, present: Present = None) -> Floats:
    """Jain's index (Σx)² / (n·Σx²), (S,): 1 when all are equal, 1/n when one has everything.

    Jain, Chiu & Hawe, DEC-TR-301, 1984. Of all-zero values it is 1, of no jobs NaN.
    """
    most = highest(values, present)
    kept = values / np.where(most == 0, 1.0, most)  # equal values give 1, to the last bit
    if present is not None:
        kept = np.where(present, kept, 0.0)
    count = len(values) if present is None else np.maximum(present.sum(axis=0), 1)
    total, squares = np.zeros(kept.shape[-1]), np.zeros(kept.shape[-1])
    for row in kept:  # one by one: NumPy's own sum depends on the array's shape in its last bits
        total += row
        squares += row * row
    nothing = squares == 0
    index = np.where(nothing, 1.0, total * total / np.where(nothing, 1.0, count * squares))
    return _of_some(index, present)
