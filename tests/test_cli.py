"""The command line: what goes to which stream, what it ends with, and the files that ship."""

import csv
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import notebook_figures as notebook
import numpy as np
import pyarrow.parquet as pq
import pytest
from specs import CSV, TABLE, blocks, spec
from sweep_children import process
from sweep_files import messages

import fairsched_fast as fs
from fairsched_fast import __main__ as command_line
from fairsched_fast.policies.registry import known_policies
from fairsched_fast.sweep.scenarios.reading import load_sweep

GRID = "grid = { extra_executors = [5, 15], 'pool.Batch.capacity.mem_gb' = [600, 800, 1000] }"
ENDLESS = blocks("repeat = 1_000_000_000_000") + "[output]\njobs = false\n"


@pytest.fixture
def my_spec(tmp_path):
    (tmp_path / "mine.toml").write_text(blocks(GRID), encoding="utf-8")
    return "mine.toml"


def test_help_names_every_command(fairsched):
    code, out, err = fairsched("--help")
    assert (code, err) == (0, "")
    commands = ("init", "story", "sweep", "explain", "compare", "plan", "policies", "doctor")
    for command in (*commands, "compile"):
        assert re.search(rf"^ +{command} +\w", out, flags=re.MULTILINE)


@pytest.mark.parametrize("words", [[], ["sweep"]])
def test_h_is_short_for_help(fairsched, words):
    assert fairsched(*words, "-h") == fairsched(*words, "--help")


def test_it_tells_its_version(fairsched):
    assert fairsched("--version") == (0, f"fairsched {fs.__version__}\n", "")


def test_every_option_is_explained(fairsched):
    code, out, _ = fairsched("sweep", "--help")
    assert code == 0
    for option in ("--out", "--limit", "--workers", "--jobs", "--json"):
        assert re.search(rf"{option}\b.*\w", out)


def test_a_process_of_its_own_writes_the_story_and_ends_well(tmp_path):
    done = process("story", cwd=tmp_path, env={**os.environ, "COLUMNS": "40"})
    out, err = done.communicate(timeout=120)
    assert (done.returncode, messages(err)) == (0, [])
    longest = "lowest dominant share wins → [Heaviest_Job: 0.300, Light_Eval_Job: 0.310, Medium"
    assert longest in out  # whole, however narrow the screen
    assert "…" not in out


def test_the_story_has_the_notebooks_figures(fairsched):
    code, out, _ = fairsched("story")
    assert code == 0
    given = re.findall(r"^ *\d+ (\w+_Job) ", out, flags=re.MULTILINE)
    assert given == notebook.ROUND_ROBIN_ORDER + notebook.DRF_ORDER
    rows = [line.split() for line in out.splitlines() if re.match(r"\w+_Job( +[\d.]+){6}$", line)]
    finals = notebook.ROUND_ROBIN_SUMMARY + notebook.DRF_SUMMARY
    assert [row[0] for row in rows] == [row[0] for row in finals]
    assert [list(map(float, row[1:])) for row in rows] == [row[1:] for row in finals]


def test_the_story_of_other_policies(fairsched):
    code, out, _ = fairsched("story", "--policies", "drf, round_robin")
    assert code == 0
    assert out.index("BEFORE (drf)") < out.index("AFTER (round_robin)")


def test_the_story_is_written_to_files(fairsched, tmp_path):
    code, out, err = fairsched("story", "--out", "told")
    assert code == 0
    names = [*("before_step_log.csv", "after_step_log.csv", "difference.csv")]
    names += ["before_summary.csv", "after_summary.csv", "story.png"]
    names += [f"{when}_{what}.png" for when in ("before", "after") for what in ("timeline",)]
    names += ["before_dominant_share.png", "after_dominant_share.png"]
    assert sorted(path.name for path in (tmp_path / "told").iterdir()) == sorted(names)
    assert all(f"wrote {Path('told') / name}\n" in err for name in names)
    assert "wrote" not in out
    with (tmp_path / "told" / "after_summary.csv").open(newline="") as file:
        header, *rows = csv.reader(file)
    assert header == notebook.SUMMARY_COLUMNS
    assert [[row[0], *map(float, row[1:])] for row in rows] == notebook.DRF_SUMMARY


