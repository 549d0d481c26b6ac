"""The slow, obvious scheduler: what a run is, in plain Python. The fast one must equal it exactly.

One pool, some jobs, and executors that are handed out one at a time. Each goes to the job with the
lowest key, the lower rank at a tie. Read `schedule` first: the rest answers its questions.
"""

from fractions import Fraction
from typing import NamedTuple


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
    one executor) list a quantity for each resource; `weight`, `max_executors` (None: no ceiling),
    `executors` (held already) and `user` (None: nobody) may be left out. `user_caps` lists a cap
    for each user, None for none. `rank` lists each job's rank; left out, it is list order. `ticks`
    compares shares as floats would even where exact numbers could be had.
    """
    pool = _Pool(capacity, jobs, user_caps, policy, ticks)
    rank = rank or range(len(jobs))
    waiting = set(range(len(jobs)))  # jobs that may still be given something
    order = []
    while len(order) < extra_executors:
        waiting = {j for j in waiting if not pool.at_ceiling(j) and not pool.user_at_cap(j)}
        if not waiting:
            break
        chosen = min(waiting, key=lambda j: (pool.key(j), rank[j]))
        if on_full != "ignore" and not pool.fits(chosen):
            if on_full == "stop":
                break
            waiting.remove(chosen)  # for good: what is free only shrinks
            continue
        pool.granted[chosen] += 1
        order.append(chosen)
    budget_spent = len(order) == extra_executors
    return Schedule(order, pool.granted, len(order), pool.why_it_ended(budget_spent, on_full))


class _Pool:
    """The pool and its jobs, and who was granted how much so far."""

    def __init__(self, capacity, jobs, user_caps, policy, ticks):
        self.jobs, self.user_caps, self.policy = jobs, user_caps, policy
        self.granted = [0] * len(jobs)
        n = len(jobs)
        # One column for each resource: [its capacity, every job's usage, every job's demand].
        columns = [
            in_units(
                [amount] + [job["usage"][r] for job in jobs] + [job["demand"][r] for job in jobs]
            )
            for r, amount in enumerate(capacity)
        ]
        self.columns = [(column[0], column[1 : n + 1], column[n + 1 :]) for column in columns]
        self.weights = [job.get("weight", 1) for job in jobs]
        decimal = all(map(is_decimal, [*columns, in_units(self.weights)]))
        self.exact = decimal and not ticks

    def held(self, j):
        """Executors of a job, those held before the run included."""
        return self.jobs[j].get("executors", 0) + self.granted[j]

    def at_ceiling(self, j):
        ceiling = self.jobs[j].get("max_executors")
        return ceiling is not None and self.held(j) >= ceiling

    def user_at_cap(self, j):
        """Whether the job's user holds as many executors, in all its jobs, as it may."""
        user = self.jobs[j].get("user")
        if user is None or not self.user_caps or self.user_caps[user] is None:
            return False
        mine = [i for i, job in enumerate(self.jobs) if job.get("user") == user]
        return sum(map(self.held, mine)) >= self.user_caps[user]

    def fits(self, j):
        """Whether one more executor of the job fits into the pool, of every resource."""
        for capacity, usage, demand in self.columns:
            used = [
                Fraction(usage[i]) + n * Fraction(demand[i]) for i, n in enumerate(self.granted)
            ]
            slack = 0 if is_decimal([capacity, *usage, *demand]) else Fraction(1, 10**12)
            if demand[j] > 0 and sum(used) + Fraction(demand[j]) > Fraction(capacity) * (1 + slack):
                return False
        return True

    def key(self, j):
        """What the policy compares: the lowest is served next."""
        if self.policy == "round_robin":
            return self.granted[j]
        return max(self.share(j, *column) for column in self.columns)

    def share(self, j, capacity, usage, demand):
        """What the job holds of one resource, over the pool's capacity and the job's weight."""
        used = usage[j] + self.granted[j] * demand[j]
        if capacity == 0:
            return 0
        if self.exact:
            return Fraction(used, capacity) / Fraction(repr(self.weights[j]))
        return round(1e12 * used / (capacity * self.weights[j]))

    def why_it_ended(self, budget_spent, on_full):
        """Read off the final state."""
        if budget_spent:
            return "BUDGET"
        below = [j for j in range(len(self.jobs)) if not self.at_ceiling(j)]
        if on_full != "ignore" and any(not self.user_at_cap(j) and not self.fits(j) for j in below):
            return "CAPACITY"
        return "USER_CAPS" if below else "CEILINGS"


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
