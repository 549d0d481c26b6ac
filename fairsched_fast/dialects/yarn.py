"""Apache Hadoop YARN: the Fair Scheduler's Dominant Resource Fairness policy."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numba.extending import register_jitable
from numpy.typing import NDArray

from fairsched_fast.batch import Batch
from fairsched_fast.claims import rank_by_age
from fairsched_fast.metrics import real_jobs
from fairsched_fast.policies.base import Declaration
from fairsched_fast.policies.built_in import counted
from fairsched_fast.policies.key_functions import KeyFacts, facts_policy, stack_facts

Floats = NDArray[np.float64]

_FACTS = 4  # for each resource: usage, demand, capacity, guarantee
_ROUNDS = 25  # of ComputeFairShares' bisection


def _key(facts: Floats, granted: int, row: Floats) -> None:
    """Needy, not needy or without weight, then its ratios, those of its larger shares first."""
    R = (facts.shape[0] - 1) // _FACTS
    weight = facts[_FACTS * R]
    dominant, most = 0, -1.0
    for r in range(R):
        row[1 + r] = _of(facts, granted, r, facts[_FACTS * r + 2])
        if row[1 + r] > most:
            dominant, most = r, row[1 + r]
    held = facts[_FACTS * dominant] + granted * facts[_FACTS * dominant + 1]
    needy = held < facts[_FACTS * dominant + 3]
    row[0] = 0.0 if needy else 1.0 if weight > 0 else 2.0
    taken = np.zeros(R, np.bool_)
    shares = row[1 : 1 + R].copy()
    for place in range(R):
        best = -1
        for r in range(R):
            if not taken[r] and (best < 0 or shares[r] > shares[best]):
                best = r
        taken[best] = True
        if needy:
            row[1 + place] = _of(facts, granted, best, facts[_FACTS * best + 3])
        elif weight > 0:
            row[1 + place] = _of(facts, granted, best, facts[_FACTS * best + 2] * weight)
        else:
            row[1 + place] = np.inf


@register_jitable
def _of(facts: Floats, granted: int, r: int, per: float) -> float:
    """What it holds of a resource over a denominator; of 0, infinite once it holds any."""
    held = facts[_FACTS * r] + granted * facts[_FACTS * r + 1]
    if per > 0:
        return float(held / per)
    return np.inf if held > 0 else 0.0


def fair_shares(batch: Batch, **_: Any) -> dict[str, Floats]:
    """Resource → (J, S): ComputeFairShares, as its bisection leaves them.

    Shares are clamp(weight · R, guarantee, limit), cut to whole numbers, for the least R that hands
    out all there is; they may add up to a little more.
    """
    shape = (batch.J, batch.R, batch.S)
    least, most = (
        np.broadcast_to(batch.as_given(quantity), shape)
        for quantity in (batch.guarantee, batch.limit)
    )
    weight = np.where(real_jobs(batch), batch.true_weight, 0.0)
    capacity = np.broadcast_to(batch.as_given(batch.capacity), (batch.R, batch.S))
    shares = np.zeros(shape)
    for r in range(batch.R):
        for s in range(batch.S):
            shares[:, r, s] = _divide(capacity[r, s], weight[:, s], least[:, r, s], most[:, r, s])
    return {name: shares[:, r] for r, name in enumerate(batch.labels.resources)}


def _divide(total: float, weight: Floats, least: Floats, most: Floats) -> Floats:
    fixed = (most <= 0) | (weight <= 0)
    shares = np.where(most <= 0, 0.0, least)
    free = ~fixed
    if not free.any():
        return shares
    total = min(float(most[free].sum()), max(0.0, total - float(shares[fixed].sum())))

    def at(ratio: float) -> Floats:
        raw = np.maximum(weight[free] * ratio, least[free])
        return np.trunc(np.minimum(raw, most[free]))

    high = 1.0
    while at(high).sum() < total and math.isfinite(high):
        high *= 2
    low = 0.0
    for _ in range(_ROUNDS):
        middle = (low + high) / 2
        used = at(middle).sum()
        if used == total:
            high = middle
            break
        low, high = (middle, high) if used < total else (low, middle)
    shares[free] = at(high)
    return shares


@facts_policy(
    "yarn",
    _key,
    shown=1,
    stages={0.0: "part of its guarantee among the needy"},
    measure="dominant share",
    weighted=True,
    formula="needy first, by usage / guarantee; else usage / capacity / weight, dominant first",
    source="Hadoop's Fair Scheduler, DRF policy; ties by submitted, then name",
    about=Declaration(
        scheduler="Apache Hadoop YARN, Fair Scheduler with the DRF policy",
        source="scheduler/fair/policies/DominantResourceFairnessPolicy.java and "
        "ComputeFairShares.java, at ee91492f with YARN-11482",
        key="shares before the grant, the largest first, then the next resource",
        weight="divides the shares of those not needy; weight 0 is last (in YARN an idle queue of "
        "weight 0 ties with everyone)",
        ties="submitted, then name",
        stages="needy (below its guarantee of its dominant resource) first, compared by usage / "
        "guarantee",
        unfit="skipped",
        zero="held of a capacity or guarantee of 0 is infinite, nothing held is 0",
        not_modelled="`exclude` is ours; reservations of nodes, locality, queue trees, 32-bit "
        "floats; fair_share() is "
        "ComputeFairShares, its rounding and 25 rounds of bisection included",
        fair_share=fair_shares,
    ),
)
def yarn(batch: Batch, *, exclude: Sequence[str] = ()) -> KeyFacts:
    """YARN's Fair Scheduler: queues below their minimum share first, then by dominant share."""
    planes: list[NDArray[np.float64]] = []
    kept, scale = counted(batch, exclude), batch.weight_scale  # weights are in units
    usage, demand, capacity, guarantee = (
        batch.labels.as_listed(plane, kept)  # of equal shares the first counts as dominant
        for plane in (batch.usage, batch.demand, batch.capacity, batch.guarantee)
    )
    for r in range(len(kept)):
        planes += [
            usage[:, r] * scale,
            demand[:, r] * scale,
            capacity[[r]],
            guarantee[:, r] * scale,
        ]
    values = stack_facts(batch, [*planes, batch.weight])
    return KeyFacts(values, rank_by_age(batch), columns=1 + len(kept))
