"""The kernels as callers see them: arrays in, arrays out, callable from compiled code."""

import numba
import numpy as np
import pytest
from agreement import ON_FULL, POLICIES, expected, policies, rules
from hypothesis import given
from hypothesis import strategies as st
from kernel_paths import COMPILED, RULES, keys_of, problem_of, run_steps, run_totals
from strategies import DECIMAL_UNITS, FLOAT_UNITS, as_batch, cases, endless_cases, examples, stacks

import fairsched_fast as fs
from fairsched_fast import kernels
from fairsched_fast.kernels import SKIP, Problem, blank_outcome, steps, stops, totals
from fairsched_fast.kernels.merge import blank_window
from fairsched_fast.kernels.orders import run_one, write_given
from fairsched_fast.kernels.problem import blank


@given(stacks(units=DECIMAL_UNITS + FLOAT_UNITS), policies, rules)
@examples(3)
def test_the_threshold_search_ends_where_the_naive_scheduler_ends(stack, policy, on_full):
    granted = run_totals(as_batch(stack), policy, on_full)
    for s, case in enumerate(stack):
        keys = keys_of(as_batch([case]), policy)
        assert granted[s].tolist() == expected(case, policy, on_full, keys).granted


@given(endless_cases(), policies, rules)
@examples(0.5)
def test_a_long_threshold_search_ends_where_the_naive_scheduler_ends(case, policy, on_full):
    granted = run_totals(as_batch([case]), policy, on_full)
    assert granted[0].tolist() == expected(case, policy, on_full).granted


@given(cases(alike=True), policies, rules)
def test_lockstep_and_merging_choose_alike(case, policy, on_full):
    """One scenario is merged, many run in lockstep, crowds are merged again.

    Jobs that may be given nothing make the crowd.
    """
    idle = {**case["jobs"][0], "usage": [0] * len(case["capacity"]), "executors": 0}
    idle |= {"max_executors": 0, "min_executors": 0}
    crowd = {**case, "jobs": case["jobs"] + [idle] * 100}
    schedule = expected(case, policy, on_full)
    J, N = len(case["jobs"]), case["extra_executors"]
    for stack in ([case], [case] * 30, [crowd] * 30):
        granted, choices = run_steps(as_batch(stack), policy, on_full)
        for s in range(len(stack)):
            assert granted[s, :J].tolist() == schedule.granted
            assert choices[s].tolist() == schedule.order + [-1] * (N - schedule.steps)


@numba.njit
def merge_windows(problem, on_full, claims, granted, log):
    """Inner kernels are called by kernels alone."""
    one, window = blank(problem), blank_window(problem, claims)
    for s in range(granted.shape[1]):
        run_one(problem, s, on_full, one, window, log[s])
        write_given(one, s, granted)


def merged(batch, policy, on_full, claims):
    """(S, J) granted and (S, N) choices, by merging windows of up to so many claims."""
    N = int(batch.extra_executors.max())
    granted = np.empty((batch.J, batch.S), np.int32)
    log = np.empty((batch.S, N), np.int32)
    merge_windows(problem_of(batch, policy), RULES[on_full], claims, granted, log)
    return granted.T, log


@given(stacks(units=DECIMAL_UNITS + FLOAT_UNITS), policies, rules, st.sampled_from([1, 2, 7, 40]))
def test_windows_however_small_are_merged_alike(stack, policy, on_full, claims):
    batch = as_batch(stack)
    granted, choices = run_steps(batch, policy, on_full)
    again, chosen = merged(batch, policy, on_full, claims)
    assert np.array_equal(granted, again)
    assert np.array_equal(choices, chosen) or choices.shape[1] == 0


