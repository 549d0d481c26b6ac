"""Three jobs, whose first steps are taken two by two, on every path: where that has to stop."""

import numpy as np
import pytest
from agreement import agree, expected
from kernel_paths import on_every_path
from strategies import as_batch

import fairsched_fast as fs

DEMANDS = [[1, 1], [3, 1], [2, 4]]
PLAIN = {"weight": 1, "executors": 0, "max_executors": None, "user": None}


@pytest.mark.parametrize("on_full", ["skip", "stop"])
def test_pools_that_fill_after_an_odd_or_even_number_of_steps(on_full):
    jobs = [PLAIN | {"usage": [j, 0], "demand": DEMANDS[j]} for j in range(3)]
    told = {"jobs": jobs, "extra_executors": 30, "user_caps": []}
    cases = [told | {"capacity": [cap, 9 * cap]} for cap in range(20, 60)]
    result = on_every_path(as_batch(cases), "drf", on_full)
    for s, case in enumerate(cases):
        agree(result, s, expected(case, "drf", on_full))


@pytest.mark.parametrize("cap", range(3, 9))
def test_a_cap_that_is_odd_or_even(cap):
    batch = fs.Batch(
        capacity=[10**4], demand=[[1]] * 3, user=[0, 0, 0], user_cap=[cap], extra_executors=30
    )
    assert on_every_path(batch, "drf", "skip").steps.tolist() == [cap]


def test_lanes_that_end_before_others():
    budgets = np.arange(40)
    batch = fs.Batch(capacity=[10**3], demand=[[1]] * 3, extra_executors=budgets)
    result = on_every_path(batch, "drf", "skip")
    assert result.granted.tolist() == [[(n + 2) // 3, (n + 1) // 3, n // 3] for n in budgets]


@pytest.mark.parametrize(
    ("need", "steps"), [(2**30, 4), (2**30, 6), (3 * 2**29, 8), (2**16, 2**15)]
)
def test_needs_beyond_32_bits(need, steps):
    batch = fs.Batch(capacity=[2**31 - 1], demand=[[need]] * 2, extra_executors=steps)
    for log in (True, False):
        result = fs.allocate(batch, "round_robin", log=log)
        assert result.steps.tolist() == [min((2**31 - 1) // need, steps)]


@pytest.mark.parametrize("shared", [True, False])
def test_a_part_without_scenarios_is_a_batch(shared):
    executors = 9 if shared else [9, 8, 7]
    batch = fs.Batch(capacity=[[9], [8], [7]], demand=[[1]], extra_executors=executors)
    assert batch.rows(1, 1).S == 0


@fs.policy("beyond its due")
def beyond_due(batch):
    """Twice what is beyond its priority: both lines stand below 0 at first."""
    times, one = np.array([[1.0], [2.0]]), np.ones((1, 1, 1))
    return fs.Claims(offset=-times * batch.priority[:, None], slope=times * one, per=one)


@pytest.mark.parametrize("due", [[0, 5, 3], [5, 0, 0], [0, 0, 4], [2, 2, 2]])
def test_no_key_is_below_zero_whose_line_it_may_be(due):
    claims = sorted((max(0, 2 * (k - due[j])), j) for j in range(3) for k in range(12))
    batch = fs.Batch(capacity=[10**3], demand=[[1]], priority=due, extra_executors=12)
    result = on_every_path(batch, "beyond its due", "skip")
    assert result.choices.tolist() == [[j for _, j in claims[:12]]]
