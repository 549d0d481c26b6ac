"""What a sweep writes: its columns, and figures that anyone can recompute from a scenario."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from specs import TABLE, blocks, drawn_from, spec, two_pools
from sweep_files import parts_in, ran, read, rows

import fairsched_fast as fs
from fairsched_fast.sweep.running.run import run_sweep

RICH = (
    "grid = { 'pool.Night.capacity.gpu' = [2, 3, 8], 'job.\"ad hoc\".executors' = [0, 2] }\n"
    "where = 'pool.Night.capacity.gpu < 8 or job.\"ad hoc\".executors > 0'\nrepeat = 2",
    "[block.random]\nn = 12\n'user_caps.ana' = { min = 0, max = 9 }\n"
    "'job.training.weight' = { min = 0.25, max = 2, step = 0.25 }\n"
    "'pool.Batch.capacity.cpu' = { min = 80, max = 100 }\n"
    "'extra_executors.Batch' = { min = 0, max = 40 }",
)
WORD = pa.dictionary(pa.int16(), pa.string())
JOB = pa.dictionary(pa.int32(), pa.string())


def rich(**keys):
    return two_pools(*RICH, user_caps="{ ana = 5, nobody = 0 }", **keys)


@pytest.fixture(scope="module", params=["skip", "stop", "ignore"])
def run(request, tmp_path_factory):
    """A sweep of two blocks and two pools, with caps, weights and demands: (sweep, its folder)."""
    folder = tmp_path_factory.mktemp(request.param)
    text = rich(on_full=f'"{request.param}"')
    return ran(text, folder).sweep, folder


def expected(sweep, i, policy):
    """The summary's and the jobs' rows of a scenario, computed by `allocate` and by hand."""
    scenario = sweep.scenario(i)
    result = fs.allocate(scenario, policy, on_full=sweep.on_full)
    for row, pool in enumerate(scenario.pools):
        jobs = scenario.jobs_of(pool)
        granted = dict(zip(result.batch.job_names(row), result.granted[row].tolist(), strict=True))
        used = {job.name: used_by(job, pool, granted[job.name]) for job in jobs}
        shares = {name: max(share(used[name], pool).values()) for name in used}
        summary = {
            "steps": sum(granted.values()),
            "stop": result.stop_reason(row).name,
            "dominant_share_min": min(shares.values()),
            "dominant_share_max": max(shares.values()),
            "dominant_share_gap": max(shares.values()) - min(shares.values()),
            "jain": jain([shares[job.name] / job.weight for job in jobs]),
        }
        total = {r: sum(used[job.name][r] for job in jobs) for r in pool.capacity}
        of_jobs = [
            {
                "job": job.name,
                "granted": granted[job.name],
                "executors": job.executors + granted[job.name],
                "dominant_share": shares[job.name],
            }
            for job in jobs
        ]
        yield pool.name, summary, share(total, pool), of_jobs


def used_by(job, pool, granted):
    demand = job.demand or pool.executor
    return {r: job.usage.get(r, 0) + granted * demand[r] for r in pool.capacity}


def share(used, pool):
    return {r: used[r] / total if total else 0 for r, total in pool.capacity.items()}


def jain(values):
    squares = sum(x * x for x in values)
    return sum(values) ** 2 / (len(values) * squares) if squares else 1.0


def same_figures(row, figures):
    for name, value in figures.items():
        wanted = pytest.approx(value, rel=1e-12, abs=1e-12) if isinstance(value, float) else value
        assert row[name] == wanted, name


def test_every_figure_is_what_a_scenario_alone_gives(run):
    sweep, folder = run
    summaries = {(r["scenario"], r["policy"], r["pool"]): r for r in rows(folder, "summary")}
    jobs = {(r["scenario"], r["policy"], r["job"]): r for r in rows(folder, "jobs")}
    kept = sorted({scenario for scenario, _, _ in summaries})
    assert kept == [0, 1, 2, 3, 4, 5, 6, 7, 10, 11, *range(12, 24)]  # 8 and 9 are dropped
    assert len(summaries) == len(kept) * 2 * 2
    assert len(jobs) == len(kept) * 2 * 5
    for i in kept:
        for policy in sweep.policy_names:
            for pool, summary, utilization, of_jobs in expected(sweep, i, policy):
                row = summaries[i, policy, pool]
                same_figures(row, summary)
                names = {"cpu": "utilization_cpu", "mem_gb": "utilization_mem"}
                same_figures(
                    row, {names.get(r, f"utilization_{r}"): x for r, x in utilization.items()}
                )
                for job in of_jobs:
                    same_figures(jobs[i, policy, job["job"]], {"pool": pool, **job})


def test_rows_come_scenario_by_scenario(run):
    _, folder = run
    places = [(r["scenario"], r["policy"], r["pool"]) for r in rows(folder, "summary")]
    order = [(p, q) for p in ("round_robin", "drf") for q in ("Batch", "Night")]
    assert places == [(i, p, q) for i in dict.fromkeys(p[0] for p in places) for p, q in order]
    jobs = [r["job"] for r in rows(folder, "jobs")]
    assert jobs[:5] == ["etl.nightly", "ad hoc", "reports", "training", "evaluation"]


def test_axes_are_columns_that_say_what_was_run(run):
    sweep, folder = run
    for row in rows(folder, "summary"):
        scenario = sweep.scenario(row["scenario"])
        jobs = {job.name: job for job in scenario.jobs}
        assert row["block"] == (row["scenario"] >= 12)
        assert row["repeat"] == (row["scenario"] % 2 if row["scenario"] < 12 else 0)
        assert row["pool.Night.capacity.gpu"] == scenario.pools[1].capacity["gpu"]
        assert row["pool.Batch.capacity.cpu"] == scenario.pools[0].capacity["cpu"]
        assert row['job."ad hoc".executors'] == jobs["ad hoc"].executors
        assert row["job.training.weight"] == jobs["training"].weight
        assert row["user_caps.ana"] == scenario.user_caps["ana"]
        assert row["extra_executors.Batch"] == scenario.extra_executors["Batch"]


def test_what_a_pool_does_not_have_is_empty(run):
    _, folder = run
    for row in rows(folder, "summary"):
        assert (row["utilization_gpu"] is None) == (row["pool"] == "Batch")
        assert (row["utilization_mem"] is None) == (row["pool"] == "Night")


def test_the_summarys_columns_are_these(run):
    _, folder = run
    found = {field.name: field.type for field in read(folder, "summary").schema}
    assert list(found.items()) == [
        ("scenario", pa.int64()),
        ("block", pa.int32()),
        ("repeat", pa.int32()),
        ("policy", WORD),
        ("pool", WORD),
        ("pool.Night.capacity.gpu", pa.int64()),
        ('job."ad hoc".executors', pa.int64()),
        ("user_caps.ana", pa.int64()),
        ("job.training.weight", pa.float64()),
        ("pool.Batch.capacity.cpu", pa.float64()),
        ("extra_executors.Batch", pa.int64()),
        ("steps", pa.int32()),
        ("stop", WORD),
        ("dominant_share_min", pa.float64()),
        ("dominant_share_max", pa.float64()),
        ("dominant_share_gap", pa.float64()),
        ("jain", pa.float64()),
        ("utilization_cpu", pa.float64()),
        ("utilization_mem", pa.float64()),
        ("utilization_gpu", pa.float64()),
    ]


def test_the_jobs_columns_are_these(run):
    _, folder = run
    found = {field.name: field.type for field in read(folder, "jobs").schema}
    assert list(found.items()) == [
        ("scenario", pa.int64()),
        ("policy", WORD),
        ("pool", WORD),
        ("job", JOB),
        ("granted", pa.int32()),
        ("executors", pa.int32()),
        ("dominant_share", pa.float64()),
    ]


def test_every_part_carries_units_descriptions_and_the_schemas_version(run):
    _, folder = run
    for name in parts_in(folder):
        schema = pq.read_schema(folder / name)
        assert schema.metadata[b"fairsched_fast.schema"] == b"1"
        assert schema.metadata[b"fairsched_fast.sweep"] == b"test"
        for field in schema:
            assert field.metadata[b"description"]
            assert b"unit" in field.metadata


def test_columns_say_their_unit(tmp_path):
    ran(blocks("grid = { 'pool.Batch.capacity.mem_gb' = [700, 800] }"), tmp_path)
    schema = read(tmp_path, "summary").schema
    units = {field.name: field.metadata[b"unit"].decode() for field in schema}
    assert units["pool.Batch.capacity.mem_gb"] == "gb"
    assert units["steps"] == "executors"
    assert units["jain"] == units["utilization_mem"] == "1"
    assert units["policy"] == ""


def test_a_ceiling_that_is_none_is_empty(tmp_path):
    jobs = "[[job]]\nname = 'a'\n"
    ran(blocks("grid = { 'job.a.max_executors' = [3] }", "", jobs=jobs), tmp_path)
    ceilings = [(r["scenario"], r["job.a.max_executors"]) for r in rows(tmp_path, "summary")]
    assert ceilings == [(0, 3), (0, 3), (1, None), (1, None)]


def test_an_axis_says_what_another_block_set_under_another_name(tmp_path):
    ran(
        blocks("grid = { 'job.*.usage.cpu' = [1.5] }", "grid = { 'job.Heavy.usage.cpu' = [7] }"),
        tmp_path,
    )
    found = {r["scenario"]: r["job.Heavy.usage.cpu"] for r in rows(tmp_path, "summary")}
    assert found == {0: 1.5, 1: 7}


def test_rows_of_jobs_are_left_out_where_they_are_not_wanted(tmp_path):
    outcome = ran(spec("[output]\njobs = false"), tmp_path)
    assert list(outcome.manifest["rows"]) == ["summary"]
    assert not (tmp_path / "jobs").exists()


@pytest.mark.parametrize("replace", ["false", "true"])
def test_drawn_jobs_are_written_by_name(tmp_path, replace):
    table = TABLE.replace("= 3", f"= 5\nreplace = {replace}")
    sweep = drawn_from(tmp_path, "[[block]]\nrepeat = 6", table=table)
    run_sweep(sweep, tmp_path / "out")
    found = rows(tmp_path / "out", "jobs")
    assert len(found) == 6 * 2 * 5
    for i in range(6):
        written = [job.name.split(" (")[0] for job in sweep.scenario(i).jobs]
        for policy in ("round_robin", "drf"):
            mine = [r for r in found if (r["scenario"], r["policy"]) == (i, policy)]
            granted = fs.allocate(sweep.scenario(i), policy).granted[0].tolist()
            assert [r["job"] for r in mine] == written
            assert [r["granted"] for r in mine] == granted


@fs.policy("own turns")
def own_turns(batch, *, head_start: float = 0):
    """In turn, the first job ahead."""
    ahead = -head_start * (np.arange(batch.J) == 0)[:, None, None]
    return fs.Claims(ahead, np.ones((1, 1, 1)), np.ones((1, 1, 1)))


@fs.key_policy("own squares")
def own_squares(usage, demand, capacity, weight, executors):
    """Sum of squared shares."""
    return ((usage / capacity) ** 2).sum() / weight


def test_policies_of_ones_own_are_run_by_name_with_parameters(tmp_path):
    labels = ["own turns", "own turns(head_start=7)", "own squares", "drf(post_grant=true)"]
    text = blocks("grid = { extra_executors = [3, 15] }", policies=json.dumps(labels))
    sweep = ran(text, tmp_path).sweep
    found = {(r["scenario"], r["policy"], r["job"]): r for r in rows(tmp_path, "jobs")}
    assert {policy for _, policy, _ in found} == set(labels)
    for i in range(2):
        scenario = sweep.scenario(i)
        for label in labels:
            granted = fs.allocate(scenario, label, workers=2).granted[0].tolist()
            mine = [found[i, label, job.name]["granted"] for job in scenario.jobs]
            assert mine == granted


def test_sobol_draws_are_run(tmp_path):
    pytest.importorskip("scipy")
    text = blocks("[block.sobol]\nn = 16\nextra_executors = { min = 0, max = 15 }")
    sweep = ran(text, tmp_path).sweep
    steps = {r["scenario"]: r["extra_executors"] for r in rows(tmp_path, "summary")}
    assert steps == {i: sweep.scenario(i).extra_executors["Batch"] for i in range(16)}
    assert len(set(steps.values())) >= 14  # spread evenly
