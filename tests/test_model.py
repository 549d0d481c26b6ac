"""Pools, jobs and scenarios: what is refused, what the message says, and what is fine."""

import math

import numpy as np
import pytest
from complaints import refused

import fairsched_fast as fs

POOL = fs.Pool("Batch", {"cpu": 200, "mem_gb": 800}, {"cpu": 2, "mem_gb": 16})
OTHER = fs.Pool("Interactive", {"cpu": 40}, {"cpu": 1})
NAN, INF = math.nan, math.inf


# --- Numbers --------------------------------------------------------------------------------------

BAD_QUANTITIES = [
    (NAN, "is nan; expected a finite number"),
    (INF, "is inf; expected a finite number"),
    (-1, "is -1; expected a number, 0 or more"),
    ("4", "is '4'; expected a number, 0 or more"),
    (None, "is None; expected a number, 0 or more"),
    (True, "is True; expected a number, 0 or more"),
    (10**400, "expected a finite number"),
]


@pytest.mark.parametrize(("value", "said"), BAD_QUANTITIES)
def test_quantities_are_finite_numbers_of_at_least_zero(value, said):
    with refused("pool 'p': capacity['cpu'] ", said):
        fs.Pool("p", {"cpu": value})
    with refused("pool 'p': executor['cpu'] ", said):
        fs.Pool("p", {"cpu": 1}, {"cpu": value})
    with refused("job 'a': usage['cpu'] ", said):
        fs.Job("a", usage={"cpu": value})
    for name in ("demand", "guarantee", "limit"):
        with refused(f"job 'a': {name}['cpu'] ", said):
            fs.Job("a", **{name: {"cpu": value}})


@pytest.mark.parametrize("weight", [-1, NAN, INF, "2", None])
def test_weights_are_finite_numbers_of_at_least_zero(weight):
    with refused("job 'a': weight is ", str(weight), "0 or more"):
        fs.Job("a", weight=weight)


BAD_COUNTS = [
    (-1, "is -1; expected a whole number from 0 to 2,147,483,647"),
    (1.5, "is 1.5; expected a whole number"),
    (2**31, "is 2147483648; expected a whole number"),
    (NAN, "is nan; expected a whole number"),
    ("3", "is '3'; expected a whole number"),
    (True, "is True; expected a whole number"),
]


@pytest.mark.parametrize(("value", "said"), BAD_COUNTS)
def test_counts_are_whole_numbers_up_to_the_largest_32_bit_one(value, said):
    with refused("job 'a': executors " + said):
        fs.Job("a", executors=value)
    with refused("job 'a': max_executors " + said):
        fs.Job("a", max_executors=value)
    with refused("job 'a': min_executors " + said):
        fs.Job("a", min_executors=value)
    with refused("scenario: extra_executors " + said):
        fs.Scenario(POOL, [fs.Job("a")], value)
    with refused("scenario: extra_executors['Batch'] " + said):
        fs.Scenario(POOL, [fs.Job("a")], {"Batch": value})
    with refused("scenario: user_caps['ana'] " + said):
        fs.Scenario(POOL, [fs.Job("a")], 1, user_caps={"ana": value})


@pytest.mark.parametrize("priority", [0.5, NAN, INF, "1", None, True, 2**31])
def test_priorities_are_whole_numbers_of_either_sign(priority):
    assert fs.Job("a", priority=-3).priority == -3
    with refused("job 'a': priority is ", "expected a whole number from -2,147,483,647"):
        fs.Job("a", priority=priority)


@pytest.mark.parametrize("submitted", [NAN, INF, "noon", None, True])
def test_a_job_is_submitted_at_any_finite_number(submitted):
    assert fs.Job("a", submitted=-2.5).submitted == -2.5
    with refused("job 'a': submitted is ", "expected a", "number"):
        fs.Job("a", submitted=submitted)


def test_numbers_may_be_numpys_and_counts_may_be_whole_floats():
    job = fs.Job("a", usage={"cpu": np.float32(0.5)}, executors=np.int64(2), max_executors=4.0)
    pool = fs.Pool("p", {"cpu": np.int64(8)}, {"cpu": 0.5})
    result = fs.allocate(fs.Scenario(pool, [job], 9.0))
    assert result.granted.tolist() == [[2]]


def test_a_ceiling_below_what_is_held_is_refused():
    with refused("job 'a': max_executors is 2, below the 3 executors", "raise the ceiling"):
        fs.Job("a", executors=3, max_executors=2)


