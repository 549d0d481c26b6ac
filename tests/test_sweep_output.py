"""What `[output]` keeps: kinds of rows, steps of some scenarios, aggregates computed on the way."""

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from complaints import refused
from specs import JOBS, TABLE, blocks, drawn_from, spec, two_pools
from sweep_files import everything_in, parts_in, ran, read, rows

import fairsched_fast as fs
from fairsched_fast.sweep.folder.digest import CHARTED
from fairsched_fast.sweep.running.plan import make_plan
from fairsched_fast.sweep.running.run import run_sweep
from fairsched_fast.sweep.scenarios import chunks
from fairsched_fast.sweep.scenarios.reading import parse_sweep

AXES = (
    "grid = { 'pool.Night.capacity.gpu' = [2, 3, 8], 'job.\"ad hoc\".max_executors' = [3, 4] }\n"
    "where = 'pool.Night.capacity.gpu < 8'\nrepeat = 200",
    "[block.random]\nn = 500\n'job.*.weight' = { min = 0.25, max = 2, step = 0.25 }\n"
    "'pool.Batch.capacity.cpu' = { min = 80, max = 100 }\n"
    "'extra_executors.Batch' = { choice = [0, 20, 40] }",
)
AGGREGATES = """
[output]
jobs = false
[[output.aggregate]]
[[output.aggregate]]
name = "by-much"
by = ["pool", "policy", "stop", "block", "extra_executors.Batch", 'job."ad hoc".max_executors']
measures = ["jain", "utilization_gpu", "steps"]
[[output.aggregate]]
by = ["job.*.weight"]
measures = ["dominant_share_gap"]
"""
TEXT = two_pools(*AXES) + AGGREGATES
FIGURES = ["count", "mean", "std", "min", "max"]


@pytest.fixture
def small_slices(monkeypatch):
    """A small sweep has several chunks."""
    monkeypatch.setattr(chunks, "SLICE_ROWS", 1000)


@pytest.mark.usefixtures("small_slices")
@pytest.mark.parametrize(
    ("name", "by"),
    [
        ("aggregate-0", ["policy"]),
        (
            "by-much",
            [
                *("pool", "policy", "stop", "block", "extra_executors.Batch"),
                'job."ad hoc".max_executors',
            ],
        ),
        ("aggregate-2", ["job.*.weight"]),
    ],
)
def test_aggregates_are_those_of_the_summary(tmp_path, name, by):
    ran(TEXT, tmp_path)
    found = pq.read_table(tmp_path / "aggregates" / f"{name}.parquet").to_pandas()
    summary = read(tmp_path, "summary").to_pandas()
    for measure, mine in found.groupby("measure"):
        groups = summary.groupby(by, dropna=False, observed=True)[measure]
        wanted = groups.agg(FIGURES).reset_index()
        wanted = wanted[wanted["count"] > 0]
        both = mine.astype({"measure": str}).merge(wanted.astype(dict.fromkeys(by[:0], str)), on=by)
        assert len(both) == len(mine) == len(wanted)
        for figure in FIGURES:
            np.testing.assert_allclose(
                both[f"{figure}_x"].astype(float), both[f"{figure}_y"].astype(float), 1e-12, 1e-12
            )
    assert len(found) > 0


def test_aggregates_are_the_same_for_any_number_of_workers(tmp_path, small_slices):
    for workers in (1, 3):
        ran(TEXT, tmp_path / str(workers), workers=workers)
    one, three = (everything_in(tmp_path / str(workers)) for workers in (1, 3))
    names = [name for name in one if name.startswith("aggregates/")]
    assert len(names) == 3
    assert all(one[name] == three[name] for name in names)


