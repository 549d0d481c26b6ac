"""The story: its words come from the figures, its tables are whole, its files hold the tables."""

import io
import os
import re
import subprocess
import sys

import pandas as pd
import pytest
from notebook_figures import JOBS, POOL, SCENARIO, run

import fairsched_fast as fs
from fairsched_fast import story, tables

CLOSING = """\
Light_Eval_Job was furthest behind at the start, with a dominant share of 0.10 against 0.30 for \
Heaviest_Job and Medium_Job.
round_robin gave 15 executors: 5 to Light_Eval_Job, 5 to Heaviest_Job and 5 to Medium_Job.
drf gave 15 executors: 13 to Light_Eval_Job, 1 to Heaviest_Job and 1 to Medium_Job.
Under round_robin, the dominant shares ended between 0.15 and 0.40: 0.25 apart (25 points).
Under drf, the dominant shares ended between 0.31 and 0.32: 0.01 apart (1 point).
The gap between dominant shares closes from 25 points to 1 under drf.
"""

TABLES = {
    "before_step_log": lambda before, after: before.step_log(),
    "after_step_log": lambda before, after: after.step_log(),
    "before_summary": lambda before, after: before.summary(),
    "after_summary": lambda before, after: after.summary(),
    "difference": fs.difference,
}
CHARTS = {
    f"{name}.png"
    for name in (
        *("before_dominant_share", "after_dominant_share"),
        *("before_timeline", "after_timeline", "story"),
    )
}


def told(scenario, policies=("round_robin", "drf"), **options):
    return story.render(*(run(policy, scenario, **options) for policy in policies))


def closing(text):
    return text.partition("WHAT CHANGED\n------------\n")[2]


def test_sections_in_order():
    headings = re.findall(r"^(.+)\n-+$", told(SCENARIO), flags=re.MULTILINE)
    assert headings == [
        "BEFORE (round_robin): step log",
        "BEFORE (round_robin): final allocation",
        "AFTER (drf): step log",
        "AFTER (drf): final allocation",
        "DIFFERENCE (AFTER − BEFORE)",
        "WHAT CHANGED",
    ]


def test_the_closing_paragraph_is_made_from_the_figures():
    assert closing(told(SCENARIO)) == CLOSING


def test_tables_are_whole():
    text = told(SCENARIO)
    log = run("drf").step_log()
    for row in log.itertuples():
        line = next(line for line in text.splitlines() if row.reason in line)
        assert line.split()[:2] == [str(row.step), row.allocated_to]
        assert line.split()[-1] == str(row.total_execs_for_job)
    assert "..." not in text