def test_the_story_of_a_spec(fairsched, my_spec):
    code, out, _ = fairsched("story", my_spec)
    assert code == 0
    assert "Heavy" in out
    assert "Stopped after 15 of 15 executors" in out


def test_the_story_of_drawn_jobs(fairsched, tmp_path):
    (tmp_path / "drawn.toml").write_text(spec(jobs=TABLE), encoding="utf-8")
    (tmp_path / "other.csv").write_text(CSV, encoding="utf-8")
    code, out, _ = fairsched("story", "drawn.toml", "--jobs", "other.csv")
    assert code == 0
    assert "pod-0" in out


def test_init_writes_a_spec_that_runs(fairsched, tmp_path):
    code, out, err = fairsched("init")
    assert (code, err) == (0, "")
    assert out == "wrote sweep.toml\nnext: fairsched story sweep.toml\n"
    text = (tmp_path / "sweep.toml").read_text(encoding="utf-8")
    assert text.count("#") > 10
    assert fairsched("story", "sweep.toml")[0] == 0
    assert fairsched("plan", "sweep.toml")[0] == 0
    assert fairsched("sweep", "sweep.toml", "--out", "out")[0] == 0


def test_what_init_writes_has_every_optional_line_right(fairsched, tmp_path):
    fairsched("init")
    text = (tmp_path / "sweep.toml").read_text(encoding="utf-8")
    text = text.replace('# on_full = "skip"                  # or', 'on_full = "skip" #')
    text = re.sub(
        r"^# (user_caps|executors|weight|user|pool|zip|repeat|where) =", r"\1 =", text, flags=re.M
    )
    text = re.sub(r"^# (demand) =", r"\1 =", text, flags=re.M)
    (tmp_path / "all.toml").write_text(text, encoding="utf-8")
    read = load_sweep(tmp_path / "all.toml")
    assert read.on_full == "skip"
    assert read.base_scenario().user_caps == {"ana": 8}
    assert read.base_scenario().jobs[0].demand == {"cpu": 4, "mem_gb": 8}
    assert read.blocks[0].repeat == 5
    assert read.blocks[0].where is not None


def test_init_overwrites_nothing(fairsched, tmp_path):
    (tmp_path / "mine.toml").write_text("mine")
    code, out, err = fairsched("init", "mine.toml")
    assert (code, out) == (2, "")
    assert err == "error: mine.toml exists; it is left as it was. Name another file\n"
    assert (tmp_path / "mine.toml").read_text() == "mine"
    assert fairsched("init", Path("nowhere") / "mine.toml")[0] == 2


def test_a_sweep_ends_with_what_it_found_and_what_to_type_next(fairsched, my_spec, tmp_path):
    code, out, err = fairsched("sweep", my_spec, "--out", "out", "--workers", "1")
    assert (code, err) == (0, "")
    assert out.startswith("test: 6 scenarios × 2 policies")
    assert "results   out\n" in out
    assert out.splitlines()[-1].startswith(
        "next      fairsched report out; fairsched explain out ID; "
    )
    code, told, _ = fairsched("explain", "out", "0")
    assert code == 0
    assert told.startswith("SCENARIO 0 OF test")
    assert pq.read_table(tmp_path / "out" / "summary").num_rows == 12


def test_a_sweep_in_json_is_its_manifest(fairsched, my_spec, tmp_path):
    code, out, _ = fairsched("sweep", my_spec, "--out", "out", "--limit", "4", "--json")
    assert code == 0
    said, manifest = json.loads(out), json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert said.items() <= manifest.items()
    assert (said["scenarios"], said["kept"], said["rows"]["summary"]) == (4, 4, 8)


