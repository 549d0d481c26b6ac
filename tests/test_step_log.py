"""The step log in detail: its columns, its words, and how a terminal shows it."""

import json

import numpy as np
import pandas as pd
import pytest
from complaints import refused
from notebook_figures import JOBS, SCENARIO, run
from specs import blocks
from sweep_files import ran
from test_tables import LOG_COLUMNS

import fairsched_fast as fs
from fairsched_fast.why import step_log
from fairsched_fast.why.log_words import told_steps

DETAILS = ["measure", "key_before", "runner_up", "margin", "decided_by"]
SMALL = fs.Pool("Small", {"cpu": 10, "mem_gb": 64}, {"cpu": 2, "mem_gb": 2})


def allocated(jobs, policy="drf", extra_executors=20, pool=SMALL, **options):
    scenario = fs.Scenario(pool, jobs, extra_executors, options.pop("user_caps", {}))
    return fs.allocate(scenario, policy, **options)


def detailed(*words, **options):
    return allocated(*words, **options).step_log(detail=True)


def test_a_detailed_log_has_more_columns_and_the_same_otherwise():
    plain, log = run("drf").step_log(), run("drf").step_log(detail=True)
    assert list(log.columns) == [
        *LOG_COLUMNS,
        *DETAILS,
        *(f"why_not {job.name}" for job in JOBS),
    ]
    assert log[LOG_COLUMNS].equals(plain)
    assert (log.dtypes[["decided_by", "why_not Medium_Job"]] == "category").all()


def test_the_notebooks_steps_in_detail():
    log = run("drf").step_log(detail=True)
    assert set(log["measure"]) == {"dominant share"}
    assert log["runner_up"].tolist() == ["Heaviest_Job"] * 13 + ["Medium_Job", "Light_Eval_Job"]
    assert log["decided_by"].tolist() == ["lower key"] * 13 + ["tie, by name", "lower key"]
    assert log["margin"].iloc[12:].tolist() == pytest.approx([0.01, 0, 0.01])
    assert log["margin"].iloc[13] == 0
    assert log["key_before"].iloc[[0, 14]].tolist() == [0.1, 0.3]
    assert log["why_not Medium_Job"].tolist() == ["higher key"] * 13 + ["tie lost", "chosen"]


def test_ties_are_told_by_their_rule():
    jobs = [fs.Job("b", submitted=2), fs.Job("a", submitted=2), fs.Job("c", submitted=1)]
    rules = {
        "round_robin": ["tie, by list order"] * 2,
        "drf": ["tie, by name"] * 2,
        "fifo": ["tie, by the policy's own order"] * 2,
        "yarn": ["tie, by submitted, then name"] * 2,
    }
    for policy, expected in rules.items():
        log = detailed(jobs, policy, 3)
        assert log["decided_by"].tolist()[:2] == expected, policy
        assert log["margin"].tolist()[:2] == [0, 0]
    of_mesos = detailed([fs.Job("a", executors=2), fs.Job("b")], "mesos", 1)
    assert of_mesos["allocated_to"].tolist() == ["b"]
    assert of_mesos["decided_by"].tolist() == ["tie, by the policy's next measure"]


def test_why_the_others_were_not_served():
    jobs = [
        fs.Job("ceiling", max_executors=0),
        fs.Job("limit", limit={"cpu": 1}),
        fs.Job("capped", user="ana", executors=1),
        fs.Job("large", usage={"mem_gb": 10}, demand={"cpu": 0, "mem_gb": 60}),
        fs.Job("thirsty", demand={"cpu": 2, "mem_gb": 0}),
        fs.Job("low", priority=-1, demand={"cpu": 0, "mem_gb": 1}),
    ]
    log = detailed(jobs, "priority", user_caps={"ana": 1})
    last = log.iloc[-1]
    assert {name: last[f"why_not {name}"] for name in (job.name for job in jobs)} == {
        "ceiling": "at its ceiling",
        "limit": "at its limit",
        "capped": "user at its cap",
        "large": "too little mem_gb left",
        "thirsty": "no cpu left",
        "low": "chosen",
    }
    assert log["why_not low"].tolist()[:4] == ["later stage"] * 4
    assert log["decided_by"].iloc[-1] == "only candidate"


def test_a_job_that_is_not_compared_is_marked_in_the_reason():
    jobs = [fs.Job("a", limit={"cpu": 2}), fs.Job("b", user="ana"), fs.Job("c", max_executors=1)]
    reasons = detailed(jobs, user_caps={"ana": 1})["reason"].tolist()
    assert reasons[1] == (
        "lowest dominant share wins → [a: 0.200 (at its limit), b: 0.000, c: 0.000]"
    )
    assert reasons[2] == (
        "lowest dominant share wins → "
        "[a: 0.200 (at its limit), b: 0.200 (user at its cap), c: 0.000]"
    )
    unfit = detailed([fs.Job("a"), fs.Job("b", demand={"cpu": 5, "mem_gb": 0})])["reason"]
    assert unfit.iloc[-1].endswith("[a: 0.200, b: 0.500 (too little cpu left)]")


def test_a_stop_and_a_pool_that_is_ignored_compare_all():
    jobs = [fs.Job("a"), fs.Job("b", usage={"cpu": 6}, demand={"cpu": 9, "mem_gb": 0})]
    for on_full in ("stop", "ignore"):
        log = detailed(jobs, extra_executors=3, on_full=on_full)
        assert set(log["why_not b"]) <= {"higher key", "chosen"}
    assert set(detailed(jobs)["why_not b"]) == {"too little cpu left"}


