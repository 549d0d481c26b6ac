"""Tables: the notebook's figures value for value, and the tables it never had to print."""

import json

import numpy as np
import pytest
from notebook_figures import (
    DRF_ORDER,
    DRF_SUMMARY,
    JOBS,
    LIGHT_EVAL_UNDER_DRF,
    POOL,
    ROUND_ROBIN_ORDER,
    ROUND_ROBIN_SUMMARY,
    SUMMARY_COLUMNS,
    run,
)

import fairsched_fast as fs

LOG_COLUMNS = [
    "step",
    "allocated_to",
    "reason",
    "dominant_share_before",
    "dominant_share_after",
    "total_execs_for_job",
]


def figures(shared):
    """All scenarios whose figures lie beside the checkout: the notebook's own, then 40 random."""
    own = json.loads((shared / "spec" / "notebook-figures.json").read_text())
    return [own, *json.loads((shared / "spec" / "random-figures.json").read_text())]


def scenario_of(figure):
    """A few jobs start above their ceiling and are given nothing: it is what they hold."""
    given = figure["pool"]
    pool = fs.Pool(
        given["name"],
        capacity={"cpu": given["total_cpu"], "mem_gb": given["total_mem_gb"]},
        executor={"cpu": given["exec_cpu"], "mem_gb": given["exec_mem_gb"]},
    )
    jobs = [
        fs.Job(
            job["name"],
            usage={"cpu": job["cpu"], "mem_gb": job["mem_gb"]},
            executors=job.get("executors", 0),
            max_executors=max(job["max_executors"], job.get("executors", 0)),
        )
        for job in figure["jobs"]
    ]
    return fs.Scenario(pool, jobs, figure["extra_executors"])


def rows(frame):
    return frame.to_dict("records")


def difference_of(before, after):
    """The notebook's `sum_drf.subtract(sum_rr)`: in the order of both tables, else sorted."""
    columns = ["cpu_alloc", "mem_alloc_gb", "dominant_share"]
    earlier = {row["job"]: row for row in before}
    later = {row["job"]: row for row in after}
    jobs = list(later) if list(later) == list(earlier) else sorted(later)
    return [
        {"job": job} | {name: later[job][name] - earlier[job][name] for name in columns}
        for job in jobs
    ]


@pytest.mark.parametrize("on_full", ["skip", "ignore"])
@pytest.mark.parametrize("policy", ["round_robin", "drf"])
def test_every_figure_of_the_notebook_and_of_40_random_scenarios(shared, policy, on_full):
    for figure in figures(shared):
        expected = figure[policy]
        result = run(policy, scenario_of(figure), on_full=on_full)
        assert rows(result.step_log()) == expected["step_log"]
        assert rows(result.summary()) == expected["summary"]
        assert list(result.summary().columns) == list(expected["summary"][0])
        timeline = result.timeline()
        assert list(timeline.columns) == list(expected["timeline"])
        assert timeline.to_dict("list") == expected["timeline"]


def test_the_difference_of_the_notebook_and_of_40_random_scenarios(shared):
    for figure in figures(shared):
        before, after = (run(policy, scenario_of(figure)) for policy in ("round_robin", "drf"))
        expected = difference_of(figure["round_robin"]["summary"], figure["drf"]["summary"])
        assert rows(fs.difference(before, after)) == expected


def test_step_log_of_the_notebook():
    log = run("round_robin").step_log()
    assert list(log.columns) == LOG_COLUMNS
    assert list(log["allocated_to"]) == ROUND_ROBIN_ORDER
    assert set(log["reason"]) == {"round-robin (fixed order, ignores real usage)"}
    log = run("drf").step_log()
    assert list(log["allocated_to"]) == DRF_ORDER
    assert list(log["total_execs_for_job"]) == [*range(1, 14), 1, 1]
    assert log["reason"].iloc[-1] == (
        "lowest dominant share wins → "
        "[Heaviest_Job: 0.320, Light_Eval_Job: 0.310, Medium_Job: 0.300]"
    )
    assert log.iloc[-1][["dominant_share_before", "dominant_share_after"]].tolist() == [0.3, 0.32]


def test_summaries_of_the_notebook():
    for policy, expected in (("round_robin", ROUND_ROBIN_SUMMARY), ("drf", DRF_SUMMARY)):
        summary = run(policy).summary()
        assert list(summary.columns) == SUMMARY_COLUMNS
        assert summary.values.tolist() == expected


def test_difference_of_the_notebook():
    changed = fs.difference(run("round_robin"), run("drf"))
    assert list(changed.columns) == ["job", "cpu_alloc", "mem_alloc_gb", "dominant_share"]
    assert list(changed["job"]) == ["Light_Eval_Job", "Heaviest_Job", "Medium_Job"]
    assert list(changed["cpu_alloc"]) == [16, -8, -8]
    assert list(changed["mem_alloc_gb"]) == [128, -64, -64]
    assert list(changed["dominant_share"].round(4)) == [0.16, -0.08, -0.08]


