"""A scenario of a finished sweep, explained: in words, for a program, on the command line."""

import json
import math
import re

import pytest
from specs import CSV, JOBS, TABLE, blocks, spec, two_pools
from sweep_files import ran

from fairsched_fast.auditing.words import in_words
from fairsched_fast.sweep.results.explain import explain, explanation
from fairsched_fast.sweep.results.opened import Results

GRID = "grid = { extra_executors = [5, 15], 'pool.Batch.capacity.mem_gb' = [600, 800, 1000] }"
CEILINGS = "grid = { 'job.Heavy.max_executors' = [3, 9], 'pool.Batch.capacity.cpu' = [100, 200] }"


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    """The results of a sweep of two blocks; jobs have no ceilings but in the first."""
    folder = tmp_path_factory.mktemp("swept")
    jobs = JOBS.replace("max_executors = 30\n", "")
    ran(blocks(CEILINGS, "grid = { extra_executors = [5, 15] }", jobs=jobs), folder)
    return folder


@pytest.fixture
def out(fairsched, tmp_path):
    """The results of a sweep in the folder `out`, here."""
    ran(blocks(GRID), tmp_path / "out")
    return tmp_path / "out"


def test_an_explanation_says_what_differs(swept):
    said = explain(Results(swept), 2)
    assert said.startswith("SCENARIO 2 OF test: block 0, repeat 0\n")
    assert "\njob.Heavy.max_executors = 9\npool.Batch.capacity.cpu = 100\n" in said
    assert re.search(r"^Batch  mem_gb +800 +280 +15$", said, flags=re.MULTILINE)
    assert re.search(r"^job +usage.cpu .* max_executors$", said, flags=re.MULTILINE)
    assert re.search(r"^Light .* none$", said, flags=re.MULTILINE)
    for words in ("BEFORE (round_robin): step log", "AFTER (drf): step log", "WHAT CHANGED"):
        assert words in said
    assert "user" not in said.split("BEFORE")[0]


def test_an_explanation_names_the_policies_it_leaves_out(tmp_path):
    policies = "['round_robin', 'fifo', 'drf']"
    ran(
        two_pools("grid = { 'user_caps.ana' = [2] }", user_caps="{ ana = 8 }", policies=policies),
        tmp_path,
    )
    results = Results(tmp_path)
    assert "also run under" not in explain(results, 0)
    said = explain(results, 0, "fifo,drf")
    assert "BEFORE (fifo)" in said
    assert "also run under round_robin" in said
    assert re.search(r"^job +pool +user ", said, flags=re.MULTILINE)


def test_an_explanation_for_a_program_has_the_same(swept):
    told = json.loads(json.dumps(explanation(Results(swept), 5)))
    assert (told["scenario"], told["block"], told["repeat"]) == (5, 1, 0)
    assert told["swept"]["job.Heavy.max_executors"] is None
    assert [run["policy"] for run in told["runs"]] == ["round_robin", "drf"]
    assert told["runs"][1]["steps"] == {"Batch": 15}
    assert len(told["runs"][1]["step_log"]) == 15
    assert {row["job"] for row in told["difference"]} == {"Heavy", "Light"}
    assert told["settings"]["jobs"][0]["usage"] == {"cpu": 60, "mem_gb": 240}


def test_the_audit_is_told_to_programs_too(tmp_path):
    """Row by row what the words are made of; null where a measure does not apply."""
    ran(two_pools("grid = { 'extra_executors.Batch' = [4, 99] }"), tmp_path)
    results = Results(tmp_path)
    told = json.loads(json.dumps(explanation(results, 1), allow_nan=False))
    rows = [(run["policy"], row) for run in told["runs"] for row in run["audit"]]
    assert [(policy, row["pool"]) for policy, row in rows] == [
        (policy, pool) for policy in ("round_robin", "drf") for pool in ("Batch", "Night")
    ]
    assert None in rows[0][1].values()  # Night has a resource that Batch lacks
    said = explain(results, 1).partition("\nAUDIT\n")[2]
    for _, row in rows:
        whole = {name: math.nan if value is None else value for name, value in row.items()}
        for finding in in_words(whole):
            assert f"\n  {finding}" in said


def test_an_explanation_of_an_over_full_pool(tmp_path):
    ran(blocks("grid = { 'job.Heavy.usage.cpu' = [60, 600] }"), tmp_path)
    said = explain(Results(tmp_path), 1)
    assert re.search(r"^Batch  cpu +200 +620 +15$", said, flags=re.MULTILINE)
    assert "Stopped after 0 of 15 executors: the pool is full" in said


@pytest.mark.usefixtures("out")
def test_a_scenario_of_a_sweep_is_explained(fairsched):
    code, out, err = fairsched("explain", "out", "4")
    assert (code, err) == (0, "")
    assert out.startswith("SCENARIO 4 OF test: block 0, repeat 0\n")
    assert "\nextra_executors = 15\n" in out
    assert out.index("BEFORE (round_robin)") < out.index("AFTER (drf)") < out.index("WHAT CHANGED")
    assert "AFTER (fifo)" in fairsched("explain", "out", "4", "--policies", "drf,fifo")[1]
    said = json.loads(fairsched("explain", "out", "4", "--json")[1])
    assert (said["scenario"], said["swept"]["extra_executors"]) == (4, 15)


def test_a_scenario_of_an_unfinished_sweep_is_explained_with_a_note(fairsched, out):
    path = out / "manifest.json"
    path.write_text(path.read_text().replace('"complete"', '"interrupted"'))
    code, said, err = fairsched("explain", "out", "4")
    assert (code, "WHAT CHANGED" in said) == (0, True)
    assert err.startswith("note: out holds an unfinished sweep (its status is interrupted)")


def test_a_scenario_with_drawn_jobs_is_explained_with_their_table(fairsched, tmp_path):
    (tmp_path / "drawn.toml").write_text(spec(jobs=TABLE), encoding="utf-8")
    (tmp_path / "other.csv").write_text(CSV, encoding="utf-8")
    fairsched("sweep", "drawn.toml", "--jobs", "other.csv", "--out", "out")
    assert "pod-" in fairsched("explain", "out", "0", "--jobs", "other.csv")[1]
    code, out, err = fairsched("explain", "out", "0")
    assert (code, out) == (2, "")
    assert err.startswith("error: pods.csv: there is no such file")
    assert "--jobs" in err
