"""Batches made from Scenarios and from tidy tables."""

import numpy as np
import pandas as pd
import pytest
from complaints import refused

import fairsched_fast as fs

BATCH = fs.Pool("Batch", {"cpu": 20, "mem_gb": 80}, {"cpu": 2, "mem_gb": 16})
LIVE = fs.Pool("Live", {"gpu": 4, "cpu": 8}, {"gpu": 1, "cpu": 1})

# --- From Scenarios -------------------------------------------------------------------------------


@pytest.fixture
def two_pools():
    jobs = [
        fs.Job("b", pool="Batch", user="ana"),
        fs.Job("x", pool="Live", usage={"gpu": 1}, weight=3),
        fs.Job("a", pool="Batch", usage={"cpu": 4}, executors=2, max_executors=5),
    ]
    return fs.Scenario([BATCH, LIVE], jobs, {"Batch": 4, "Live": 2}, user_caps={"ana": 1})


def test_each_pool_of_a_scenario_is_a_row_and_smaller_pools_are_padded(two_pools):
    batch = fs.Batch.from_scenarios([two_pools, two_pools])
    assert (batch.S, batch.J, batch.R) == (4, 2, 3)
    assert batch.labels.scenario.tolist() == [0, 0, 1, 1]
    assert batch.labels.pool.tolist() == ["Batch", "Live"] * 2
    assert batch.labels.resources == ("cpu", "mem_gb", "gpu")
    assert batch.job_names(0) == ["b", "a"]
    assert batch.job_names(1) == ["x", ""]
    assert batch.present.tolist() == [[True] * 4, [True, False] * 2]
    assert batch.room[1].tolist() == [3, 0, 3, 0], "padding is given nothing"
    assert batch.capacity[:, 1].tolist() == [8, 0, 4], "a resource that a pool lacks is zero"


def test_what_jobs_state_reaches_the_batch_and_padding_states_nothing():
    jobs = [
        fs.Job("x", pool="Live", min_executors=2, guarantee={"gpu": 1}, limit={"cpu": 2}),
        fs.Job("a", pool="Batch", priority=3, submitted=-1.5),
        fs.Job("b", pool="Batch", limit={"mem_gb": 40}, weight=0),
    ]
    batch = fs.Batch.from_scenarios(fs.Scenario([BATCH, LIVE], jobs, {"Batch": 4, "Live": 2}))
    assert batch.min_executors.tolist() == [[0, 2], [0, 0]]
    assert np.argwhere(batch.guaranteed).tolist() == [[0, 2, 1]], "job, resource, scenario"
    assert np.argwhere(batch.limited).tolist() == [[0, 0, 1], [1, 1, 0]]
    assert batch.as_given(batch.guarantee)[0, 2].tolist() == [0, 1]
    assert batch.priority.tolist() == [[3, 0], [0, 0]]
    assert batch.submitted[0].tolist() == [-1.5, 0]
    assert batch.true_weight[1, 0] == 0
    assert batch.room.tolist() == [[fs.NO_LIMIT, 2], [2, 0]]


def test_padding_reaches_no_result(two_pools):
    result = fs.allocate(two_pools, "drf")
    assert result.granted.tolist() == [[1, 3], [2, 0]]
    assert [fs.StopReason(stop).name for stop in result.stop] == ["BUDGET", "BUDGET"]
    frame = result.to_frame()
    assert frame["job"].tolist() == ["b", "a", "x"]
    assert frame["granted"].tolist() == [1, 3, 2]


def test_one_pool_and_equal_jobs_need_no_padding():
    scenarios = [fs.Scenario(BATCH, [fs.Job("b"), fs.Job("a")], extra) for extra in (1, 2)]
    batch = fs.Batch.from_scenarios(iter(scenarios))
    assert batch.present is None
    assert len(batch.labels.jobs) == 1
    assert batch.name_rank[:, 0].tolist() == [1, 0]


def test_a_scenario_of_a_list_has_the_result_it_has_alone(two_pools):
    other = fs.Scenario(LIVE, [fs.Job(name) for name in "cab"], 5)
    together = fs.allocate([two_pools, other], "drf")
    alone = fs.allocate(other, "drf")
    assert together.granted[2].tolist() == alone.granted[0].tolist()
    assert together.choices[2, :5].tolist() == alone.choices[0].tolist()


# --- From a table ---------------------------------------------------------------------------------

