"""Scenarios of a sweep: as a person would write them, and as the arrays that are run."""

import numpy as np
import pytest
from complaints import refused
from specs import POOL, TABLE, blocks, drawn_from, sweep_of, two_pools

import fairsched_fast as fs
from fairsched_fast.sweep.scenarios.reading import parse_sweep


def planes(batch):
    """What a Batch says, axis by axis, nothing shared: comparable whatever its units."""
    S, J, R, labels = batch.S, batch.J, batch.R, batch.labels
    quantities = {
        "capacity": np.broadcast_to(batch.as_given(batch.capacity), (R, S)),
        "demand": np.broadcast_to(batch.as_given(batch.demand), (J, R, S)),
        "usage": np.broadcast_to(batch.as_given(batch.usage), (J, R, S)),
        "weight": np.broadcast_to(batch.true_weight, (J, S)),
        "room": np.broadcast_to(batch.room, (J, S)),
        "executors": np.broadcast_to(batch.executors, (J, S)),
        "extra": np.broadcast_to(batch.extra_executors, (S,)),
        "jobs": np.broadcast_to(labels.jobs, (S, J)),
        "pool": np.broadcast_to(labels.pool, (S,)),
        "rank": np.broadcast_to(batch.name_rank, (J, S)),
    }
    if batch.user is not None:
        caps = np.broadcast_to(batch.user_cap, (len(batch.user_cap), S))
        capped = np.where(batch.user >= 0, np.take_along_axis(caps, batch.user, 0), fs.NO_LIMIT)
        quantities["cap of the job's user"] = np.broadcast_to(capped, (J, S))
    return quantities


def scenarios_are_what_is_run(sweep):
    """Every scenario written out has the arrays that the sweep runs; of one block."""
    batches = sweep.batches(sweep.rows(0, sweep.size))
    for i in sweep.rows(0, sweep.size).scenario.tolist():
        scenario = sweep.scenario(i)
        assert [pool.name for pool in scenario.pools] == [b.pool_name(0) for b in batches]
        for pool, batch in zip(scenario.pools, batches, strict=True):
            alone = fs.Scenario(
                pool,
                scenario.jobs_of(pool),
                scenario.extra_executors[pool.name],
                scenario.user_caps,
            )
            written = planes(fs.Batch.from_scenarios([alone]))
            run = planes(batch.rows(i, i + 1))
            assert written.keys() == run.keys()
            for name, values in written.items():
                assert values.tolist() == run[name].tolist(), (i, name)


def test_scenarios_of_a_grid_are_what_is_run():
    scenarios_are_what_is_run(
        sweep_of(
            "grid = { 'pool.Batch.capacity.cpu' = [100, 120.5], 'job.*.max_executors' = [3, 9] }\n"
            "zip = { 'pool.Batch.executor.cpu' = [1, 2], 'pool.Batch.executor.mem_gb' = [8, 0.1] }"
        )
    )


def test_scenarios_of_draws_are_what_is_run():
    scenarios_are_what_is_run(
        sweep_of(
            "[block.random]\nn = 20\n'job.Heavy.usage.cpu' = { min = 0, max = 60 }\n"
            "'job.Heavy.weight' = { min = 0.5, max = 4, step = 0.5 }\n"
            "'job.Light.demand.mem_gb' = { min = 1, max = 9 }\n"
            "extra_executors = { min = 0, max = 30 }"
        )
    )


def test_scenarios_of_several_pools_are_what_is_run():
    scenarios_are_what_is_run(
        parse_sweep(
            two_pools(
                "grid = { 'pool.Night.capacity.gpu' = [4, 8], 'user_caps.ana' = [2, 5] }\n"
                "zip = { 'extra_executors.Batch' = [3, 9], 'job.\"ad hoc\".executors' = [1, 2] }",
                user_caps="{ ana = 8, nobody = 1 }",
            )
        )
    )


@pytest.mark.parametrize("replace", ["false", "true"])
def test_scenarios_of_drawn_jobs_are_what_is_run(tmp_path, replace):
    table = TABLE.replace("= 3", f"= 6\nreplace = {replace}")
    axes = "[[block]]\ngrid = { 'jobs.weight' = [1, 2], 'pool.Batch.capacity.cpu' = [100, 200] }"
    sweep = drawn_from(tmp_path, f"{axes}\nrepeat = 4", table=table)
    batch = sweep.batches(sweep.rows(0, 16))[0]
    for i in range(16):
        written = planes(fs.Batch.from_scenarios([sweep.scenario(i)]))
        run = planes(batch.rows(i, i + 1))
        for name in written.keys() - {"jobs", "rank"}:
            assert written[name].tolist() == run[name].tolist(), (i, name)
        for name, written_name in zip(run["jobs"][0], written["jobs"][0], strict=True):
            assert written_name == name or written_name.startswith(f"{name} (")


