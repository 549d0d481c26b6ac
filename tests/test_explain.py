"""A scenario of a finished sweep, explained: in words, for a program, on the command line."""

import json
import math
import re

import pytest
from complaints import refused
from specs import CSV, JOBS, POOL, TABLE, blocks, spec, two_pools
from sweep_files import ran

from fairsched_fast.auditing.words import in_words
from fairsched_fast.sweep.results.explain import explain, explanation
from fairsched_fast.sweep.results.opened import Results
from fairsched_fast.sweep.results.why_not import reasons, why_not

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


ODD = """
[[job]]
name = "red\\u001b[31m\\u202eevil"
user = "ana"
usage = { cpu = 25 }

[[job]]
name = "two\\nlines"
user = "ana"

[[job]]
name = "light"
weight = 0
"""


@pytest.fixture(scope="module")
def odd(tmp_path_factory):
    """The results of a sweep under three policies, of names that a terminal would obey."""
    folder = tmp_path_factory.mktemp("odd")
    text = blocks(
        "grid = { 'user_caps.ana' = [3] }",
        jobs=ODD,
        policies="['round_robin', 'drf', 'asset']",
        user_caps="{ ana = 8 }",
    )
    ran(text.replace('"test"', '"sweep\\u0007"'), folder)
    return folder


def test_each_policy_has_its_step_log_or_those_asked_for(odd):
    said = explain(Results(odd), 0)
    logs = re.findall(r"^(\w+): step log$", said, flags=re.MULTILINE)
    assert logs == ["round_robin", "drf", "asset"]
    assert "DIFFERENCE (drf − round_robin)" in said and "DIFFERENCE (asset − round_robin)" in said
    assert "BEFORE" not in said
    alone = explain(Results(odd), 0, "drf")
    assert "It was also run under round_robin, asset: see --policies." in alone
    assert "drf: step log" in alone
    assert "round_robin: " not in alone and "DIFFERENCE" not in alone
    told = explanation(Results(odd), 0, "asset")
    assert [run["policy"] for run in told["runs"]] == ["asset"] and told["difference"] == []
    sides = {(row["baseline"], row["policy"]) for row in explanation(Results(odd), 0)["difference"]}
    assert sides == {("round_robin", "drf"), ("round_robin", "asset")}


def test_policies_are_refused_as_they_were_typed(odd):
    for given, message in (
        ("drf,drf", "with drf more than once; expected each once, or a label"),
        ("drf,", "--policies is 'drf,', with an empty name"),
        ("DRF", "unknown policy 'DRF'; did you mean 'drf'?"),
    ):
        with refused(message):
            explain(Results(odd), 0, given)
    assert 'drf(label="ours"): step log' in explain(Results(odd), 0, 'drf(label="ours")') or (
        "ours: step log" in explain(Results(odd), 0, 'drf(label="ours")')
    )


def test_names_are_shown_and_not_obeyed(odd):
    said = explain(Results(odd), 0) + why_not(Results(odd), 0, step=1)
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f\u202e]", said)
    assert said.startswith("SCENARIO 0 OF sweep\\x07: ")
    assert "red\\x1b[31m\\u202eevil" in said and "two\\nlines" in said
    jobs = {job["name"] for job in explanation(Results(odd), 0)["settings"]["jobs"]}
    assert "two\nlines" in jobs  # as it is, for programs


def test_caps_of_users_are_told(odd, swept):
    caps = explain(Results(odd), 0).partition("USER CAPS\n")[2].splitlines()
    assert caps[1].split() == ["user", "cap", "executors", "held", "jobs"]
    assert caps[2].split()[:3] == ["ana", "3", "0"]
    assert "USER CAPS" not in explain(Results(swept), 0)


def test_a_fair_share_has_named_columns(swept):
    said = explain(Results(swept), 5, "drf").partition("FAIR SHARE\n")[2].splitlines()
    assert said[1].split() == ["policy", "job", "granted", "fluid", "runs", "own_part"]
    shares = explanation(Results(swept), 5, "drf")["runs"][0]["fair_share"]
    by_job = {row["job"]: row for row in shares}
    result = Results(swept).result(5, "drf")
    assert [by_job[job]["granted"] for job in ("Heavy", "Light")] == result.granted[0].tolist()
    assert sum(row["fluid"] for row in shares) == pytest.approx(15)
    assert by_job["Heavy"]["own_part"] == pytest.approx(25)  # half of 800 GB, 16 each


def test_why_not_me_at_a_step_or_at_all(swept, odd):
    results = Results(swept)
    log = results.result(5, "drf").step_log(detail=True)
    row = log.iloc[6]
    (at,) = reasons(results, 5, "drf", step=7)
    assert {told["job"]: told["why"] for told in at["reasons"]} == {
        job: row[f"why_not {job}"] for job in ("Heavy", "Light")
    }
    assert at["reasons"][0]["job"] == row.allocated_to
    assert at["reasons"][0]["key"] == row.key_before
    (mine,) = reasons(results, 5, "drf", job="Heavy")
    assert [told["why"] for told in mine["reasons"]] == log["why_not Heavy"].tolist()
    assert "SCENARIO 5, drf: why not Heavy" in why_not(results, 5, "drf", job="Heavy")
    late = why_not(results, 5, "drf", step=99)
    assert "The run had ended after 15 steps: every extra executor was given." in late
    assert "user at its cap" in why_not(Results(odd), 0, "drf", step=9)
    with refused("--step is 0"):
        why_not(results, 5, step=0)
    with refused("--job is 'Hevy'; did you mean 'Heavy'?"):
        why_not(results, 5, job="Hevy")


@pytest.mark.usefixtures("out")
def test_the_command_tells_why_not(fairsched):
    code, said, err = fairsched("explain", "out", "4", "--step", "2", "--policies", "drf")
    assert (code, err) == (0, "")
    assert said.startswith("SCENARIO 4, drf: step 2\n")
    told = json.loads(fairsched("explain", "out", "4", "--job", "Heavy", "--json")[1])
    assert [run["policy"] for run in told] == ["round_robin", "drf"]
    both = fairsched("explain", "out", "4", "--policies", "drf", "--policies", "fifo")[1]
    assert both.index("BEFORE (drf)") < both.index("AFTER (fifo)")


def test_a_screen_has_short_reasons_and_names(tmp_path):
    names = [f"a job with rather a long name, number {i:02}" for i in range(40)]
    jobs = "".join(
        f"[[job]]\nname = '{name}'\nusage = {{ cpu = {i} }}\n" for i, name in enumerate(names)
    )
    ran(blocks("repeat = 1", jobs=jobs, pools=POOL.replace("200", "2000")), tmp_path)
    said = explain(Results(tmp_path), 0, "drf", width=90)
    log = said.partition("step log\n")[2].partition("drf: final")[0].splitlines()
    assert max(map(len, log)) <= 90
    assert "lowest dominant share wins" in log[2]
    assert re.search(r"number \d\d 0\.\d+, .* … 37 more$", log[3]) or log[3].endswith("…")
    assert "--detail" in log[-2]
    assert said.count(f" is {names[0]}\n") == 1
    whole = explain(Results(tmp_path), 0, "drf")
    assert re.search(f"{names[39]}: [0-9.]+\\]", whole) and "…" not in whole.partition("AUDIT")[0]
