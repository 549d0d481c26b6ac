"""What a person writes: `Pool`, `Job`, `Scenario`. Each checks itself when it is made."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from fairsched_fast.errors import InputError, Problems, did_you_mean
from fairsched_fast.number_rules import COUNT, JOB_NUMBERS, JOB_QUANTITIES, QUANTITY

Member = TypeVar("Member")


def check_name(problems: Problems, what: str, name: object) -> None:
    """A name is a non-empty string."""
    if not isinstance(name, str) or not name.strip():
        problems.append(f"{what} is {name!r}; expected a non-empty name")


def check_quantities(problems: Problems, what: str, given: object) -> dict[str, float]:
    """A mapping of resource names to quantities, as a plain dict (empty where it is none)."""
    if not isinstance(given, Mapping):
        problems.append(f"{what} is {given!r}; expected a mapping such as {{'cpu': 200}}")
        return {}
    for resource, value in given.items():
        check_name(problems, f"a resource of {what}", resource)
        QUANTITY.check(problems, f"{what}[{resource!r}]", value)
    return dict(given)


def check_resources(
    problems: Problems,
    what: str,
    given: Mapping[str, float],
    known: Mapping[str, float],
    *,
    complete: bool,
) -> None:
    """Every resource must be one of the pool's; with `complete`, all of them must be there."""
    problems.extend(
        f"{what} names the unknown resource {resource!r}{did_you_mean(resource, known)}"
        for resource in given
        if resource not in known
    )
    if complete:
        problems.extend(
            f"{what} lacks the resource {resource!r} of its pool; give it, 0 if none is needed"
            for resource in known
            if resource not in given
        )


@dataclass(frozen=True, slots=True)
class Pool:
    """A pool of resources that executors are taken from.

    Parameters
    ----------
    name
        Unique within a scenario.
    capacity
        Resource name → total quantity, in any unit (the same for usage and demand). A name may end
        in its unit, `mem_gb`; tables then write the unit where it belongs.
    executor
        What one executor of a job takes that states no `demand` of its own: all resources of
        `capacity`. None where every job states its demand.

    Raises
    ------
    InputError
        On an empty name, no resources, NaN, infinite or negative numbers, or an executor whose
        resources are not the pool's.
    """

    name: str
    capacity: Mapping[str, float]
    executor: Mapping[str, float] | None = None

    def __post_init__(self) -> None:
        problems = Problems()
        check_name(problems, "name", self.name)
        capacity = check_quantities(problems, "capacity", self.capacity)
        if not capacity and isinstance(self.capacity, Mapping):
            problems.append("capacity is empty; expected at least one resource")
        object.__setattr__(self, "capacity", capacity)
        if self.executor is not None:
            executor = check_quantities(problems, "executor", self.executor)
            if isinstance(self.executor, Mapping):
                check_resources(problems, "executor", executor, capacity, complete=True)
            object.__setattr__(self, "executor", executor)
        problems.raise_if_any(f"pool {self.name!r}")