def test_a_plan_says_what_a_sweep_comes_to(fairsched, my_spec, tmp_path):
    code, out, err = fairsched("plan", my_spec)
    assert (code, err) == (0, "")
    for words in ("6 scenarios\n", "12 rows in summary/", "24 rows in jobs/", " on disk", "about "):
        assert words in out
    assert "scenario extra_executors pool.Batch.capacity.mem_gb" in out
    assert len(re.findall(r"^ +\d+ +\d+ +\d+$", out, flags=re.MULTILINE)) == 5
    assert out.endswith("next: fairsched sweep mine.toml --out results/mine\n")
    assert [path.name for path in tmp_path.iterdir()] == ["mine.toml"]


def test_the_next_command_of_a_plan_names_the_table_too(fairsched, tmp_path):
    (tmp_path / "drawn.toml").write_text(spec(jobs=TABLE), encoding="utf-8")
    (tmp_path / "other.csv").write_text(CSV, encoding="utf-8")
    _, out, _ = fairsched("plan", "drawn.toml", "--jobs", "other.csv")
    command = out.splitlines()[-1].removeprefix("next: fairsched ").split()
    assert fairsched(*command)[0] == 0


def test_a_plan_with_many_axes_is_whole(fairsched, tmp_path):
    names = [f"a job with quite a long name, number {i}" for i in range(20)]
    jobs = "".join(f"[[job]]\nname = '{name}'\n" for name in names)
    axes = ", ".join(f"""'job."{name}".weight' = [1]""" for name in names)
    text = blocks(f"grid = {{ {axes} }}", jobs=jobs)
    (tmp_path / "wide.toml").write_text(text, encoding="utf-8")
    code, out, _ = fairsched("plan", "wide.toml")
    assert code == 0
    header = next(line for line in out.splitlines() if line.startswith("scenario "))
    assert all(name in header for name in names)


def no_json(word):
    raise AssertionError(f"{word} is no JSON")


def test_a_plan_in_json_is_json(fairsched, tmp_path):
    axes = ["grid = { 'job.a.max_executors' = [3] }", "grid = { extra_executors = [1] }"]
    text = blocks(*axes, jobs="[[job]]\nname = 'a'\n")
    (tmp_path / "mine.toml").write_text(text, encoding="utf-8")
    code, out, _ = fairsched("plan", "mine.toml", "--json")
    said = json.loads(out, parse_constant=no_json)
    assert code == 0
    assert (said["scenarios"], said["rows"]) == (2, {"summary": 4, "jobs": 4})
    ceilings = [row["job.a.max_executors"] for row in said["sample"]]
    assert ceilings == [3, None]


def test_policies_are_listed_with_formula_and_source(fairsched):
    code, out, _ = fairsched("policies")
    assert code == 0
    listed = {row["name"]: row for row in json.loads(fairsched("policies", "--json")[1])}
    assert list(listed) == list(known_policies())
    for name in ("max_min", "drf"):  # both have parameters
        told = {key: value for key, value in listed[name].items() if key != "parameters"}
        assert all(value and value in out for value in told.values())
        assert all(f"{parameter} = " in out for parameter in listed[name]["parameters"])
    assert listed["priority"]["parameters"] == {"then": "drf", "boost": 0}


