"""Dialects serve in exactly the order of the slow, obvious ones, whatever the case."""

import naive_dialects
import numpy as np
import pytest
from dialect_cases import DIALECTS, as_scenario, parameters, stacks
from hypothesis import given
from hypothesis import strategies as st

import fairsched_fast as fs

ON_FULL = st.sampled_from(["skip", "skip", "stop", "ignore"])


@pytest.mark.parametrize("dialect", DIALECTS)
@given(data=st.data(), stack=stacks(), on_full=ON_FULL)
def test_a_dialect_serves_in_the_naive_order(dialect, data, stack, on_full):
    R, cases = stack
    chosen = data.draw(parameters(dialect, R))
    policy = fs.dialect(dialect, **chosen)
    scenarios = [as_scenario(case) for case in cases]
    result = fs.allocate(scenarios, policy, on_full=on_full)
    for s, case in enumerate(cases):
        expected = naive_dialects.schedule(dialect, case, chosen, on_full)
        assert result.choices[s, : result.steps[s]].tolist() == expected
        alone = fs.allocate(scenarios[s], policy, on_full=on_full)
        assert alone.choices[0, : alone.steps[0]].tolist() == expected


@pytest.mark.parametrize("dialect", DIALECTS)
@given(data=st.data(), stack=stacks(), on_full=ON_FULL)
def test_a_dialect_comes_to_the_same_by_every_way_of_running(dialect, data, stack, on_full):
    """Kept order or not, many scenarios at once, and budgets so large that claims are counted."""
    R, cases = stack
    policy = fs.dialect(dialect, **data.draw(parameters(dialect, R)))
    budget = data.draw(st.sampled_from([None, 5000]))
    for case in cases if budget else ():
        case["extra_executors"] = budget
        for job in case["jobs"]:
            job["max_executors"] = job["max_executors"] or job["executors"] + 9
    few = [as_scenario(case) for case in cases]
    logged = fs.allocate(few, policy, on_full=on_full, log=True)
    many = fs.allocate(fs.Batch.from_scenarios(few * 20), policy, on_full=on_full)
    assert np.array_equal(many.granted, np.tile(logged.granted, (20, 1)))
    assert np.array_equal(many.stop, np.tile(logged.stop, 20))
    lanes = fs.allocate(few * 20, policy, on_full=on_full, log=True)
    assert np.array_equal(lanes.choices, np.tile(logged.choices, (20, 1)))


@pytest.mark.parametrize("dialect", DIALECTS)
@given(data=st.data(), stack=stacks())
def test_the_order_of_a_moment_is_that_of_the_naive_keys(dialect, data, stack):
    R, (case, *_) = stack
    chosen = data.draw(parameters(dialect, R))
    pool, told = naive_dialects.Pool(case), dict(chosen)
    if dialect == "kai":
        told["fair"] = naive_dialects.kai_division(case, **chosen)
    first = naive_dialects.COMPARISONS[dialect]
    expected = sorted(range(pool.J), key=lambda j: first(pool, j, **told))
    order = fs.dialect(dialect, **chosen).order(as_scenario(case))
    assert order == [case["jobs"][j]["name"] for j in expected]


@given(data=st.data(), stack=stacks())
def test_kais_division_is_the_naive_one(data, stack):
    R, (case, *_) = stack
    chosen = data.draw(parameters("kai", R))
    shares = fs.dialect("kai", **chosen).fair_share(as_scenario(case))
    expected = naive_dialects.kai_division(case, **chosen)
    for job, amounts in zip(case["jobs"], expected, strict=True):
        assert list(shares[job["name"]].values()) == [float(amount) for amount in amounts]
