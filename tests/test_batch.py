"""Batches made from arrays: shapes, shared axes, units, and what is refused."""

import math

import numpy as np
import pytest
from complaints import refused

import fairsched_fast as fs

SOUND = {"capacity": [[10, 20]] * 3, "demand": np.ones((3, 2, 2)), "extra_executors": [1, 2, 3]}


def batch(**arrays):
    """Three scenarios, two jobs, two resources, but for the arrays given."""
    return fs.Batch(**(SOUND | arrays))


BLANK = ("guarantee", "limit")  # NaN: none is stated

# --- Refused --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("value", "shown"), [(math.nan, "nan"), (math.inf, "inf"), (-1, "-1.0")])
@pytest.mark.parametrize(
    "name", ["capacity", "demand", "usage", "weight", "guarantee", "limit", "submitted"]
)
def test_quantities_are_finite_numbers_of_at_least_zero(name, value, shown):
    if value in {"submitted": [-1]}.get(name, []) or (name in BLANK and math.isnan(value)):
        return  # that is fine
    axes = {"capacity": "SR", "weight": "SJ", "submitted": "SJ"}.get(name, "SJR")
    array = np.ones([{"S": 3, "J": 2, "R": 2}[axis] for axis in axes])
    array[2, 1] = value
    where = f"{name} at S = 2, {axes[1]} = 1"
    with refused(where, f"is {shown}", "expected finite numbers"):
        batch(**{name: array})


@pytest.mark.parametrize(
    ("value", "shown"), [(-1, "-1"), (1.5, "1.5"), (2**31, "2147483648"), (math.nan, "nan")]
)
@pytest.mark.parametrize(
    "name", ["extra_executors", "max_executors", "min_executors", "executors", "user_cap"]
)
def test_counts_are_whole_numbers_up_to_the_largest_32_bit_one(name, value, shown):
    array = np.array([5, value, 5]) if name == "extra_executors" else np.array([[5], [value], [5]])
    with refused(f"{name} at S = 1", f"is {shown}", "whole numbers from 0 to 2,147,483,647"):
        batch(**{name: array})


def test_a_ceiling_below_what_is_held_is_refused():
    with refused(
        "executors at S = 0, J = 1 is 3, above the max_executors of 2 there", "raise the ceiling"
    ):
        batch(executors=[0, 3], max_executors=[2, 2])


def test_a_minimum_above_the_ceiling_is_refused():
    with refused("min_executors at S = 2, J = 1 is 3, above the max_executors of 2 there"):
        batch(min_executors=[[0, 2], [0, 2], [2, 3]], max_executors=2)


def test_a_guarantee_above_the_limit_is_refused():
    guarantee, limit = np.full((3, 2, 2), math.nan), np.full((1, 2, 2), math.nan)
    guarantee[:, :, 0], limit[0, 1] = 4, 4
    assert batch(guarantee=guarantee, limit=limit)
    guarantee[1, 1, 0] = 5
    with refused("guarantee at S = 1, J = 1, R = 0 is 5, above the limit of 4 there"):
        batch(guarantee=guarantee, limit=limit)


def test_a_priority_is_a_whole_number_of_either_sign():
    assert batch(priority=[-2, 3]).priority[:, 0].tolist() == [-2, 3]
    with refused("priority at S = 0, J = 1 is 0.5; expected whole numbers from -2,147,483,647"):
        batch(priority=[1, 0.5])


def test_a_promise_above_the_pool_is_refused_when_it_is_run():
    over = batch(guarantee=[[1, 1], [1, 21]])
    with refused("guarantee of job '1' in scenario 0 is 21 r1, above the capacity of pool 'pool'"):
        fs.allocate(over)
    assert fs.allocate(over, on_full="ignore").steps.tolist() == [1, 2, 3]


def test_a_minimum_of_true_floats_that_fills_its_pool_exactly_is_no_more_than_it_has():
    """3 · 0.30000000000000004 is above 0.9 in floats by less than a pool may be passed."""
    full = fs.Batch(capacity=[[0.9]], demand=[[0.1 + 0.2]], min_executors=[3], extra_executors=5)
    assert fs.allocate(full, "min_share_first").granted.tolist() == [[3]]


