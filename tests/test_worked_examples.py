"""Small cases whose answer a person can work out, and the traps of the notebook's own loop."""

import json

import naive
import numpy as np
import pytest
from complaints import refused
from notebook_figures import DRF_ORDER, JOBS, POOL, ROUND_ROBIN_ORDER, SCENARIO

import fairsched_fast as fs
from fairsched_fast import StopReason


def order(result):
    """Names of the jobs chosen in a Result's first row, in turn."""
    names = result.batch.job_names(0)
    return [names[j] for j in result.choices[0, : result.steps[0]].tolist()]


def one_resource(jobs, capacity=100, extra=10, **options):
    """A scenario of a single resource of which each executor takes 1."""
    return fs.Scenario(fs.Pool("pool", {"cpu": capacity}, {"cpu": 1}), jobs, extra, **options)


# --- From the notebook and the paper --------------------------------------------------------------


def test_the_notebook_is_served_in_turn_by_round_robin_and_from_behind_by_drf():
    before, after = fs.allocate(SCENARIO, "round_robin"), fs.allocate(SCENARIO, "drf")
    assert order(before) == ROUND_ROBIN_ORDER
    assert order(after) == DRF_ORDER
    assert after.granted.tolist() == [[1, 1, 13]]
    assert after.stop_reason() is StopReason.BUDGET
    assert after.keys == "integer"


def test_the_naive_scheduler_has_the_notebooks_order_and_the_papers():
    jobs = [{"usage": list(job.usage.values()), "demand": [2, 16]} for job in JOBS]
    by_name = sorted(job.name for job in JOBS)
    rank = [by_name.index(job.name) for job in JOBS]
    notebook = naive.schedule([200, 800], jobs, 15, rank=rank)
    assert [JOBS[j].name for j in notebook.order] == DRF_ORDER
    b, a = ({"usage": [0, 0], "demand": demand} for demand in ([3, 1], [1, 4]))
    paper = naive.schedule([9, 18], [b, a], 100, on_full="stop")
    assert paper == ([0, 1, 1, 0, 1], [2, 3], 5, "CAPACITY")


def test_the_figures_beside_the_checkout_are_in_the_same_order(shared):
    figures = json.loads((shared / "spec" / "notebook-figures.json").read_text())
    for policy in ("round_robin", "drf"):
        log = figures[policy]["step_log"]
        assert order(fs.allocate(SCENARIO, policy)) == [step["allocated_to"] for step in log]


def test_the_drf_papers_example_fills_the_cpus_at_two_thirds_each():
    """Ghodsi et al. 2011, table 1: nine CPUs, 18 GB; the first row of its table serves B."""
    b, a = [3, 1], [1, 4]
    batch = fs.Batch(capacity=[9, 18], demand=[b, a], extra_executors=100)
    result = fs.allocate(batch, "drf", on_full="stop", log=True)
    assert result.choices[0, :6].tolist() == [0, 1, 1, 0, 1, -1]
    assert result.granted.tolist() == [[2, 3]]
    assert result.dominant_share.tolist() == [[2 / 3, 2 / 3]]
    assert result.stop_reason() is StopReason.CAPACITY


def test_the_drf_papers_example_by_name_ends_the_same():
    pool = fs.Pool("pool", {"cpu": 9, "mem_gb": 18})
    jobs = [
        fs.Job("B", demand={"cpu": 3, "mem_gb": 1}),
        fs.Job("A", demand={"cpu": 1, "mem_gb": 4}),
    ]
    result = fs.allocate(fs.Scenario(pool, jobs, 100), "drf", on_full="stop")
    assert order(result) == ["A", "B", "A", "B", "A"]


# --- The notebook's traps -------------------------------------------------------------------------


def test_round_robin_ends_when_every_job_is_at_its_ceiling():
    jobs = [fs.Job(name, max_executors=2) for name in ("a", "b")]
    result = fs.allocate(one_resource(jobs), "round_robin")
    assert result.granted.tolist() == [[2, 2]]
    assert result.steps[0] == 4
    assert result.stop_reason() is StopReason.CEILINGS


def test_a_resource_of_zero_capacity_adds_no_share():
    pool = fs.Pool("pool", {"cpu": 10, "gpu": 0})
    jobs = [
        fs.Job("gpu job", usage={"cpu": 1}, demand={"cpu": 1, "gpu": 1}),
        fs.Job("cpu job", usage={"cpu": 3}, demand={"cpu": 1, "gpu": 0}),
    ]
    scenario = fs.Scenario(pool, jobs, 3)
    ignored = fs.allocate(scenario, "drf", on_full="ignore")
    assert order(ignored) == ["gpu job", "gpu job", "cpu job"]
    enforced = fs.allocate(scenario, "drf")
    assert order(enforced) == ["cpu job"] * 3, "who needs some of it does not fit"