def test_stages_have_measures_of_their_own_and_no_margin_between_them():
    jobs = [fs.Job("needy", usage={"cpu": 4}, guarantee={"cpu": 6}), fs.Job("poor")]
    log = detailed(jobs, "yarn", 3)
    assert (
        log["measure"].tolist()
        == ["part of its guarantee among the needy"] + ["dominant share"] * 2
    )
    assert log["decided_by"].tolist() == ["earlier stage", "lower key", "lower key"]
    assert np.isnan(log["margin"].iloc[0])
    assert log["key_before"].tolist() == pytest.approx([4 / 6, 0, 0.2])


AMPLE = {"cpu": 4, "mem_gb": 4}


def test_keys_below_zero_and_weights_of_zero():
    jobs = [fs.Job("lender", guarantee=AMPLE), fs.Job("last", weight=0), fs.Job("borrower")]
    log = detailed(jobs, "kueue", 5)
    assert log["key_before"].tolist()[:2] == [0, 0]
    assert log["allocated_to"].iloc[-1] != "last"
    of_mesos = detailed(jobs[1:], "mesos", 3)
    assert of_mesos["margin"].tolist() == [np.inf] * 3


def test_few_steps_and_few_jobs():
    alone = detailed([fs.Job("alone")], extra_executors=2)
    assert alone["runner_up"].isna().all()
    assert alone["margin"].isna().all()
    assert set(alone["decided_by"]) == {"only candidate"}
    none = detailed([fs.Job("alone")], extra_executors=0)
    assert list(none.columns) == list(alone.columns)
    assert none.empty
    over = detailed([fs.Job("alone", usage={"cpu": 99})], "drf", 2, on_full="ignore")
    assert len(over) == 2
    nothing = fs.Pool("Nothing", {"cpu": 0}, {"cpu": 0})
    assert detailed([fs.Job("a"), fs.Job("b")], pool=nothing)["margin"].eq(0).all()


def test_pools_and_scenarios_of_other_jobs_are_stacked():
    other = fs.Pool("Other", {"gpu": 2}, {"gpu": 1})
    jobs = [fs.Job("a", pool="Small"), fs.Job("b", pool="Other"), fs.Job("c", pool="Other")]
    two = fs.Scenario([SMALL, other], jobs, {"Small": 1, "Other": 2})
    log = fs.allocate([two, SCENARIO], "drf").step_log(detail=True)
    assert log["decided_by"].dtype == "category"
    assert log["why_not b"].dtype == "category"
    assert log["why_not b"].isna().tolist() == [True, False, False] + [True] * 15
    own = fs.allocate(two, "drf").step_log(pool="Other", detail=True)
    assert [name for name in own.columns if name.startswith("why_not")] == [
        "why_not b",
        "why_not c",
    ]


@pytest.mark.parametrize("policy", ["drf", "round_robin", "mesos", "priority"])
def test_a_log_worked_out_in_parts_is_the_same(policy, monkeypatch):
    result = run(policy)
    whole = result.step_log(detail=True)
    monkeypatch.setattr(step_log, "_VALUES_AT_ONCE", 12)
    pd.testing.assert_frame_equal(result.step_log(detail=True), whole)


# --- In a terminal --------------------------------------------------------------------------------


def test_a_line_a_step_and_one_for_what_is_new():
    jobs = [fs.Job("needy", guarantee={"cpu": 2}, limit={"cpu": 4}), fs.Job("b"), fs.Job("c")]
    assert told_steps(allocated(jobs, "yarn", 4)).splitlines() == [
        " step allocated_to key_before runner_up margin decided_by",
        "      key: part of its guarantee among the needy",
        "    1 needy             0.000 b              – earlier stage",
        "      key: dominant share",
        "    2 b                 0.000 c              0 tie, by name",
        "    3 c                 0.000 b          0.200 lower key",
        "    4 b                 0.200 c              0 tie, by name",
    ]
    said = told_steps(allocated(jobs[:2], extra_executors=9))
    assert "\n      out of the running, at its limit: needy\n" in said
    assert said.endswith(" only candidate\n      out of the running, no cpu left: b")
    assert said.count("out of the running") == 2
    nothing = told_steps(allocated([fs.Job("a", usage={"cpu": 9}), fs.Job("b", max_executors=0)]))
    assert nothing.splitlines() == [
        "(no steps)",
        "      out of the running, too little cpu left: a",
        "      out of the running, at its ceiling: b",
    ]


def test_an_explanation_in_detail(fairsched, tmp_path):
    ran(blocks("grid = { 'job.Heavy.max_executors' = [1, 9] }"), tmp_path / "out")
    code, said, _ = fairsched("explain", "out", "0", "--detail")
    assert code == 0
    assert "      key: dominant share\n" in said
    assert "out of the running, at its ceiling: Heavy\n" in said
    assert max(map(len, said.split("WHAT CHANGED")[0].splitlines())) <= 100
    told = json.loads(
        fairsched("explain", "out", "0", "--detail", "--json")[1], parse_constant=pytest.fail
    )
    steps = told["runs"][1]["step_log"]
    assert {"why_not Heavy", "margin", "decided_by"} <= steps[0].keys()
    assert steps[-1]["why_not Heavy"] == "at its ceiling"
    assert steps[-1]["margin"] is None
    code, _, err = fairsched("explain", "out", "7", "--detail")
    assert code == 2
    assert "7" in err


def test_a_story_in_detail(fairsched):
    code, said, _ = fairsched("story", "--detail")
    assert code == 0
    assert "   14 Heaviest_Job        0.300 Medium_Job          0 tie, by name\n" in said


def test_who_gets_nothing_more_is_told_of_one_row():
    batch = fs.Batch(capacity=[[4], [9]], demand=[[1]], extra_executors=2)
    with refused("left_out of 2 scenarios", "expected a result of one row"):
        step_log.left_out(fs.allocate(batch))