def test_a_minimum_above_the_ceiling_is_refused():
    with refused("job 'a': min_executors is 5, above its ceiling of 4", "raise `max_executors`"):
        fs.Job("a", min_executors=5, max_executors=4)
    assert fs.Job("a", min_executors=4, max_executors=4)


def test_a_guarantee_above_the_limit_is_refused():
    with refused("job 'a': guarantee['cpu'] is 5, above its limit of 4", "lower the one"):
        fs.Job("a", guarantee={"cpu": 5, "mem_gb": 1}, limit={"cpu": 4})
    assert fs.Job("a", guarantee={"cpu": 4}, limit={"cpu": 4})


# --- Names ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["", "  ", None, 7])
def test_names_are_not_empty(name):
    with refused(f"name is {name!r}; expected a non-empty name"):
        fs.Pool(name, {"cpu": 1})
    with refused(f"name is {name!r}; expected a non-empty name"):
        fs.Job(name)
    with refused(f"a resource of capacity is {name!r}; expected a non-empty name"):
        fs.Pool("p", {name: 1})


def test_users_and_pools_of_a_job_are_not_empty_names():
    with refused(
        "2 problems", "user is ''; expected a non-empty", "pool is ' '; expected a non-empty"
    ):
        fs.Job("a", user="", pool=" ")
    with refused("a user of user_caps is ''"):
        fs.Scenario(POOL, [fs.Job("a")], 1, user_caps={"": 3})


def test_names_within_a_scenario_are_unique():
    with refused("duplicate job name 'a'", "must be unique"):
        fs.Scenario(POOL, [fs.Job("a"), fs.Job("b"), fs.Job("a")], 1)
    with refused("duplicate pool name 'Batch'"):
        fs.Scenario([POOL, POOL], [fs.Job("a", pool="Batch")], {"Batch": 1})


# --- Resources ------------------------------------------------------------------------------------


def test_a_pool_has_resources_and_its_executor_names_all_of_them():
    with refused("capacity is empty; expected at least one resource"):
        fs.Pool("p", {})
    with refused("capacity is 200; expected a mapping such as {'cpu': 200}"):
        fs.Pool("p", 200)
    with refused("executor lacks the resource 'mem_gb' of its pool; give it, 0 if none is needed"):
        fs.Pool("p", {"cpu": 1, "mem_gb": 1}, {"cpu": 1})
    with refused("executor names the unknown resource 'memgb'; did you mean 'mem_gb'?"):
        fs.Pool("p", {"mem_gb": 1}, {"mem_gb": 1, "memgb": 1})


def test_a_demand_names_every_resource_of_its_pool_and_no_other():
    with refused("demand of job 'a' lacks the resource 'mem_gb'", "0 if none is needed"):
        fs.Scenario(POOL, [fs.Job("a", demand={"cpu": 1})], 1)
    with refused("demand of job 'a' names the unknown resource 'disk'", "one of 'cpu', 'mem_gb'"):
        fs.Scenario(POOL, [fs.Job("a", demand={"cpu": 1, "mem_gb": 1, "disk": 1})], 1)


def test_a_usage_may_leave_resources_out_but_not_name_unknown_ones():
    assert fs.Scenario(POOL, [fs.Job("a", usage={"cpu": 1})], 1)
    with refused("usage of job 'a' names the unknown resource 'memgb'", "did you mean 'mem_gb'?"):
        fs.Scenario(POOL, [fs.Job("a", usage={"memgb": 1})], 1)


@pytest.mark.parametrize("name", ["guarantee", "limit"])
def test_a_guarantee_or_limit_is_of_known_resources(name):
    assert fs.Scenario(POOL, [fs.Job("a", **{name: {"cpu": 1}})], 1)
    with refused(f"{name} of job 'a' names the unknown resource 'memgb'", "did you mean 'mem_gb'?"):
        fs.Scenario(POOL, [fs.Job("a", **{name: {"memgb": 1}})], 1)
    with refused(f"job 'a': {name} is 3; expected a mapping"):
        fs.Job("a", **{name: 3})


@pytest.mark.parametrize(
    ("job", "said"),
    [
        (fs.Job("a", guarantee={"cpu": 201}), "guarantee of job 'a' in scenario 0 is 201 cpu"),
        (fs.Job("a", min_executors=51), "min_executors of job 'a' in scenario 0 is 816 mem_gb"),
    ],
)
def test_a_promise_above_the_pool_is_refused_unless_capacity_is_ignored(job, said):
    scenario = fs.Scenario(POOL, job, 3)
    with refused(said, "above the capacity of pool 'Batch'", 'on_full="ignore"'):
        fs.allocate(scenario)
    assert fs.allocate(scenario, on_full="ignore").granted.tolist() == [[3]]


