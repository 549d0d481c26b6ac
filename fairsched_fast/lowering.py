"""From a batch and a policy's claims to the `Problem` that kernels take."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairsched_fast import kernels
from fairsched_fast.batch import FLOAT_SLACK, Batch
from fairsched_fast.batch.units import EXACT
from fairsched_fast.claims import Claims, same_lines
from fairsched_fast.policies.base import PolicyLike
from fairsched_fast.policies.registry import find_policy

_LARGEST = 2**31 - 1
_NOBODY, _NO_CAPS = np.full((1, 1), -1, np.int32), np.empty((0, 1), np.int64)
_FIXED_POINT = 61  # bits of a capacity that is no decimal
_SLACK_BITS = 38  # below a capacity's first bit, where FLOAT_SLACK and roundings up are
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
    order = _order(batch.J, rank)
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


def make_whole(
    batch: Batch, segments: Sequence[Claims]
) -> tuple[kernels.WholeProblem, float] | None:
    """The same in whole numbers below 2³¹, and what no packed key passes; None where it cannot be.

    Planes that a policy takes from the Batch as they are stay uncopied.
    """
    kept = batch.kept
    if any(plane.dtype != np.int32 for plane in kept):
        return None
    apart = segments[:1] if same_lines(segments) else segments
    lines = [_whole_lines(claims, batch.J) for claims in apart]
    if any(line is None for line in lines):
        return None
    offset, slope, factor = (_stacked(parts) for parts in zip(*lines, strict=True))
    if batch.user is None or batch.user_cap is None:
        user, user_left = _NOBODY, _NO_CAPS
    else:
        user, user_left = batch.user, users_left(batch)
    whole = kernels.WholeProblem(
        _read_only(offset, np.int32),
        _read_only(slope, np.int32),
        _read_only(factor, np.int64),
        _read_only(_stacked([claims.ends(batch.J) for claims in segments]), np.int32),
        _read_only(_order(batch.J, segments[0].rank), np.int32),
        _read_only(batch.room, np.int32),
        _read_only(batch.extra_executors, np.int32),
        _read_only(kept.capacity, np.int32),
        _read_only(kept.usage, np.int32),
        _read_only(kept.demand, np.int32),
        _read_only(user, np.int32),
        _read_only(user_left, np.int64),
    )
    return whole, _packed_bound(whole)


def _whole_lines(claims: Claims, J: int) -> tuple[NDArray[Any], ...] | None:
    """Offset, slope and factor to the common denominator, (J', L, S'); None where not whole."""
    offset, slope, per = (_whole(np.asarray(a)) for a in (claims.offset, claims.slope, claims.per))
    if offset is None or slope is None or per is None:
        return None
    runs = _runs(per)  # what an axis of a sweep sets often stays for thousands of scenarios
    own = per[..., runs[:-1]]
    common = _common_multiple(own)
    if common is None:
        return None
    L = max(offset.shape[1], slope.shape[1], per.shape[1])
    factor = np.where(own == 0, 0, common // np.maximum(own, 1))
    if len(runs) - 1 < per.shape[-1]:
        factor = np.repeat(factor, np.diff(runs), axis=-1)
    return tuple(
        a if a.shape[1] == L else np.broadcast_to(a, (a.shape[0], L, a.shape[2]))
        for a in (offset, slope, factor)
    )


def _whole(numbers: NDArray[Any]) -> NDArray[Any] | None:
    """As integers where all are whole and below 2³¹, else None."""
    if numbers.dtype == np.int32:
        return numbers
    if numbers.size and (float(numbers.max()) > _LARGEST or float(numbers.min()) < -_LARGEST):
        return None
    whole = numbers.astype(np.int32)
    return None if (whole != numbers).any() else whole


def _runs(plane: NDArray[Any]) -> NDArray[np.int64]:
    """Where runs of equal columns of a plane (…, S') begin, and S'."""
    rows = plane.reshape(-1, plane.shape[-1])
    changes = np.flatnonzero((rows[:, 1:] != rows[:, :-1]).any(axis=0)) + 1
    return np.concatenate(([0], changes, [plane.shape[-1]]))


def _common_multiple(per: NDArray[Any]) -> NDArray[np.int64] | None:
    """The least common multiple of each scenario's denominators, (S',); None beyond 2⁵³."""
    if per.shape[-1] == 1:
        least = math.lcm(*(value for value in set(per.ravel().tolist()) if value > 0))
        return np.array([least]) if least < EXACT else None
    common = np.ones(per.shape[-1], np.int64)
    for row in per.reshape(-1, per.shape[-1]):
        value = np.where(row > 0, row, 1).astype(np.int64)
        step = value // np.gcd(common, value)
        if (
            common.astype(np.float64).max() * step.max() >= EXACT
            and ((common.astype(np.float64) * step) >= EXACT).any()
        ):
            return None
        common *= step
    return common


def _packed_bound(whole: kernels.WholeProblem) -> float:
    """What no key, packed with its job's place, and no count passes."""
    budget = float(_most(whole.budget))
    grants = np.minimum(np.maximum(_most(whole.room), 1.0), budget)[:, np.newaxis]
    rise = _most(whole.slope) * grants
    low = -np.minimum.reduce(whole.offset, axis=-1, dtype=np.float64, initial=0)
    top = np.maximum(_most(whole.offset) + rise, low) * _most(whole.factor)
    places = 1 << (len(whole.order) - 1).bit_length()
    return (max(float(top.max()), budget) + 1) * places


def _most(plane: NDArray[Any]) -> NDArray[Any]:
    """The largest over the scenarios."""
    return plane[..., 0] if plane.shape[-1] == 1 else np.maximum.reduce(plane, axis=-1)


def _read_only(array: NDArray[Any], dtype: Any) -> NDArray[Any]:
    """Contiguous, of one dtype and read-only, as the planes of a Batch are: no copy of those."""
    plain: NDArray[Any] = np.ascontiguousarray(array, dtype)
    if plain.flags.writeable:
        plain = plain.view()
        plain.flags.writeable = False
    return plain


def _order(J: int, rank: NDArray[np.integer[Any]] | None) -> NDArray[Any]:
    """Jobs (J, S') from the lowest rank."""
    return np.arange(J)[:, np.newaxis] if rank is None else np.argsort(rank, axis=0, kind="stable")


def _stacked(parts: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """One array with the segments as its first axis; missing lines repeat the last."""
    if len(parts) == 1:
        return parts[0][np.newaxis]
    most = max(part.shape[1] for part in parts)
    even = [
        np.concatenate([part, np.repeat(part[:, -1:], most - part.shape[1], axis=1)], axis=1)
        if part.ndim == 3
        else part
        for part in parts
    ]
    return np.stack(np.broadcast_arrays(*even))


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


def left_at_most(batch: Batch) -> NDArray[np.int64]:
    """(R, 1): up to how many of `capacity_units` nothing is left, for all that rounding leaves."""
    return np.where(batch.decimal, 0, 1 << _FIXED_POINT - _SLACK_BITS)


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
