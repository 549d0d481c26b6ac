"""Fluid allocations: feasible, each scenario by itself, and what discrete runs come near."""

import numpy as np
import pytest
from complaints import refused
from hypothesis import given
from hypothesis import strategies as st
from strategies import DECIMAL_UNITS, FLOAT_UNITS, as_batch, cases, stacks

import fairsched_fast as fs

POLICIES = ["drf", "asset", "slots", "max_min", "volcano", "armada", "kueue", "quota_first"]


def used(batch, given):
    """(S, R): what divisible executors (S, J) take of each resource."""
    demand = np.broadcast_to(batch.demand, (batch.J, batch.R, batch.S))
    return np.einsum("sj,jrs->sr", given, demand)


def free(batch):
    return np.maximum(batch.capacity - batch.used_before(), 0).T


@given(stacks(units=[*DECIMAL_UNITS, *FLOAT_UNITS]), st.sampled_from([*POLICIES, "ceei"]))
def test_nobody_has_more_than_there_is_nor_less_than_nothing(stack, policy):
    batch = as_batch(stack)
    given = fs.fluid(batch, policy)
    assert (given >= 0).all()
    assert (given <= np.broadcast_to(batch.room, (batch.J, batch.S)).T + 1e-9).all()
    assert (used(batch, given) <= free(batch) * (1 + 1e-9) + 1e-9).all()
    assert (given.sum(axis=1) <= np.broadcast_to(batch.extra_executors, batch.S) + 1e-9).all()


@given(cases(alike=True, resources=st.just(1)))
def test_where_one_resource_is_shared_alike_a_run_is_within_one_executor(case):
    """One resource, equal demands and weights: nobody is further from the level than one step.

    With weights they may be: of three executors for weights 1, 1, 1 and 2 the last gets none.
    """
    case = {**case, "user_caps": [], "jobs": [{**job, "weight": 1} for job in case["jobs"]]}
    batch = as_batch([case])
    whole, parts = fs.allocate(batch, "drf").granted[0], fs.fluid(batch, "drf")[0]
    assert (np.abs(whole - parts) <= 1 + 1e-9).all()


def test_a_scenario_has_what_it_has_alone():
    rng = np.random.default_rng(5)
    batch = fs.Batch(
        capacity=rng.integers(20, 60, (30, 2)),
        demand=rng.integers(1, 5, (30, 4, 2)),
        weight=rng.choice([0.01, 1, 3], (30, 4)),
        extra_executors=100,
    )
    for policy in ("drf", "ceei"):
        together = fs.fluid(batch, policy)
        for s in range(batch.S):
            alone = fs.fluid(batch.rows(s, s + 1), policy)[0]
            np.testing.assert_allclose(together[s], alone, rtol=1e-9, atol=1e-9)


def test_an_equilibrium_with_weights_far_apart_is_found():
    batch = fs.Batch(
        capacity=[10, 10], demand=[[1, 2], [2, 1]], weight=[1, 0.001], extra_executors=100
    )
    first, second = fs.fluid(batch, "ceei")[0]
    assert 2 * first + second == pytest.approx(10)  # the second resource is used up
    prices = 1 / (2 * first), 0.001 / second
    assert prices[0] == pytest.approx(prices[1], rel=1e-6)


def test_a_key_function_has_no_fluid():
    with refused("fluid", "mesos", "key function"):
        fs.fluid(fs.Batch(capacity=[1], demand=[[1]], extra_executors=1), "mesos")