def test_a_job_takes_what_it_demands_or_its_pools_executor():
    bare = fs.Pool("bare", {"cpu": 4})
    with refused("job 'a' states no demand and pool 'bare' no executor; give one"):
        fs.Scenario(bare, [fs.Job("a")], 1)
    assert fs.Scenario(bare, [fs.Job("a", demand={"cpu": 1})], 1)


# --- Pools and budgets ----------------------------------------------------------------------------


def test_a_job_in_an_unknown_pool_is_told_the_nearest_name():
    with refused("job 'a' is in the unknown pool 'batch'", "did you mean 'Batch'?"):
        fs.Scenario(POOL, [fs.Job("a", pool="batch")], 1)


def test_with_several_pools_each_job_names_its_own_and_each_pool_has_a_budget():
    pools, job = [POOL, OTHER], fs.Job("a", pool="Batch")
    with refused("job 'b' names no pool; expected one of ['Batch', 'Interactive']"):
        fs.Scenario(pools, [job, fs.Job("b")], {"Batch": 1, "Interactive": 1})
    with refused("extra_executors is 5 for 2 pools; expected a mapping with each of"):
        fs.Scenario(pools, [job], 5)
    with refused("extra_executors lacks pool 'Interactive'; give it, 0 if none"):
        fs.Scenario(pools, [job], {"Batch": 1})
    with refused("extra_executors names the unknown pool 'Night'"):
        fs.Scenario(pools, [job], {"Batch": 1, "Interactive": 1, "Night": 1})


def test_a_scenario_is_made_of_pools_and_jobs():
    with refused("2 problems", "pools is empty", "jobs is empty"):
        fs.Scenario([], [], {})
    with refused("jobs holds 'a'; expected Job objects"):
        fs.Scenario(POOL, ["a"], 1)
    with refused("pools holds 'Batch'; expected Pool objects"):
        fs.Scenario(["Batch"], [fs.Job("a")], 1)
    with refused("user_caps is 8; expected a mapping such as {'ana': 8}"):
        fs.Scenario(POOL, [fs.Job("a")], 1, user_caps=8)


def test_every_problem_is_reported_at_once():
    with refused(
        "job '': 5 problems",
        "name is ''",
        "usage['cpu'] is nan",
        "usage['mem_gb'] is -1",
        "weight is -2",
        "executors is 1.5",
    ):
        fs.Job("", usage={"cpu": NAN, "mem_gb": -1}, weight=-2, executors=1.5)
    with refused(
        "scenario: 4 problems",
        "duplicate job name 'a'",
        "job 'b' is in the unknown pool 'x'",
        "usage of job 'c' names the unknown resource 'gpu'",
        "extra_executors is -1",
    ):
        jobs = [fs.Job("a"), fs.Job("a"), fs.Job("b", pool="x"), fs.Job("c", usage={"gpu": 1})]
        fs.Scenario(POOL, jobs, -1)


# --- Not errors -----------------------------------------------------------------------------------


def test_what_is_unusual_but_sound_is_taken():
    fs.Job("a", max_executors=0)
    fs.Job("a", weight=0)
    fs.Job("a", usage={"cpu": 9}, limit={"cpu": 4})
    fs.Job("a", executors=5, min_executors=3)
    fs.Job("a", executors=5, max_executors=5)
    fs.Job("a", max_executors=2**31 - 1)
    fs.Job("a", demand={"cpu": 0, "mem_gb": 1})
    fs.Pool("p", {"cpu": 0})
    fs.Scenario(POOL, [fs.Job("a")], 0)
    fs.Scenario(POOL, fs.Job("a"), {"Batch": 3})
    fs.Scenario([POOL, OTHER], [fs.Job("a", pool="Batch")], {"Batch": 1, "Interactive": 0})
    fs.Scenario(POOL, [fs.Job("a")], 1, user_caps={"nobody here": 0})


def test_a_pool_without_jobs_gives_nothing():
    scenario = fs.Scenario(
        [POOL, OTHER], [fs.Job("a", pool="Batch")], {"Batch": 2, "Interactive": 3}
    )
    result = fs.allocate(scenario)
    assert result.granted.tolist() == [[2], [0]]


def test_what_was_given_is_not_shared_with_the_caller():
    capacity = {"cpu": 4}
    pool = fs.Pool("p", capacity)
    capacity["cpu"] = 999
    assert pool.capacity == {"cpu": 4}


@pytest.mark.parametrize("given", [[POOL], "Batch", []])
def test_what_is_allocated_is_scenarios_or_a_batch(given):
    with refused("scenarios", "expected"):
        fs.allocate(given)
