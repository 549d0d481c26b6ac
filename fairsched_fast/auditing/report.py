"""`audit`, `audit_fluid` and `misreport`: the audit as tables, and its counter-examples."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fairsched_fast.auditing import changes, findings
from fairsched_fast.auditing.verdicts import Findings
from fairsched_fast.auditing.words import EVERY, columns
from fairsched_fast.batch import Batch
from fairsched_fast.columns import resource_columns
from fairsched_fast.errors import InputError, Problems, did_you_mean
from fairsched_fast.model import Pool, Scenario
from fairsched_fast.number_rules import QUANTITY
from fairsched_fast.policies.base import PolicyLike
from fairsched_fast.result import Result

State = TypeVar("State", Scenario, Batch)


def audit(result: Result, *, probes: bool = True, workers: int | None = None) -> pd.DataFrame:
    """How fair and how sound each scenario of a result is, a row for each scenario and pool.

    Columns: scenario (int64), pool (where there are several), and those of docs/audit.md: numbers
    are float64, executors or parts of 1 as that page says, names of jobs and resources categories.
    What its definition does not apply to, and a name that is nobody's, is NaN.

    Parameters
    ----------
    result
        What `allocate` returned.
    probes
        Whether to run each scenario again with lies (20 or more a job), with more capacity and
        with each job gone, to see who would gain or lose.
    workers
        Threads that probes run on; None is all cores. The table does not depend on it.

    Raises
    ------
    InputError
        When given anything but a Result, or fewer than 1 worker.
    """
    if not isinstance(result, Result):
        raise InputError(
            f"audit of a {type(result).__name__}; expected a Result, as fs.allocate returns it"
        )
    return _frame(result.batch, findings.of_result(result, probes, workers), probes)


def audit_fluid(
    scenarios: Scenario | Iterable[Scenario] | Batch,
    policy: PolicyLike = "drf",
    *,
    probes: bool = True,
) -> pd.DataFrame:
    """The same of executors that can be divided (`fluid`), under a policy or "ceei".

    Columns and dtypes are those of `audit`, executors with fractions. Gains and losses below 1e-6
    of an executor count as nothing; `fluid_distance` is NaN.

    Raises
    ------
    InputError
        As `fluid`.
    """
    batch = scenarios if isinstance(scenarios, Batch) else Batch.from_scenarios(scenarios)
    return _frame(batch, findings.of_fluid(batch, policy, probes), probes)


def _frame(batch: Batch, found: Findings, probes: bool) -> pd.DataFrame:
    labels, S = batch.labels, batch.S
    values: dict[str, Any] = {"scenario": labels.scenario}
    if labels.several_pools:
        values["pool"] = labels.pool
    jobs = np.broadcast_to(labels.jobs, (S, batch.J))
    resources = np.broadcast_to(np.array([*labels.resources, EVERY], object), (S, batch.R + 1))
    for column in columns(probes):
        array = found[column.name]
        if column.kind == "number":
            values[column.name] = array
        elif column.kind == "each resource":
            for r, name in enumerate(resource_columns(labels.resources)):
                values[name.stranded] = array[r]
        else:
            values[column.name] = _named(jobs if column.kind == "job" else resources, array)
    return pd.DataFrame(values)


def _named(names: NDArray[Any], which: NDArray[Any]) -> pd.Categorical:
    """Of the names (S, n) of each row, the one meant (S,); -1 is none."""
    chosen = names[np.arange(len(which)), which]
    chosen[which < 0] = None
    return pd.Categorical(chosen, [name for name in dict.fromkeys(names.ravel()) if name])


def misreport(scenarios: State, job: str, resource: str, factor: float) -> State:
    """Scenarios in which one job misreports its demand, as the audit's probe had it.

    Parameters
    ----------
    scenarios
        A Scenario gives a Scenario, a Batch a Batch, in which the job lies in every row that it is
        in; other rows stay as they are.
    job, resource, factor
        As in the audit's `liar`, `lie_resource`, `lie_factor`; of the factor one decimal place
        counts.

    Raises
    ------
    InputError
        On anything but a Scenario or a Batch, an unknown job or resource, or a factor that is no
        number, 0 or more.
    """
    if not isinstance(scenarios, Scenario | Batch):
        raise InputError(
            f"misreport of a {type(scenarios).__name__}; expected one Scenario, or a Batch"
        )
    batch = scenarios if isinstance(scenarios, Batch) else Batch.from_scenarios(scenarios)
    names = np.broadcast_to(batch.labels.jobs, (batch.S, batch.J))
    _check_lie(batch, names, job, resource, factor)
    rows, its = np.arange(batch.S), names == job
    r = batch.R if resource == EVERY else batch.labels.resources.index(resource)
    about, liar = np.where(its.any(axis=1), r, -1), its.argmax(axis=1)
    told = changes.false_demand(batch, rows, liar, about, np.full(batch.S, float(factor)))
    if isinstance(scenarios, Batch):
        return changes.lying(batch, rows, liar, told)
    its_row = int(its.any(axis=1).argmax())
    demand = dict(zip(batch.labels.resources, told[its_row].tolist(), strict=True))
    return _with_demand(scenarios, job, demand)


def _with_demand(scenario: Scenario, liar: str, demand: dict[str, float]) -> Scenario:
    pools = {pool.name: pool for pool in scenario.pools}
    jobs = [
        job if job.name != liar else replace(job, demand=_of_pool(demand, pools, job.pool))
        for job in scenario.jobs
    ]
    return Scenario(scenario.pools, jobs, scenario.extra_executors, scenario.user_caps)


def _of_pool(
    demand: dict[str, float], pools: dict[str, Pool], pool: str | None
) -> dict[str, float]:
    """What a demand says of the resources that a job's pool has; None is the only one."""
    its = next(iter(pools.values())) if pool is None else pools[pool]
    return {name: demand[name] for name in its.capacity}


def _check_lie(batch: Batch, names: NDArray[Any], job: str, resource: str, factor: float) -> None:
    if job not in names:
        raise InputError(f"there is no job {job!r}{did_you_mean(job, set(names.ravel()) - {''})}")
    known = (*batch.labels.resources, EVERY)
    if resource not in known:
        raise InputError(f"there is no resource {resource!r}{did_you_mean(resource, known)}")
    problems = Problems()
    QUANTITY.check(problems, "factor", factor)
    problems.raise_if_any("misreport")