def test_an_aggregate_alone_is_one_small_table(tmp_path):
    keep = "[output]\nsummary = false\njobs = false\n[[output.aggregate]]\nmeasures = ['jain']"
    outcome = ran(blocks("repeat = 50") + keep, tmp_path)
    assert parts_in(tmp_path).keys() == {"aggregates/aggregate-0.parquet"}
    table = pq.read_table(tmp_path / "aggregates")
    assert table.column_names == ["policy", "measure", *FIGURES]
    assert table["count"].to_pylist() == [50, 50]
    assert table["std"].to_pylist() == [0, 0]
    assert all(field.metadata[b"description"] for field in table.schema)
    assert outcome.manifest["rows"] == {}


def test_one_row_has_no_spread(tmp_path):
    ran(spec("[[output.aggregate]]\nmeasures = ['steps']"), tmp_path)
    table = pq.read_table(tmp_path / "aggregates")
    assert table["std"].to_pylist() == [None, None]


def test_a_demand_that_follows_its_pools_executor_is_grouped_by_its_value(tmp_path):
    text = blocks(
        "grid = { 'job.Heavy.demand.cpu' = [3, 5] }",
        "grid = { 'pool.Batch.executor.cpu' = [1, 4] }",
    )
    ran(text + "[[output.aggregate]]\nby = ['job.Heavy.demand.cpu']", tmp_path)
    table = pq.read_table(tmp_path / "aggregates")
    assert set(table["job.Heavy.demand.cpu"].to_pylist()) == {1, 3, 4, 5}


@pytest.mark.parametrize(
    ("output", "words"),
    [
        ("[[output.aggregate]]\nby = ['polcy']", "'polcy' is unknown; did you mean 'policy'?"),
        ("[[output.aggregate]]\nby = []", "output.aggregate[0].by is []: expected at least one"),
        ("[[output.aggregate]]\nmeasures = ['jian']", "'jian' is unknown; did you mean 'jain'?"),
        ("[[output.aggregate]]\ngroup = 1", "output.aggregate[0].group is an unknown key"),
        ("[[output.aggregate]]\nname = 'a/b'", "output.aggregate[0].name is 'a/b'"),
        (
            "[[output.aggregate]]\nname = 'a'\n[[output.aggregate]]\nname = 'a'",
            "output.aggregate[1].name is 'a' again; expected a name of its own",
        ),
        (
            "[[output.aggregate]]\nby = ['job.Heavy.usage.cpu']",
            "'job.Heavy.usage.cpu' is drawn and can be any number",
        ),
        (
            "[[output.aggregate]]\nby = ['extra_executors']",
            "'extra_executors' takes 1,000,001 values; expected at most 100,000",
        ),
        (
            "[[output.aggregate]]\nby = ['job.Heavy.weight', 'job.Light.weight']",
            "makes 1,001 × 1,001 groups; expected at most 100,000",
        ),
        ("[output]\nsteps = 1", "expected true, false, or the share of scenarios"),
        ("[output]\nsteps = { share = 0 }", "expected true, false, or the share of scenarios"),
        ("[output]\nsteps = { share = 1.5 }", "expected true, false, or the share of scenarios"),
        ("[output]\nstep = true", "output.step is an unknown key; did you mean 'steps'?"),
    ],
)
def test_outputs_that_make_no_sense_are_refused(output, words):
    draws = (
        "[block.random]\nn = 5\n'job.Heavy.usage.cpu' = { min = 0, max = 1 }\n"
        "'extra_executors' = { min = 0, max = 1_000_000 }\n"
        "'job.Heavy.weight' = { min = 1, max = 2, step = 0.001 }\n"
        "'job.Light.weight' = { min = 1, max = 2, step = 0.001 }"
    )
    with refused(words):
        parse_sweep(blocks(draws) + output)


def logged(sweep, i, policy):
    """The grants of a scenario as (pool, step, job)."""
    result = fs.allocate(sweep.scenario(i), policy, on_full=sweep.on_full)
    log = result.step_log()
    pools = log["pool"] if "pool" in log else [sweep.scenario(i).pools[0].name] * len(log)
    return list(zip(pools, log["step"], log["allocated_to"], strict=True))


