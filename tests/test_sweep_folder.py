"""The result folder: whose it is, what stands in it, and what is said at the end."""

import json
import subprocess
import sys

import pytest
from complaints import refused
from specs import JOBS, blocks, spec
from sweep_files import everything_in, messages, parts_in, ran, read, rows

import fairsched_fast as fs
from fairsched_fast.sweep.folder import store
from fairsched_fast.sweep.running.words import describe_outcome
from fairsched_fast.sweep.scenarios import chunks

GRID = "grid = { extra_executors = { range = [0, 40] }, 'job.Heavy.max_executors' = [3, 9, 30] }"
MANY = blocks(
    f"{GRID}\nrepeat = 10", "repeat = 700", "repeat = 300\nwhere = 'extra_executors > 99'"
)
PNG = b"\x89PNG\r\n\x1a\n"
RUN = "import sys; from fairsched_fast.cli import main; sys.argv[0] = 'fairsched'; main()"


@pytest.fixture
def small_parts(monkeypatch):
    """Parts of a thousand rows, so that a small sweep has several."""
    monkeypatch.setattr(chunks, "SLICE_ROWS", 1000)


@pytest.mark.usefixtures("small_parts")
def test_files_are_the_same_for_any_number_of_workers(tmp_path):
    one = ran(MANY, tmp_path / "one", workers=1)
    three = ran(MANY, tmp_path / "three", workers=3)
    files = parts_in(tmp_path / "one")
    assert len(files) == one.manifest["parts"] == 2 * 8
    assert files == parts_in(tmp_path / "three")
    assert one.digest.means().tolist() == three.digest.means().tolist()
    assert len(one.files) == 5
    for chart in one.files:
        assert chart.read_bytes() == (tmp_path / "three" / "charts" / chart.name).read_bytes()


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("limit", [1500, 10**9])
def test_a_limit_takes_the_first_scenarios(tmp_path, limit):
    ran(MANY, tmp_path / "all")
    outcome = ran(MANY, tmp_path / "some", limit=limit)
    assert outcome.manifest["limit"] == limit
    assert outcome.manifest["scenarios"] == min(limit, 2200)
    for kind in ("summary", "jobs"):
        whole = read(tmp_path / "all", kind)
        wanted = whole.filter([scenario.as_py() < limit for scenario in whole["scenario"]])
        assert read(tmp_path / "some", kind).equals(wanted)


def test_the_manifest_says_what_was_run(tmp_path):
    text = spec("[[block]]\n" + GRID, on_full='"stop"')
    outcome = ran(text, tmp_path)
    manifest = json.loads((tmp_path / "manifest.json").read_text(encoding="utf-8"))
    assert manifest == outcome.manifest | {
        "format": "fairsched-sweep",
        "schema": 1,
        "spec_sha256": store.spec_hash(text),
        "versions": store.versions(),
    }
    assert (manifest["name"], manifest["seed"], manifest["on_full"]) == ("test", 7, "stop")
    assert manifest["policies"] == ["round_robin", "drf"]
    assert manifest["axes"] == ["extra_executors", "job.Heavy.max_executors"]
    assert (manifest["status"], manifest["limit"]) == ("complete", None)
    assert manifest["scenarios"] == manifest["kept"] == 120
    assert manifest["rows"] == {"summary": 240, "jobs": 480}
    assert manifest["parts"] == 2
    sizes = {
        kind: sum(map(len, parts_in(tmp_path / kind).values())) for kind in ("summary", "jobs")
    }
    assert manifest["bytes"] == sizes
    assert manifest["seconds"] > 0
    assert set(manifest["versions"]) >= {"python", "numpy", "numba", "pyarrow", "fairsched-fast"}
    assert (tmp_path / "spec.toml").read_text(encoding="utf-8") == text


