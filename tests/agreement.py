"""Whether the fast scheduler and the naive one agree, grant for grant.

A policy is as `naive.schedule` takes it, a name or a name with parameters whose resources are
indices; `ours` makes it the library's.
"""

import naive
import numpy as np
from hypothesis import strategies as st
from strategies import as_batch

import fairsched_fast as fs

ON_FULL = ["skip", "stop", "ignore"]
POLICIES = ["drf", "round_robin"]
OF_ONE_SEGMENT = [
    "round_robin",
    "weighted_round_robin",
    "fifo",
    "slots",
    "max_min",
    ("max_min", {"resource": -1}),
    "drf",
    ("drf", {"post_grant": True}),
    ("drf", {"exclude": [0]}),
    ("drf", {"post_grant": True, "exclude": [-1]}),
    "asset",
    ("asset", {"post_grant": True}),
    ("asset", {"exclude": [-1]}),
]
OF_SEVERAL = [
    "priority",
    ("priority", {"boost": 1}),
    ("priority", {"then": "fifo", "boost": 0.5}),
    ("priority", {"then": "min_share_first", "boost": 7}),
    ("priority", {"then": ("drf", {"post_grant": True})}),
    "min_share_first",
    ("min_share_first", {"then": "slots"}),
    ("min_share_first", {"then": ("asset", {"post_grant": True})}),
    ("min_share_first", {"then": "quota_first"}),
    "quota_first",
    ("quota_first", {"then": "round_robin"}),
    ("quota_first", {"then": "weighted_round_robin"}),
    ("quota_first", {"then": ("priority", {"then": "slots", "boost": 2})}),
]
EVERY_POLICY = OF_ONE_SEGMENT + OF_SEVERAL
policies = st.sampled_from(EVERY_POLICY)
rules = st.sampled_from(ON_FULL)


def settled(policy, R):
    """A policy as a name and parameters, for R resources: of a single one none is excluded."""
    name, given = (policy, {}) if isinstance(policy, str) else policy
    given = {parameter: value for parameter, value in given.items() if parameter != "exclude"}
    if R > 1 and "exclude" in policy[1]:
        given["exclude"] = [range(R)[r] for r in policy[1]["exclude"]]
    return name, given


def ours(policy, R):
    """A policy of R resources as the library's."""
    name, given = settled(policy, R)
    if "then" in given:
        given["then"] = ours(given["then"], R).name
    if "resource" in given:
        given["resource"] = f"r{range(R)[given['resource']]}"
    if "exclude" in given:
        given["exclude"] = [f"r{r}" for r in given["exclude"]]
    return fs.find_policy(name, **given)


def expected(case, policy, on_full, keys=None, rank=None):
    """The naive schedule; `keys` says in which form the fast one compared this case's shares."""
    policy = settled(policy, len(case["capacity"]))
    return naive.schedule(**case, policy=policy, on_full=on_full, rank=rank, ticks=keys == "ticks")


def agree(result, row, schedule):
    """One row of a Result is this Schedule."""
    assert result.granted[row].tolist() == schedule.granted
    assert result.steps[row] == schedule.steps
    assert result.stop_reason(row).name == schedule.stop
    if result.choices is not None:
        nothing = [-1] * (result.choices.shape[1] - schedule.steps)
        assert result.choices[row].tolist() == schedule.order + nothing


def all_agree(stack, policy, on_full):
    """Every case of a stack, logged and not, in a Batch and alone, is as the naive one has it."""
    fast, batch = ours(policy, len(stack[0]["capacity"])), as_batch(stack)
    logged = fs.allocate(batch, fast, on_full=on_full, log=True)
    finals = fs.allocate(batch, fast, on_full=on_full, log=False)
    for s, case in enumerate(stack):
        alone = fs.allocate(as_batch([case]), fast, on_full=on_full, log=True)
        schedule = expected(case, policy, on_full, alone.keys)
        agree(alone, 0, schedule)
        agree(logged, s, schedule)
        agree(finals, s, schedule)
    return logged


def same(one, other):
    """Two Results hold the same figures."""
    assert np.array_equal(one.granted, other.granted)
    assert np.array_equal(one.steps, other.steps)
    assert np.array_equal(one.stop, other.stop)
    assert one.keys == other.keys
    assert (one.choices is None) == (other.choices is None)
    if one.choices is not None:
        assert np.array_equal(one.choices, other.choices)
