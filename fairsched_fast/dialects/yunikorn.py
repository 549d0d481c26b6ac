"""Apache YuniKorn: the fair order of child queues."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fairsched_fast.batch import Batch
from fairsched_fast.batch.units import common_denominator
from fairsched_fast.policies.base import Declaration
from fairsched_fast.policies.key_functions import KeyFacts, facts_policy, stack_facts

Floats = NDArray[np.float64]

_FACTS = 3  # for each resource: usage, demand, denominator
_OTHERS = 4  # priority, whether it decides before the share, executors wanted, each one's size


def _key(facts: Floats, granted: int, row: Floats) -> None:
    """Priority where it decides first, share, priority, then what it still waits for."""
    R = (facts.shape[0] - _OTHERS) // _FACTS
    share = 0.0
    for r in range(R):
        used = facts[_FACTS * r] + granted * facts[_FACTS * r + 1]
        per = facts[_FACTS * r + 2]
        if used > 0:
            share = max(share, used / per if per > 0 else 1.0)
    priority, priority_first, wanted, size = facts[_FACTS * R :]
    row[0] = -priority if priority_first > 0 else 0.0
    row[1] = share
    row[2] = -priority
    row[3] = -(wanted - granted) * size if size > 0 else 0.0


@facts_policy(
    "yunikorn",
    _key,
    shown=1,
    measure="share",
    formula="max_r usage / guarantee (or limit, or capacity)",
    source="YuniKorn, fair sort of queues; ties by priority, larger pending, then list order",
    about=Declaration(
        scheduler="Apache YuniKorn, fair sorting of queues",
        source="pkg/common/resources/resources.go (getFairShare), "
        "pkg/scheduler/objects/sorters.go, at be3bb487",
        key="usage before the grant over the guarantee; where none is stated over the limit, else "
        "over the capacity",
        weight="none: the guarantee is the weight",
        ties="priority, then larger pending, then list order; `priority_first=true` is YuniKorn's "
        "application.sort.priority, on by default there: priority, share, pending",
        stages="none",
        unfit="skipped",
        zero="a denominator of 0 or less counts 1 if any is used, else 0; negative usage counts "
        "as none",
        not_modelled="queue trees, user limits, placeholders; pending is compared by the sum of "
        "its shares, which YuniKorn leaves to chance where no resource vector is the larger",
    ),
)
def yunikorn(batch: Batch, *, priority_first: bool = False) -> KeyFacts:
    """YuniKorn: the lowest of usage over guarantee first."""
    planes: list[NDArray[np.float64]] = []
    limit = np.where(batch.limited, batch.limit, batch.capacity)
    per = np.where(batch.guaranteed, batch.guarantee, limit)
    for r in range(batch.R):
        planes += [batch.usage[:, r], batch.demand[:, r], per[:, r]]
    times, _ = common_denominator(batch.capacity)
    size = (batch.demand * times).sum(axis=1)  # of an executor, its shares added up
    others = [batch.priority, np.full((1, 1), float(priority_first)), batch.asked, size]
    return KeyFacts(stack_facts(batch, [*planes, *others]), columns=4)
