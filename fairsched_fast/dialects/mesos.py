"""Apache Mesos: the DRF sorter of the hierarchical allocator."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairsched_fast.batch import Batch
from fairsched_fast.policies.base import Declaration
from fairsched_fast.policies.built_in import counted
from fairsched_fast.policies.key_functions import KeyFacts, facts_policy, stack_facts

_FACTS = 5  # for each resource: usage, demand, denominator, guarantee, whether it is guaranteed
_WEIGHT, _EXECUTORS = -2, -1


def _key(facts: NDArray[np.float64], granted: int, row: NDArray[np.float64]) -> None:
    """Whether its guarantee is met, its weighted dominant share, how often it was given to."""
    met, share = 1.0, 0.0
    for r in range((facts.shape[0] - 2) // _FACTS):
        usage = facts[_FACTS * r] + granted * facts[_FACTS * r + 1]
        asks, guaranteed = facts[_FACTS * r + 1] > 0, facts[_FACTS * r + 4] > 0
        if asks and guaranteed and usage < facts[_FACTS * r + 3]:
            met = 0.0
        per = facts[_FACTS * r + 2]
        if per > 0:
            share = max(share, usage / per)
    if facts[_WEIGHT] == 0:
        share = np.inf
    row[0], row[1], row[2] = met, share, facts[_EXECUTORS] + granted


@facts_policy(
    "mesos",
    _key,
    shown=1,
    stages={0.0: "dominant share (over the weight) of those below their guarantee"},
    measure="dominant share",
    weighted=True,
    formula="max_r usage / capacity / weight, below one's guarantee first",
    source="Mesos, DRF sorter; ties by executors so far, then name",
    about=Declaration(
        scheduler="Apache Mesos, role sorter",
        source="src/master/allocator/mesos/sorter/drf/sorter.hpp (compareDRF), sorter.cpp "
        "(calculateShare), hierarchical.cpp (quota), at c1b42f79",
        key="dominant share before the grant, resources of `exclude` left out",
        weight="divides the share; Mesos refuses weight 0, here it is last in its stage",
        ties="executors held + granted, then name",
        stages="roles below their guarantee of a resource they ask for go first, by the same key",
        unfit="skipped",
        zero="a resource of capacity 0 counts for nobody",
        not_modelled="offers of whole agents, declines and filters (Mesos counts offers, also "
        "declined ones); what is held back for guarantees of absent frameworks; role trees; "
        "two roundings of doubles (shares are rounded once)",
    ),
)
def mesos(batch: Batch, *, exclude: Sequence[str] = ()) -> KeyFacts:
    """Mesos: roles below their quota first, then by dominant share; ties by allocations so far."""
    ignored = -np.ones((1, 1))
    kept, scale = counted(batch, exclude), batch.weight_scale  # weights are in units
    planes: list[NDArray[Any]] = []
    for r in range(batch.R):
        capacity = batch.capacity[[r]]
        per = np.where(capacity > 0, capacity * batch.weight, -1.0)
        planes += [
            batch.usage[:, r] * scale,
            batch.demand[:, r] * scale,
            per if r in kept else ignored,
            batch.guarantee[:, r] * scale,
            batch.guaranteed[:, r],
        ]
    return KeyFacts(
        stack_facts(batch, [*planes, batch.weight, batch.executors]), batch.name_rank, columns=3
    )
