"""The built-in policies: each a lowering, NumPy in, `Claims` out. Adding one needs this file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairsched_fast.batch import Batch
from fairsched_fast.batch.units import common_denominator
from fairsched_fast.claims import Claims, rank_by
from fairsched_fast.errors import InputError, did_you_mean
from fairsched_fast.policies.base import weighted
from fairsched_fast.policies.registry import find_policy, policy

Floats = NDArray[np.float64]

ONE = np.ones((1, 1, 1))


@policy(
    "round_robin",
    measure="executors granted",
    reason="round-robin (fixed order, ignores real usage)",
    formula="executors granted in this run",
    source="the notebook's BEFORE scheduler; ties in list order",
)
def round_robin(batch: Batch) -> Claims:
    """Each job in turn, blind to what it holds: the key is the number of executors granted."""
    return Claims(offset=0 * ONE, slope=ONE, per=ONE)


@policy(
    "weighted_round_robin",
    measure="executors granted",
    weighted=True,
    formula="executors granted in this run / weight",
    source="Waldspurger & Weihl, Stride Scheduling, MIT/LCS/TM-528, 1995; ties in list order",
)
def weighted_round_robin(batch: Batch) -> Claims:
    """Stride scheduling: turns in proportion to the weights."""
    return Claims(offset=0 * ONE, slope=ONE, per=batch.weight[:, np.newaxis])


@policy(
    "fifo",
    reason="first come, first served",
    formula="0; ties by submitted, then list order",
    source="Hadoop's and Spark's FIFO schedulers",
)
def fifo(batch: Batch) -> Claims:
    """First come, first served: the job submitted first takes all it may, then the next."""
    return Claims(offset=0 * ONE, slope=0 * ONE, per=ONE, rank=rank_by(batch, batch.submitted))


@policy(
    "slots",
    measure="executors held",
    weighted=True,
    formula="(executors + granted) / weight",
    source="Hadoop's Fair Scheduler before DRF (fairness of slots); ties by name",
)
def slots(batch: Batch) -> Claims:
    """Fewest executors first, whatever an executor takes."""
    return Claims(
        offset=batch.executors[:, np.newaxis],
        slope=ONE,
        per=batch.weight[:, np.newaxis],
        rank=batch.name_rank,
    )


@policy(
    "max_min",
    measure="share of one resource",
    weighted=True,
    formula="(usage + granted · demand) / capacity / weight, of one resource",
    source="Bertsekas & Gallager, Data Networks, 6.5.2 (max-min fairness); ties by name",
)
def max_min(batch: Batch, *, resource: str = "") -> Claims:
    """Max-min fairness of one resource, the pool's first unless named, blind to all others."""
    one = resource_indices(batch, [resource]) if resource else None
    usage, demand, capacity = (
        batch.labels.as_listed(plane, one)[..., :1, :]
        for plane in (batch.usage, batch.demand, batch.capacity)
    )
    lacks = one == []  # a resource of other pools: every share is 0
    return Claims(
        offset=0 * ONE if lacks else usage,
        slope=0 * ONE if lacks else demand,
        per=ONE if lacks else capacity * batch.weight[:, np.newaxis],
        rank=batch.name_rank,
        measure=weighted(batch, f"share of {_its_name(batch, resource)}"),
    )


def _its_name(batch: Batch, resource: str) -> str:
    """What the one resource is called: pools may list different ones first."""
    first = {batch.labels.resources[r] for r in batch.labels.order()[:, 0]}
    return resource or (first.pop() if len(first) == 1 else "the pool's first resource")


@policy(
    "drf",
    measure="dominant share",
    weighted=True,
    formula="max_r (usage + granted · demand) / capacity / weight",
    source="Ghodsi et al., Dominant Resource Fairness, NSDI 2011, Algorithm 1; ties by name",
)
def drf(batch: Batch, *, post_grant: bool = False, exclude: Sequence[str] = ()) -> Claims:
    """Dominant Resource Fairness: the job whose largest share, over its weight, is lowest.

    With `post_grant` the share counts the executor about to be given; the resources of `exclude`
    count for nobody's share (they still run out).
    """
    r = counted(batch, exclude) if exclude else slice(None)
    return Claims(
        offset=(batch.usage + batch.demand if post_grant else batch.kept.usage)[:, r],
        slope=batch.kept.demand[:, r],
        per=batch.capacity[r] * batch.weight[:, np.newaxis],
        rank=batch.name_rank,
    )


@policy(
    "asset",
    measure="sum of shares",
    weighted=True,
    formula="sum_r (usage + granted · demand) / capacity / weight",
    source="Ghodsi et al., NSDI 2011, section 5.1 (asset fairness); ties by name",
)
def asset(batch: Batch, *, post_grant: bool = False, exclude: Sequence[str] = ()) -> Claims:
    """Asset fairness: the job whose shares add up to the least, over its weight."""
    r = counted(batch, exclude)
    times, over = common_denominator(batch.capacity[r])
    usage, demand = (
        (quantity[:, r] * times).sum(axis=1, keepdims=True)
        for quantity in (batch.usage, batch.demand)
    )
    return Claims(
        offset=usage + demand if post_grant else usage,
        slope=demand,
        per=over * batch.weight[:, np.newaxis],
        rank=batch.name_rank,
    )


