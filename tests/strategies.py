"""Hypothesis strategies for scheduling problems that are hard to get right.

A *case* is a dict of `naive.schedule`'s arguments: plain lists and numbers, one pool, J jobs, R
resources. `as_batch` and `as_scenario` turn cases into what the library takes.

Quantities are drawn as small whole numbers of some unit, so that equal shares are common, and then
written in that unit: tenths, quarters, or a unit that is no decimal at all.
"""

import math

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st

import fairsched_fast as fs

# A unit (times, over) turns a whole number n into the quantity n * times / over.
DECIMAL_UNITS = [(1, 1), (1, 10), (1, 4), (1, 1000)]
FLOAT_UNITS = [(0.1 + 0.2, 1), (math.pi, 1)]  # 0.30000000000000004 is no decimal of nine places

# Pools whose shares are thirds, sevenths, and halves of the twelfth decimal (8192 is 2^13, and
# written in tenths it is 819.2).
POOLS = [1, 3, 7, 9, 12, 18, 21, 60, 100, 200, 8192, 24576]
WEIGHTS = [1, 1, 1, 2, 3, 0.5, 0.1, 1.5, 0]
FLOAT_WEIGHTS = [*WEIGHTS, 1.123456789, 1 / 3, math.e]
# Primes. The least common multiple of three passes 2^62, so integer keys do not hold them; the
# product of two passes 2^52 only for the larger ones, so quotients tell the smaller ones apart.
QUOTIENT_POOLS = [29_999_999, 30_000_001, 30_000_023, 30_000_037]
TICKS_POOLS = [999_999_937, 1_000_000_007, 1_000_000_009, 1_000_000_021]


def how_many(times):
    """So many times the examples of the profile that is in force, and one at least."""
    return max(1, round(times * settings.default.max_examples))


def examples(times):
    """The same as Hypothesis's settings."""
    return settings(max_examples=how_many(times))


UP_TO_3, UP_TO_6 = st.integers(1, 3), st.integers(1, 6)


@st.composite
def cases(draw, jobs=UP_TO_6, resources=UP_TO_3, units=DECIMAL_UNITS, steps=40, alike=None):
    """One case: small numbers, many ties, everything that can stop a job or a pool.

    With `alike` all jobs demand the same and no user is capped, so that cases run in lockstep.
    """
    J, R = draw(jobs), draw(resources)
    alike = draw(st.booleans()) if alike is None else alike

    def each_job(element):
        return draw(st.lists(element, min_size=J, max_size=J))

    def amounts(most):
        return st.lists(st.integers(0, most), min_size=R, max_size=R)

    demands = [draw(amounts(3))] * J if alike else each_job(amounts(3))
    there = [draw(st.sampled_from([1, 1, 1, 1, 0])) for _ in range(R)]  # 0: the pool has none of it
    usages = [[n * there[r] for r, n in enumerate(usage)] for usage in each_job(amounts(6))]
    totals = [sum(usage[r] for usage in usages) for r in range(R)]
    pool = [there[r] * draw(capacities(totals[r])) for r in range(R)]
    unit = draw(st.lists(st.sampled_from(units), min_size=R, max_size=R))
    weights = [1] * J if draw(st.booleans()) else each_job(st.sampled_from(weights_for(units)))
    held = each_job(st.sampled_from([0, 0, 0, 1, 2]))
    room = each_job(st.sampled_from([None, None, 0, 1, 2, 5, 9]))
    caps = [] if alike else draw(st.lists(st.sampled_from([None, 0, 1, 3, 6]), max_size=3))
    users = each_job(st.sampled_from([None, *range(len(caps))]))
    plain = draw(st.integers(0, 2)) == 0
    wishes = [
        {} if plain else draw(wishes_of(usage, demand, pool))
        for usage, demand in zip(usages, demands, strict=True)
    ]

    def write(amounts):
        return [
            None if n is None else n * times / over
            for n, (times, over) in zip(amounts, unit, strict=True)
        ]

    def job(j):
        wish, ceiling = dict(wishes[j]), None if room[j] is None else held[j] + room[j]
        for name in {"guarantee", "limit"} & wish.keys():
            wish[name] = write(wish[name])
        if ceiling is not None and "min_executors" in wish:
            wish["min_executors"] = min(wish["min_executors"], ceiling)
        return {
            "usage": write(usages[j]),
            "demand": write(demands[j]),
            "weight": weights[j],
            "executors": held[j],
            "max_executors": ceiling,
            "user": users[j],
            **wish,
        }

    return {
        "capacity": write(pool),
        "jobs": [job(j) for j in range(J)],
        "extra_executors": draw(st.integers(0, steps)),
        "user_caps": caps,
    }


