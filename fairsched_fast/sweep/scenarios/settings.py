"""The settings of one scenario, or of many at once: every leaf is a number or a column of numbers.

This is the one way from a spec to what is run: axes write their values into the leaves, and the
leaves become a `Scenario` (numbers) or a `Batch` for each pool (columns of n numbers).
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairsched_fast.batch import Batch
from fairsched_fast.model import Job, Pool, Scenario
from fairsched_fast.number_rules import JOB_NUMBERS, JOB_QUANTITIES, NO_LIMIT


@dataclass(slots=True)
class Settings:
    """Pools, jobs, budgets and caps by name. Leaves are numbers, or columns (n,)."""

    pools: dict[str, dict[str, dict[str, Any]]]  # name → capacity, executor → resource → leaf
    jobs: dict[str, dict[str, Any]]  # name → fields; usage and demand by resource
    extra_executors: dict[str, Any]  # pool → leaf
    user_caps: dict[str, Any]  # user → leaf
    drawn: dict[str, Any] = field(default_factory=dict)  # fields of jobs drawn from a table

    def copy(self) -> Settings:
        """One whose leaves can be overwritten."""
        return copy.deepcopy(self)

    def scenario(self, extra_jobs: Iterable[Job] = ()) -> Scenario:
        """What the settings say, as a person would write it. Leaves must be numbers."""
        pools = [
            Pool(name, _numbers(pool["capacity"]), _numbers(pool["executor"]) or None)
            for name, pool in self.pools.items()
        ]
        jobs = [Job(name, **_plain(job)) for name, job in self._complete_jobs().items()]
        budgets = {name: int(plain_number(count)) for name, count in self.extra_executors.items()}
        return Scenario(pools, [*jobs, *extra_jobs], budgets, _numbers(self.user_caps))

    def batches(self, n: int) -> list[Batch]:
        """The n scenarios as one Batch for each pool; what no axis touches is shared."""
        jobs = self._complete_jobs()
        return [self._batch(name, jobs, n) for name in self.pools]

    def _complete_jobs(self) -> dict[str, dict[str, Any]]:
        """Jobs with their whole demand: what they do not state is their pool's executor."""
        executors = {name: pool["executor"] for name, pool in self.pools.items()}
        return {
            name: {**job, "demand": {**executors[job["pool"]], **(job["demand"] or {})}}
            for name, job in self.jobs.items()
        }

    def _batch(self, pool: str, jobs: dict[str, dict[str, Any]], n: int) -> Batch:
        resources = list(self.pools[pool]["capacity"])
        members = {name: job for name, job in jobs.items() if job["pool"] == pool}
        rows = list(members.values())
        users = list(self.user_caps)
        same_demand = all(not self.jobs[name]["demand"] for name in members)
        demands = rows[:1] if same_demand else rows
        batch = Batch(
            capacity=stack([self.pools[pool]["capacity"][r] for r in resources]),
            demand=stack([[job["demand"][r] for r in resources] for job in demands]),
            usage=stack([[job["usage"].get(r, 0) for r in resources] for job in rows]),
            guarantee=_if_stated(rows, "guarantee", resources),
            limit=_if_stated(rows, "limit", resources),
            **{name: stack([_ceiling(job[name]) for job in rows]) for name in JOB_NUMBERS},
            extra_executors=np.broadcast_to(stack(self.extra_executors[pool]), n),
            user=[users.index(job["user"]) if job["user"] in users else -1 for job in rows]
            if users
            else None,
            user_cap=stack([self.user_caps[user] for user in users]) if users else None,
            resources=resources,
            jobs=list(members),
            pool=pool,
        )
        others = [r for other in self.pools.values() for r in other["capacity"]]
        batch.labels = replace(batch.labels, elsewhere=tuple(others))
        return batch.ranked_by_name()


def stack(leaves: Any) -> NDArray[Any]:
    """Nested lists of leaves as one array with the scenario axis first: of length 1 where all are
    numbers, else n.
    """
    if not isinstance(leaves, list):
        column = np.asarray(leaves)
        return column.reshape(1) if column.ndim == 0 else column
    parts = [stack(leaf) for leaf in leaves]
    width = max(len(part) for part in parts)
    out = np.empty((len(parts), *parts[0].shape[1:], width), np.result_type(*parts))
    for row, part in zip(out, parts, strict=True):
        row[...] = np.moveaxis(part, 0, -1)
    return np.moveaxis(out, -1, 0)


def read_settings(
    scenario_pools: Sequence[Pool],
    jobs: Sequence[Job],
    budgets: dict[str, int],
    caps: dict[str, int],
) -> Settings:
    """The settings that model objects state."""
    only = scenario_pools[0].name
    return Settings(
        pools={
            p.name: {"capacity": dict(p.capacity), "executor": dict(p.executor or {})}
            for p in scenario_pools
        },
        jobs={
            job.name: {
                **{name: dict(getattr(job, name) or {}) for name in JOB_QUANTITIES},
                **{name: getattr(job, name) for name in JOB_NUMBERS},
                "user": job.user,
                "pool": job.pool or only,
            }
            for job in jobs
        },
        extra_executors=dict(budgets),
        user_caps=dict(caps),
    )


def _ceiling(leaf: Any) -> Any:
    return NO_LIMIT if leaf is None else leaf


def _if_stated(
    rows: Sequence[dict[str, Any]], field: str, resources: Sequence[str]
) -> NDArray[Any] | None:
    """A quantity that jobs may leave unsaid: NaN where one does, None where all do."""
    if not any(job[field] for job in rows):
        return None
    return stack([[job[field].get(r, np.nan) for r in resources] for job in rows])


def _plain(job: dict[str, Any]) -> dict[str, Any]:
    """A job's fields, nested or not, as plain numbers."""
    return {k: _numbers(v) if isinstance(v, dict) else plain_number(v) for k, v in job.items()}


def plain_number(leaf: Any) -> Any:
    """A leaf that is one number, as Python's own kind of it."""
    return leaf.item() if isinstance(leaf, np.ndarray | np.generic) else leaf


def _numbers(leaves: dict[str, Any]) -> dict[str, Any]:
    return {name: plain_number(leaf) for name, leaf in leaves.items()}