TABLE = {
    "scenario": [7, 7, 9],
    "job": ["b", "a", "b"],
    "extra_executors": [3, 3, 2],
    "capacity_cpu": [10, 10, 5.5],
    "demand_cpu": [1, 2, 0.5],
    "usage_cpu": [1, 0, 0.5],
}


def table(**columns):
    """A sound table of two scenarios, but for the columns given; None leaves one out."""
    kept = {name: values for name, values in (TABLE | columns).items() if values is not None}
    return pd.DataFrame(kept)


def test_a_table_has_a_row_for_each_scenario_and_job():
    batch = fs.Batch.from_frame(table())
    assert (batch.S, batch.J, batch.R) == (2, 2, 1)
    assert batch.labels.scenario.tolist() == [7, 9]
    assert batch.labels.resources == ("cpu",)
    assert batch.job_names(0) == ["b", "a"]
    assert batch.job_names(1) == ["b", ""]
    assert batch.as_given(batch.capacity).tolist() == [[10, 5.5]]
    assert batch.extra_executors.tolist() == [3, 2]
    result = fs.allocate(batch, "drf", log=True)
    assert result.granted.tolist() == [[2, 1], [2, 0]]
    assert result.choices.tolist() == [[1, 0, 0], [0, 0, -1]], "ties go in the table's order"


def test_what_a_batch_says_in_a_table_makes_the_same_batch():
    scenario = fs.Scenario(BATCH, [fs.Job("a", usage={"cpu": 4}), fs.Job("b", weight=2)], 3)
    given = fs.Batch.from_scenarios([scenario])
    frame = pd.DataFrame(
        {
            "scenario": 0,
            "pool": "Batch",
            "job": given.job_names(0),
            "weight": given.true_weight[:, 0],
            "extra_executors": 3,
        }
    )
    for r, resource in enumerate(given.labels.resources):
        frame[f"capacity_{resource}"] = given.capacity[r, 0]
        frame[f"demand_{resource}"] = np.broadcast_to(given.demand[:, r, 0], given.J)
        frame[f"usage_{resource}"] = given.usage[:, r, 0]
    again = fs.allocate(fs.Batch.from_frame(frame), "drf", log=True)
    assert again.choices.tolist() == fs.allocate(scenario, "drf").choices.tolist()


def test_rows_of_a_scenario_need_not_stand_together_and_the_index_is_ignored():
    frame = table().iloc[[0, 2, 1]]
    batch = fs.Batch.from_frame(frame)
    assert batch.labels.scenario.tolist() == [7, 9]
    assert batch.job_names(0) == ["b", "a"]


def test_pools_are_rows_of_their_own():
    batch = fs.Batch.from_frame(table(pool=["A", "B", "A"], capacity_cpu=[10, 20, 5.5]))
    assert batch.S == 3
    assert batch.labels.pool.tolist() == ["A", "B", "A"]
    assert batch.labels.scenario.tolist() == [7, 7, 9]


def test_missing_ceilings_users_and_caps_are_none():
    batch = fs.Batch.from_frame(
        table(
            max_executors=[None, 2, 3],
            executors=[0, 1, 0],
            user=["ana", "ana", None],
            user_cap=[2, 2, None],
        )
    )
    assert batch.room.tolist() == [[fs.NO_LIMIT, 3], [1, 0]]
    assert fs.allocate(batch, "drf").granted.tolist() == [[0, 1], [2, 0]]


def test_a_table_states_what_jobs_do_and_empty_cells_state_nothing():
    batch = fs.Batch.from_frame(
        table(
            min_executors=[1, 0, 2],
            guarantee_cpu=[None, 4, 0.5],
            limit_cpu=[3, None, 2.5],
            priority=[-1, 2, 0],
            submitted=[0.5, -3, 0],
            weight=[0, 1, 2.5],
        )
    )
    assert batch.min_executors.tolist() == [[1, 2], [0, 0]]
    assert batch.guaranteed[:, 0].tolist() == [[False, True], [True, False]]
    assert batch.as_given(batch.guarantee.swapaxes(0, 1))[0].tolist() == [[0, 0.5], [4, 0]]
    assert batch.room.tolist() == [[2, 4], [fs.NO_LIMIT, 0]]
    assert batch.priority.tolist() == [[-1, 0], [2, 0]]
    assert batch.submitted.tolist() == [[0.5, 0], [-3, 0]]
    assert batch.true_weight.tolist() == [[0, 2.5], [1, 1]]