def test_a_resource_of_zero_capacity_adds_no_share_among_true_floats_either():
    batch = fs.Batch(
        capacity=[10 * np.pi, 0],
        demand=[[1, 0], [1, 1]],
        usage=[[3, 0], [1, 0]],
        extra_executors=4,
    )
    result = fs.allocate(batch, "drf", on_full="ignore", log=True)
    assert result.choices.tolist() == [[1, 1, 0, 1]]


def test_executors_already_held_count_against_the_ceiling():
    jobs = [fs.Job("a", executors=4, max_executors=5), fs.Job("b", max_executors=5)]
    result = fs.allocate(one_resource(jobs, extra=10), "round_robin")
    assert result.granted.tolist() == [[1, 5]]
    assert result.executors.tolist() == [[5, 5]]


def test_equal_shares_go_by_name_under_drf_and_in_list_order_under_round_robin():
    jobs = [fs.Job(name) for name in ("zoe", "bob", "ann")]
    scenario = one_resource(jobs, extra=4)
    assert order(fs.allocate(scenario, "drf")) == ["ann", "bob", "zoe", "ann"]
    assert order(fs.allocate(scenario, "round_robin")) == ["zoe", "bob", "ann", "zoe"]


def test_ties_in_a_batch_go_to_the_lower_index_whatever_the_names():
    batch = fs.Batch(capacity=[9], demand=[[1], [1]], extra_executors=3, jobs=["zoe", "ann"])
    for policy in ("drf", "round_robin"):
        assert fs.allocate(batch, policy, log=True).choices.tolist() == [[0, 1, 0]]


def test_shares_of_tenths_are_compared_exactly():
    """On 819.2 cores, rounding shares to twelve decimals breaks a quarter of the ties."""
    start = np.array([[0.3], [0.2], [0.1], [0.0]])
    batch = fs.Batch(capacity=[819.2], demand=[[0.1]], usage=start, extra_executors=4002)
    result = fs.allocate(batch, "drf", log=True)
    climb = [3, 2, 3, 1, 2, 3]  # until all hold 0.3; then in turn
    assert result.choices[0].tolist() == climb + [0, 1, 2, 3] * 999


# --- Capacity -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("on_full", "granted", "stop"),
    [
        ("skip", [2, 4], StopReason.CAPACITY),  # the large one is skipped, the small one fills up
        ("stop", [2, 2], StopReason.CAPACITY),  # the large one is chosen, does not fit, and it ends
        ("ignore", [5, 5], StopReason.BUDGET),
    ],
)
def test_a_full_pool_skips_the_job_stops_the_run_or_is_ignored(on_full, granted, stop):
    batch = fs.Batch(capacity=[10], demand=[[3], [1]], extra_executors=10)
    result = fs.allocate(batch, "round_robin", on_full=on_full)
    assert result.granted.tolist() == [granted]
    assert result.stop_reason() is stop


def test_true_floats_may_fill_a_pool_to_the_last_executor():
    """0.1 + 0.2 in thirds: the last one passes the capacity by noise alone."""
    noisy = 0.1 + 0.2
    batch = fs.Batch(capacity=[noisy * 3], demand=[[noisy]], extra_executors=9)
    assert fs.allocate(batch, "drf").granted.tolist() == [[3]]


def test_an_over_full_pool_is_refused_by_name_and_amount_unless_capacity_is_ignored():
    full = one_resource([fs.Job("a", usage={"cpu": 60}), fs.Job("b", usage={"cpu": 52.5})])
    with refused("pool 'pool'", "112.5 cpu", "12.5 above the capacity of 100", "on_full"):
        fs.allocate(full)
    assert fs.allocate(full, on_full="ignore").steps[0] == 10


def test_usage_of_a_resource_that_the_pool_has_none_of_is_over_full():
    none = fs.Scenario(
        fs.Pool("pool", {"cpu": 4, "gpu": 0}, {"cpu": 1, "gpu": 0}),
        [fs.Job("a", usage={"gpu": 2})],
        1,
    )
    with refused("2 gpu", "2 above the capacity of 0"):
        fs.allocate(none)