def test_a_user_is_nobody_or_an_index_below_the_number_of_caps():
    with refused("user holds the index 2", "below U = 2"):
        batch(user=[0, 2], user_cap=[4, 4])
    with refused("user at S = 0, J = 0 is -2", "from -1"):
        batch(user=[-2, 0], user_cap=[4])


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"capacity": np.ones((1, 1, 2))}, "capacity has shape (1, 1, 2); expected (S, R)"),
        ({"demand": 1}, "demand has shape (); expected (S, J, R)"),
        ({"extra_executors": [[1, 2, 3]]}, "extra_executors has shape (1, 3); expected (S,)"),
        (
            {"capacity": [["a", "b"]]},
            "capacity has dtype <U1; expected an array (S, R) of integers",
        ),
        ({"usage": [[[1, 2], [3]]]}, "usage has dtype object"),
        ({"weight": [None, 1]}, "weight has dtype object"),
        ({"executors": [True, False]}, "executors has dtype bool"),
        ({"capacity": np.ones((3, 2), complex)}, "capacity has dtype complex128"),
    ],
)
def test_shapes_and_dtypes_are_told_by_name(arrays, said):
    with refused(said):
        batch(**arrays)


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"extra_executors": [1, 2]}, "axis S differs: capacity has 3, demand has 3"),
        ({"weight": np.ones((3, 4))}, "axis J differs: demand has 2, weight has 4"),
        ({"capacity": [[10]]}, "axis R differs: capacity has 1, demand has 2"),
    ],
)
def test_axes_have_one_length_everywhere(arrays, said):
    with refused(said, "expected one length"):
        batch(**arrays)


def test_an_empty_axis_is_refused():
    with refused("axis S is empty; expected at least one"):
        fs.Batch(capacity=np.ones((0, 2)), demand=np.ones((0, 1, 2)), extra_executors=[])
    with refused("axis J is empty; expected at least one"):
        fs.Batch(capacity=[1, 1], demand=np.ones((1, 0, 2)), extra_executors=1)
    with refused("there are no scenarios; expected at least one"):
        fs.Batch.from_scenarios([])


def test_names_are_as_many_as_the_axis_distinct_and_not_empty():
    with refused("jobs has 1 names; expected J = 2"):
        batch(jobs=["a"])
    with refused("jobs is ['a', 'a']; expected distinct, non-empty names"):
        batch(jobs=["a", "a"])
    with refused("resources is ['', 'mem']; expected distinct, non-empty names"):
        batch(resources=["", "mem"])


def test_every_problem_is_reported_at_once():
    with refused(
        "batch: 3 problems",
        "capacity at S = 0, R = 0 is nan (and 1 more)",
        "weight has dtype <U1",
        "axis S differs: capacity has 3, demand has 3, extra_executors has 2",
    ):
        batch(capacity=[[math.nan, 1], [1, math.nan], [1, 1]], weight="x", extra_executors=[1, 2])


# --- Taken ----------------------------------------------------------------------------------------


def test_only_capacity_demand_and_budget_have_to_be_given():
    one = fs.Batch(capacity=[4, 8], demand=[[1, 1], [1, 2]], extra_executors=3)
    assert (one.S, one.J, one.R) == (1, 2, 2)
    assert fs.allocate(one).granted.tolist() == [[2, 1]]


def test_scalars_stand_for_a_whole_axis():
    one = fs.Batch(capacity=9, demand=[[1], [1], [1]], extra_executors=6, weight=2, max_executors=1)
    assert fs.allocate(one).granted.tolist() == [[1, 1, 1]]


def test_an_array_may_leave_its_scenario_axis_out():
    full = batch(
        usage=np.ones((3, 2, 2)), weight=[[1, 2]] * 3, user=[[0, -1]] * 3, user_cap=[[1]] * 3
    )
    short = batch(usage=np.ones((2, 2)), weight=[1, 2], user=[0, -1], user_cap=[1])
    assert np.array_equal(fs.allocate(full).granted, fs.allocate(short).granted)


def test_a_user_index_may_go_unused_and_a_user_at_its_cap_gets_nothing():
    capped = batch(user=[2, 2], user_cap=[1, 1, 0, 9])
    assert fs.allocate(capped).granted.sum() == 0


def test_a_batch_may_hold_an_over_full_pool_and_remembers_the_first():
    over = batch(usage=[[[1, 1], [1, 1]], [[1, 1], [1, 20]], [[9, 1], [9, 1]]])
    assert (over.overfull.row, over.overfull.resource, over.overfull.rows) == (1, 1, 2)
    with refused("pool 'pool' of scenario 1: its jobs hold 21 r1, 1 above the capacity of 20"):
        fs.allocate(over)
    assert fs.allocate(over, on_full="ignore").steps.tolist() == [1, 2, 3]


def test_decimals_that_fill_a_pool_exactly_are_not_over_full():
    """0.1 + 0.2 is above 0.3 in floats, and is 0.3."""
    full = fs.Batch(capacity=[0.3], demand=[[0.1]], usage=[[0.1], [0.2]], extra_executors=1)
    assert full.overfull is None
    assert fs.allocate(full).granted.tolist() == [[0, 0]]


def test_what_was_given_is_not_shared_with_the_caller():
    capacity = np.full((3, 2), 10.5)
    made = batch(capacity=capacity)
    capacity[:] = 0
    assert (made.as_given(made.capacity) == 10.5).all()


