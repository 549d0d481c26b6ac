"""Armada: the fair order of queues in a pool."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairsched_fast.batch import Batch
from fairsched_fast.claims import Claims
from fairsched_fast.errors import InputError
from fairsched_fast.metrics import real_jobs, share
from fairsched_fast.policies.base import Declaration
from fairsched_fast.policies.built_in import by_priority, counted, resource_indices
from fairsched_fast.policies.registry import policy

Floats = NDArray[np.float64]

_ROUNDS = 10  # of re-sharing
_MOST = 1e9  # of a multiplier
_ENOUGH = 0.01  # of the pool that may stay unshared


def cost(batch: Batch, **parameters: Any) -> Floats:
    """(J, S): the cost of what each queue holds, as Armada's reports show it."""
    numerators, denominators, kept = _multipliers(batch, **parameters)
    of = share(batch.usage[:, kept] * numerators, batch.capacity[kept] * denominators)
    weight = batch.true_weight
    weighted = np.where(weight > 0, of.max(axis=1) / np.where(weight > 0, weight, 1), np.inf)
    return np.broadcast_to(weighted, (batch.J, batch.S))


def fair_shares(batch: Batch, **parameters: Any) -> dict[str, Floats]:
    """(J, S) each: a queue's fair share, that capped by its demand with spare demand re-shared,
    and what it would get if its demand had no end.
    """
    weight = np.where(real_jobs(batch), batch.true_weight, 0.0)
    numerators, denominators, kept = _multipliers(batch, **parameters)
    count = np.where(batch.demand == 0, 0, batch.asked[:, np.newaxis])
    wanted = count * np.where(batch.demand == 0, 1, batch.demand)
    asked = (batch.usage + wanted)[:, kept] * numerators
    demand = share(asked, batch.capacity[kept] * denominators).max(axis=1)
    nothing = (batch.capacity == 0).all(axis=0)
    demand = np.broadcast_to(np.where(nothing, 1.0, demand), weight.shape)
    everyone = weight.sum(axis=0)
    plain = weight / np.where(everyone > 0, everyone, 1)
    capped, uncapped, spare = (np.zeros(weight.shape) for _ in range(3))
    achieved = np.zeros(weight.shape, np.bool_)
    unallocated = np.ones(batch.S)
    for _ in range(_ROUNDS):
        going = unallocated > _ENOUGH
        open_weight = np.where(achieved, 0, weight).sum(axis=0)
        total = open_weight + np.where(achieved, weight, 0)
        part = np.divide(weight, total, out=np.zeros_like(weight), where=total > 0)
        uncapped += np.where(going, part * (unallocated - spare), 0)
        going &= open_weight > 0
        capped += np.where(going & ~achieved, part * unallocated, 0)
        over = np.where(going, np.maximum(capped - demand, 0), spare)
        full = going & (over > 0)
        capped, achieved = np.where(full, demand, capped), achieved | full
        spare = over
        unallocated = np.where(going, np.where(full, over, 0).sum(axis=0), 0)
    return {"fair_share": plain, "demand_capped": capped, "uncapped": uncapped}


@policy(
    "armada",
    measure="cost",
    weighted=True,
    formula="max_r multiplier · (usage + (granted + 1) · demand) / capacity / weight",
    source="Armada, dominant resource fairness; ties by queue name",
    about=Declaration(
        scheduler="Armada, queue order",
        source="internal/scheduler/scheduling/fairness/fairness.go, queue_scheduler.go, "
        "context/scheduling.go, at 207cc9e0",
        key="cost of what the queue holds, the executor about to be given included",
        weight="divides the cost; Armada has no weight 0, here it is last whatever the priority",
        ties="name",
        stages="jobs of higher priority (Armada: priority class) first",
        unfit="skipped",
        zero="a resource of capacity 0 counts for nobody",
        not_modelled="gangs, preemption, away pools, short-job penalties, prefer-large-job order; "
        "a multiplier of 0, which Armada reads as 1, leaves "
        "the resource out; limits do not cap demand; share() is the cost of what is held; "
        "fair_share() re-shares spare demand as Armada does, ten times or until 1 % is left",
        share=cost,
        fair_share=fair_shares,
    ),
)
def armada(
    batch: Batch,
    *,
    exclude: Sequence[str] = (),
    multipliers: Mapping[str, float] = {},
) -> list[Claims]:
    """Armada: the lowest cost once served. With `multipliers` only the resources named count."""
    numerators, denominators, kept = _multipliers(batch, exclude, multipliers)
    slope = batch.demand[:, kept] * numerators
    claims = Claims(
        offset=batch.usage[:, kept] * numerators + slope,
        slope=slope,
        per=batch.capacity[kept] * denominators * batch.weight[:, np.newaxis],
        rank=batch.name_rank,
    )
    return by_priority(batch, [claims])


def _multipliers(
    batch: Batch, exclude: Sequence[str] = (), multipliers: Mapping[str, float] = {}
) -> tuple[Floats, Floats, Any]:
    """Multipliers as whole numerators and denominators (R', 1), and which resources count."""
    if not multipliers:
        kept = counted(batch, exclude)
        return np.ones((1, 1)), np.ones((1, 1)), kept
    if exclude:
        raise InputError("multipliers and exclude are both given; expected one of them")
    chosen = resource_indices(batch, list(multipliers))
    for name, value in multipliers.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < _MOST:
            raise InputError(f"multipliers.{name} is {value!r}; expected a number, 0 or more")
    if not any(multipliers.values()):
        raise InputError("multipliers are all 0, which leaves no resource to compare")
    exact = [Fraction(repr(float(value))) for value in multipliers.values()]
    return (
        np.array([[float(part.numerator)] for part in exact]),
        np.array([[float(part.denominator)] for part in exact]),
        chosen,
    )
