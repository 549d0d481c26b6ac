"""Apache Spark: the FAIR scheduling of pools within an application."""

from __future__ import annotations

from fairsched_fast.batch import Batch
from fairsched_fast.claims import Claims
from fairsched_fast.policies.base import Declaration
from fairsched_fast.policies.built_in import min_share_first
from fairsched_fast.policies.registry import policy


@policy(
    "spark",
    measure="executors held",
    formula="needy (executors < min_executors) first: executors / min_executors; else / weight",
    source="Spark, FairSchedulingAlgorithm; ties by name",
    about=Declaration(
        scheduler="Apache Spark, FAIR pools",
        source="core/src/main/scala/org/apache/spark/scheduler/SchedulingAlgorithm.scala, at "
        "049976f6",
        key="running tasks (here executors held + granted) before the grant",
        weight="divides the count of those not needy; weight 0 is last",
        ties="name",
        stages="needy (below min_executors) first, compared by executors / max(min_executors, 1)",
        unfit="skipped",
        zero="a minimum of 0 is never needy",
        not_modelled="FIFO inside a pool, locality; that Spark sorts once per round of offers",
    ),
)
def spark(batch: Batch) -> list[Claims]:
    """Spark FAIR: pools below their minShare first, then fewest running tasks over weight."""
    segments: list[Claims] = min_share_first.lower(batch, then="slots")
    return segments