def test_a_job_drawn_twice_is_two_jobs(tmp_path):
    csv = "name,cores,mib,slots\na,1000,0,9\nb,1000,0,9\n"
    table = TABLE.replace("= 3", "= 4\nreplace = true")
    sweep = drawn_from(tmp_path, "[[block]]\nrepeat = 9", table=table, csv=csv)
    names = {tuple(job.name for job in sweep.scenario(i).jobs) for i in range(9)}
    assert ("a", "a (2)", "b", "b (2)") in names


def test_drawn_jobs_tie_by_name_wherever_they_stand_in_the_table(tmp_path):
    csv = "name,cores,mib,slots\nzeta,1000,0,9\nalpha,1000,0,9\nmid,1000,0,9\n"
    sweep = drawn_from(tmp_path, "[[block]]\ngrid = { extra_executors = [1, 2] }", csv=csv)
    (batch,) = sweep.batches(sweep.rows(0, 2))
    assert fs.allocate(batch, "drf").granted.tolist() == [[0, 1, 0], [0, 1, 1]]
    assert fs.allocate(sweep.scenario(0), "drf").granted.tolist() == [[0, 1, 0]]


def test_a_scenario_says_what_its_axes_say():
    sweep = parse_sweep(
        two_pools(
            "grid = { 'job.\"etl.nightly\".max_executors' = [4, 5], 'user_caps.ana' = [3, 6] }\n"
            "zip = { 'extra_executors.Night' = [1, 2], 'job.reports.demand.mem_gb' = [8, 9] }",
            user_caps="{ ana = 8 }",
        )
    )
    scenario = sweep.scenario(sweep.size - 1)
    jobs = {job.name: job for job in scenario.jobs}
    assert scenario.extra_executors == {"Batch": 15, "Night": 2}
    assert scenario.user_caps == {"ana": 6}
    assert jobs["etl.nightly"].max_executors == 5
    assert jobs["etl.nightly"].weight == 2
    assert jobs["reports"].demand == {"cpu": 1, "mem_gb": 9}
    assert jobs["ad hoc"].executors == 2
    assert jobs["training"].pool == "Night"
    assert scenario.pools[1].capacity == {"gpu": 8, "cpu": 64}


def test_an_axis_of_every_job_sets_every_job():
    scenario = sweep_of("grid = { 'job.*.max_executors' = [4, 5], 'job.*.weight' = [3] }").scenario(
        1
    )
    assert [(job.max_executors, job.weight) for job in scenario.jobs] == [(5, 3), (5, 3)]


def test_an_executors_axis_leaves_jobs_with_a_demand_of_their_own_alone():
    sweep = parse_sweep(two_pools("grid = { 'pool.Batch.executor.cpu' = [7] }"))
    demands = {job.name: job.demand["cpu"] for job in sweep.scenario(0).jobs}
    assert demands == {
        "etl.nightly": 7,
        "ad hoc": 7,
        "reports": 1,
        "training": 4,
        "evaluation": 4,
    }


def test_axes_do_not_change_what_the_file_says():
    sweep = sweep_of("grid = { 'pool.Batch.capacity.cpu' = [100], 'job.Heavy.weight' = [9] }")
    before = sweep.base_scenario()
    sweep.batches(sweep.rows(0, 1))
    assert sweep.scenario(0) != before
    assert sweep.base_scenario() == before


def test_the_files_own_scenario_is_that_of_a_file_without_blocks():
    assert sweep_of("grid = { extra_executors = [1] }").base_scenario() == sweep_of().scenario(0)


def test_what_no_axis_touches_is_held_once():
    sweep = sweep_of("grid = { extra_executors = { range = [0, 1000] } }")
    (batch,) = sweep.batches(sweep.rows(0, 1000))
    assert batch.S == 1000
    assert batch.capacity.shape[-1] == batch.usage.shape[-1] == batch.weight.shape[-1] == 1
    assert batch.demand.shape == (1, 2, 1)


def test_true_floats_that_are_swept_beside_shared_ones_can_be_run():
    pools = POOL.replace("cpu = 200", "cpu = 0.30000000000000004")
    text = blocks(
        "random = { n = 3, 'job.Light.usage.cpu' = { min = 0, max = 0.2 } }",
        pools=pools,
        jobs="[[job]]\nname = 'Light'\ndemand = { cpu = 0.1, mem_gb = 3.3333333333333335 }\n",
    )
    sweep = parse_sweep(text)
    (batch,) = sweep.batches(sweep.rows(0, 3))
    assert fs.allocate(batch, "drf").granted.ravel().tolist() == [
        fs.allocate(sweep.scenario(i), "drf").steps[0] for i in range(3)
    ]


def test_a_filter_on_every_job_needs_an_axis_on_every_job():
    with refused("block[0].where", "'job.*.weight' is every job, and this block does not sweep it"):
        sweep_of('grid = { extra_executors = [1, 2] }\nwhere = "job.*.weight < 2"')
