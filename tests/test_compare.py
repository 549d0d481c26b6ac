"""Policies side by side: paired differences over scenarios, in Python and on the command line."""

import json
import os
import signal
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from complaints import refused
from hypothesis import given
from specs import CSV, TABLE, blocks, drawn_from, spec, two_pools
from strategies import as_batch, examples, stacks

import fairsched_fast as fs

POOL = fs.Pool("Batch", capacity={"cpu": 40, "mem_gb": 160}, executor={"cpu": 2, "mem_gb": 16})
JOBS = [fs.Job("a", usage={"cpu": 10}), fs.Job("b", demand={"cpu": 4, "mem_gb": 8}), fs.Job("c")]
GRID = "grid = { extra_executors = [3, 5, 15], 'pool.Batch.capacity.mem_gb' = [600, 800] }"


def scenarios(*budgets):
    return [fs.Scenario(POOL, JOBS, n) for n in budgets]


def by_hand(batch, policies, measure):
    """(S,) for each policy: the dominant-share gap, or the executors given."""
    results = [fs.allocate(batch, policy) for policy in policies]
    if measure == "steps":
        return [result.steps for result in results]
    return [np.ptp(result.dominant_share, axis=1) for result in results]


@examples(0.5)
@given(stack=stacks(least=2))
def test_differences_are_taken_scenario_by_scenario(stack):
    batch, names = as_batch(stack), ["drf", "round_robin", "asset"]
    table = fs.compare(batch, names)
    assert table["policy"].unique().tolist() == names[1:]
    for measure, better in (("steps", 1), ("dominant_share_gap", -1)):
        first, *others = by_hand(batch, names, measure)
        rows = table[table["measure"] == measure]
        for (_, row), values in zip(rows.iterrows(), others, strict=True):
            apart = np.asarray(values, float) - first
            figures = row[["baseline_mean", "policy_mean", "difference", "std", "least", "most"]]
            assert figures.tolist() == pytest.approx(
                [
                    first.mean(),
                    values.mean(),
                    apart.mean(),
                    apart.std(ddof=1),
                    apart.min(),
                    apart.max(),
                ],
                abs=1e-12,
            )
            counts = [(better * apart > 1e-12).sum(), (better * apart < -1e-12).sum()]
            assert row[["better", "worse"]].tolist() == counts
            assert row["different"] == sum(counts)
            assert row["equal"] == len(stack) - sum(counts)
            assert (row["pairs"], row["missing"]) == (len(stack), 0)


def test_a_table_says_which_way_is_better_and_where_neither_is():
    table = fs.compare(scenarios(3, 6, 9), ["round_robin", "drf"]).set_index("measure")
    assert table["better_if"].dropna().to_dict() == {
        "steps": "higher",
        "dominant_share_min": "higher",
        "dominant_share_gap": "lower",
        "jain": "higher",
        "utilization_cpu": "higher",
        "utilization_mem": "higher",
    }
    neither = table.loc["dominant_share_max"]
    assert neither[["better_if", "better", "worse"]].isna().all()
    assert neither["different"] + neither["equal"] == 3


def test_one_scenario_several_and_a_batch_and_any_baseline():
    one = fs.compare(*scenarios(6), ["round_robin", "drf"])
    assert (one["pairs"] == 1).all() and one["std"].isna().all()
    several = scenarios(3, 6)
    batch = fs.Batch.from_scenarios(several)
    names = ["asset", "round_robin", "drf"]
    table = fs.compare(batch, names, workers=2)
    pd.testing.assert_frame_equal(table, fs.compare(several, names))
    turned = fs.compare(batch, names, baseline="drf")
    assert turned["policy"].unique().tolist() == ["asset", "round_robin"]
    there = table[table["policy"] == "drf"].set_index("measure")
    back = turned[turned["policy"] == "asset"].set_index("measure")
    assert back["difference"].tolist() == pytest.approx((-there["difference"]).tolist())
    assert back["better"].equals(there["worse"])


def test_pools_are_told_apart_and_what_a_pool_lacks_is_missing():
    night = fs.Pool("Night", capacity={"gpu": 8}, executor={"gpu": 1})
    jobs = [fs.Job("a", pool="Batch"), fs.Job("b", pool="Batch"), fs.Job("c", pool="Night")]
    scenario = fs.Scenario([POOL, night], jobs, {"Batch": 6, "Night": 4})
    table = fs.compare([scenario, scenario], ["round_robin", "drf"])
    gpus = table[table["measure"] == "utilization_gpu"].set_index("pool")
    assert gpus["pairs"].to_dict() == {"Batch": 0, "Night": 2}
    assert gpus["missing"].to_dict() == {"Batch": 2, "Night": 0}
    figures = ["baseline_mean", "policy_mean", "difference", "std", "better", "different", "equal"]
    assert gpus.loc["Batch", figures].isna().all()
    assert gpus.loc["Night", "policy_mean"] == 0.5