def test_charts_are_pictures(tmp_path):
    outcome = ran(blocks(GRID), tmp_path)
    names = ["dominant_share_gap", "jain", "utilization", "fairness_utilization", "heatmap"]
    assert [path.stem for path in outcome.files] == names
    for path in outcome.files:
        assert path.parent == tmp_path / "charts"
        assert path.read_bytes().startswith(PNG)


def test_a_heat_map_takes_two_grid_axes(tmp_path):
    outcome = ran(blocks("grid = { extra_executors = [1, 2] }"), tmp_path)
    assert "heatmap" not in [path.stem for path in outcome.files]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("notes.txt", "mine", "holds no sweep; it is left as it was"),
        ("manifest.json", '{"format": "another"}', "is no manifest of a sweep"),
        ("manifest.json", "no JSON", "is no manifest of a sweep"),
    ],
)
def test_a_folder_that_is_not_ours_is_left_as_it_was(tmp_path, name, content, words):
    (tmp_path / name).write_text(content)
    (tmp_path / "summary").mkdir()
    (tmp_path / "summary" / "part-000000.parquet").write_text("mine too")
    before = everything_in(tmp_path)
    with refused(str(tmp_path), words):
        ran(blocks(GRID), tmp_path)
    assert everything_in(tmp_path) == before


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "results").write_text("mine")
    with refused("results is a file; expected a folder"):
        ran(blocks(GRID), tmp_path / "results")
    assert (tmp_path / "results").read_text() == "mine"


def test_the_folder_of_another_spec_is_left_as_it_was(tmp_path):
    ran(blocks(GRID), tmp_path)
    before = everything_in(tmp_path)
    with refused("holds the sweep of another spec", "\n-seed = 7\n+seed = 8", "left as it was"):
        ran(blocks(GRID, seed=8), tmp_path)
    assert everything_in(tmp_path) == before


@pytest.mark.usefixtures("small_parts")
def test_the_same_spec_can_be_run_again(tmp_path):
    ran(MANY, tmp_path)
    before = parts_in(tmp_path)
    (tmp_path / "charts" / "my own.png").write_text("kept")
    (tmp_path / "summary" / "part-000099.parquet").write_text("left over from a longer run")
    (tmp_path / "summary" / ".part-000098.partial.parquet").write_text("left over from a crash")
    ran(MANY, tmp_path)
    assert parts_in(tmp_path) == before
    assert (tmp_path / "charts" / "my own.png").read_text() == "kept"


def test_a_result_is_not_replaced_by_a_smaller_one(tmp_path):
    ran(MANY, tmp_path, limit=5)
    ran(MANY, tmp_path)
    before = parts_in(tmp_path)
    with refused("holds 2,200 scenarios of this sweep, and 5 are asked for; it is left as it was"):
        ran(MANY, tmp_path, limit=5)
    assert parts_in(tmp_path) == before


def test_an_empty_folder_and_a_deep_one_can_be_written_to(tmp_path):
    (tmp_path / "empty").mkdir()
    for folder in (tmp_path / "empty", tmp_path / "a" / "b" / "c"):
        assert ran(blocks(GRID), folder).manifest["status"] == "complete"


def test_a_filter_that_keeps_nothing_is_refused(tmp_path):
    with refused("`where` keeps no scenario"):
        ran(blocks("where = 'extra_executors > 99'"), tmp_path)


def test_a_scenario_that_is_wrong_in_itself_is_named(tmp_path):
    jobs = JOBS.replace("max", "executors = 5\nmax")
    text = blocks("grid = { 'job.Light.max_executors' = [9, 3] }", jobs=jobs)
    outcome = ran(text, tmp_path)
    (failure,) = outcome.failures
    assert (failure.chunk, failure.start, failure.stop) == (0, 0, 2)
    assert "scenarios 0 … 1" in failure.message
    assert "executors at S = 1, J = 1 is 5, above the max_executors of 3" in failure.message
    assert json.loads((tmp_path / "manifest.json").read_text())["status"] == "failed"


