"""Finals without orders: `totals` ends where the naive scheduler and the orders end."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from agreement import ON_FULL, expected, policies, rules
from hypothesis import given
from hypothesis import strategies as st
from kernel_paths import (
    RULES,
    by_counting,
    keys_of,
    problem_of,
    run_steps,
    run_totals,
    same_finals,
)
from strategies import as_batch, cases, examples, huge_cases, stacks

import fairsched_fast as fs
from fairsched_fast.kernels import blank_outcome, steps

ROOT = Path(__file__).parents[1]


def agree_with_orders(batch, policy="drf"):
    """Finals are what the orders add up to, under every rule."""
    problem = problem_of(batch, policy)
    for on_full in ON_FULL:
        out = blank_outcome(batch.J, batch.S)
        steps(problem, RULES[on_full], 0, out)
        assert np.array_equal(run_totals(batch, policy, on_full), out.granted.T)


@given(stacks(), policies, rules)
def test_blocks_of_scenarios_end_as_each_alone(stack, policy, on_full):
    many = as_batch((stack * 35)[:35])
    granted = run_totals(many, policy, on_full)
    for s in range(len(stack)):
        keys = keys_of(as_batch([stack[s]]), policy)
        assert granted[s].tolist() == expected(stack[s], policy, on_full, keys).granted
    assert (granted == granted[np.arange(35) % len(stack)]).all()


@given(st.one_of(huge_cases(), cases(steps=200)), st.sampled_from(["drf", "slots"]), rules)
@examples(1.5)
def test_keys_of_every_form_are_counted_alike(case, policy, on_full):
    batch = as_batch([case])
    granted = run_totals(batch, policy, on_full)
    assert granted[0].tolist() == expected(case, policy, on_full, keys_of(batch, policy)).granted


@pytest.mark.parametrize("scale", [1.0, 1 / 3, 0.1 + 0.2, 2.0**-900, 1e150])
@pytest.mark.parametrize("capacity", [[21, 9], [24576, 8192], [7, 7 * 3**5]])
def test_units_of_any_size(scale, capacity):
    """Thirds and sevenths, dyadic pools where the 12th decimal sits on a half, tiny and huge."""
    rng = np.random.default_rng(4)
    shape = (40, 7, 2)
    usage = rng.integers(0, 2, shape) * (rng.random(shape) < 0.2)
    demand = rng.integers(0, 3, (7, 2))
    batch = fs.Batch(
        capacity=np.maximum(capacity, usage.sum(axis=1).max(axis=0)) * scale,
        demand=demand * scale,
        usage=usage * scale,
        extra_executors=rng.integers(0, 90, 40),
    )
    for policy in ("drf", "max_min", ("drf", {"post_grant": True})):
        agree_with_orders(batch, policy)


@pytest.mark.parametrize("policy", ["drf", "fifo", "round_robin", "weighted_round_robin"])
def test_many_jobs_many_users_and_pools_that_fill(policy):
    """5,000 jobs, some of zero demand, room or weight; users of one job, of many, of none left."""
    rng = np.random.default_rng(5)
    J = 5000
    batch = fs.Batch(
        capacity=[40_000, 90_000, 0],
        demand=rng.integers(0, 9, (J, 3)) * [1, 3, 0],
        usage=rng.integers(0, 4, (2, J, 3)) * [1, 1, 0],
        max_executors=rng.integers(0, 9, J),
        weight=rng.integers(0, 4, J),
        user=rng.integers(-1, 40, J),
        user_cap=rng.choice([0, 7, 90, 400, 10_000], 40),
        extra_executors=[12_000, 9],
    )
    agree_with_orders(batch, policy)


def test_scenarios_that_have_nothing_in_common():
    """Budgets from none to two thousand million, capacities and weights of each scenario's own."""
    rng = np.random.default_rng(6)
    budgets = [0, 1, 5, 10**3, 0, 2 * 10**9, 7, 10**6, 3, 10**4] * 5
    batch = fs.Batch(
        capacity=rng.choice([9, 100, 4096, 10**7], (50, 2)),
        demand=rng.integers(1, 5, (50, 4, 2)),
        weight=rng.choice([0, 0.5, 1, 3], (50, 4)),
        max_executors=rng.choice([0, 3, 500, fs.NO_LIMIT], (50, 4)),
        extra_executors=budgets,
    )
    for on_full in ON_FULL:
        granted = run_totals(batch, "drf", on_full)
        for s in range(50):
            alone = batch.rows(s, s + 1)
            assert granted[s].tolist() == run_totals(alone, "drf", on_full)[0].tolist()
            if budgets[s] <= 10**4:
                assert granted[s].tolist() == run_steps(alone, "drf", on_full)[0][0].tolist()