@st.composite
def wishes_of(draw, usage, demand, pool):
    """What a job is promised, no more than there is, the most it may hold, and what else counts."""
    amounts = list(zip(usage, demand, strict=True))
    limit = [draw(worth(*amount, [None, None, -1, 1, 3, 6])) for amount in amounts]
    promised = [draw(worth(*amount, [None, 0, 1, 2, 5])) for amount in amounts]
    fit = [most // n for n, most in zip(demand, pool, strict=True) if n > 0]
    return {
        "limit": limit,
        "guarantee": [
            None if n is None else min(n, has, has if most is None else most)
            for n, most, has in zip(promised, limit, pool, strict=True)
        ],
        "min_executors": min([draw(st.sampled_from([0, 0, 1, 2, 5])), *fit]),
        "priority": draw(st.integers(-1, 2)),
        "submitted": draw(st.sampled_from([0, 0, 1, 2.5, -3])),
    }


def worth(usage, demand, executors):
    """What is used with so many executors more, or a little over; None for None."""
    spare = st.sampled_from([0, 0, 1])
    return st.tuples(st.sampled_from(executors), spare).map(
        lambda n: None if n[0] is None else max(0, usage + n[0] * demand + n[1])
    )


def capacities(total):
    """A pool that holds `total`: roomy, exactly full, or with room for a few executors."""
    full = st.integers(0, 12).map(lambda spare: total + spare)
    roomy = st.sampled_from(POOLS).map(lambda pool: max(pool, total))
    return st.one_of(roomy, full)


def weights_for(units):
    """Weights that people write, and among true floats any."""
    return FLOAT_WEIGHTS if set(units) & set(FLOAT_UNITS) else WEIGHTS


def crowded_cases():
    """A case of 33 to 40 jobs: a winner tree of seven levels."""
    return cases(jobs=st.integers(33, 40), resources=st.integers(1, 2), steps=60)


@st.composite
def huge_cases(draw, pools=(QUOTIENT_POOLS, TICKS_POOLS)):
    """A case whose denominators are coprime and so large that integer keys would overflow."""
    primes = draw(st.sampled_from(pools))
    case = draw(cases(resources=st.just(len(primes)), units=[(1, 1)]))
    J = len(case["jobs"])
    case["capacity"] = list(primes)
    for job in case["jobs"]:
        job["usage"] = [draw(st.integers(0, prime // (4 * J))) for prime in primes]
        job["demand"] = [draw(st.integers(0, prime // 40)) for prime in primes]
        job["weight"] = 1
        for name in ("limit", "guarantee"):
            job.pop(name, None)
    return case


@st.composite
def endless_cases(draw):
    """A case with a budget far above what its ceilings allow: what the threshold search is for."""
    case = draw(cases())
    for job in case["jobs"]:
        most = job["executors"] + draw(st.sampled_from([0, 1, 7, 60, 200]))
        job["max_executors"] = most
        job["min_executors"] = min(job.get("min_executors", 0), most)
    case["extra_executors"] = draw(st.sampled_from([150, 5_000, 10**6, 2**31 - 1]))
    return case


@st.composite
def stacks(draw, units=DECIMAL_UNITS, least=1, most=4, alike=None):
    """Several cases of the same J and R, to be one Batch."""
    J, R = draw(st.integers(1, 5)), draw(st.integers(1, 2))
    same = cases(jobs=st.just(J), resources=st.just(R), units=units, steps=20, alike=alike)
    return draw(st.lists(same, min_size=least, max_size=most))


def as_batch(stack):
    """Cases of the same J and R as one Batch; ties go by index, as in `naive.schedule`."""
    U = max(len(case["user_caps"]) for case in stack)
    caps = [case["user_caps"] + [None] * (U - len(case["user_caps"])) for case in stack]
    R = len(stack[0]["capacity"])

    def of_jobs(name, missing):
        rows = [[job.get(name, missing) for job in case["jobs"]] for case in stack]
        return np.array([[missing if x is None else x for x in row] for row in rows])

    def stated(name):
        return of_jobs(name, [None] * R).astype(np.float64)  # None becomes NaN

    return fs.Batch(
        capacity=[case["capacity"] for case in stack],
        demand=of_jobs("demand", None),
        usage=of_jobs("usage", None),
        weight=of_jobs("weight", 1),
        executors=of_jobs("executors", 0),
        max_executors=of_jobs("max_executors", fs.NO_LIMIT),
        min_executors=of_jobs("min_executors", 0),
        guarantee=stated("guarantee"),
        limit=stated("limit"),
        priority=of_jobs("priority", 0),
        submitted=of_jobs("submitted", 0),
        user=of_jobs("user", -1) if U else None,
        user_cap=[[fs.NO_LIMIT if cap is None else cap for cap in row] for row in caps]
        if U
        else None,
        extra_executors=[case["extra_executors"] for case in stack],
    )


def as_scenario(case, names):
    """A case as a Scenario whose jobs have these names, in list order."""
    resources = [f"r{r}" for r in range(len(case["capacity"]))]

    def by_name(quantities):
        pairs = zip(resources, quantities, strict=True)
        return {name: amount for name, amount in pairs if amount is not None}

    def words(job):
        quantities = {"usage", "demand", "guarantee", "limit"}
        given = {name: by_name(job[name]) for name in quantities & job.keys()}
        user = None if job["user"] is None else f"user {job['user']}"
        return {**job, **given, "user": user}

    jobs = [fs.Job(name, **words(job)) for name, job in zip(names, case["jobs"], strict=True)]
    caps = {f"user {u}": cap for u, cap in enumerate(case["user_caps"]) if cap is not None}
    return fs.Scenario(
        fs.Pool("pool", by_name(case["capacity"])), jobs, case["extra_executors"], caps
    )