def test_timeline_of_the_notebook():
    timeline = run("drf").timeline()
    assert list(timeline.columns) == ["step", "Heaviest_Job", "Medium_Job", "Light_Eval_Job"]
    assert list(timeline["step"]) == list(range(16))
    assert list(timeline["Light_Eval_Job"]) == pytest.approx(LIGHT_EVAL_UNDER_DRF)


def test_no_executors_is_an_empty_log_with_its_columns():
    result = run("drf", fs.Scenario(POOL, JOBS, 0))
    assert list(result.step_log().columns) == LOG_COLUMNS
    assert len(result.step_log()) == 0
    assert len(result.timeline()) == 1
    assert list(result.summary()["executors_added"]) == [0, 0, 0]


def test_a_log_kept_or_not_tells_the_same():
    for policy in ("round_robin", "drf"):
        kept, again = run(policy), run(policy, log=False)
        assert again.choices is None
        assert kept.step_log().equals(again.step_log())
        assert kept.timeline().equals(again.timeline())


def test_weights_are_named_in_the_reason():
    jobs = [fs.Job("a", weight=2), fs.Job("b")]
    log = run("drf", fs.Scenario(POOL, jobs, 2)).step_log()
    assert list(log["allocated_to"]) == ["a", "b"]
    assert log["reason"].iloc[1] == "lowest weighted dominant share wins → [a: 0.010, b: 0.000]"
    assert list(log["dominant_share_after"]) == [0.02, 0.02]


def two_pools():
    jobs = [
        fs.Job("a", pool="Batch"),
        fs.Job("b", pool="Gpu", usage={"gpu": 1}),
        fs.Job("c", pool="Gpu", max_executors=1),
    ]
    gpu = fs.Pool("Gpu", capacity={"cpu": 10, "gpu": 4}, executor={"cpu": 1, "gpu": 1})
    return fs.Scenario([POOL, gpu], jobs, {"Batch": 2, "Gpu": 2})


def test_several_pools_lead_with_their_name_and_can_be_picked():
    result = run("drf", two_pools())
    log = result.step_log()
    assert list(log["pool"]) == ["Batch", "Batch", "Gpu", "Gpu"]
    assert list(log["allocated_to"]) == ["a", "a", "c", "b"]
    assert list(result.step_log(pool="Gpu").columns) == LOG_COLUMNS
    assert list(result.timeline(pool="Gpu").columns) == ["step", "b", "c"]
    assert list(result.summary(pool="Gpu")["job"]) == ["c", "b"]
    with pytest.raises(fs.InputError, match=r"unknown pool 'gpu'; did you mean 'Gpu'\?"):
        result.summary(pool="gpu")


def test_several_scenarios_can_be_picked_by_id():
    result = run("drf", [fs.Scenario(POOL, JOBS, n) for n in (1, 2, 3)])
    assert list(result.step_log()["scenario"]) == [0, 1, 1, 2, 2, 2]
    assert len(result.step_log(scenario=2)) == 3
    with pytest.raises(fs.InputError, match="unknown scenario 7"):
        result.step_log(scenario=7)


def test_difference_needs_the_same_tables():
    other = fs.Scenario(fs.Pool("Batch", {"cpu": 9}, {"cpu": 1}), [fs.Job("a")], 1)
    with pytest.raises(fs.InputError, match="the same pools and resources"):
        fs.difference(run("drf"), run("drf", other))


def test_to_frame_is_tidy_and_without_padding():
    frame = run("drf", two_pools()).to_frame()
    assert list(frame.columns) == [
        *("scenario", "pool", "job", "granted", "executors", "dominant_share"),
    ]
    assert frame["job"].tolist() == ["a", "b", "c"]
    assert frame["granted"].tolist() == [2, 1, 1]


def test_rounding_is_pythons():
    """Of 1/160 000 · k some are ties in binary that NumPy's rounding gets otherwise."""
    pool = fs.Pool("p", capacity={"cpu": 160_000}, executor={"cpu": 1})
    jobs = [fs.Job(f"j{k}", usage={"cpu": k}) for k in range(8, 2000, 16)]
    summary = run("drf", fs.Scenario(pool, jobs, 0)).summary()
    shares = summary["cpu_alloc"].to_numpy(np.float64) / 160_000
    assert summary["cpu_share"].tolist() == [round(share, 4) for share in shares.tolist()]


def test_names_that_are_also_columns():
    jobs = [fs.Job(name) for name in ("step", "pool", "scenario", "job")]
    result = run("round_robin", fs.Scenario(POOL, jobs, 4))
    assert list(result.step_log()["allocated_to"]) == ["step", "pool", "scenario", "job"]
    assert sorted(result.summary()["job"]) == ["job", "pool", "scenario", "step"]