def test_a_pool_without_jobs_has_no_fairness():
    idle = fs.Pool("Idle", capacity={"cpu": 8})
    scenario = fs.Scenario([POOL, idle], [fs.Job("a", pool="Batch")], {"Batch": 3, "Idle": 3})
    table = fs.compare(scenario, ["round_robin", "drf"])
    jain = table[table["measure"] == "jain"].set_index("pool")
    assert jain["missing"].to_dict() == {"Batch": 0, "Idle": 1}
    assert jain.loc["Idle", ["policy_mean", "difference", "better", "equal"]].isna().all()
    steps = table[table["measure"] == "steps"].set_index("pool")
    assert steps.loc["Idle", ["policy_mean", "equal"]].tolist() == [0, 1]


def test_runs_that_end_at_once_are_equal():
    full = fs.Pool("full", capacity={"cpu": 10})
    jobs = [fs.Job("a", usage={"cpu": 10}, demand={"cpu": 1}), fs.Job("b", demand={"cpu": 1})]
    table = fs.compare(fs.Scenario(full, jobs, 5), ["round_robin", "drf"]).set_index("measure")
    assert (table["equal"] == 1).all() and (table["difference"] == 0).all()
    assert table.loc["jain", "policy_mean"] == 0.5


def test_policies_that_cannot_be_compared_are_refused():
    (scenario,) = scenarios(6)
    with refused("unknown policy 'dfr'; did you mean 'drf'?"):
        fs.compare(scenario, ["dfr", "asset"])
    with refused("policies is ['drf']; expected two or more"):
        fs.compare(scenario, ["drf"])
    with refused("policies is 'drf'; expected a list"):
        fs.compare(scenario, "drf")
    with refused("policies has 'drf' 2 times", "label"):
        fs.compare(scenario, ["drf", "asset", fs.find_policy("drf")])
    labelled = {"policy": "drf", "exclude": ["cpu"], "label": "by memory"}
    assert set(fs.compare(scenario, ["drf", labelled])["policy"]) == {"by memory"}
    with refused("policies has 'by memory' 2 times"):
        fs.compare(scenario, [labelled, {"policy": "asset", "label": "by memory", "exclude": []}])
    with refused("baseline is 'asset'; expected one of 'drf', 'round_robin'"):
        fs.compare(scenario, ["drf", "round_robin"], baseline="asset")
    with refused("on_full is 'wait'"):
        fs.compare(scenario, ["drf", "round_robin"], on_full="wait")


# --- On the command line --------------------------------------------------------------------------


@pytest.fixture
def compared(fairsched, tmp_path):
    """Compares over a sweep file's text, and gives what is told for programs."""

    def run(text, *words):
        (tmp_path / "mine.toml").write_text(text, encoding="utf-8")
        code, out, err = fairsched("compare", "mine.toml", *words, "--json")
        assert code == 0, err
        return json.loads(out)

    return run


def test_the_command_says_what_the_sweeps_tables_say(compared, tmp_path):
    text = two_pools(
        "grid = { 'extra_executors.Batch' = [3, 5, 15], 'pool.Batch.capacity.mem_gb' = [600, 800] }"
    )
    told = compared(text, "--policies", "asset,round_robin,drf")
    assert (told["scenarios"], told["baseline"], len(told["compared"])) == (6, "asset", 4)
    wanted = text.replace('["round_robin", "drf"]', '["asset", "round_robin", "drf"]')
    (tmp_path / "three.toml").write_text(wanted, encoding="utf-8")
    fs.run_sweep(tmp_path / "three.toml", tmp_path / "out")
    results = fs.open_results(tmp_path / "out")
    words = {"policy": str, "pool": str}
    summary = results.summary().astype(words).set_index(["policy", "pool", "scenario"])
    ends = results.jobs().astype(words).set_index(["policy", "pool", "scenario", "job"])["granted"]
    summary, ends = summary.sort_index(), ends.sort_index()
    for part in told["compared"]:
        first, mine = (summary.loc[(name, part["pool"])] for name in ("asset", part["policy"]))
        lacking = {"Batch": "utilization_gpu", "Night": "utilization_mem"}[part["pool"]]
        measured = {row["measure"]: row for row in part["measures"]}
        assert lacking not in measured and len(measured) == 7
        for name, row in measured.items():
            apart = mine[name] - first[name]
            assert row["difference"] == pytest.approx(apart.mean(), abs=1e-12)
            assert row["std"] == pytest.approx(apart.std(), abs=1e-12)
            assert row["different"] == (apart.abs() > 1e-12).sum()
        moved = (ends[part["policy"], part["pool"]] - ends["asset", part["pool"]]).clip(lower=0)
        assert part["divergence"]["executors_moved"] == moved.sum()
        assert part["divergence"]["scenarios"] == 6


