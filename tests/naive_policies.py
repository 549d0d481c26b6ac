"""What each built-in policy compares, in plain Python: the lowest key is served next.

A policy is a function of the pool as it stands and a job j. Its key is a tuple, compared from the
first number on; the last is who goes first at a tie: the job's place in the list, or `pool.rank`,
its place in name order.

Weights divide what is compared. A job of weight 0 is entitled to nothing: it comes after all jobs
of other weights, among its like as if its weight were 1.
"""

from fractions import Fraction
from functools import cache


def key(policy, pool, j):
    """The key of job j under a policy: a name, or a name with parameters."""
    name, parameters = (policy, {}) if isinstance(policy, str) else policy
    return POLICIES[name](pool, j, **parameters)


# --- Turns ----------------------------------------------------------------------------------------


def round_robin(pool, j):
    """Executors granted in this run."""
    return pool.granted[j], j


def weighted_round_robin(pool, j):
    """Executors granted in this run, over the weight."""
    return *over_weight(pool, j, 1, pool.granted[j]), j


def fifo(pool, j):
    """Whoever was submitted first takes all it may: all tie, and that breaks the tie."""
    return 0, (pool.of(j, "submitted"), j)


def slots(pool, j):
    """Executors held and granted, over the weight."""
    return *over_weight(pool, j, 1, pool.held(j)), pool.rank[j]


# --- Shares ---------------------------------------------------------------------------------------


def max_min(pool, j, resource=0):
    """The share of one resource, over the weight."""
    capacity, used = pool.resources[resource].capacity, usage(pool, j, resource, False)
    return *over_weight(pool, j, capacity, used), pool.rank[j]


def drf(pool, j, post_grant=False, exclude=()):
    """The largest share, over the weight; with `post_grant` once the next executor is counted."""
    shares = [
        over_weight(pool, j, resource.capacity, usage(pool, j, r, post_grant))
        for r, resource in enumerate(pool.resources)
        if r not in exclude
    ]
    return *max(shares), pool.rank[j]


def asset(pool, j, post_grant=False, exclude=()):
    """The sum of the shares, over the weight."""
    total = 0
    for r, resource in enumerate(pool.resources):
        if r not in exclude and resource.capacity > 0:
            whole = Fraction(resource.capacity) if pool.exact else resource.capacity
            total += usage(pool, j, r, post_grant) / whole
    return *over_weight(pool, j, 1, total), pool.rank[j]


# --- One thing before another ---------------------------------------------------------------------


def priority(pool, j, then="drf", boost=0):
    """The highest tier first; up to `min_executors` a job is `boost` tiers higher."""
    tier = pool.of(j, "priority") + (boost if needy(pool, j) else 0)
    return -tier, *key(then, pool, j)


def min_share_first(pool, j, then="drf"):
    """Who has not its minimum goes first, by the part of it that it has."""
    if needy(pool, j):
        return 0, Fraction(pool.held(j), pool.of(j, "min_executors")), pool.rank[j]
    return 1, *key(then, pool, j)


def quota_first(pool, j, then="drf"):
    """Executors that are promised, by count or within the guarantee, go before all others."""
    promised = needy(pool, j) or pool.within(j, "guarantee") is True
    return 0 if promised else 1, *key(then, pool, j)


POLICIES = {
    "round_robin": round_robin,
    "weighted_round_robin": weighted_round_robin,
    "fifo": fifo,
    "slots": slots,
    "max_min": max_min,
    "drf": drf,
    "asset": asset,
    "priority": priority,
    "min_share_first": min_share_first,
    "quota_first": quota_first,
}


# --- Numbers --------------------------------------------------------------------------------------


def needy(pool, j):
    """Whether a job holds fewer executors than its minimum."""
    return pool.held(j) < pool.of(j, "min_executors")


def usage(pool, j, r, post_grant):
    """What a job holds of resource r; with `post_grant` as if it had one executor more."""
    resource = pool.resources[r]
    before = resource.usage[j] + (resource.demand[j] if post_grant else 0)
    return before + pool.granted[j] * resource.demand[j]


@cache
def as_written(weight):
    """The decimal that a person wrote."""
    return Fraction(repr(weight))


def over_weight(pool, j, capacity, used):
    """(whether the weight is 0, used / capacity / weight): as an exact number where there is one.

    With true floats it is in ticks of 1e-12, so that equal shares are equal. What the pool has
    nothing of counts for nothing.
    """
    weight = pool.of(j, "weight", 1)
    last = weight == 0
    if last:
        weight = 1
    if capacity == 0:
        return last, 0
    if pool.exact:
        return last, Fraction(used) / (capacity * as_written(weight))
    return last, round(1e12 * used / (capacity * weight))