def test_a_pool_that_is_over_full_in_the_file_is_refused_before_anything_is_written(tmp_path):
    with refused(
        "pool 'Batch' of scenario 0: its jobs hold 620 cpu, 420 above the capacity of 200"
    ):
        ran(spec(jobs=JOBS.replace("cpu = 60", "cpu = 600")), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_scenarios_that_are_over_full_are_counted_and_given_nothing(tmp_path):
    outcome = ran(blocks("grid = { 'job.Heavy.usage.cpu' = [60, 180, 181, 600] }"), tmp_path)
    assert "2 of 4 pools hold more than their capacity" in describe_outcome(outcome)
    assert "nothing was given of what they lack" in describe_outcome(outcome)
    steps = {r["scenario"]: (r["steps"], r["stop"]) for r in rows(tmp_path, "summary")}
    assert steps == {i: (15, "BUDGET") if i == 0 else (0, "CAPACITY") for i in range(4)}


def test_over_full_scenarios_that_are_served_all_the_same_are_said_to_be(tmp_path):
    jobs = JOBS.replace("cpu = 60", "cpu = 600")
    outcome = ran(spec(jobs=jobs, on_full='"ignore"'), tmp_path)
    assert "1 of 1 pools hold more than their capacity" in describe_outcome(outcome)
    assert "executors were given all the same" in describe_outcome(outcome)


def test_a_sweep_in_which_all_policies_give_the_same_says_so(tmp_path):
    text = blocks("grid = { 'pool.Batch.capacity.cpu' = [100, 200] }", extra_executors=0)
    said = describe_outcome(ran(text, tmp_path / "same"))
    assert "every policy gives the same everywhere (every extra executor was given)" in said
    said = describe_outcome(ran(blocks(GRID), tmp_path / "other"))
    assert "every policy gives the same" not in said
    assert "the policies differ in " in said
    said = describe_outcome(ran(spec(policies='["drf"]'), tmp_path / "one"))
    assert "polic" not in said.split("\n", 3)[3]


def test_the_end_says_where_the_results_are_and_what_to_type_next(tmp_path):
    said = describe_outcome(ran(blocks(GRID), tmp_path))
    assert said.startswith("test: 120 scenarios × 2 policies in ")
    assert f"results   {tmp_path}" in said
    assert f"chart     {tmp_path / 'charts' / 'jain.png'}" in said
    then = said.splitlines()[-1].removeprefix("next").strip()
    assert f"fairsched explain {tmp_path} ID" in then
    assert f"fs.open_results('{tmp_path}')" in then


@pytest.mark.skipif(sys.platform == "win32", reason="limits are set as POSIX has it")
@pytest.mark.parametrize(("scenarios", "parts"), [(20_000, 0), (10, 2)], ids=["parts", "charts"])
def test_a_file_that_may_not_grow_ends_with_one_message(tmp_path, scenarios, parts):
    floats = fs.Batch(capacity=[9], demand=[[0.1 + 0.2]], extra_executors=1)
    fs.allocate(floats)  # so that the process below finds the kernel compiled
    draws = f"n = {scenarios}\n'job.Heavy.usage.cpu' = {{ min = 0, max = 60 }}"
    (tmp_path / "spec.toml").write_text(blocks(f"[block.random]\n{draws}"))
    limited = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000)); {RUN}"
    done = subprocess.run(
        [sys.executable, "-c", limited, "sweep", "spec.toml", "--out", "out"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    (message,) = messages(done.stderr)
    assert message.startswith("error: out: cannot write: ")
    assert "free some space and run the same command again" in message
    assert len(parts_in(tmp_path / "out")) == parts
    beside = {".lock", "manifest.json", "spec.toml", *["progress.jsonl"][:parts]}
    assert everything_in(tmp_path / "out").keys() == {*parts_in(tmp_path / "out"), *beside}
    assert json.loads((tmp_path / "out" / "manifest.json").read_text())["status"] == "failed"
