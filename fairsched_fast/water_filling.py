"""Fluid allocations: what a policy comes to where executors can be divided.

Progressive filling: the water level, a key, rises for all jobs alike; whoever meets a ceiling or
needs what has run out stays where it is. The discrete run differs by what one executor weighs.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fairsched_fast.batch import Batch
from fairsched_fast.claims import Claims
from fairsched_fast.errors import InputError
from fairsched_fast.lowering import users_left
from fairsched_fast.model import Scenario
from fairsched_fast.policies.base import Policy, PolicyLike
from fairsched_fast.policies.registry import find_policy

Floats = NDArray[np.float64]

_CHUNK_VALUES = 1 << 20  # worked on at once
_HALVINGS = 200  # of the water level's interval: enough for neighbouring doubles
_SPENT = 1e-12  # of what there was: less is nothing
_CENTRED = 1e-3  # Newton decrement at which the barrier is lowered
_BARRIERS = 10.0 ** -np.arange(13)  # of the smallest weight
_LEAST_BARRIER = 1e-12  # beyond, rounding is larger
_NEWTON_STEPS = 200  # for each barrier, at most


class Supply(NamedTuple):
    """What executors use up: resources, the budget, users' caps; and each job's ceiling."""

    need: Floats  # (J, C, S) of one executor
    free: Floats  # (C, S)
    room: Floats  # (J, S)


def fluid(scenarios: Scenario | Iterable[Scenario] | Batch, policy: PolicyLike = "drf") -> Floats:
    """Divisible executors each job is given under a policy, (S, J) in executors.

    Parameters
    ----------
    scenarios
        As in `allocate`. Capacity always counts; a pool that holds more than it has gives nothing
        of what it lacks.
    policy
        A policy made of claims, or "ceei": competitive equilibrium from equal incomes, the Nash
        bargain that maximises Σ weight · log(executors held + given) (Varian 1974; Ghodsi et al.,
        NSDI 2011, section 5.2). Solved to about 1e-10; jobs of weight 0 get nothing.

    Raises
    ------
    InputError
        On an unknown policy, or one whose key is a function.
    """
    batch = scenarios if isinstance(scenarios, Batch) else Batch.from_scenarios(scenarios)
    found = None if policy == "ceei" else find_policy(policy)
    size = max(1, _CHUNK_VALUES // batch.J**2)  # CEEI's matrices are (J, J)
    parts = [_nash(part) if found is None else _rise(part, found) for _, part in batch.chunks(size)]
    return np.concatenate(parts, axis=1).T


def _rise(batch: Batch, policy: Policy) -> Floats:
    """(J, S): progressive filling, segment by segment."""
    supply = _supply(batch)
    try:
        segments = policy(batch)
    except InputError as error:
        raise InputError(f"fluid: {error}") from error
    given = np.zeros((batch.J, batch.S))
    rank = segments[0].rank
    order = batch.job_order if rank is None else np.argsort(rank, axis=0, kind="stable")
    order = np.broadcast_to(order, given.shape)
    for claims in segments:
        ends = np.minimum(supply.room, claims.ends(batch.J))
        _fill(claims, supply, np.maximum(ends, given), order, given)
    return given


def _supply(batch: Batch) -> Supply:
    J, S = batch.J, batch.S
    free, demand = batch.capacity - batch.used_before(), batch.demand
    need: list[NDArray[Any]] = [np.broadcast_to(demand, (J, batch.R, S)), np.ones((J, 1, S))]
    there: list[NDArray[Any]] = [
        np.broadcast_to(free, (batch.R, S)),
        np.broadcast_to(batch.extra_executors, (1, S)),
    ]
    if batch.user is not None and batch.user_cap is not None:
        users = np.arange(len(batch.user_cap))[:, np.newaxis]
        need.append(np.broadcast_to(batch.user[:, np.newaxis] == users, (J, len(users), S)))
        there.append(np.broadcast_to(users_left(batch), (len(users), S)))
    free_now = np.maximum(np.concatenate(there).astype(np.float64), 0)
    room = np.broadcast_to(batch.room, (J, S)).astype(np.float64)
    return Supply(np.concatenate(need, axis=1).astype(np.float64), free_now, room)


def _fill(claims: Claims, supply: Supply, ends: Floats, order: NDArray[Any], given: Floats) -> None:
    """Raise the water level over one segment's claims as far as it goes; adds to `given`."""
    lines = claims.lines(len(given))
    going = given < ends
    slack = _SPENT * np.maximum(supply.free, 1)
    while True:
        spent = _left(supply, given) <= slack
        going &= (given < ends) & ~((supply.need > 0) & spent).any(axis=1)
        if not going.any():
            return
        low, high = np.full(given.shape[1], -1.0), _top(lines, ends, going)
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            if ((middle == low) | (middle == high)).all():
                break
            left = _left(supply, _reach(lines, middle, given, ends, going))
            fits = (left >= -slack).all(axis=0)
            low, high = np.where(fits, middle, low), np.where(fits, high, middle)
        target, before = _reach(lines, high, given, ends, going), given.copy()
        given[:] = _reach(lines, low, given, ends, going)
        short = _settle(supply, order, target, given)
        # Too little by less than a rounding: then whoever needs what is too little.
        lacking = _left(supply, target) < slack
        nearly = ((supply.need > 0) & lacking).any(axis=1) & ~(short & going).any(axis=0)
        stuck = (given == before).all(axis=0)  # never seen: whoever is left stays where it is
        going &= ~(short | nearly | stuck)