def test_the_doctor_says_what_is_here(fairsched):
    code, out, _ = fairsched("doctor")
    assert code == 0
    found = json.loads(fairsched("doctor", "--json")[1])
    assert found["numpy"] == np.__version__
    assert int(found["cores"]) >= 1
    assert {"python", "numba", "pyarrow", "platform", "kernel cache", "extra qmc"} <= found.keys()
    assert all(f"{name} " in out and value in out for name, value in found.items())


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["plan", "nowhere.toml"], "nowhere.toml: there is no such file"),
        (["story", "--policies", "drf"], "expected two different names, before,after"),
        (["story", "--policies", "drf,fifi"], "unknown policy 'fifi'"),
        (["story", "--policies", "drf,zzz"], "expected one of 'armada', "),
        (["sweep", "mine.toml", "--out", "mine.toml"], "mine.toml is a file; expected a folder"),
        (["sweep", "none.toml", "--out", "out"], "`where` keeps no scenario"),
        (["plan", "none.toml"], "`where` keeps no scenario"),
        (["explain", "nowhere", "0"], "nowhere is not there; expected a folder"),
        (["explain", ".", "0"], ". holds no sweep"),
        (["explain", "out", "1.5"], "ID is '1.5'; expected a scenario's id, a whole number"),
    ],
)
def test_wrong_input_ends_with_one_message(fairsched, my_spec, tmp_path, words, message):
    nothing = blocks("where = 'extra_executors > 99'")
    (tmp_path / "none.toml").write_text(nothing, encoding="utf-8")
    code, out, err = fairsched(*words)
    assert (code, out) == (2, "")
    assert err.startswith("error: ")
    assert message in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["swep"], "No such command 'swep'"),
        (["sweep", "mine.toml", "--bogus"], "No such option: --bogus"),
        (["sweep", "mine.toml"], "--out"),
        (["sweep", "mine.toml", "--out", "o", "--limit", "0"], "--limit"),
        (["sweep", "mine.toml", "--out", "o", "--workers", "many"], "--workers"),
        (["explain", "out"], "ID"),
    ],
)
def test_wrong_options_end_the_same_way(fairsched, my_spec, words, message):
    code, out, err = fairsched(*words)
    assert (code, out) == (2, "")
    assert message in err


def test_a_reader_that_goes_away_is_no_failure():
    gone, ours = os.pipe()
    os.close(gone)
    command = [sys.executable, "-m", "fairsched_fast", "policies"]
    done = subprocess.run(command, stdout=ours, stderr=subprocess.PIPE, text=True, check=False)
    os.close(ours)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(sys.platform == "win32", reason="interrupts are sent as POSIX has it")
def test_an_interrupted_sweep_says_so_and_keeps_what_is_written(fairsched, tmp_path):
    (tmp_path / "endless.toml").write_text(ENDLESS, encoding="utf-8")
    running = process("sweep", "endless.toml", "--out", "out", "--json", cwd=tmp_path)
    lines = iter(running.stderr.readline, "")  # the first after a few seconds: no terminal
    first = next(line for line in lines if messages(line))
    code, _, said = fairsched("sweep", "endless.toml", "--out", "out")
    assert (code, f"error: out is held by process {running.pid} on " in said) == (2, True)
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=60)
    assert re.fullmatch(r"[\d,]+ of 1,000,000,000,000 scenarios, about [\d,]+ s left\n", first)
    assert (running.returncode, out) == (130, "")
    assert (
        err.splitlines()[-1]
        == "interrupted; out keeps what is finished: the same command goes on from there"
    )
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert manifest["status"] == "interrupted"
    parts = sorted((tmp_path / "out" / "summary").iterdir())
    assert len(parts) >= manifest["parts"] > 0
    assert all(pq.read_metadata(part).num_rows for part in parts)


def test_a_table_for_a_spec_without_one_is_refused(fairsched, my_spec):
    code, _, err = fairsched("plan", my_spec, "--jobs", "pods.csv")
    assert code == 2
    assert "--jobs is pods.csv, and the file has no [jobs]" in err


OWN_POLICIES = """
import numpy as np
import fairsched_fast as fs

@fs.policy("held_first", measure="executors held")
def held_first(batch):
    one = np.ones((1, 1, 1))
    return fs.Claims(offset=batch.executors[:, None], slope=one, per=one)

@fs.key_policy("by_function", measure="cpu")
def by_function(usage, demand, capacity, weight, executors):
    return usage[0]
"""


@pytest.fixture
def with_own(tmp_path):
    """Writes a spec with one more policy, and its file: what a command is given to know it."""

    def write(policy):
        (tmp_path / "mine.py").write_text(OWN_POLICIES, encoding="utf-8")
        text = blocks(GRID, policies=f'["round_robin", "{policy}"]')
        (tmp_path / "own.toml").write_text(text, encoding="utf-8")
        return "own.toml", "--policy-file", "mine.py"

    return write


