"""Hypothesis strategies for dialects: small whole numbers, many ties, all that a dialect reads."""

from hypothesis import strategies as st

import fairsched_fast as fs

NAMES = ["f", "b", "e", "a", "d", "c"]
DIALECTS = ["armada", "kai", "kueue", "mesos", "spark", "volcano", "yarn", "yunikorn"]


@st.composite
def cases(draw, R):
    """One case: see `naive_dialects`."""
    J = draw(st.integers(1, 5))
    there = [draw(st.sampled_from([1, 1, 1, 0])) for _ in range(R)]
    names = draw(st.permutations(NAMES))[:J]
    priorities = draw(st.sampled_from([[0], [0, 1], [-1, 0, 7]]))
    times = draw(st.sampled_from([[0], [0, 1.5], [-3, 0, 2]]))
    weights = draw(st.sampled_from([[1], [1, 2], [0, 1, 2, 3], [0.5, 0.1, 1], [0, 0, 1]]))
    promised = st.sampled_from([None, None, 0, 1, 2, 4, 6])

    def amounts(most):
        return [draw(st.integers(0, most)) for _ in range(R)]

    usages = [amounts(draw(st.sampled_from([0, 5]))) for _ in names]
    used = [sum(usage[r] for usage in usages) * there[r] for r in range(R)]
    capacity = [there[r] * (used[r] + draw(st.integers(0, 15))) for r in range(R)]
    jobs = []
    for name, usage in zip(names, usages, strict=True):
        held = draw(st.sampled_from([0, 0, 0, 1, 2]))
        demand = amounts(3)
        most_ever = [c // d for c, d in zip(capacity, demand, strict=True) if d > 0]
        least = min([draw(st.sampled_from([0, 0, 1, 3])), *most_ever])
        most = draw(st.sampled_from([None, None, 0, 1, 2, 5, 9]))
        guarantee = [draw(promised) for _ in range(R)]
        guarantee = [g and min(g, c) for g, c in zip(guarantee, capacity, strict=True)]
        limit = [draw(st.sampled_from([None, None, None, 0, 3, 5, 8])) for _ in range(R)]
        jobs.append(
            {
                "name": name,
                "usage": [n * there[r] for r, n in enumerate(usage)],
                "demand": demand,
                "executors": held,
                "min_executors": least,
                "max_executors": None if most is None else max(held + most, least),
                "guarantee": guarantee,
                "limit": [
                    None if m is None else max(m, g or 0)
                    for m, g in zip(limit, guarantee, strict=True)
                ],
                "weight": draw(st.sampled_from(weights)),
                "priority": draw(st.sampled_from(priorities)),
                "submitted": draw(st.sampled_from(times)),
            }
        )
    unit = [draw(st.sampled_from([1, 1, 1, 0.5])) for _ in range(R)]
    for job in jobs:
        for what in ("usage", "demand", "guarantee", "limit"):
            job[what] = [n and n * u for n, u in zip(job[what], unit, strict=True)]
    return {
        "capacity": [n * u for n, u in zip(capacity, unit, strict=True)],
        "jobs": jobs,
        "extra_executors": draw(st.sampled_from([1, 5, 12, 12, 30])),
    }


@st.composite
def stacks(draw):
    """One to three cases of the same resources, and how many resources they have."""
    R = draw(st.integers(1, 3))
    return R, draw(st.lists(cases(R), min_size=1, max_size=3))


@st.composite
def parameters(draw, dialect, R):
    """Values of a dialect's parameters, often the defaults."""
    if dialect not in STATED or draw(st.booleans()):
        return {}
    name = st.sampled_from([f"r{r}" for r in range(R)])
    return draw(STATED[dialect](name, R))


def exclusions(name, R):
    return st.fixed_dictionaries({"exclude": st.lists(name, unique=True, max_size=R - 1)})


def factors(name, R):
    some = st.dictionaries(name, st.sampled_from([0.5, 1, 0.1, 3]), min_size=1)
    return st.one_of(exclusions(name, R), st.fixed_dictionaries({"multipliers": some}))


def cohorts(name, R):
    one = st.fixed_dictionaries({"one": st.lists(name, unique=True, min_size=1)})
    return st.fixed_dictionaries(
        {"non_borrowing_first": st.booleans(), "flavors": st.one_of(st.just({}), one)}
    )


def grains(name, R):
    steps = st.dictionaries(name, st.sampled_from([1, 2, 0.5, 3]))
    return st.fixed_dictionaries({"grain": steps})


STATED = {
    "armada": factors,
    "kai": grains,
    "kueue": cohorts,
    "mesos": exclusions,
    "yarn": exclusions,
    "yunikorn": lambda name, R: st.fixed_dictionaries({"priority_first": st.booleans()}),
}


def as_scenario(case):
    resources = [f"r{r}" for r in range(len(case["capacity"]))]
    jobs = []
    for job in case["jobs"]:
        words = dict(job)
        for name in ("usage", "demand", "guarantee", "limit"):
            stated = zip(resources, job[name], strict=True)
            words[name] = {resource: amount for resource, amount in stated if amount is not None}
        jobs.append(fs.Job(**words))
    pool = fs.Pool("pool", dict(zip(resources, case["capacity"], strict=True)))
    return fs.Scenario(pool, jobs, case["extra_executors"])
