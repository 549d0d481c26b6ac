"""`allocate` against the naive scheduler, and its promise that nothing else changes a result."""

import math

import numpy as np
import pytest
from agreement import (
    EVERY_POLICY,
    ON_FULL,
    agree,
    all_agree,
    expected,
    ours,
    policies,
    rules,
    same,
)
from hypothesis import given
from hypothesis import strategies as st
from kernel_paths import COMPILED
from strategies import (
    DECIMAL_UNITS,
    FLOAT_UNITS,
    QUOTIENT_POOLS,
    as_batch,
    as_scenario,
    cases,
    crowded_cases,
    endless_cases,
    examples,
    huge_cases,
    stacks,
)

import fairsched_fast as fs
from fairsched_fast import engine

# --- Equal to the naive scheduler -----------------------------------------------------------------


@given(stacks(), policies, rules)
@examples(3)
def test_decimal_quantities_are_scheduled_exactly(stack, policy, on_full):
    result = all_agree(stack, policy, on_full)
    assert result.keys == "integer"


@given(stacks(alike=True, least=2) | stacks(least=2), policies, rules)
def test_scenarios_in_lockstep_are_scheduled_exactly(stack, policy, on_full):
    """A handful runs one by one; so that these do not, each comes many times."""
    fast = ours(policy, len(stack[0]["capacity"]))
    result = fs.allocate(as_batch(stack * 20), fast, on_full=on_full, log=True)
    for s, case in enumerate(stack * 2):
        agree(result, s, expected(case, policy, on_full))


@given(stacks(units=FLOAT_UNITS + DECIMAL_UNITS), policies, rules)
@examples(2)
def test_true_floats_are_scheduled_by_their_ticks(stack, policy, on_full):
    all_agree(stack, policy, on_full)


@given(crowded_cases(), policies, rules)
@examples(0.5)
def test_many_jobs_are_scheduled_exactly(case, policy, on_full):
    all_agree([case], policy, on_full)


@given(huge_cases(), st.sampled_from(["max_min", "drf", ("drf", {"post_grant": True})]), rules)
def test_huge_denominators_are_scheduled_exactly(case, policy, on_full):
    all_agree([case], policy, on_full)


@given(huge_cases(pools=[QUOTIENT_POOLS]), st.sampled_from(["quota_first", "priority"]), rules)
@examples(0.5)
def test_segments_of_quotients_are_scheduled_exactly(case, policy, on_full):
    all_agree([case], policy, on_full)


@given(endless_cases(), policies, rules)
@examples(0.5)
def test_a_budget_far_above_the_ceilings_is_counted_not_stepped(case, policy, on_full):
    fast = ours(policy, len(case["capacity"]))
    finals = fs.allocate(as_batch([case]), fast, on_full=on_full, log=False)
    agree(finals, 0, expected(case, policy, on_full, finals.keys))


@given(stacks(), policies)
def test_pools_that_are_over_full_are_scheduled_all_the_same_where_capacity_is_ignored(
    stack, policy
):
    smaller = [{**case, "capacity": [c / 2 for c in case["capacity"]]} for case in stack]
    all_agree(smaller, policy, "ignore")


@given(st.data(), cases(), policies, rules)
def test_a_scenario_breaks_ties_by_name_or_in_list_order_as_its_policy_says(
    data, case, policy, on_full
):
    J = len(case["jobs"])
    # "job 10" sorts before "job 2": names are compared as text.
    names = data.draw(st.permutations([f"job {9 + j}" for j in range(J)]))
    by_name = [sorted(names).index(name) for name in names]
    fast = ours(policy, len(case["capacity"]))
    result = fs.allocate(as_scenario(case, names), fast, on_full=on_full)
    agree(result, 0, expected(case, policy, on_full, result.keys, by_name))


# --- Nothing else changes a result ----------------------------------------------------------------


@pytest.fixture(scope="module")
def large():
    """Work for several threads: decimals, pools that fill, every seventh one of true floats."""
    rng = np.random.default_rng(5)
    S, J, R = 20_000, 4, 2
    demand = rng.integers(0, 4, (S, J, R)) / [1, 10]
    usage = rng.integers(0, 6, (S, J, R)) / [1, 10]
    capacity = (usage.sum(axis=1) + rng.integers(0, 60, (S, R))).round(1)
    capacity[::7] += math.pi
    return fs.Batch(
        capacity=capacity,
        demand=demand,
        usage=usage,
        weight=rng.choice([0.5, 1, 3, 0], (S, J), p=[0.3, 0.4, 0.2, 0.1]),
        max_executors=rng.choice([0, 4, 2**31 - 1], (S, J)),
        limit=np.where(rng.random((S, J, R)) < 0.1, usage + 2 * demand, np.nan),
        priority=rng.integers(-2, 3, (S, J)),
        submitted=rng.integers(0, 3, (S, J)) / 4,
        user=[0, 1, 0, -1],
        user_cap=rng.integers(0, 12, (S, 2)),
        extra_executors=rng.integers(0, 24, S),
    )