@pytest.mark.usefixtures("small_slices")
def test_steps_are_those_of_the_step_log(tmp_path):
    text = two_pools("grid = { 'extra_executors.Night' = [0, 3, 9] }\nrepeat = 2")
    sweep = ran(text + "[output]\nsteps = true", tmp_path).sweep
    steps = read(tmp_path, "steps").to_pandas()
    assert list(steps.columns) == ["scenario", "policy", "pool", "step", "job"]
    for i in range(6):
        for policy in sweep.policy_names:
            mine = steps[(steps["scenario"] == i) & (steps["policy"] == policy)]
            found = list(zip(mine["pool"], mine["step"], mine["job"], strict=True))
            assert found == logged(sweep, i, policy)


def test_steps_of_drawn_jobs_are_by_name(tmp_path):
    sweep = drawn_from(tmp_path, "[[block]]\nrepeat = 6\n[output]\nsteps = true", table=TABLE)
    run_sweep(sweep, tmp_path / "out")
    found = [(r["policy"], r["step"], r["job"]) for r in rows(tmp_path / "out", "steps")]
    wanted = [
        (policy, step, job)
        for i in range(6)
        for policy in sweep.policy_names
        for _, step, job in logged(sweep, i, policy)
    ]
    assert found == wanted


@pytest.mark.usefixtures("small_slices")
def test_a_share_of_scenarios_has_its_steps_kept_whatever_else_is_run(tmp_path):
    kept = {}
    for share, limit in [(0.1, None), (0.1, 700), (0.5, None)]:
        text = blocks("repeat = 2000\nwhere = 'extra_executors > 1'")
        folder = tmp_path / f"{share}-{limit}"
        ran(text + f"[output]\njobs = false\nsteps = {{ share = {share} }}", folder, limit=limit)
        kept[share, limit] = set(read(folder, "steps")["scenario"].to_pylist())
    assert 150 < len(kept[0.1, None]) < 250
    assert 900 < len(kept[0.5, None]) < 1100
    assert kept[0.1, 700] == {i for i in kept[0.1, None] if i < 700}
    assert kept[0.1, None] < kept[0.5, None]


def test_a_plan_counts_what_is_kept():
    plan = make_plan(parse_sweep(blocks("repeat = 100") + "[output]\njobs = false\nsteps = true"))
    assert plan.rows == {"summary": 200, "steps": 100 * 2 * 15}
    assert plan.parts == 2
    assert pd.notna(plan.seconds)


def test_what_nobody_is_entitled_to_counts_in_no_mean(tmp_path):
    """Where all weights are 0, Jain's index is empty: in files, charts, means and aggregates."""
    jobs = JOBS.replace("max_executors = 30", "weight = 0")
    axes = "zip = { 'job.Heavy.weight' = [0, 1, 1], 'job.Light.weight' = [0, 1, 2] }"
    swept = ran(blocks(axes, jobs=jobs) + "[[output.aggregate]]\nby = ['policy']", tmp_path)
    results = fs.open_results(tmp_path)
    summary = results.summary(["policy", "jain"])
    assert read(tmp_path, "summary")["jain"].null_count == 2
    assert results.summary(["jain"], "jain >= 0")["jain"].size == 4
    means = summary.groupby("policy", observed=True)["jain"].mean()
    kept = results.aggregate("aggregate-0").query("measure == 'jain'").set_index("policy")
    assert kept["count"].tolist() == [2, 2]
    for p, policy in enumerate(swept.sweep.policy_names):
        mean = swept.digest.means()[p, CHARTED.index("jain")]
        assert mean == pytest.approx(means[policy]) == pytest.approx(kept["mean"][policy])
    nothing = ran(blocks("repeat = 2", jobs=jobs), tmp_path / "nothing").digest
    assert np.isnan(nothing.means()[:, CHARTED.index("jain")]).all()
    assert np.isnan(nothing.spread("jain")).all()