@dataclass(frozen=True, slots=True)
class Job:
    """A job (or a queue, a tenant: whoever is served) that takes executors one at a time.

    Parameters
    ----------
    name
        Unique within a scenario.
    usage
        Resource name → all that the job holds before the run; a resource left out is 0.
    demand
        Resource name → what one executor takes; None is the pool's executor.
    max_executors
        Ceiling on `executors` + those granted; None is no ceiling.
    min_executors
        How many it is to have before others get more, under policies that serve the needy first;
        counted with `executors`.
    executors
        Executors already held. Only a count: what they take is part of `usage`.
    guarantee
        Resource name → what it is to have before others get more (a minimum share, a quota, what it
        deserves); counted with `usage`. A resource left out is not guaranteed.
    limit
        Resource name → the most it may hold; a resource left out has no limit. As `max_executors`
        it stops the job, whatever the policy.
    weight
        0 or more; a job of weight 2 is entitled to twice the share, one of weight 0 comes last.
    priority
        For policies that go by priority: the higher goes first.
    submitted
        When it came, in any unit, for policies that go by age: the earlier goes first.
    user
        Whose job it is, for user caps; None is nobody's.
    pool
        The pool it takes from; None where the scenario has one.

    Raises
    ------
    InputError
        On an empty name, NaN, infinite or negative numbers, counts that are no whole numbers up to
        2³¹−1, a ceiling below the executors already held or `min_executors`, or a guarantee above a
        limit.
    """

    name: str
    usage: Mapping[str, float] = field(default_factory=dict)
    demand: Mapping[str, float] | None = None
    max_executors: int | None = None
    executors: int = 0
    weight: float = 1.0
    user: str | None = None
    pool: str | None = None
    min_executors: int = 0
    guarantee: Mapping[str, float] = field(default_factory=dict)
    limit: Mapping[str, float] = field(default_factory=dict)
    priority: int = 0
    submitted: float = 0.0

    def __post_init__(self) -> None:
        problems = Problems()
        check_name(problems, "name", self.name)
        for name in JOB_QUANTITIES:
            if (given := getattr(self, name)) is not None:
                object.__setattr__(self, name, check_quantities(problems, name, given))
        for name, rule in JOB_NUMBERS.items():
            if name != "max_executors" or self.max_executors is not None:
                rule.check(problems, name, getattr(self, name))
        for name in ("user", "pool"):
            if getattr(self, name) is not None:
                check_name(problems, name, getattr(self, name))
        if not problems:
            self._check_ceilings(problems)
        problems.raise_if_any(f"job {self.name!r}")

    def _check_ceilings(self, problems: Problems) -> None:
        """No ceiling is below what the job holds or is guaranteed."""
        if self.max_executors is not None:
            if self.max_executors < self.executors:
                problems.append(
                    f"max_executors is {self.max_executors}, below the {self.executors} executors "
                    "it already holds; raise the ceiling or lower `executors`"
                )
            if self.max_executors < self.min_executors:
                problems.append(
                    f"min_executors is {self.min_executors}, above its ceiling of "
                    f"{self.max_executors}; lower the one or raise `max_executors`"
                )
        problems.extend(
            f"guarantee[{resource!r}] is {amount:g}, above its limit of {self.limit[resource]:g}; "
            "lower the one or raise the other"
            for resource, amount in self.guarantee.items()
            if amount > self.limit.get(resource, math.inf)
        )


@dataclass(frozen=True, slots=True, init=False)
class Scenario:
    """Pools, the jobs that compete for them, and how many executors are to be distributed.

    Parameters
    ----------
    pools
        One `Pool`, or several. Pools are isolated: each is a problem of its own.
    jobs
        The jobs, in list order (round-robin's order). With several pools each names its own.
    extra_executors
        How many executors to distribute: a number for one pool, `{pool: number}` for several.
    user_caps
        User → the most executors (held + granted) the user's jobs may hold in any one pool. A cap
        may name a user who has no job here.

    Raises
    ------
    InputError
        On duplicate names, a job in an unknown pool, resources its pool does not have or its demand
        lacks, budgets that do not match the pools; all problems at once.
    """

    pools: tuple[Pool, ...]
    jobs: tuple[Job, ...]
    extra_executors: Mapping[str, int]
    user_caps: Mapping[str, int]

    def __init__(
        self,
        pools: Pool | Iterable[Pool],
        jobs: Iterable[Job],
        extra_executors: int | Mapping[str, int],
        user_caps: Mapping[str, int] | None = None,
    ) -> None:
        problems = Problems()
        pools = listed("pools", pools, Pool)
        jobs = listed("jobs", jobs, Job)
        _check_members(problems, pools, jobs)
        budgets = _budgets(problems, pools, extra_executors)
        caps = _caps(problems, user_caps)
        problems.raise_if_any("scenario")
        object.__setattr__(self, "pools", pools)
        object.__setattr__(self, "jobs", jobs)
        object.__setattr__(self, "extra_executors", budgets)
        object.__setattr__(self, "user_caps", caps)

    def jobs_of(self, pool: Pool) -> tuple[Job, ...]:
        """The jobs that take from `pool`, in list order."""
        return tuple(job for job in self.jobs if job.pool is None or job.pool == pool.name)


