"""Dialects serve in exactly the order of the slow, obvious ones, whatever the case."""

import naive_dialects
import pytest
from dialect_cases import DIALECTS, as_scenario, parameters, stacks
from hypothesis import given
from hypothesis import strategies as st

import fairsched_fast as fs


@pytest.mark.parametrize("dialect", DIALECTS)
@given(data=st.data(), stack=stacks(), on_full=st.sampled_from(["skip", "skip", "stop", "ignore"]))
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
    finals = fs.allocate(fs.Batch.from_scenarios(scenarios), policy, on_full=on_full)
    assert finals.granted.tolist() == result.granted.tolist()


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
