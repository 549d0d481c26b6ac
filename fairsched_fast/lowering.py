"""From a batch and a policy's claims to the `Problem` that kernels take."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairsched_fast import kernels
from fairsched_fast.batch import FLOAT_SLACK, Batch
from fairsched_fast.claims import Claims, same_lines
from fairsched_fast.policy_base import PolicyLike
from fairsched_fast.registry import find_policy

_FIXED_POINT = 61  # bits of a capacity that is no decimal
_DTYPES = (*(np.float64,) * 3, *(np.int32,) * 4, *(np.int64,) * 2, np.int32, np.int64)


def lower(batch: Batch, policy: PolicyLike = "drf") -> kernels.Problem:
    """A batch under a policy as the kernels take it, for your own compiled code.

    Raises
    ------
    InputError
        On an unknown policy, one that is a key function, or a user's policy that makes no sound
        claims.
    """
    segments = find_policy(policy)(batch)
    return make_problem(batch, segments, segments[0].rank)


def make_problem(
    batch: Batch, segments: Sequence[Claims], rank: NDArray[np.integer[Any]] | None
) -> kernels.Problem:
    """The segments of a batch's claims, ties by rank (J, S'), as arrays."""
    apart = segments[:1] if same_lines(segments) else segments
    lines = [claims.lines(batch.J) for claims in apart]
    if rank is None:
        order = np.arange(batch.J)[:, np.newaxis]
    else:
        order = np.argsort(rank, axis=0, kind="stable")
    free, demand = capacity_units(batch)
    if batch.user is None or batch.user_cap is None:
        user, user_left = np.full((batch.J, 1), -1, np.int32), np.empty((0, 1), np.int64)
    else:
        user, user_left = batch.user, users_left(batch)
    arrays: tuple[NDArray[Any], ...] = (
        *(_stacked(parts) for parts in zip(*lines, strict=True)),
        _stacked([claims.ends(batch.J) for claims in segments]),
        order,
        batch.room,
        np.broadcast_to(batch.extra_executors, batch.S),  # all S, whatever the policy reads
        free,
        demand,
        user,
        user_left,
    )
    plain = [_plain(array, dtype) for array, dtype in zip(arrays, _DTYPES, strict=True)]
    return kernels.Problem(*plain)


def _stacked(parts: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """One array with the segments as its first axis."""
    return np.stack(np.broadcast_arrays(*parts)) if len(parts) > 1 else parts[0][np.newaxis]


def _plain(array: NDArray[Any], dtype: Any) -> NDArray[Any]:
    """Contiguous, writable, of one dtype: Numba compiles anew for every other kind of array."""
    return np.require(array, dtype, ["C", "W"])


def capacity_units(batch: Batch) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """What is free (R, S') and demanded (J', R, S') as integers on which capacity is decided.

    Decimal quantities are in their own units. True floats become fixed-point numbers in which a
    capacity has 61 bits, and may pass it by 1e-12 of it.
    """
    capacity, demand, decimal = batch.capacity, batch.demand, batch.decimal
    if decimal.all():
        free = np.maximum(capacity - batch.used_before(), -1)
        return free.astype(np.int64), demand.astype(np.int64)
    scale = np.where(decimal, 0, _FIXED_POINT - np.frexp(capacity)[1])
    limit = np.ldexp(capacity, scale)
    limit += np.where(decimal, 0, np.floor(limit * FLOAT_SLACK))
    usage = _fixed(batch.usage, scale)
    held = np.broadcast_to(usage, (batch.J, *usage.shape[1:]))
    overfull = batch.over_capacity()
    free_fixed = np.where(overfull, -1, limit.astype(np.int64) - held.sum(axis=0))
    need = _fixed(demand, scale, np.ceil)  # rounded up: no number of grants over-allocates
    return free_fixed, need


def _fixed(
    quantity: NDArray[np.float64], scale: NDArray[Any], rounded: np.ufunc = np.rint
) -> NDArray[np.int64]:
    with np.errstate(over="ignore"):  # far beyond the capacity, and no more than 2^62 here
        scaled = np.minimum(np.ldexp(quantity, scale), 2.0**62)
    fixed: NDArray[np.int64] = rounded(scaled).astype(np.int64)
    return fixed


def users_left(batch: Batch) -> NDArray[np.int64]:
    """(U, S') executors that each user may be given below its cap."""
    assert batch.user is not None and batch.user_cap is not None
    width = max(a.shape[-1] for a in (batch.user, batch.user_cap, batch.executors))
    left = np.array(np.broadcast_to(batch.user_cap, (len(batch.user_cap), width)), np.int64)
    held = np.broadcast_to(batch.executors, (batch.J, width))
    user = np.broadcast_to(batch.user, (batch.J, width))
    columns = np.arange(width)
    for j in range(batch.J):
        capped = user[j] >= 0
        left[user[j][capped], columns[capped]] -= held[j][capped]
    return left
