"""KAI-Scheduler: dividing a pool among queues, and the order in which queues are served."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairsched_fast.batch import Batch
from fairsched_fast.claims import Claims, rank_by_age
from fairsched_fast.errors import InputError
from fairsched_fast.policies.base import Declaration
from fairsched_fast.policies.built_in import by_tier, resource_indices
from fairsched_fast.policies.registry import policy

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

_NO_SHARE = 1000.0  # what use of a resource counts whose allocatable share is 0


def fair_shares(
    batch: Batch,
    *,
    grain: Mapping[str, float] = {},
) -> dict[str, Floats]:
    """Resource → (J, S): KAI's division of the pool, as people write amounts."""
    divided = batch.as_given(_divide(batch, grain))
    return {name: divided[:, r] for r, name in enumerate(batch.labels.resources)}


def _divide(batch: Batch, grain: Mapping[str, float]) -> Floats:
    """Fair shares (J, R, S) in units: deserved first, then over-quota by class and weight."""
    shape = (batch.J, batch.R, batch.S)
    want = np.broadcast_to(_wanted(batch), shape)
    fair = np.minimum(batch.guarantee, want)
    left = np.maximum(batch.capacity - fair.sum(axis=0), 0)
    step = _grains(batch, grain)
    remainder = np.zeros(shape)
    weight = np.broadcast_to(batch.weight, (batch.J, batch.S))[:, np.newaxis]
    priority = np.broadcast_to(batch.priority, (batch.J, batch.S))
    classes = [(priority == level)[:, np.newaxis] for level in np.unique(priority)[::-1]]
    for members in classes:
        _share_class(weight, members, want, step, fair, left, remainder)
    age = np.broadcast_to(rank_by_age(batch)[:, np.newaxis], shape)
    turns = np.lexsort((age, -remainder), axis=0)
    for members in classes:
        for turn in turns:
            owed = np.take_along_axis(remainder * members, turn[np.newaxis], axis=0)[0] > 0
            one = np.where(owed, np.minimum(step, left), 0)
            left -= one
            before = np.take_along_axis(fair, turn[np.newaxis], axis=0)
            np.put_along_axis(fair, turn[np.newaxis], before + one, axis=0)
    return fair


def _share_class(
    weight: Floats,
    members: Flags,
    want: Floats,
    step: Floats,
    fair: Floats,
    left: Floats,
    remainder: Floats,
) -> None:
    """Rounds over one priority class: shares by weight in whole steps, until nobody is capped.

    Writes `fair` and `remainder` (J, R, S), and `left` (R, S).
    """
    going = left > 0
    while True:
        hungry = members & (want > fair) & going
        total = (hungry * weight).sum(axis=0)
        going = going & (total > 0)
        if not going.any():
            return
        served = hungry & (weight > 0) & going
        over = np.where(total > 0, total, 1)
        portion = np.broadcast_to(left * weight, fair.shape)
        share = portion / over
        missing = want - fair
        full, part = served & (missing <= share), served & (missing > share)
        whole = np.floor_divide(portion, over * step) * step
        given = np.where(full, missing, np.where(part, whole, 0))
        remainder[full] = 0
        rest = part & (share > whole)
        remainder[rest] = ((portion - whole * over) / over)[rest]
        fair += given
        left -= given.sum(axis=0)
        going = going & (served & (missing < share)).any(axis=0) & (left > 0)


def _wanted(batch: Batch) -> Floats:
    """(J', R, S'): all that a queue asks for, what it holds included, up to its limit."""
    count = batch.asked[:, np.newaxis]
    more = np.where(batch.demand > 0, count, 0) * np.where(batch.demand > 0, batch.demand, 1)
    wanted: Floats = np.minimum(batch.usage + more, batch.limit)
    return wanted


def _grains(batch: Batch, grain: Mapping[str, float]) -> Floats:
    """(R, S'): what is handed out at once of each resource, in units."""
    places = resource_indices(batch, list(grain))
    for name, value in grain.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < np.inf:
            raise InputError(f"grain.{name} is {value!r}; expected a number above 0")
    amounts = np.ones((batch.R, 1))
    amounts[places, 0] = list(grain.values())
    return amounts * batch.unit_scale


@policy(
    "kai",
    measure="dominant share of what it may have",
    formula="max_r (usage + (granted + 1) · demand) / max(guarantee, fair share)",
    source="KAI-Scheduler, proportion plugin; ties by submitted, then name",
    about=Declaration(
        scheduler="NVIDIA KAI-Scheduler, one level of queues",
        source="pkg/scheduler/plugins/proportion/resource_division/resource_division.go, "
        "queue_order/queue_order.go, at 72de64fc",
        key="dominant share, with the executor about to be given, of max(guarantee, fair share), "
        "at most the limit",
        weight="divides what is over quota; weight 0 gets its guarantee and nothing over quota",
        ties="submitted, then name",
        stages="queues within their guarantee (deserved) with the executor; then those not above "
        "their fair share in every resource; then the rest; in each higher priority first, then "
        "those that use no resource without a share",
        unfit="skipped",
        zero="use of a resource without a share counts a thousandfold, in the pool's own unit; one "
        "that the pool lacks and nobody uses counts for nobody",
        not_modelled="queue trees, gangs, reclaiming, historical usage; of equal keys the smaller "
        "before the grant, then the smaller allocatable share; share() and fair_share() are the "
        "division: guarantee or request first, the rest by priority and weight in steps of `grain` "
        "(1 as the pool states it)",
        share=fair_shares,
        fair_share=fair_shares,
    ),
)
def kai(batch: Batch, *, grain: Mapping[str, float] = {}) -> list[Claims]:
    """KAI: what is deserved first, then up to the fair share, then the rest, by priority."""
    fair = _divide(batch, grain)
    allowed = np.minimum(np.maximum(batch.guarantee, fair), batch.limit)
    demand, after = batch.demand, batch.usage + batch.demand
    none = allowed == 0
    times = np.where(none, _NO_SHARE, 1.0)
    claims = Claims(
        offset=after * times,
        slope=demand * times,
        per=np.where(none, batch.unit_scale, allowed),
        rank=rank_by_age(batch),
    )
    # Who uses a resource without a share comes after who does not, within a priority.
    uses = (none & (after > 0)).any(axis=1)
    tier = 2.0 * batch.priority - uses
    starved = _claims_within(batch, after, batch.guarantee).min(axis=1)
    within = _claims_within(batch, batch.usage, fair)
    under = np.where(_there(batch), within, 0).max(axis=1)
    stages = (
        _named(claims.up_to(starved), "within their guarantee"),
        _named(claims.up_to(under), "within their fair share"),
        _named(claims, "over their fair share"),
    )
    return [tiered for stage in stages for tiered in by_tier(batch, [stage], tier)]


def _named(claims: Claims, whose: str) -> Claims:
    return replace(claims, measure=f"dominant share, of what each may have, among those {whose}")


def _there(batch: Batch) -> Flags:
    """(R, S'): what the pool has or somebody in it uses; resources of other pools say nothing."""
    used = (batch.usage > 0).any(axis=0) | (batch.demand > 0).any(axis=0)
    there: Flags = used | (batch.capacity > 0)
    return there


def _claims_within(batch: Batch, first: Floats, amount: Any) -> Floats:
    """(J, R, S): how many claims keep first + k · demand within an amount, by resource."""
    need = np.where(batch.demand > 0, batch.demand, 1)
    count = np.floor((amount - first) / need) + 1
    within: Floats = np.where(
        batch.demand > 0, np.maximum(count, 0), np.where(first <= amount, np.inf, 0)
    )
    return within