@pytest.mark.parametrize("on_full", ON_FULL)
@pytest.mark.parametrize("policy", ["drf", "round_robin", "fifo", "asset", "priority"])
@pytest.mark.parametrize("seed", range(4))
def test_a_crowd_is_served_as_the_naive_scheduler_does(seed, policy, on_full):
    """Windows are crossed, pools fill, ceilings are 0, users reach caps, one slope is a giant's."""
    rng = np.random.default_rng(seed)
    J, N = 120, 350
    capacity = [[30, 70, 210], [2**40, 2**40, 2**40], [999, 1001, 1003], [700, 500, 2**30]][seed]
    demand = rng.integers(0, 3, (J, 3)).tolist()
    demand[7] = [0, 0, 2**29]
    users = rng.integers(-1, 3, J)
    jobs = [
        {
            "usage": [0, 0, 0] if seed == 0 else rng.integers(0, 5, 3).tolist(),
            "demand": demand[j],
            "weight": [1, 2, 3, 7, 0.5, 10**6][rng.integers(6)],
            "executors": 0,
            "max_executors": [None, 0, 3, 30][rng.integers(4)],
            "user": None if users[j] < 0 else int(users[j]),
            "priority": int(rng.integers(0, 2)),
        }
        for j in range(J)
    ]
    case = {"capacity": capacity, "jobs": jobs, "extra_executors": N, "user_caps": [150, 9, None]}
    schedule = expected(case, policy, on_full, keys_of(as_batch([case]), policy))
    for claims in (5, 64, 1000):
        granted, choices = merged(as_batch([case]), policy, on_full, claims)
        assert granted[0].tolist() == schedule.granted
        assert choices[0].tolist() == schedule.order + [-1] * (N - schedule.steps)
    assert run_totals(as_batch([case]), policy, on_full)[0].tolist() == schedule.granted


def test_one_key_may_have_more_claims_than_a_window_holds():
    """All claims of FIFO's first job share one key: they are cut into windows by rank."""
    batch = fs.Batch(capacity=[2.0**40], demand=[[1.0]], usage=np.zeros((1, 500, 1)),
                     extra_executors=200_000)  # fmt: skip
    result = fs.allocate(batch, "fifo", log=True)
    assert (result.choices == 0).all()


def test_many_blocks_of_lanes_equal_the_scenarios_one_by_one():
    rng = np.random.default_rng(2)
    S, J = 700, 5
    batch = fs.Batch(
        capacity=[60, 90],
        demand=[[1, 2]],
        usage=rng.integers(0, 5, (S, J, 2)),
        max_executors=rng.integers(0, 9, (S, J)),
        extra_executors=rng.integers(0, 30, S),
    )
    granted, choices = run_steps(batch, "drf", "skip")
    for s in range(S):
        alone_granted, alone_choices = run_steps(batch.rows(s, s + 1), "drf", "skip")
        assert np.array_equal(alone_granted[0], granted[s])
        assert np.array_equal(alone_choices[0], choices[s, : alone_choices.shape[1]])


def test_two_thousand_million_executors_are_counted_at_once():
    """Three jobs alike share a pool that never fills: a third each, the first one the odd one."""
    batch = fs.Batch(capacity=[2.0**40], demand=[[1.0], [1.0], [1.0]], extra_executors=2**31 - 1)
    assert run_totals(batch, "drf", "skip").tolist() == [[715827883, 715827882, 715827882]]


# --- From a caller's own compiled code ------------------------------------------------------------


def two_jobs(budget):
    """Nine CPUs and 18 GB; jobs of <1, 4> and <3, 1>, by hand as the docstrings state it."""
    demand = np.array([[1, 4], [3, 1]])[:, :, np.newaxis]
    return Problem(
        offset=np.zeros((1, 2, 2, 1)),
        slope=demand[np.newaxis].astype(np.float64),
        per=np.array([[9.0, 18.0], [9.0, 18.0]])[np.newaxis, :, :, np.newaxis],
        ceiling=np.full((1, 2, 1), 2**31 - 1, np.int32),
        order=np.array([[0], [1]], np.int32),
        room=np.full((2, 1), 2**31 - 1, np.int32),
        budget=np.array([budget], np.int32),
        free=np.array([[9], [18]]),
        demand=demand,
        user=np.full((2, 1), -1, np.int32),
        user_left=np.empty((0, 1), np.int64),
    )


