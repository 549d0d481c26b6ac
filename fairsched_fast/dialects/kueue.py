"""Kueue: fair sharing of a cohort's quota among cluster queues."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairsched_fast.batch import Batch
from fairsched_fast.claims import Claims, rank_by
from fairsched_fast.errors import InputError
from fairsched_fast.policies.base import Declaration
from fairsched_fast.policies.built_in import resource_indices
from fairsched_fast.policies.registry import policy

Floats = NDArray[np.float64]

_PER_MILLE = 1000
_MAX_INT = 2**63 - 1


def shown(batch: Batch, **parameters: Any) -> NDArray[np.object_]:
    """(J, S): the share as Kueue shows it, its ceiling; MaxInt for weight 0 while borrowing."""
    nothing = np.broadcast_to(batch.true_weight == 0, (batch.J, batch.S))
    lines = _lines(batch, parameters.get("flavors", {}), _weight_or_one(batch))
    per = np.where(lines.per == 0, np.inf, lines.per)
    whole = -np.floor_divide(-np.asarray(lines.offset), per)
    share = np.broadcast_to(np.maximum(whole.max(axis=1), 0), (batch.J, batch.S))
    answers = np.empty(share.shape, object)
    answers[:] = share.astype(np.int64)
    answers[nothing & (share > 0)] = _MAX_INT
    return answers


@policy(
    "kueue",
    measure="share borrowed, per mille of what is lendable",
    formula="max_r 1000 · (usage + (granted + 1) · demand - guarantee) / capacity / weight",
    source="Kueue, fair sharing; ties by priority, then submitted",
    about=Declaration(
        scheduler="Kueue, fair sharing in one cohort",
        source="pkg/cache/scheduler/fair_sharing.go, pkg/scheduler/fair_sharing_iterator.go, at "
        "ff69552e",
        key="what is borrowed beyond the guarantee (nominal quota), the incoming executor "
        "included, over the cohort's lendable capacity",
        weight="divides the share; weight 0 is last once it borrows, compared without weights",
        ties="priority, then submitted, then list order (in Kueue: chance)",
        stages="queues that do not borrow what they ask for go first (the gate "
        "FairSharingPrioritizeNonBorrowing, on by default; `non_borrowing_first=false`)",
        unfit="skipped",
        zero="a resource of which nothing is lendable is ignored",
        not_modelled="cohort trees; whole workloads as one item (an executor is the item here); "
        "preemption, and room held back for it; lending limits other than by capacity",
        share=shown,
    ),
)
def kueue(
    batch: Batch,
    *,
    non_borrowing_first: bool = True,
    flavors: Mapping[str, Sequence[str]] = {},
) -> list[Claims]:
    """Kueue: the lowest share of borrowed over lendable; within one's nominal quota it is 0.

    `flavors` names the resources that are flavors of one: what is borrowed of each is added up.
    """
    weightless = batch.weight == 0
    lines = _lines(batch, flavors, _weight_or_one(batch))
    rank = rank_by(batch, -batch.priority.astype(np.int64), batch.submitted)
    everyone = replace(lines, rank=rank)
    within = _within_nominal(batch) if non_borrowing_first else np.zeros((1, 1))
    if not weightless.any():
        return [everyone.up_to(within), everyone] if non_borrowing_first else [everyone]
    free = np.where(weightless, _not_counted(batch, flavors), np.inf)
    first = [everyone.up_to(np.minimum(within, free)), everyone.up_to(within)]
    return [
        *(first if non_borrowing_first else []),
        everyone.up_to(np.maximum(within, free)),
        everyone,
    ]


def _weight_or_one(batch: Batch) -> Floats:
    """(J', S'): weights in units, 1 where they are 0."""
    return np.where(batch.weight == 0, batch.weight_scale, batch.weight)


def _lines(batch: Batch, flavors: Mapping[str, Sequence[str]], weight: Floats) -> Claims:
    """A line for each resource; for one with flavors, one for every choice of those borrowed."""
    beyond = batch.usage + batch.demand - batch.guarantee
    groups = _groups(batch, flavors)
    offset, slope, per = [], [], []
    for group in groups:
        scale = np.ones((len(group), 1)) if len(group) == 1 else _one_unit(batch, group)
        lendable = (batch.capacity[group] * scale).sum(axis=0)
        for count in range(1, len(group) + 1):
            for chosen in itertools.combinations(range(len(group)), count):
                pick = [group[i] for i in chosen]
                factor = scale[list(chosen)]
                offset.append((beyond[:, pick] * factor).sum(axis=1))
                slope.append((batch.demand[:, pick] * factor).sum(axis=1))
                per.append(lendable)
    width = max(plane.shape[-1] for plane in (*offset, *slope, *per))
    stacked = [
        np.stack([np.broadcast_to(p, (*p.shape[:-1], width)) for p in planes], axis=-2)
        for planes in (_alike(offset), _alike(slope), per)
    ]
    lines = Claims(stacked[0], stacked[1], per=stacked[2] * weight[:, np.newaxis])
    return lines.times(_PER_MILLE * batch.weight_scale)


def _alike(planes: list[Floats]) -> list[Floats]:
    """Planes (J', S') with one J'."""
    J = max(len(plane) for plane in planes)
    return [np.broadcast_to(plane, (J, plane.shape[-1])) for plane in planes]


def _one_unit(batch: Batch, group: Sequence[int]) -> Floats:
    """(len(group), S'): factors that bring flavors of one resource into one unit."""
    scale = batch.unit_scale[list(group)]
    factors: Floats = scale.max(axis=0) / scale
    return factors


def _within_nominal(batch: Batch) -> Floats:
    """(J', S'): executors that can be given before it borrows any resource it asks for."""
    return batch.executors_within(batch.guarantee, np.ones((1, batch.R, 1), np.bool_))


def _not_counted(batch: Batch, flavors: Mapping[str, Sequence[str]]) -> Floats:
    """(J', S'): executors that can be given before its share is above 0."""
    lendable = np.zeros((1, *batch.capacity.shape), np.bool_)
    for group in _groups(batch, flavors):
        lendable[:, group] = (batch.capacity[group] > 0).any(axis=0)
    count = batch.executors_within(batch.guarantee, lendable)
    borrows = ((batch.usage > batch.guarantee) & lendable).any(axis=1)
    return np.where(borrows, 0, count)


def _groups(batch: Batch, flavors: Mapping[str, Sequence[str]]) -> list[list[int]]:
    """Where the flavors of each resource stand, then every other resource by itself."""
    for name, members in flavors.items():
        if not isinstance(members, list | tuple) or not members:
            raise InputError(f"flavors.{name} is {members!r}; expected a list of resources")
    groups = [resource_indices(batch, members) for members in flavors.values()]
    named = [r for group in groups for r in group]
    if len(named) != len(set(named)):
        raise InputError(f"flavors is {dict(flavors)!r}; expected each resource in one list")
    return groups + [[r] for r in range(batch.R) if r not in named]