def listed(what: str, given: Member | Iterable[Member], kind: type[Member]) -> tuple[Member, ...]:
    """One object of a kind, or several, as a tuple.

    Raises
    ------
    InputError
        When it is neither.
    """
    if isinstance(given, kind):
        return (given,)
    if not isinstance(given, Iterable) or isinstance(given, str):
        raise InputError(f"{what} is {given!r}; expected {kind.__name__} objects")
    return tuple(given)


def demand_of(job: Job, pool: Pool) -> Mapping[str, float]:
    """What one executor of `job` takes in `pool`."""
    if job.demand is not None:
        return job.demand
    return pool.executor or {}


def _check_members(problems: Problems, pools: tuple[Pool, ...], jobs: tuple[Job, ...]) -> None:
    for what, members, kind in (("pools", pools, Pool), ("jobs", jobs, Job)):
        if not members:
            problems.append(f"{what} is empty; expected at least one {kind.__name__}")
        strangers = [member for member in members if not isinstance(member, kind)]
        if strangers:
            problems.append(f"{what} holds {strangers[0]!r}; expected {kind.__name__} objects")
            problems.raise_if_any("scenario")
        names: list[Any] = [member.name for member in members]
        problems.extend(
            f"duplicate {kind.__name__.lower()} name {name!r}; names must be unique"
            for name in dict.fromkeys(names)
            if names.count(name) > 1
        )
    by_name = {pool.name: pool for pool in pools}
    for job in jobs:
        _check_job(problems, job, by_name)


def _check_job(problems: Problems, job: Job, pools: Mapping[str, Pool]) -> None:
    if job.pool is None:
        if len(pools) != 1:
            problems.append(f"job {job.name!r} names no pool; expected one of {sorted(pools)}")
            return
        pool = next(iter(pools.values()))
    elif job.pool in pools:
        pool = pools[job.pool]
    else:
        hint = did_you_mean(job.pool, pools)
        problems.append(f"job {job.name!r} is in the unknown pool {job.pool!r}{hint}")
        return
    for name in ("usage", "guarantee", "limit"):
        check_resources(
            problems,
            f"{name} of job {job.name!r}",
            getattr(job, name),
            pool.capacity,
            complete=False,
        )
    if job.demand is None and pool.executor is None:
        problems.append(
            f"job {job.name!r} states no demand and pool {pool.name!r} no executor; give one"
        )
    elif job.demand is not None:
        check_resources(
            problems, f"demand of job {job.name!r}", job.demand, pool.capacity, complete=True
        )


def _caps(problems: Problems, given: object) -> dict[str, int]:
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        problems.append(f"user_caps is {given!r}; expected a mapping such as {{'ana': 8}}")
        return {}
    for user, cap in given.items():
        check_name(problems, "a user of user_caps", user)
        COUNT.check(problems, f"user_caps[{user!r}]", cap)
    return dict(given)


def _budgets(
    problems: Problems, pools: tuple[Pool, ...], given: int | Mapping[str, int]
) -> dict[str, int]:
    names = [pool.name for pool in pools]
    if not isinstance(given, Mapping):
        COUNT.check(problems, "extra_executors", given)
        if len(names) > 1:
            problems.append(
                f"extra_executors is {given!r} for {len(names)} pools; "
                f"expected a mapping with each of {names}"
            )
        return dict.fromkeys(names, given)
    for name, count in given.items():
        COUNT.check(problems, f"extra_executors[{name!r}]", count)
        if name not in names:
            hint = did_you_mean(name, names)
            problems.append(f"extra_executors names the unknown pool {name!r}{hint}")
    problems.extend(
        f"extra_executors lacks pool {name!r}; give it, 0 if none"
        for name in names
        if name not in given
    )
    return {name: given[name] for name in names if name in given}