def test_kernels_are_called_from_a_callers_compiled_function():
    @numba.njit
    def run(problem, out):
        form = steps(problem, SKIP, 0, out)
        stops(problem, SKIP, 0, out.granted, out.steps, out.stop)
        again = np.empty_like(out.granted)
        totals(problem, SKIP, 0, again)
        return form, (out.granted == again).all()

    out = blank_outcome(2, 1, 10)
    form, agree = run(two_jobs(10), out)
    assert form == kernels.INTEGER
    assert agree
    assert out.granted[:, 0].tolist() == [3, 2]
    assert out.small[:, 0].tolist() == [0, 1, 0, 1, 0, -1, -1, -1, -1, -1]
    assert out.steps[0] == 5
    assert out.stop[0] == kernels.CAPACITY


def test_outputs_are_written_from_the_column_that_the_caller_names():
    for kept, kind in (("small", np.int8), ("medium", np.int16), ("large", np.int32)):
        order = np.full((6, 4) if kept == "small" else (4, 6), -7, kind)
        out = blank_outcome(2, 4)._replace(**{kept: order})
        out.granted[:] = -7
        steps(two_jobs(4), SKIP, 2, out)
        totals(two_jobs(5), SKIP, 1, out.granted)
        assert out.granted.tolist() == [[-7, 3, 2, -7], [-7, 2, 2, -7]]
        choices = order.T if kept == "small" else order
        assert choices[2].tolist() == [0, 1, 0, 1, -1, -1]
        assert (choices[[0, 1, 3]] == -7).all()


def test_an_over_full_pool_grants_nothing_that_needs_it():
    over = two_jobs(4)._replace(free=np.array([[-1], [18]]))
    granted = np.empty((2, 1), np.int32)
    totals(over, SKIP, 0, granted)
    assert granted.sum() == 0
    totals(over, kernels.IGNORE, 0, granted)
    assert granted.sum() == 4


@pytest.mark.skipif(not COMPILED, reason="nothing is compiled")
@pytest.mark.parametrize("log", [True, False])
def test_batches_of_every_shape_use_the_same_compiled_kernels(log):
    """Read-only or strided inputs would each compile anew, which takes seconds."""
    ones = np.ones((2, 3, 1))
    ones.flags.writeable = False
    shapes = [
        fs.Batch(capacity=[9], demand=ones, extra_executors=4),
        fs.Batch(capacity=[9], demand=ones[:, ::2], extra_executors=[4, 500], weight=[0.5, 1]),
        fs.Batch(capacity=ones[:, 0] * 9.1, demand=ones, user=[0, 0, 1], user_cap=[2, 2],
                 extra_executors=500),
    ]  # fmt: skip
    kernel = steps if log else totals
    fs.allocate(shapes[2], log=log)
    before = len(kernel.signatures)
    for batch in [*shapes, shapes[1].rows(1, 2)]:
        for policy in POLICIES:
            fs.allocate(batch, policy, log=log)
    assert len(kernel.signatures) == before


def test_a_segment_has_one_form_whatever_was_granted_before():
    """Denominators with a large common factor, and a job that is done after the first segment."""
    common = 2.0**50 - 27
    one = np.ones((1, 1, 1))

    def lines(*values):
        return np.array(values)[:, np.newaxis, np.newaxis]

    @fs.policy("in two segments")
    def two(batch):
        first = fs.Claims(0 * one, one, one, ceiling=np.array([[1.0], [0], [0]]))
        slope = lines(common, 2.0**40, 3 * 2.0**40)
        return [first, fs.Claims(0 * one, slope, lines(common, 2.0**41, 2.0**41))]

    batch = fs.Batch(
        capacity=np.full((300, 1), 1000.0),
        demand=[[1]] * 3,
        max_executors=[[1, 20, 20]],
        extra_executors=12,
    )
    assert fs.allocate(batch.rows(0, 1), two).granted.tolist() == [[1, 8, 3]]
    assert (fs.allocate(batch, two).granted == [1, 8, 3]).all()