def test_figures_do_not_depend_on_the_workers(compared):
    text = blocks("random = { n = 3000, 'job.Heavy.usage.cpu' = { min = 0, max = 100 } }")
    one, three = (compared(text, "--workers", n) for n in (1, 3))
    assert one == three
    assert one["compared"][0]["divergence"]["differing"] > 1000


def test_figures_do_not_depend_on_what_the_file_keeps(compared):
    text = blocks("random = { n = 3000, 'job.Heavy.usage.cpu' = { min = 0, max = 100 } }")
    kept = f"{text}\n[output]\naudit = true\nsteps = true\njobs = false\n"
    assert compared(kept) == compared(text)


def test_people_read_tables_of_80_columns_and_where_policies_part(fairsched, tmp_path):
    (tmp_path / "mine.toml").write_text(blocks(GRID), encoding="utf-8")
    code, out, err = fairsched("compare", "mine.toml", "--limit", 4)
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == "test: 4 scenarios, each under 2 policies; the baseline is round_robin"
    table = lines[lines.index("drf against round_robin") + 2 :][:8]
    assert table[0].split()[0] == "measure" and max(map(len, table)) <= 80
    assert "drf and round_robin serve different jobs in 4 of 4 runs (100.0%)" in out
    assert "They part at step 1." in out
    assert "the first 4 of 6 scenarios" in out
    assert "fairsched explain DIR " in out


def test_full_pools_and_measures_that_are_nowhere_are_said(fairsched, tmp_path):
    crowded = blocks("grid = { 'pool.Batch.capacity.cpu' = [0, 40, 200] }")
    (tmp_path / "mine.toml").write_text(crowded, encoding="utf-8")
    code, out, _ = fairsched("compare", "mine.toml", "--policies", "drf,asset,fifo")
    assert code == 0
    assert "2 of 3 pools hold more than their capacity from the start" in out
    assert "utilization_cpu is missing in 1 of 3 scenarios" in out


def test_jobs_from_a_table(compared, tmp_path):
    drawn_from(tmp_path)
    text = spec("[[block]]\nrepeat = 20\n", jobs=TABLE)
    told = compared(text, "--policies", "drf,kueue")
    assert told["scenarios"] == 20
    (tmp_path / "other.csv").write_text(CSV.replace("pod", "box"), encoding="utf-8")
    other = compared(text, "--policies", "drf,kueue", "--jobs", "other.csv")
    assert all("box" in job for job in other["compared"][0]["divergence"]["change"])


def test_bad_input_ends_with_one_message_and_2(fairsched, tmp_path):
    def said(text, *words):
        (tmp_path / "mine.toml").write_text(text, encoding="utf-8")
        code, out, err = fairsched("compare", "mine.toml", *words)
        assert (code, out) == (2, "")
        return err

    assert "unknown policy 'dfr'; did you mean 'drf'?" in said(spec(), "--policies", "dfr,asset")
    assert "has only drf; expected two policies or more" in said(spec(), "--policies", "drf")
    assert "with drf more than once" in said(spec(), "--policies", "drf,drf")
    assert "expected two policies or more" in said(spec(policies='["drf"]'))
    filtered = blocks(GRID + "\nwhere = 'extra_executors > 99'")
    assert "`where` keeps no scenario" in said(filtered)


def test_ctrl_c_ends_it_without_a_word_too_many(tmp_path):
    (tmp_path / "mine.toml").write_text(blocks("repeat = 1_000_000_000"), encoding="utf-8")
    running = subprocess.Popen(
        [sys.executable, "-m", "fairsched_fast", "compare", "mine.toml"],
        cwd=tmp_path,
        env=os.environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert running.stderr is not None
    lines = iter(running.stderr.readline, "")  # the first after a few seconds: no terminal
    assert any("scenarios, about" in line for line in lines)
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=60)
    assert (running.returncode, out) == (130, "")
    assert err.splitlines()[-1].startswith("interrupted") and "Traceback" not in err