def test_a_policy_of_ones_own_is_known_to_every_command(fairsched, with_own):
    given = with_own("held_first")
    assert "held_first" in fairsched("policies", "--policy-file", "mine.py")[1]
    assert "lowest executors held wins" in fairsched("story", *given)[1]
    assert fairsched("plan", *given)[0] == 0
    code, out, err = fairsched("sweep", *given, "--out", "out")
    assert (code, err) == (0, "")
    assert "held_first" in out
    assert "AFTER (held_first)" in fairsched("explain", "out", "0", *given[1:])[1]


def test_the_commands_to_type_next_name_the_files_they_need(fairsched, with_own):
    given = with_own("held_first")
    _, plan, _ = fairsched("plan", *given)
    following = plan.splitlines()[-1].removeprefix("next: fairsched ").split()
    code, out, _ = fairsched(*following)
    assert code == 0
    report, explain = out.splitlines()[-1].removeprefix("next").split(";")[:2]
    for command in (report, explain.replace("ID", "0")):
        code, _, err = fairsched(*command.split()[1:])
        assert (code, err) == (0, "")
    _, compared, _ = fairsched("compare", *given, "--policies", "round_robin,drf")
    assert compared.splitlines()[-1].endswith(" --policy-file mine.py")


def test_so_is_a_key_function(fairsched, with_own):
    """It is compiled by each command, which takes seconds: two must do."""
    given = with_own("by_function")
    code, out, err = fairsched("sweep", *given, "--out", "out")
    assert (code, err) == (0, "")
    assert "by_function" in out
    assert "AFTER (by_function)" in fairsched("explain", "out", "0", *given[1:])[1]


@pytest.mark.parametrize(
    ("text", "said"), [(None, "cannot be read"), ("1 / 0", "mine.py: ZeroDivisionError")]
)
def test_a_wrong_policy_file_is_one_message(fairsched, tmp_path, text, said):
    if text is not None:
        (tmp_path / "mine.py").write_text(text)
    code, _, err = fairsched("policies", "--policy-file", "mine.py")
    assert (code, said in err) == (2, True)


def test_a_console_that_lacks_a_letter_shows_the_rest():
    done = subprocess.run(
        [sys.executable, "-m", "fairsched_fast", "story"],
        env={**os.environ, "PYTHONIOENCODING": "cp1252"},
        capture_output=True,
        check=True,
    )
    assert b"lowest dominant share wins ? [Heaviest_Job" in done.stdout


def test_an_interrupt_is_a_word_and_130_whenever_it_comes(fairsched, monkeypatch, capsys):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("fairsched_fast.sweep.results.opened.Results.__init__", interrupted)
    assert fairsched("explain", "out", "0") == (130, "", "interrupted\n")
    assert fairsched("report", "out") == (130, "", "interrupted\n")
    monkeypatch.setattr("fairsched_fast.cli.main", interrupted)  # as while it is loaded
    with pytest.raises(SystemExit) as ended:
        command_line.main()
    assert (ended.value.code, capsys.readouterr()) == (130, ("", "interrupted\n"))


def test_messages_say_what_was_given_and_what_to_do(fairsched, my_spec, tmp_path):
    assert fairsched("sweep", my_spec, "--out", "out")[0] == 0
    for words, said in (
        (("plan", "out"), f"out is a folder; expected a sweep file: try {Path('out/spec.toml')}"),
        (("plan", "."), ". is a folder; expected a sweep file\n"),
        (("plan", my_spec, "--limit", "0"), "'--limit': 0; expected 1 or more"),
        (("explain", "out", "0", "--policies", "gpu_first"), "(--policy-file)"),
    ):
        code, out, err = fairsched(*words)
        assert (code, out) == (2, "") and said in err
    (tmp_path / "out" / "spec.toml").unlink()
    assert "out lacks its spec.toml, the sweep file" in fairsched("explain", "out", "0")[2]