@policy(
    "priority",
    measure="dominant share",
    formula="highest priority first; within one, the policy `then`",
    source="priority classes of Kubernetes, Volcano, Slurm: strict tiers",
)
def priority(batch: Batch, *, then: str = "drf", boost: float = 0) -> list[Claims]:
    """Strict tiers: nobody is served while a job of higher priority can be.

    Within a tier jobs share as under `then`. A job's executors up to `min_executors` count as
    `boost` tiers higher, so that a job may stand in two.
    """
    return by_priority(batch, shared_as(then, batch), boost)


def by_priority(batch: Batch, claims: Sequence[Claims], boost: float = 0) -> list[Claims]:
    """The claims tier by tier, the highest priority first.

    Executors up to `min_executors` count as `boost` tiers higher.
    """
    return by_tier(batch, claims, batch.priority, boost)


def by_tier(
    batch: Batch, claims: Sequence[Claims], tier: NDArray[Any], boost: float = 0
) -> list[Claims]:
    """The claims by tiers (J', S') of jobs, the highest first; as `by_priority`."""
    base = np.broadcast_to(tier, (batch.J, tier.shape[-1])).astype(np.float64)
    guaranteed = missing_executors(batch)
    high = base + np.where(guaranteed > 0, boost, 0)
    if boost == 0 and (base == base[:1]).all():
        return list(claims)
    base = np.broadcast_to(base, high.shape)
    places = _dense_rank(-np.concatenate([high, base]))
    high_place, base_place = places[: batch.J], places[batch.J :]
    segments = []
    for place in range(int(places.max()) + 1):
        part = np.where(high_place <= place, guaranteed, 0)
        allowed = np.where(base_place <= place, np.inf, part)
        segments += [one.up_to(allowed) for one in claims]
    return segments


def _dense_rank(values: Floats) -> NDArray[np.int64]:
    """(J, S'): how many different values of its column are below each."""
    order = np.argsort(values, axis=0, kind="stable")
    sorted_ = np.take_along_axis(values, order, axis=0)
    new = np.diff(sorted_, axis=0, prepend=sorted_[:1]) > 0
    ranks = np.empty(values.shape, np.int64)
    np.put_along_axis(ranks, order, new.cumsum(axis=0), axis=0)
    return ranks


@policy(
    "min_share_first",
    measure="executors held",
    formula="needy (executors held < min_executors): held / min_executors; then the policy `then`",
    source="Hadoop's and Spark's fair schedulers (minimum shares by count)",
)
def min_share_first(batch: Batch, *, then: str = "drf") -> list[Claims]:
    """The needy first: who holds the smallest part of its minimum is served until none is needy."""
    fair = shared_as(then, batch)
    needy = Claims(
        offset=batch.executors[:, np.newaxis],
        slope=ONE,
        per=np.maximum(batch.min_executors, 1)[:, np.newaxis],
        rank=fair[0].rank,
        ceiling=missing_executors(batch),
        measure="part of the minimum",
    )
    return [needy, *fair]


@policy(
    "quota_first",
    measure="dominant share",
    formula="the policy `then`, below one's guarantee first",
    source="Mesos' quota, capacity guarantees of YARN: what is promised before what is spare",
)
def quota_first(batch: Batch, *, then: str = "drf") -> list[Claims]:
    """Guarantees first: executors within `guarantee`, or up to `min_executors`, go before others.

    In both stages jobs share as under `then`.
    """
    promised = guaranteed_executors(batch)
    fair = shared_as(then, batch)
    first = [
        replace(claims.up_to(promised), measure=f"{claims.measure} of those below their guarantee")
        for claims in fair
    ]
    return [*first, *fair]


def shared_as(then: str, batch: Batch) -> list[Claims]:
    """The claims of the policy that a stage or tier is shared by, which say what they measure."""
    policy = find_policy(then)
    measure = policy.measure_of(batch)
    return [
        replace(c, measure=c.measure or measure, reason=c.reason or policy.reason or "")
        for c in policy(batch)
    ]


def guaranteed_executors(batch: Batch) -> Floats:
    """(J, S'): how many executors more a job is promised, by count or within its guarantee."""
    within = batch.executors_within(batch.guarantee, batch.guaranteed)
    by_quota = np.where(np.isinf(within), 0, within)
    promised: Floats = np.maximum(by_quota, missing_executors(batch))
    return promised


def missing_executors(batch: Batch) -> NDArray[np.int32]:
    """(J', S'): how many executors a job lacks to its minimum."""
    missing: NDArray[np.int32] = np.maximum(batch.min_executors - batch.executors, 0)
    return missing


def resource_indices(batch: Batch, names: Sequence[str]) -> list[int]:
    """Where resources stand, of those that the batch has.

    Raises
    ------
    InputError
        On a name that is none of the batch's, nor of its pools' elsewhere.
    """
    known = batch.labels.resources
    for name in names:
        if name not in known and name not in batch.labels.elsewhere:
            raise InputError(f"there is no resource {name!r}{did_you_mean(name, known)}")
    return [known.index(name) for name in names if name in known]


def counted(batch: Batch, exclude: Sequence[str]) -> list[int]:
    """The resources that count for shares: all but those excluded."""
    dropped = resource_indices(batch, exclude)
    kept = [r for r in range(batch.R) if r not in dropped]
    if not kept:
        raise InputError(f"exclude is {list(exclude)}, which leaves no resource to compare")
    return kept