def _left(supply: Supply, given: Floats) -> Floats:
    """(C, S): what is left."""
    left: Floats = supply.free - np.einsum("jcs,js->cs", supply.need, given)
    return left


def _top(lines: tuple[Floats, ...], ends: Floats, going: NDArray[np.bool_]) -> Floats:
    """(S,): a level at which every job that goes on is at its end."""
    offset, slope, per = lines
    keys = (offset + ends[:, np.newaxis] * slope) / np.where(per == 0, np.inf, per)
    top: Floats = np.where(going, np.maximum(keys.max(axis=1), 0), 0).max(axis=0)
    return top


def _reach(
    lines: tuple[Floats, ...], level: Floats, given: Floats, ends: Floats, going: NDArray[np.bool_]
) -> Floats:
    """(J, S): how many executors a job has once the water stands at a level (S,)."""
    offset, slope, per = lines
    rising = (slope > 0) & (per > 0)
    over = offset / np.where(per == 0, np.inf, per) > level  # the same division as in `_top`
    bound = (level * per - offset) / np.where(rising, slope, 1)
    least = np.where(rising, bound, np.where(over, -np.inf, np.inf)).min(axis=1)
    least = np.where(level < 0, -np.inf, least)
    least = np.where(least >= ends * (1 - _SPENT), ends, least)  # there, but for rounding
    return np.where(going, np.clip(least, given, ends), given)


def _settle(
    supply: Supply, order: NDArray[Any], target: Floats, given: Floats
) -> NDArray[np.bool_]:
    """Raise jobs to their target in rank order, as far as it fits; (J, S) who falls short."""
    columns, short = np.arange(given.shape[1]), np.zeros(given.shape, np.bool_)
    for job in order:
        need, here = supply.need[job, :, columns].T, given[job, columns]
        left = np.maximum(_left(supply, given), 0)
        most = np.where(need > 0, left / np.where(need > 0, need, 1), np.inf).min(axis=0)
        wanted = target[job, columns] - here
        given[job, columns] = here + np.minimum(wanted, most)
        short[job, columns] = wanted > most
    return short


def _nash(batch: Batch) -> Floats:
    """(J, S): the maximum of Σ weight · log(held + given), by a barrier method."""
    supply = _supply(batch)
    shape = supply.room.shape
    held = np.broadcast_to(batch.executors, shape).astype(np.float64)
    weight = np.broadcast_to(batch.true_weight, shape)
    empty = ((supply.need > 0) & (supply.free <= 0)).any(axis=1)
    plays = ~empty & (supply.room > 0) & (weight > 0)
    need = np.where(plays[:, np.newaxis], supply.need, 0)
    need = need / np.where(supply.free > 0, supply.free, 1)  # of what is free: slacks start at 1
    weight = np.where(plays, weight, 0)
    weight = weight / np.maximum(weight.sum(axis=0), np.finfo(float).tiny)
    most = np.where(need > 0, 1 / np.where(need > 0, need, 1), np.inf).min(axis=1)
    given = np.where(plays, np.minimum(most, supply.room) / (2 * len(held)), 0)
    least = np.where(plays, weight, np.inf).min(axis=0)
    least = np.where(np.isinf(least), 1.0, least)
    for barrier in _BARRIERS:
        going = plays.any(axis=0)
        for _ in range(_NEWTON_STEPS):
            if not going.any():
                break
            step, decrement = _newton(
                np.maximum(barrier * least, _LEAST_BARRIER),
                weight,
                held,
                need,
                supply.room,
                plays,
                given,
            )
            given += np.where(going, step / np.where(decrement > 0.25, 1 + decrement, 1), 0)
            going &= decrement >= _CENTRED
        else:
            raise InputError(
                f"fluid: CEEI of {int(going.sum()):,} scenarios did not converge; expected weights "
                "and demands that differ by less than about 1e6"
            )
    return given


def _newton(
    barrier: Floats,
    weight: Floats,
    held: Floats,
    need: Floats,
    room: Floats,
    plays: NDArray[np.bool_],
    given: Floats,
) -> tuple[Floats, Floats]:
    """A Newton step (J, S) of the barrier (S,) problem, and its decrement (S,).

    No weight is below the barrier, so the problem is self-concordant: damped by 1 / (1 + decrement)
    a step stays inside (Boyd & Vandenberghe, Convex Optimization, 9.6).
    """
    slack = 1 - np.einsum("jcs,js->cs", need, given)
    has = np.where(plays, held + given, 1)
    below = np.where(plays, room - given, 1)
    above = np.where(plays & (held > 0), given, np.inf)
    gradient = -weight / has + barrier * (
        np.einsum("jcs,cs->js", need, 1 / slack) + 1 / below - 1 / above
    )
    gradient = np.where(plays, gradient, 0)
    curve = weight / has**2 + barrier * (1 / below**2 + 1 / above**2)
    hessian = np.einsum("jcs,kcs,cs->sjk", need, need, barrier / slack**2)
    j = np.arange(len(given))
    hessian[:, j, j] += np.where(plays, curve, 1).T
    step: Floats = -np.linalg.solve(hessian, gradient.T[..., np.newaxis])[..., 0].T
    squared = np.maximum(-(gradient * step).sum(axis=0) / barrier, 0)
    decrement: Floats = np.sqrt(squared)
    return step, decrement