@pytest.mark.parametrize("log", [True, False])
@pytest.mark.parametrize("on_full", ON_FULL)
def test_the_number_of_workers_changes_nothing(large, on_full, log):
    one = fs.allocate(large, "drf", on_full=on_full, log=log, workers=1)
    for workers in (2, 3):
        same(fs.allocate(large, "drf", on_full=on_full, log=log, workers=workers), one)


@pytest.mark.parametrize("policy", EVERY_POLICY, ids=str)
def test_neither_workers_nor_chunks_change_any_policys_results(large, policy, monkeypatch):
    batch, fast = large.rows(0, 1200), ours(policy, large.R)
    one = fs.allocate(batch, fast, log=True, workers=1)
    finals = fs.allocate(batch, fast, log=False)
    assert np.array_equal(finals.granted, one.granted)
    for rows, workers in ((7, 2), (100, 1), (10**6, 2)):
        monkeypatch.setattr(engine, "_CHUNK_VALUES", rows * batch.J * batch.R)
        same(fs.allocate(batch, fast, log=True, workers=workers), one)
        same(fs.allocate(batch, fast, log=False, workers=workers), finals)


@pytest.mark.parametrize("on_full", ON_FULL)
def test_keeping_the_order_changes_nothing_else(large, on_full):
    logged = fs.allocate(large, "drf", on_full=on_full, log=True)
    finals = fs.allocate(large, "drf", on_full=on_full, log=False)
    assert np.array_equal(logged.granted, finals.granted)
    assert np.array_equal(logged.stop, finals.stop)
    counts = (logged.choices[..., None] == np.arange(large.J)).sum(axis=1)
    assert np.array_equal(counts, logged.granted)


@pytest.mark.parametrize(("start", "stop"), [(0, 1), (7, 8), (255, 513), (8_000, 20_000)])
def test_a_slice_of_a_batch_has_the_results_of_its_rows(large, start, stop):
    whole = fs.allocate(large, "drf", log=True)
    part = fs.allocate(large.rows(start, stop), "drf", log=True)
    assert np.array_equal(part.granted, whole.granted[start:stop])
    assert np.array_equal(part.stop, whole.stop[start:stop])
    N = part.choices.shape[1]  # the largest budget of the slice
    assert np.array_equal(part.choices, whole.choices[start:stop, :N])


@given(st.data(), stacks(alike=True, least=1, most=1), policies, rules)
def test_a_shared_axis_gives_what_the_expanded_array_gives(data, stack, policy, on_full):
    [case] = stack
    S, J, R = 3, len(case["jobs"]), len(case["capacity"])
    numbers = {
        name: [[job.get(name, 0) for job in case["jobs"]]]
        for name in ("weight", "executors", "min_executors", "priority", "submitted")
    }
    amounts = {
        name: np.array([[job.get(name, blank) for job in case["jobs"]]], np.float64)
        for name, blank in (("guarantee", [np.nan] * R), ("limit", [np.nan] * R))
    }
    shared = {
        "capacity": [case["capacity"]],
        "demand": [[job["demand"] for job in case["jobs"]]],
        "usage": [[job["usage"] for job in case["jobs"]]],
        **numbers,
        **amounts,
        "extra_executors": [case["extra_executors"]],
        "user": [[0] * J],
        "user_cap": [[8]],
    }
    expanded = {name: np.repeat(np.array(array), S, axis=0) for name, array in shared.items()}
    some = data.draw(st.sets(st.sampled_from(sorted(shared))))
    mixed = {name: shared[name] if name in some else expanded[name] for name in shared}
    if len(some) == len(shared):
        mixed["extra_executors"] = expanded["extra_executors"]
    fast = ours(policy, len(case["capacity"]))
    one = fs.allocate(fs.Batch(**expanded), fast, on_full=on_full, log=True)
    same(fs.allocate(fs.Batch(**mixed), fast, on_full=on_full, log=True), one)


@given(st.data(), policies, rules)
def test_neighbours_of_another_kind_change_nothing(data, policy, on_full):
    """Decimals beside true floats, wholes beside thousandths: each as if it were alone."""
    kinds = st.sampled_from([[unit] for unit in FLOAT_UNITS + DECIMAL_UNITS])
    J, R = data.draw(st.integers(1, 4)), data.draw(st.integers(1, 2))
    stack = [
        data.draw(cases(st.just(J), st.just(R), units=data.draw(kinds), steps=20)) for _ in range(3)
    ]
    fast = ours(policy, R)
    together = fs.allocate(as_batch(stack), fast, on_full=on_full, log=True)
    for s, case in enumerate(stack):
        alone = fs.allocate(as_batch([case]), fast, on_full=on_full, log=True)
        assert np.array_equal(alone.granted[0], together.granted[s])
        assert np.array_equal(alone.choices[0], together.choices[s, : alone.choices.shape[1]])


def test_a_neighbours_many_decimals_do_not_cost_exactness():
    """In billionths the first scenario's keys would not be whole numbers that a double holds."""
    plain = {"capacity": [[819.2]], "demand": [[[0.1], [0.1]]], "weight": [[0.5, 1]]}
    fine = {"capacity": [[0.1]], "demand": [[[1e-9], [1e-9]]], "weight": [[1.000000001, 1]]}
    both = {name: plain[name] + fine[name] for name in plain}
    batch = fs.Batch(**both, extra_executors=5)
    assert fs.allocate(batch.rows(0, 1), "drf").keys == "integer"