def test_keys_that_overflow_to_infinity():
    """A search must end above the last finite key."""
    batch = fs.Batch(
        capacity=[1e-300, 1000.1234567891],
        demand=[[1, 1], [0, 1], [1e-301, 1]],
        max_executors=[500, 100, 500],
        extra_executors=[900, 150],
    )
    agree_with_orders(batch)


def test_fifo_gives_one_job_two_thousand_million_at_once():
    """Slope 0: all claims of all jobs share one key."""
    batch = fs.Batch(
        capacity=[2.0**40], demand=[[1], [1], [1]], max_executors=[[5, fs.NO_LIMIT, 9]],
        extra_executors=2**31 - 1,
    )  # fmt: skip
    assert run_totals(batch, "fifo", "skip").tolist() == [[5, 2**31 - 6, 0]]


def test_a_job_alone_and_a_budget_of_none():
    for budget, granted in ((0, 0), (3, 3), (2**31 - 1, 9)):
        batch = fs.Batch(capacity=[9], demand=[[1]], extra_executors=budget)
        assert run_totals(batch, "drf", "skip").tolist() == [[granted]]


def many_lanes(**also):
    """300 scenarios of 20 jobs of one demand; some have far more to give than others."""
    rng = np.random.default_rng(8)
    return fs.Batch(
        **{
            "capacity": rng.choice([900, 5000, 10_007], (300, 2)),
            "demand": [[2, 7]],
            "usage": rng.integers(0, 40, (300, 20, 2)),
            "max_executors": rng.choice([0, 3, 60, fs.NO_LIMIT], (300, 20)),
            "extra_executors": rng.choice([0, 7, 500, 10**6], 300),
        }
        | also
    )


OWN_DEMANDS = np.random.default_rng(9).integers(0, 30, (300, 20, 2))
LANES = {
    "of their own ceilings": {},
    "weights": {"weight": np.random.default_rng(9).choice([0, 0.5, 1, 3, 7], (300, 20))},
    "no demand, one key for many claims": {"demand": [[0, 0]]},
    "demands of their own": {"demand": OWN_DEMANDS},
}


@pytest.mark.parametrize("case", LANES)
@pytest.mark.parametrize("policy", ["drf", "fifo", "weighted_round_robin"])
def test_blocks_of_lanes_end_as_each_scenario_alone(case, policy):
    """Some lanes are done at once, others go on alone."""
    batch = many_lanes(**LANES[case])
    for on_full in ON_FULL:
        together = by_counting(batch, policy, on_full)
        same_finals(together, by_counting(batch, policy, on_full, together=False), on_full)


COUNT_PASSES = """
import sys
import numpy as np
import fairsched_fast as fs
from fairsched_fast.engine import lower, run
from fairsched_fast.kernels import SKIP, finals, levels
from fairsched_fast.policies.registry import find_policy

passes = 0
def counted(function):
    def call(*arguments):
        global passes
        passes += 1
        return function(*arguments)
    return call
def count(module, *names):
    for name in names:
        setattr(module, name, counted(getattr(module, name)))
kernel, scale, unit = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
rng = np.random.default_rng(7)
J = 40
few = {"usage": rng.integers(0, 9, (9, J, 2)) * unit,
       "max_executors": rng.integers(1, 9, (9, J)) * scale, "extra_executors": 150 * scale}
if kernel == "levels":
    count(levels, "count", "climb")
    batch = fs.Batch(capacity=np.array([600, 900]) * scale * unit, demand=[[4 * unit, 3 * unit]],
                     **few)
    granted = run(batch, find_policy("drf"), "skip", workers=1).granted
else:
    count(finals, "count_rows", "count_by_keys", "open_brackets", "weigh")
    batch = fs.Batch(capacity=np.array([600, 900]) * scale * unit,
                     demand=rng.integers(1, 9, (J, 2)) * unit,
                     user=rng.integers(-1, 3, J), user_cap=[20 * scale] * 3, **few)
    granted = np.empty((J, 9), np.int32)
    finals.totals(lower(batch, "drf"), SKIP, 0, granted)
print(granted.sum(), passes)
"""


@pytest.mark.parametrize(
    ("kernel", "unit"),
    [("finals", "1"), ("finals", "0.30000000000000004"), ("levels", "1")],
)
def test_passes_do_not_grow_with_the_number_of_executors(kernel, unit):
    """The kernel uncompiled, its passes over the jobs counted: at 100 N executors as at N.

    A bracket's claims are the only ones granted one by one, at most MANY of them.
    """
    given, passes = {}, {}
    for scale in (1, 100, 10_000):
        run = subprocess.run(
            [sys.executable, "-c", COUNT_PASSES, kernel, str(scale), unit],
            env={**os.environ, "NUMBA_DISABLE_JIT": "1", "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=True,
        )
        given[scale], passes[scale] = map(int, run.stdout.split())
    assert given[10_000] > 50 * given[100] > 2500 * given[1]
    assert 0 < passes[10_000] <= 2 * passes[100] <= 8 * passes[1]