def test_pandas_own_dtypes_are_taken():
    batch = fs.Batch.from_frame(
        table(
            max_executors=pd.array([None, 2, 3], dtype="Int64"),
            extra_executors=pd.array([3, 3, 2], dtype="Int64"),
            demand_cpu=pd.array([1, 2, 0.5], dtype="Float64"),
            job=pd.Categorical(["b", "a", "b"]),
        )
    )
    assert batch.room.tolist() == [[fs.NO_LIMIT, 3], [2, 0]]


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"demand_cpu": None}, "column 'demand_cpu' is missing"),
        ({"job": None}, "column 'job' is missing"),
        ({"max_executor": [1, 1, 1]}, "'max_executor' is unknown; did you mean 'max_executors'?"),
        ({"usage_mem": [1, 1, 1]}, "column 'usage_mem' is unknown"),
        ({"demand_cpu": ["1", "2", "3"]}, "column 'demand_cpu' has dtype "),
        ({"max_executors": [None, "x", 3]}, "column 'max_executors' has dtype object"),
        ({"scenario": ["x", "x", "y"]}, "column 'scenario' has dtype "),
        ({"job": ["a", None, "a"]}, "column 'job' has an empty cell at row 1"),
        ({"job": ["a", " ", "a"]}, "column 'job' has an empty cell at row 1"),
        ({"usage_cpu": [1, 1, np.nan]}, "column 'usage_cpu' has an empty cell at row 2"),
        ({"capacity_cpu": [10, 11, 5]}, "column 'capacity_cpu' has 2 values for scenario 7;"),
        ({"extra_executors": [3, 4, 2]}, "column 'extra_executors' has 2 values for scenario 7;"),
        ({"job": ["a", "a", "a"]}, "duplicate job: scenario 7, job 'a' stands twice"),
        ({"min_executors": [1, -1, 1]}, "column 'min_executors' is -1 for scenario 7, job 'a'"),
        ({"priority": [1, 0.5, 1]}, "column 'priority' is 0.5 for scenario 7, job 'a'"),
        ({"submitted": [1, 1, np.inf]}, "column 'submitted' is inf for scenario 9, job 'b'"),
        ({"limit_cpu": [1, -2, 1]}, "column 'limit_cpu' is -2 for scenario 7, job 'a'"),
        ({"guarantee_cpu": ["x", 1, 1]}, "column 'guarantee_cpu' has dtype"),
        ({"guarantee_mem": [1, 1, 1]}, "column 'guarantee_mem' is unknown; did you mean"),
        ({"priority": [1, None, 1]}, "column 'priority' has an empty cell at row 1"),
        (
            {"min_executors": [1, 3, 1], "max_executors": [1, 2, None]},
            "min_executors at S = 0, J = 1 is 3, above the max_executors of 2",
        ),
        (
            {"guarantee_cpu": [1, 3, 1], "limit_cpu": [1, 2, None]},
            "guarantee at S = 0, J = 1, R = 0 is 3, above the limit of 2",
        ),
        ({"executors": [1, 1.5, 1]}, "column 'executors' is 1.5 for scenario 7, job 'a'"),
        (
            {"weight": [1, 1, -1]},
            "column 'weight' is -1 for scenario 9, job 'b'; expected a finite",
        ),
        (
            {"executors": [1, 1, 1], "max_executors": [1, 0, 1]},
            "executors at S = 0, J = 1 is 1, above the max_executors of 0 there",
        ),
        (
            {"user": ["ana", "ana", None], "user_cap": [2, 3, None]},
            "column 'user_cap' has 2 values for scenario 7, user 'ana'; expected one",
        ),
    ],
)
def test_a_wrong_table_is_told_its_column(columns, said):
    with refused(said):
        fs.Batch.from_frame(table(**columns))


def test_a_table_without_rows_or_resources_is_refused():
    with refused("the table has no rows; expected one per scenario and job"):
        fs.Batch.from_frame(table().iloc[:0])
    with refused("there is no column capacity_<resource>", "column 'scenario' is missing"):
        fs.Batch.from_frame(pd.DataFrame({"job": ["a"]}))


def test_a_column_that_stands_twice_is_refused():
    frame = table()
    frame.columns = [*frame.columns[:-1], "demand_cpu"]
    with refused("column 'demand_cpu' stands twice"):
        fs.Batch.from_frame(frame)


def test_every_problem_of_a_table_is_reported_at_once():
    with refused(
        "table: 2 problems",
        "column 'demand_cpu' has an empty cell at row 0",
        "column 'job' has an empty cell at row 1",
    ):
        fs.Batch.from_frame(table(demand_cpu=[np.nan, 1, 1], job=["a", "", "b"]))