def test_a_limit_is_a_ceiling_in_what_a_job_holds():
    limited = batch(
        usage=[[1, 0], [0, 0]], limit=[[3.5, math.nan], [math.nan, 3]], extra_executors=[9, 9, 9]
    )
    assert limited.room[:, 0].tolist() == [2, 3]
    result = fs.allocate(limited)
    assert result.granted.tolist() == [[2, 3]] * 3
    assert result.stop_reason().name == "CEILINGS"


def test_decimals_fill_a_limit_exactly():
    """0.1 + 2 · 0.1 is above 0.3 in floats, and is 0.3."""
    full = fs.Batch(capacity=[9], demand=[[0.1]], usage=[[0.1]], limit=[[0.3]], extra_executors=9)
    assert full.room.tolist() == [[2]]


def test_what_no_executor_takes_limits_nothing():
    held = batch(demand=[[1, 0], [1, 1]], usage=[[0, 5], [0, 5]], limit=[[9, 2], [9, 2]])
    assert held.room[:, 0].tolist() == [9, 0]


# --- Kept -----------------------------------------------------------------------------------------


def held_bytes(made):
    """Bytes of the arrays that a batch holds."""
    return sum(array.nbytes for array in vars(made).values() if isinstance(array, np.ndarray))


def test_shared_axes_are_never_expanded():
    S = 100_000
    shared = fs.Batch(
        capacity=[200, 800],
        demand=[[2, 16]],
        usage=np.ones((50, 2)),
        max_executors=30,
        weight=2,
        executors=0,
        user=[0] * 50,
        user_cap=[99],
        extra_executors=np.arange(S),
    )
    assert (shared.S, shared.J, shared.R) == (S, 50, 2)
    budgets_and_ids = S * (4 + 8)
    assert held_bytes(shared) + shared.labels.scenario.nbytes < budgets_and_ids + 10_000
    for name, shape in {
        "capacity": (2, 1),
        "demand": (1, 2, 1),
        "usage": (50, 2, 1),
        "weight": (1, 1),
        "executors": (1, 1),
        "user_cap": (1, 1),
    }.items():
        assert getattr(shared, name).shape == shape
    assert "3 of 3 quantities shared" in repr(shared)


def test_quantities_are_kept_in_whole_decimal_units_and_given_back_to_the_bit():
    cores = np.array([[819.2], [0.1], [16.0]])
    made = fs.Batch(capacity=cores, demand=[[0.1]], extra_executors=1)
    assert made.capacity.tolist() == [[8192, 1, 160]]
    assert made.as_given(made.capacity).tolist() == cores.T.tolist()


def test_scenarios_that_need_different_units_have_their_own():
    mixed = fs.Batch(capacity=[[0.5], [math.pi]], demand=[[[0.1]], [[0.1]]], extra_executors=1)
    assert mixed.decimal.tolist() == [[True, False]]
    assert mixed.capacity.tolist() == [[5, math.pi]]


def test_rows_are_views_with_their_own_labels():
    made = batch(usage=np.arange(12.0).reshape(3, 2, 2) / 12)
    part = made.rows(1, 3)
    assert (part.S, part.J, part.R) == (2, 2, 2)
    assert part.labels.scenario.tolist() == [1, 2]
    assert part.usage.tolist() == made.usage[..., 1:].tolist()
    assert [(first, chunk.S) for first, chunk in made.chunks(2)] == [(0, 2), (2, 1)]


def test_nobody_changes_a_batch_from_outside():
    weight, capacity = np.ones(3), np.array([[9.0]])
    batch = fs.Batch(capacity=capacity, demand=[[1]] * 3, extra_executors=3, weight=weight)
    weight[:2], capacity[:] = 100, 0
    assert fs.allocate(batch, "drf").granted.tolist() == [[1, 1, 1]]


def test_a_policy_cannot_change_the_batch_it_reads():
    @fs.policy("meddling")
    def meddling(batch):
        weight = batch.weight
        weight *= 0.5
        return fs.Claims(offset=np.zeros((1, 1, 1)), slope=np.ones((1, 1, 1)), per=weight[:, None])

    batch = fs.Batch(capacity=[9], demand=[[1], [1]], extra_executors=3, weight=[1, 2])
    with pytest.raises(ValueError, match="read-only"):
        fs.allocate(batch, meddling)
    assert batch.weight.tolist() == [[1], [2]]


def test_overfull_pools_are_counted_to_the_last():
    usage = np.zeros((65_537, 1, 1))
    usage[-1] = 10
    batch = fs.Batch(capacity=[9], demand=[[1]], usage=usage, extra_executors=1)
    assert (batch.overfull.row, batch.overfull.rows) == (65_536, 1)


def test_counts_that_a_narrow_dtype_rounds_are_refused():
    for most in (np.array([2.0**31], np.float32), np.array([np.inf], np.float16)):
        with pytest.raises(fs.InputError, match="extra_executors"):
            fs.Batch(capacity=[9], demand=[[1]], extra_executors=most)