def test_only_the_over_full_rows_of_a_batch_are_refused():
    batch = fs.Batch(
        capacity=[[10]] * 4, demand=[[1]], usage=[[[1]], [[11]], [[1]], [[12]]], extra_executors=2
    )
    with refused("scenario 1", "1 above the capacity of 10", "1 more such pool"):
        fs.allocate(batch)
    with refused("scenario 3", "2 above"):
        fs.allocate(batch.rows(2, 4))
    assert fs.allocate(batch.rows(0, 1)).steps.tolist() == [2]
    assert fs.allocate(batch.rows(2, 3)).steps.tolist() == [2]


# --- Weights, users, pools ------------------------------------------------------------------------


def test_a_job_of_twice_the_weight_is_served_twice_as_often():
    jobs = [fs.Job("light", weight=0.5), fs.Job("plain")]
    assert fs.allocate(one_resource(jobs, extra=9), "drf").granted.tolist() == [[3, 6]]


def test_a_users_cap_counts_what_is_held_and_blocks_all_its_jobs():
    jobs = [
        fs.Job("a1", user="ana", executors=2),
        fs.Job("a2", user="ana"),
        fs.Job("b", max_executors=3),
    ]
    scenario = one_resource(jobs, user_caps={"ana": 5, "nobody here": 1})
    result = fs.allocate(scenario, "round_robin")
    assert order(result) == ["a1", "a2", "b", "a1", "b", "b"]
    assert result.stop_reason() is StopReason.USER_CAPS


def test_a_blocked_users_place_passes_to_the_others():
    batch = fs.Batch(
        capacity=[100], demand=[[1], [2], [3]], user=[0, 0, -1], user_cap=[3], extra_executors=9
    )
    assert fs.allocate(batch, "round_robin").granted.tolist() == [[2, 1, 6]]


def test_pools_are_isolated_and_a_cap_holds_in_each():
    pools = [fs.Pool(name, {"cpu": 10}, {"cpu": 1}) for name in ("night", "day")]
    jobs = [
        fs.Job("a", pool="day", user="ana"),
        fs.Job("b", pool="night", user="ana"),
        fs.Job("c", pool="night"),
    ]
    scenario = fs.Scenario(pools, jobs, {"day": 2, "night": 7}, user_caps={"ana": 3})
    result = fs.allocate(scenario, "drf")
    night, day = result.granted.tolist()
    assert night == [3, 4]
    assert day == [2, 0], "the second place is padding"
    assert result.stop.tolist() == [StopReason.BUDGET, StopReason.BUDGET]


# --- No errors ------------------------------------------------------------------------------------


def test_no_extra_executors_is_an_empty_run():
    for policy in ("drf", "round_robin"):
        result = fs.allocate(fs.Scenario(POOL, JOBS, 0), policy)
        assert result.choices.shape == (1, 0)
        assert result.granted.tolist() == [[0, 0, 0]]
        assert result.stop_reason() is StopReason.BUDGET


def test_a_single_job_takes_all():
    assert order(fs.allocate(one_resource([fs.Job("a")], extra=3))) == ["a", "a", "a"]


def test_a_job_that_demands_nothing_never_fills_the_pool():
    free = fs.Job("a", demand={"cpu": 0})
    result = fs.allocate(one_resource([free, fs.Job("b")], capacity=0, extra=5))
    assert result.granted.tolist() == [[5, 0]]


def test_a_job_at_its_ceiling_and_a_user_at_its_cap_get_nothing():
    jobs = [
        fs.Job("a", executors=3, max_executors=3),
        fs.Job("b", executors=4, user="bob"),
        fs.Job("c"),
    ]
    result = fs.allocate(one_resource(jobs, extra=2, user_caps={"bob": 2}))
    assert result.granted.tolist() == [[0, 0, 2]]


# --- What a Result shows --------------------------------------------------------------------------


def test_a_result_says_in_one_line_what_ran_and_how_it_ended():
    text = repr(fs.allocate(SCENARIO, "drf"))
    for words in ("drf", "1 scenario × 3 jobs", "15 executors", "BUDGET", "integer keys"):
        assert words in text


def test_the_order_is_kept_for_scenarios_and_not_for_a_batch_unless_asked():
    batch = fs.Batch.from_scenarios([SCENARIO])
    assert fs.allocate(batch).choices is None
    assert fs.allocate(batch, log=True).choices.shape == (1, 15)
    assert fs.allocate([SCENARIO, SCENARIO]).choices.shape == (2, 15)
    assert fs.allocate(SCENARIO, log=False).choices is None
