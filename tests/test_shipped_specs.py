"""The sweep files that ship: what each says, and that it runs."""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from notebook_figures import SCENARIO

from fairsched_fast import sweep
from fairsched_fast.sweep.running.plan import make_plan
from fairsched_fast.sweep.running.run import run_sweep
from fairsched_fast.sweep.scenarios.reading import load_sweep

SWEEPS = Path(__file__).parents[1] / "sweeps"
PODS = "openb_pod_list_default.csv"


@pytest.fixture
def made_pods(tmp_path):
    """A table like the trace's, its columns and no others."""
    rows = [f"pod-{i},{1000 + 500 * (i % 9)},{1024 * (1 + i % 7)},{i % 3}" for i in range(60)]
    path = tmp_path / PODS
    path.write_text("\n".join(["name,cpu_milli,memory_mib,num_gpu", *rows]), encoding="utf-8")
    return path


def rows_of_openb(jobs, folder, limit):
    """The rows of a run of the first scenarios of openb.toml."""
    run_sweep(load_sweep(SWEEPS / "openb.toml", jobs), folder, limit=limit)
    return [pq.read_table(folder / kind) for kind in ("summary", "jobs")]


def test_the_packaged_notebook_is_the_one_in_sweeps():
    assert sweep.packaged("notebook.toml").encode() == (SWEEPS / "notebook.toml").read_bytes()


def test_the_notebook_is_the_notebooks_scenario():
    read = load_sweep(SWEEPS / "notebook.toml")
    ((pool,), jobs) = read.base_scenario().pools, read.base_scenario().jobs
    assert (pool, read.base_scenario().extra_executors) == (SCENARIO.pools[0], {"Batch": 15})
    found = [(job.name, job.usage, job.max_executors) for job in jobs]
    assert found == [(job.name, job.usage, job.max_executors) for job in SCENARIO.jobs]
    assert all(job.demand == pool.executor for job in jobs)
    assert read.policy_names == ("round_robin", "drf")
    assert read.size == 1


@pytest.mark.parametrize("path", sorted(SWEEPS.glob("*.toml")), ids=lambda path: path.stem)
def test_every_file_begins_with_its_story(path):
    first, *lines = path.read_text(encoding="utf-8").splitlines()
    assert first.startswith("# ")
    assert any(line.startswith("#     fairsched ") for line in lines)


def test_headroom_is_a_million_scenarios_of_both_policies():
    read = load_sweep(SWEEPS / "headroom.toml")
    assert read.size == 1_000_000
    assert read.policy_names == ("round_robin", "drf")
    assert all(block.where is None for block in read.blocks)
    assert read.output.kinds == ("summary", "jobs")
    assert "\nseed = " in read.text
    plan = make_plan(read)
    assert plan.rows == {"summary": 2_000_000, "jobs": 6_000_000}


def test_headroom_has_scenarios_in_which_the_policies_differ(tmp_path):
    outcome = run_sweep(load_sweep(SWEEPS / "headroom.toml"), tmp_path, limit=20_000)
    assert outcome.digest.differing > 0
    assert outcome.digest.overfull == 0
    assert {path.name for path in outcome.files} >= {"jain.png", "heatmap.png"}


def test_openb_runs_on_a_made_table(made_pods, tmp_path):
    summary, jobs = rows_of_openb(made_pods, tmp_path / "out", limit=40)
    assert (summary.num_rows, jobs.num_rows) == (40 * 2, 40 * 2 * 32)
    assert set(summary["policy"].to_pylist()) == {"round_robin", "drf"}


def test_openb_draws_32_different_jobs(made_pods):
    read = load_sweep(SWEEPS / "openb.toml", made_pods)
    drawn = read.rows(0, 1000).drawn
    assert drawn.shape == (1000, 32)
    assert (np.diff(drawn, axis=1) > 0).all()
    assert read.size == 4 * 4 * 2500


def test_openb_runs_on_the_trace(shared, tmp_path):
    pods = shared / "traces" / PODS
    if not pods.is_file():
        pytest.skip(f"{pods} is not there: the trace is no part of the repository")
    summary, jobs = rows_of_openb(pods, tmp_path, limit=300)
    assert (summary.num_rows, jobs.num_rows) == (600, 600 * 32)
    used = summary.to_pandas().filter(like="utilization_")
    assert used.columns.tolist() == ["utilization_cpu", "utilization_mem", "utilization_gpu"]
    assert ((used >= 0) & (used <= 1)).all(axis=None)
    assert (summary["steps"].to_numpy() <= summary["extra_executors"].to_numpy()).all()
    assert jobs["job"].to_pylist()[0].startswith("openb-pod-")
