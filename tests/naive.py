"""The slow, obvious scheduler: what a run is, in plain Python. The fast one must equal it exactly.

One pool, some jobs, and executors that are handed out one at a time. Each goes to the job with the
lowest key. Read `schedule` first: the rest answers its questions. What a key is says the policy:
`naive_policies.py`.
"""

from fractions import Fraction
from typing import NamedTuple

import naive_policies


class Schedule(NamedTuple):
    order: list  # the job that was given each executor, in turn
    granted: list  # executors given to each job
    steps: int  # executors given to all
    stop: str  # why it ended: BUDGET, CAPACITY, USER_CAPS or CEILINGS


def schedule(
    capacity,
    jobs,
    extra_executors,
    *,
    policy="drf",
    on_full="skip",
    user_caps=(),
    rank=None,
    ticks=False,
):
    """Hand out `extra_executors`, one at a time.

    `capacity` lists what the pool has of each resource. A job is a dict: `usage` and `demand` (of
    one executor) list a quantity for each resource. The rest may be left out: `guarantee` and
    `limit` list a quantity for each resource, None where none is stated; `weight`, `executors`
    (held already), `max_executors` (None: no ceiling), `min_executors`, `priority`, `submitted`,
    `user` (None: nobody). `user_caps` lists a cap for each user, None for none. `policy` is a name,
    or a name with parameters, `("drf", {"post_grant": True})`. `rank` lists each job's place in
    name order, for policies whose ties go by name; left out, it is list order. `ticks` compares
    shares as floats would even where exact numbers could be had.
    """
    pool = Pool(capacity, jobs, user_caps, rank or range(len(jobs)), ticks)
    waiting = set(range(len(jobs)))  # jobs that may still be given something
    order = []
    while len(order) < extra_executors:
        waiting = {j for j in waiting if not pool.at_ceiling(j) and not pool.user_at_cap(j)}
        if not waiting:
            break
        chosen = min(waiting, key=lambda j: naive_policies.key(policy, pool, j))
        if on_full != "ignore" and not pool.fits(chosen):
            if on_full == "stop":
                break
            waiting.remove(chosen)  # for good: what is free only shrinks
            continue
        pool.granted[chosen] += 1
        order.append(chosen)
    budget_spent = len(order) == extra_executors
    return Schedule(order, pool.granted, len(order), pool.why_it_ended(budget_spent, on_full))


class Resource(NamedTuple):
    """One resource: what the pool has of it, and one number for each job."""

    capacity: float
    usage: list
    demand: list
    guarantee: list  # None where none is stated
    limit: list  # None where none is stated
    decimal: bool


class Pool:
    """The pool and its jobs, and who was granted how much so far."""

    def __init__(self, capacity, jobs, user_caps, rank, ticks):
        self.jobs, self.user_caps, self.rank = jobs, user_caps, rank
        self.granted = [0] * len(jobs)
        self.resources = [resource(capacity, jobs, r) for r in range(len(capacity))]
        weights = in_units([job.get("weight", 1) for job in jobs])
        decimal = is_decimal(weights) and all(resource.decimal for resource in self.resources)
        self.exact = decimal and not ticks

    def of(self, j, name, missing=0):
        """A job's number, which may be left out."""
        return self.jobs[j].get(name, missing)

    def held(self, j):
        """Executors of a job, those held before the run included."""
        return self.of(j, "executors") + self.granted[j]

    def at_ceiling(self, j):
        """Whether one more executor of the job would pass its ceiling or its limit."""
        ceiling = self.of(j, "max_executors", None)
        if ceiling is not None and self.held(j) >= ceiling:
            return True
        return self.within(j, "limit") is False

    def within(self, j, name):
        """Whether one more executor of the job keeps within its `limit` or `guarantee`.

        None where neither is stated of any resource that the executor takes.
        """
        keeps = [
            held_by(resource, j, self.granted[j] + 1) <= bound(resource, most)
            for resource in self.resources
            if resource.demand[j] > 0 and (most := getattr(resource, name)[j]) is not None
        ]
        return all(keeps) if keeps else None

    def user_at_cap(self, j):
        """Whether the job's user holds as many executors, in all its jobs, as it may."""
        user = self.of(j, "user", None)
        if user is None or not self.user_caps or self.user_caps[user] is None:
            return False
        mine = [i for i, job in enumerate(self.jobs) if job.get("user") == user]
        return sum(map(self.held, mine)) >= self.user_caps[user]

    def fits(self, j):
        """Whether one more executor of the job fits into the pool, of every resource."""
        for resource in self.resources:
            if resource.demand[j] == 0:
                continue
            used = sum(held_by(resource, i, n) for i, n in enumerate(self.granted))
            if used + exact(resource, resource.demand[j]) > bound(resource, resource.capacity):
                return False
        return True

    def why_it_ended(self, budget_spent, on_full):
        """Read off the final state."""
        if budget_spent:
            return "BUDGET"
        below = [j for j in range(len(self.jobs)) if not self.at_ceiling(j)]
        if on_full != "ignore" and any(not self.user_at_cap(j) and not self.fits(j) for j in below):
            return "CAPACITY"
        return "USER_CAPS" if below else "CEILINGS"


def resource(capacity, jobs, r):
    """The numbers of one resource, in a decimal unit that holds them all, if there is one."""

    def each(name):
        return [job[name][r] if name in job else None for job in jobs]

    amounts = [capacity[r], *each("usage"), *each("demand"), *each("guarantee"), *each("limit")]
    stated = in_units([amount for amount in amounts if amount is not None])
    units = iter(stated)
    amounts = [None if amount is None else next(units) for amount in amounts]
    n = len(jobs)
    columns = [amounts[1 + i * n : 1 + (i + 1) * n] for i in range(4)]
    return Resource(amounts[0], *columns, is_decimal(stated))


def held_by(resource, j, granted):
    """What job j holds of a resource once it was granted so many executors."""
    return exact(resource, resource.usage[j]) + granted * exact(resource, resource.demand[j])


def bound(resource, amount):
    """A capacity or a limit: decimals may not pass it at all, true floats by 1e-12 of it."""
    return exact(resource, amount) * (1 if resource.decimal else 1 + Fraction(1, 10**12))


def exact(resource, amount):
    """A quantity to reckon with: decimals are whole numbers already."""
    return amount if resource.decimal else Fraction(amount)


def in_units(quantities):
    """Quantities as whole numbers of a decimal unit (tenths, thousandths …) that holds them all.

    A float stands for the decimal that a person wrote: 0.1 is one tenth. Where nine places do not
    hold them all they are true floats, and stay as they are.
    """
    written = [Fraction(repr(quantity)) for quantity in quantities]
    for places in range(10):
        units = [number * 10**places for number in written]
        if all(unit.denominator == 1 and unit < 2**53 for unit in units):
            return [int(unit) for unit in units]
    return [float(quantity) for quantity in quantities]


def is_decimal(column):
    """Whether `in_units` found a unit for it."""
    return all(isinstance(quantity, int) for quantity in column)