def test_a_table_keeps_every_column_and_row_however_many(monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    capacity = {f"resource_number_{r}": 1000 for r in range(20)}
    pool = fs.Pool("p", capacity, dict.fromkeys(capacity, 1))
    text = told(fs.Scenario(pool, [fs.Job("a" * 200), fs.Job("b")], 300))
    summary = text.partition("final allocation\n")[2].splitlines()
    assert len(summary[1].split()) == 1 + 20 + 20 + 2
    assert summary[2].startswith("a" * 200)
    assert sum(line.startswith("  300 ") for line in text.splitlines()) == 2


def test_text_columns_are_to_the_left():
    lines = told(SCENARIO).splitlines()
    header = next(line for line in lines if "allocated_to" in line)
    place = header.index("allocated_to")
    rows = [line[place:] for line in lines if "round-robin (" in line]
    assert all(row.startswith(tuple(job.name for job in JOBS)) for row in rows)


def test_why_each_run_stopped():
    assert told(SCENARIO).count("Stopped after 15 of 15 executors: every extra executor was") == 2
    few = [fs.Job("a", max_executors=2), fs.Job("b", max_executors=1)]
    ended = (
        "Stopped after 3 of 9 executors: every job is at its ceiling. At their ceiling: a and b."
    )
    assert told(fs.Scenario(POOL, few, 9)).count(ended) == 2
    full = fs.Scenario(POOL, [fs.Job("a", usage={"cpu": 196})], 9)
    assert "Stopped after 2 of 9 executors: the pool is full" in told(full)
    assert "Stopped after 9 of 9 executors" in told(full, on_full="ignore")


def test_no_executors():
    text = told(fs.Scenario(POOL, JOBS, 0))
    assert text.count("There were no executors to give.") == 2
    assert "Nothing differs: no executors were given." in text
    assert "0.20 apart (20 points)" in text


def test_one_job():
    assert closing(told(fs.Scenario(POOL, [fs.Job("only")], 3))) == (
        "only is the only job: its dominant share was 0.00 at the start.\n"
        "Nothing differs: round_robin and drf give every job the same executors.\n"
        "Both gave 3 executors: 3 to only.\n"
        "Under both, the dominant share ended at 0.06.\n"
    )


def test_nothing_differs_but_the_order():
    jobs = [fs.Job("b"), fs.Job("a")]
    text = closing(told(fs.Scenario(POOL, jobs, 2)))
    assert "All 2 jobs started level, with a dominant share of 0.00." in text
    assert "give every job the same executors, in another order." in text
    assert "Under both, the dominant shares ended level, at 0.02: 0 points apart." in text


def test_a_gap_that_opens():
    text = closing(told(SCENARIO, ("drf", "round_robin")))
    assert "The gap between dominant shares opens from 1 point to 25 under round_robin." in text


def test_many_jobs_are_counted_not_listed():
    jobs = [fs.Job(f"j{j}", usage={"cpu": j}) for j in range(10)]
    text = closing(told(fs.Scenario(POOL, jobs, 20)))
    assert "to j5 and 8 to 4 other jobs." in text
    level = closing(told(fs.Scenario(POOL, [fs.Job("z", usage={"cpu": 9}), *jobs[:9]], 0)))
    assert level.startswith("j0 was furthest behind")


def test_weights_are_taken_into_account():
    text = closing(told(fs.Scenario(POOL, [fs.Job("a", weight=2), fs.Job("b")], 12)))
    assert "All 2 jobs started level, with a weighted dominant share of 0.00." in text
    assert "0.08 apart (8 points)" in text
    assert "The gap between weighted dominant shares closes from 6 points to 0 under drf." in text


def two_pools(names=("Batch", "Inter/active")):
    pools = [
        POOL,
        fs.Pool(names[1], {"gpu": 4}, {"gpu": 1}),
        fs.Pool("Idle", {"cpu": 1}, {"cpu": 1}),
    ]
    pools[0] = fs.Pool(names[0], POOL.capacity, POOL.executor)
    jobs = [
        fs.Job("a", pool=names[0], usage={"cpu": 10}),
        fs.Job("b", pool=names[0]),
        fs.Job("c", pool=names[1]),
    ]
    return fs.Scenario(pools, jobs, {names[0]: 4, names[1]: 9, "Idle": 1})


def test_a_paragraph_a_pool():
    paragraphs = closing(told(two_pools())).split("\n\n")
    assert [paragraph.partition(": ")[0] for paragraph in paragraphs] == [
        "Pool Batch",
        "Pool Inter/active",
        "Pool Idle",
    ]
    assert "drf gave 4 executors: 3 to b and 1 to a." in paragraphs[0]
    assert "c is the only job" in paragraphs[1]
    assert "There are no jobs." in paragraphs[2]
    assert "Pool Inter/active: Stopped after 4 of 9 executors: the pool is full" in told(
        two_pools()
    )


def test_the_files_hold_the_tables(tmp_path):
    before, after = run("round_robin"), run("drf")
    paths = story.write(tmp_path / "new" / "out", before, after)
    assert sorted(paths) == sorted((tmp_path / "new" / "out").iterdir())
    assert {path.name for path in paths} == CHARTS | {f"{name}.csv" for name in TABLES}
    for name, table in TABLES.items():
        written = (tmp_path / "new" / "out" / f"{name}.csv").read_bytes().decode("utf-8")
        assert written == table(before, after).to_csv(index=False, lineterminator="\n")
        read = pd.read_csv(io.StringIO(written))
        pd.testing.assert_frame_equal(read, table(before, after), check_dtype=False)


def test_the_same_story_gives_the_same_bytes(tmp_path):
    for folder in ("one", "two"):
        story.write(tmp_path / folder, run("round_robin"), run("drf"))
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()


@pytest.mark.parametrize(
    ("names", "suffixes"),
    [
        (("Batch", "Inter/active"), ("-Batch", "-Inter_active", "-Idle")),
        (("../..", "a b?"), ("-.._..", "-a_b_", "-Idle")),
        (("x/y", "X?Y"), ("-x_y-1", "-X_Y-2", "-Idle-3")),
    ],
)
def test_each_pool_has_its_charts_under_a_safe_name(tmp_path, names, suffixes):
    before, after = (run(policy, two_pools(names)) for policy in ("round_robin", "drf"))
    paths = story.write(tmp_path, before, after)
    assert {path.parent for path in paths} == {tmp_path}
    expected = {name.replace(".png", f"{suffix}.png") for name in CHARTS for suffix in suffixes}
    assert {path.name for path in paths if path.suffix == ".png"} == expected
    assert "pool" in pd.read_csv(tmp_path / "after_summary.csv").columns


def test_a_story_is_of_one_scenario(tmp_path):
    many = run("drf", [SCENARIO, SCENARIO])
    for tell in (story.render, lambda *results: story.write(tmp_path / "none", *results)):
        with pytest.raises(fs.InputError, match="holds 2 scenarios; expected one"):
            tell(many, many)
    assert not (tmp_path / "none").exists()


def test_no_window_is_asked_for(tmp_path):
    """Charts are drawn where there is no display, whatever backend the environment asks for."""
    code = (
        "import sys; from notebook_figures import run; from pathlib import Path\n"
        "from fairsched_fast import story\n"
        f"story.write(Path({str(tmp_path)!r}), run('round_robin'), run('drf'))\n"
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    folder = os.path.dirname(__file__)  # noqa: PTH120
    environment = os.environ | {"MPLBACKEND": "tkagg", "PYTHONPATH": folder}
    subprocess.run([sys.executable, "-c", code], env=environment, check=True)


def test_a_job_without_a_weight_is_no_nonsense():
    text = closing(told(fs.Scenario(POOL, [fs.Job("z", weight=0)], 3)))
    assert text.startswith("No job has a weight: none is entitled to a share.\n")
    assert "Both gave 3 executors: 3 to z." in text
    assert "share of nan" not in text
    some = closing(told(fs.Scenario(POOL, [fs.Job("z", weight=0), fs.Job("a")], 2)))
    assert "round_robin gave 2 executors: 1 to a and 1 to z." in some
    assert "a is the only job with a weight: " in some


def test_differences_are_of_unrounded_shares():
    pool = fs.Pool("p", {"cpu": 32}, {"cpu": 1})
    jobs = [fs.Job("a", usage={"cpu": 5}), fs.Job("b", usage={"cpu": 0})]
    before, after = (run(policy, fs.Scenario(pool, jobs, 7)) for policy in ("round_robin", "drf"))
    changed = tables.change(before, after).set_index("job")["dominant_share"]
    apart = (after.dominant_share - before.dominant_share)[0]
    assert changed[["a", "b"]].tolist() == [round(share, 4) for share in apart.tolist()]
    assert changed.to_dict() == {"a": -0.0938, "b": 0.0938}