def test_a_neighbours_weights_do_not_blur_the_ticks_of_true_floats():
    """Ticks are 1e-12 of a weighted share, in whatever unit the weights of a batch are kept."""
    pi = math.pi
    batch = fs.Batch(
        capacity=[1000 * pi],
        demand=[[pi], [pi]],
        usage=[[5.0001 * pi], [5 * pi]],
        weight=[[1, 1], [1.000000001, 1]],
        extra_executors=1,
    )
    result = fs.allocate(batch, "drf", log=True)
    assert result.keys == "ticks"
    assert result.choices.tolist() == [[1], [1]]


# --- Forms of keys --------------------------------------------------------------------------------


def form(capacity, weight=1, demand=1):
    """The form of keys of a pool of several resources, one job for each."""
    R = len(capacity)
    demand = np.full((R, R), demand)
    return fs.allocate(
        fs.Batch(capacity=capacity, demand=demand, weight=weight, extra_executors=3), "drf"
    ).keys


@pytest.mark.parametrize(
    ("keys", "pool"),
    [
        ("integer", {"capacity": [200, 800]}),
        ("integer", {"capacity": [819.2], "demand": 0.1}),
        ("integer", {"capacity": [24576, 0]}),
        ("integer", {"capacity": [7, 3], "weight": [[0.5, 2.5]]}),
        ("integer", {"capacity": [999_999_937, 1_000_000_007]}),
        ("quotient", {"capacity": [29_999_999, 30_000_001, 30_000_023]}),
        ("ticks", {"capacity": [999_999_937, 1_000_000_007, 1_000_000_009]}),
        ("ticks", {"capacity": [math.pi * 10]}),
        ("ticks", {"capacity": [200], "demand": 0.1 + 0.2}),
        ("ticks", {"capacity": [200], "weight": 1 / 3}),
    ],
)
def test_keys_are_compared_in_the_most_exact_form_that_holds_them(keys, pool):
    assert form(**pool) == keys


def test_round_robin_counts_in_whole_numbers_whatever_the_quantities():
    batch = fs.Batch(capacity=[math.pi], demand=[[0.1], [0.1]], extra_executors=3)
    assert fs.allocate(batch, "round_robin").keys == "integer"


def test_choices_have_the_smallest_dtype_that_holds_a_job():
    for J, dtype in ((1, np.int8), (128, np.int8), (129, np.int16)):
        batch = fs.Batch(capacity=[1000], demand=np.ones((J, 1)), extra_executors=J)
        result = fs.allocate(batch, "round_robin", log=True)
        assert result.choices.dtype == dtype
        assert result.choices[0].tolist() == list(range(J))
        assert result.granted.dtype == np.int32


def test_scenarios_that_differ_only_in_what_a_policy_ignores_are_all_run():
    batch = fs.Batch(capacity=[9], demand=[[1], [2]], extra_executors=4, weight=[[1, 2]] * 5)
    granted = fs.allocate(batch, "round_robin").granted
    assert granted.tolist() == [[2, 2]] * 5


def ranked(batch):
    """The n-th job's key grows n times as fast; ties by when it was submitted, in each scenario."""
    rank = np.argsort(np.argsort(batch.submitted, axis=0, kind="stable"), axis=0)
    one, growth = np.ones((1, 1, 1)), np.arange(1, batch.J + 1)[:, np.newaxis, np.newaxis]
    return fs.Claims(0 * one, growth, one, rank=rank)


@pytest.mark.skipif(not COMPILED, reason="takes minutes where nothing is compiled")
@pytest.mark.parametrize("log", [True, False])
@pytest.mark.parametrize("J", [3, 12, 24])
@pytest.mark.parametrize("policy", ["drf", "min_share_first", "priority", "ranked"])
def test_what_a_block_keeps_for_the_next_is_right_for_it(policy, J, log):
    """Demands, capacity and minima that all share: rows of slopes may stay, if nothing moves them.

    Several segments have lines of their own, and ranks of each scenario their own order.
    """
    rng = np.random.default_rng(J)
    S, near = 2100, 16
    batch = fs.Batch(
        capacity=[81920, 90000],
        demand=rng.integers(1, 4, (J, 2)),
        usage=rng.integers(0, 9, (S, J, 2)),
        min_executors=rng.integers(0, 6, J),
        priority=rng.integers(0, 2, J),
        submitted=rng.integers(0, 50, (S, J)),
        extra_executors=6 * J,
    )
    rule = fs.Policy("ranked", ranked) if policy == "ranked" else policy
    whole = fs.allocate(batch, rule, log=log, workers=1)
    for start in range(0, S, 5 * near):
        rows = slice(start, start + near)
        alone = fs.allocate(batch.rows(start, start + near), rule, log=log, workers=1)
        assert np.array_equal(whole.granted[rows], alone.granted)
        assert np.array_equal(whole.stop[rows], alone.stop)
        assert not log or np.array_equal(whole.choices[rows], alone.choices)
