"""Whether the fast scheduler and the naive one agree, grant for grant."""

import naive
import numpy as np
from strategies import as_batch

import fairsched_fast as fs

ON_FULL = ["skip", "stop", "ignore"]
POLICIES = ["drf", "round_robin"]


def expected(case, policy, on_full, keys=None, rank=None):
    """The naive schedule; `keys` says in which form the fast one compared this case's shares."""
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
    batch = as_batch(stack)
    logged = fs.allocate(batch, policy, on_full=on_full, log=True)
    finals = fs.allocate(batch, policy, on_full=on_full, log=False)
    for s, case in enumerate(stack):
        alone = fs.allocate(as_batch([case]), policy, on_full=on_full, log=True)
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
