"""Volcano: the drf plugin's order of jobs within a queue."""

from __future__ import annotations

from fairsched_fast.batch import Batch
from fairsched_fast.claims import Claims, rank_by
from fairsched_fast.policies.base import Declaration
from fairsched_fast.policies.registry import policy


@policy(
    "volcano",
    measure="dominant share",
    formula="max_r (usage + granted · demand) / capacity",
    source="Volcano, drf plugin; ties by submitted, then list order",
    about=Declaration(
        scheduler="Volcano, drf plugin without hierarchy",
        source="pkg/scheduler/plugins/drf/drf.go (jobOrderFn, calculateShare), at ed72c7c8",
        key="dominant share before the grant",
        weight="none: weights are the queues' affair",
        ties="submitted, then the given order (in Volcano then the job's UID)",
        stages="none (the gang plugin's minAvailable is not modelled)",
        unfit="skipped",
        zero="a resource of capacity 0 counts for nobody",
        not_modelled="gangs, queues, plugins that decide before drf; `pods`, which Volcano counts, "
        "is a resource like others here: state it",
    ),
)
def volcano(batch: Batch) -> Claims:
    """Volcano drf: the lowest dominant share, weights ignored; ties keep the given order."""
    return Claims(
        offset=batch.usage,
        slope=batch.demand,
        per=batch.capacity[None],
        rank=rank_by(batch, batch.submitted),
    )
