"""Opening a sweep's results: tables by column and condition, scenarios rebuilt and run again."""

import contextlib
import json
import math

import numpy as np
import pyarrow.compute as pc
import pytest
from complaints import refused
from hypothesis import given
from hypothesis import strategies as st
from specs import CSV, JOBS, TABLE, blocks, spec, two_pools
from sweep_files import in_small_parts, ran, read, rows

import fairsched_fast as fs
from fairsched_fast.sweep.results.opened import Results
from fairsched_fast.sweep.running.run import run_sweep
from fairsched_fast.sweep.scenarios.reading import parse_sweep
from fairsched_fast.sweep.scenarios.schema import spec_hash

GRID = "grid = { extra_executors = [5, 15, 40], 'pool.Batch.capacity.mem_gb' = [600, 800, 1000] }"
CEILINGS = (
    "grid = { 'job.Heavy.max_executors' = [3, 9], 'pool.Batch.capacity.cpu' = [100, 200] }",
    "grid = { extra_executors = [5, 15, 40] }\nwhere = 'extra_executors < 20'",
)
NO_CEILINGS = JOBS.replace("max_executors = 30\n", "")


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    """The results of a sweep of two blocks."""
    folder = tmp_path_factory.mktemp("swept")
    return in_small_parts(blocks(*CEILINGS, jobs=NO_CEILINGS), folder)


def drawn(folder, text, csv=CSV):
    """The results of a sweep that draws its jobs from a table, in `folder`/out."""
    (folder / "pods.csv").write_text(csv, encoding="utf-8")
    run_sweep(parse_sweep(text, "spec", folder), folder / "out")
    return folder / "out"


def edit_manifest(folder, **changes):
    path = folder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_tables_are_whole_and_in_order(swept):
    results = fs.open_results(swept)
    assert results.tables == ("jobs", "summary")
    for kind, frame in (("summary", results.summary()), ("jobs", results.jobs())):
        written = read(swept, kind)
        assert frame.columns.tolist() == written.schema.names
        assert frame["scenario"].tolist() == written["scenario"].to_pylist()
        assert frame["policy"].tolist() == written["policy"].to_pylist()
        assert {"policy", "pool"} <= set(frame.select_dtypes("category"))


def test_columns_come_in_the_order_asked_for(swept):
    names = ["jain", "pool.Batch.capacity.cpu", "scenario"]
    assert fs.open_results(swept).summary(names).columns.tolist() == names


@pytest.mark.parametrize(
    ("where", "keeps"),
    [
        ("policy == 'drf'", lambda row: row["policy"] == "drf"),
        ('not "drf" == policy', lambda row: row["policy"] != "drf"),
        (
            "policy == 'drf' and (steps < 10 or jain >= 0.95)",
            lambda row: row["policy"] == "drf" and (row["steps"] < 10 or row["jain"] >= 0.95),
        ),
        ("3 < steps <= 10", lambda row: 3 < row["steps"] <= 10),
        ("steps * 2 - 1 > 19", lambda row: row["steps"] * 2 - 1 > 19),
        ("steps / 2 == 2.5", lambda row: row["steps"] == 5),
        ("-steps < -9", lambda row: row["steps"] > 9),
        ("jain / (block - block) > 1", lambda row: True),
        ("steps > 9 and 1 < 2", lambda row: row["steps"] > 9),
        ("pool.Batch.capacity.cpu == 100", lambda row: row["pool.Batch.capacity.cpu"] == 100),
        ('pool."Batch".capacity.cpu < 200', lambda row: row["pool.Batch.capacity.cpu"] < 200),
        (
            "job.Heavy.max_executors > 5",  # none counts as infinite
            lambda row: (row["job.Heavy.max_executors"] or math.inf) > 5,
        ),
        ("scenario == 999", lambda row: False),
        ("scenario < 9999999999999999999999", lambda row: True),
        (pc.field("policy") == "drf", lambda row: row["policy"] == "drf"),
    ],
)
def test_a_condition_keeps_the_rows_that_python_would(swept, where, keeps):
    found = fs.open_results(swept).summary(["scenario", "policy"], where)
    wanted = [(row["scenario"], row["policy"]) for row in rows(swept, "summary") if keeps(row)]
    assert list(found.itertuples(index=False, name=None)) == wanted


def test_a_column_is_found_however_its_path_is_quoted(tmp_path):
    ran(two_pools("grid = { 'job.\"etl.nightly\".weight' = [1, 2, 3] }"), tmp_path)
    results = fs.open_results(tmp_path)
    found = results.summary(where="""job . 'etl.nightly' . weight >= 2 and pool == "Night" """)
    assert set(found["scenario"]) == {1, 2}
    assert set(found["pool"]) == {"Night"}


def test_a_condition_on_jobs(swept):
    results = fs.open_results(swept)
    found = results.jobs(["granted"], "job == 'Light' and policy == 'round_robin' and granted > 6")
    assert 0 < len(found) < 10
    ids = results.summary(["scenario"], "steps == 15")["scenario"].unique()
    chosen = results.jobs(where=pc.field("scenario").isin(ids))
    assert set(chosen["scenario"]) == set(ids)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"columns": ["jane"]}, ["columns of summary", "'jane' is no column", "mean 'jain'?"]),
        ({"columns": "jain"}, ["columns is 'jain'; expected a list of names, ['jain']"]),
        ({"columns": ["granted"]}, ["'granted' is a column of jobs; look up scenarios there"]),
        ({"where": "jane < 1"}, ["where, on summary: 'jane' is no column; did you mean 'jain'?"]),
        ({"where": "jain <"}, ["where: 'jain <' is no comparison; expected comparisons such as"]),
        ({"where": "jain"}, ["'jain' is no comparison"]),
        ({"where": "__import__('os')"}, ["is no comparison"]),
        ({"where": "granted > 1"}, ["'granted' is a column of jobs"]),
        ({"where": "policy > 3"}, ["where is policy > 3", "numbers with numbers"]),
        ({"where": "jain == 'drf'"}, ["where is jain == 'drf'", "words compared with words"]),
        ({"where": pc.field("jane") < 1}, ["(jane < 1)", "FieldRef.Name(jane)"]),
        ({"where": pc.field("jain") + 1}, ["(jain", "cannot be asked of summary"]),
        ({"where": "policy == '\ud800'"}, ["cannot be asked of summary"]),
        ({"where": 3}, ["where is 3; expected a condition such as"]),
    ],
    ids=ascii,
)
def test_what_cannot_be_asked_is_said(swept, options, words):
    with refused(*words):
        fs.open_results(swept).summary(**options)


PIECES = ["policy", "jain", "steps", "'drf'", '"', "'", " and ", " or ", "not ", "(", ")", "<"]
PIECES += ["==", "*", "/", "-", ".", "2", "1e400", "9" * 30, "\\", "\n", "\x00", "é", "\ud800"]
PIECES += ["lambda: 0", "[1]"]


@given(st.lists(st.sampled_from(PIECES), max_size=9).map("".join))
def test_any_text_is_a_condition_or_is_refused(swept, where):
    with contextlib.suppress(fs.InputError):
        fs.open_results(swept).summary(["scenario"], where)


def test_words_are_no_part_of_a_sweep_files_conditions():
    with refused("block[0].where", "is no comparison"):
        parse_sweep(blocks("where = \"extra_executors == 'many'\""))


def test_columns_have_units_and_descriptions(swept):
    told = fs.open_results(swept).columns.set_index(["table", "name"])
    assert told.loc["summary", "steps"].tolist() == ["int32", "executors", "executors given"]
    assert told.loc[("jobs", "job"), "type"] == "category"
    assert told.loc[("summary", "jain"), "description"].startswith("Jain's index")
    assert (told["description"] != "").all()


def test_a_scenario_is_rebuilt_from_its_index(swept):
    results = fs.open_results(swept)
    assert (results.name, results.status, results.scenarios) == ("test", "complete", 7)
    assert results.spec["seed"] == 7
    assert results.scenario(2) == parse_sweep(results.text).scenario(2)
    assert results.scenario(np.int64(2)).jobs[0].max_executors == 9
    ceiling, cpu, extra = "job.Heavy.max_executors", "pool.Batch.capacity.cpu", "extra_executors"
    assert results.settings(2) == {ceiling: 9, cpu: 100, extra: 15}
    assert results.settings(5) == {ceiling: None, cpu: 200, extra: 15}
    assert repr(results) == f"<Results of test in {swept}: 7 ids, complete>"


def runs_are_those_of_the_tables(folder, **options):
    """Every scenario run again gives what the tables say, policy by policy."""
    results = fs.open_results(folder, **options)
    jobs, summary = results.jobs(), results.summary()
    for (i, policy), told in jobs.groupby(["scenario", "policy"], observed=True):
        again = results.result(i, policy)
        present = again.batch.present
        real = np.s_[:] if present is None else np.broadcast_to(present.T, again.granted.shape)
        assert again.granted[real].ravel().tolist() == told["granted"].tolist()
        assert again.dominant_share[real].ravel().tolist() == told["dominant_share"].tolist()
        of_run = summary[(summary["scenario"] == i) & (summary["policy"] == policy)]
        assert again.steps.tolist() == of_run["steps"].tolist()
        assert [fs.StopReason(s).name for s in again.stop] == of_run["stop"].tolist()
        assert len(again.step_log()) == of_run["steps"].sum()
        assert again.choices.shape == (len(of_run), of_run["steps"].max())
        assert set(again.batch.labels.scenario) == {i}


def test_runs_of_a_grid_are_those_of_the_tables(swept):
    runs_are_those_of_the_tables(swept)


def test_runs_of_several_pools_and_true_floats_are_those_of_the_tables(tmp_path):
    text = two_pools(
        "[block.random]\nn = 12\n'pool.Batch.capacity.cpu' = { min = 60, max = 200 }\n"
        "'job.training.demand.gpu' = { min = 0.1, max = 2 }",
        user_caps="{ ana = 8 }",
        policies="['round_robin', 'drf', { policy = 'drf', exclude = ['gpu'], label = 'cpus' }]",
    )
    ran(text, tmp_path)
    runs_are_those_of_the_tables(tmp_path)


def test_runs_of_pools_that_are_over_full_are_those_of_the_tables(tmp_path):
    ran(blocks("grid = { 'job.Heavy.usage.cpu' = [60, 180, 181, 600] }"), tmp_path)
    runs_are_those_of_the_tables(tmp_path)
    assert fs.open_results(tmp_path).result(3, "drf").steps.tolist() == [0]


def test_jobs_drawn_twice_tie_as_they_did_when_the_sweep_ran(tmp_path):
    # By name `a #` comes before `a (2)`, which in the sweep is a second `a`.
    csv = "name,cores,mib,slots\na,1000,0,9\na #,1000,0,9\n"
    table = TABLE.replace("= 3", "= 4\nreplace = true")
    text = spec("[[block]]\ngrid = { extra_executors = [1, 2, 3] }\nrepeat = 9", jobs=table)
    folder = drawn(tmp_path, text, csv)
    runs_are_those_of_the_tables(folder, jobs=tmp_path / "pods.csv")


def test_a_scenario_can_be_run_under_any_policy(swept):
    results = fs.open_results(swept)
    alone = fs.allocate(results.scenario(1), "fifo")
    assert results.result(1, "fifo").granted.tolist() == alone.granted.tolist()
    assert results.result(1, {"policy": "drf", "exclude": ["cpu"]}).steps.tolist() == [15]
    with refused("unknown policy 'dfr'; did you mean 'drf'?"):
        results.result(1, "dfr")


@pytest.mark.parametrize(
    ("i", "words"),
    [
        (7, ["scenario 7 is unknown", "has ids from 0 to 6"]),
        (-1, ["scenario -1 is unknown"]),
        ("3", ["scenario is '3'; expected an id, a whole number"]),
        (6, ["scenario 6 is dropped by block[1].where, 'extra_executors < 20'"]),
    ],
)
def test_a_scenario_that_is_not_there_is_said(swept, i, words):
    with refused(*words):
        fs.open_results(swept).scenario(i)


def test_what_a_limit_left_out_is_said(tmp_path):
    ran(blocks(GRID), tmp_path, limit=4)
    with refused("scenario 4 is unknown", "from 0 to 3 (it was run with --limit 4)"):
        fs.open_results(tmp_path).result(4, "drf")


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        (None, None, ["holds no sweep: there is no manifest.json; expected a folder that"]),
        ("manifest.json", "no JSON", ["is no manifest of a sweep"]),
        ("manifest.json", "[]", ["is no manifest of a sweep"]),
        ("manifest.json", '{"format": "another"}', ["is no manifest of a sweep"]),
    ],
)
def test_a_folder_that_is_no_sweep_is_refused(tmp_path, name, content, words):
    if name is not None:
        (tmp_path / name).write_text(content)
    with refused(str(tmp_path), *words):
        fs.open_results(tmp_path)


def test_what_is_no_folder_is_refused(tmp_path):
    with refused("nowhere is not there; expected a folder that `fairsched sweep` wrote"):
        fs.open_results(tmp_path / "nowhere")
    (tmp_path / "file").write_text("mine")
    with refused("file is a file; expected a folder"):
        fs.open_results(str(tmp_path / "file"))


def test_results_of_another_version_are_refused(tmp_path):
    ran(blocks(GRID), tmp_path)
    edit_manifest(tmp_path, schema=99)
    with refused("has tables of version 99, and this fairsched_fast reads version"):
        fs.open_results(tmp_path)


def test_an_unfinished_sweep_is_readable_and_says_so(tmp_path):
    in_small_parts(blocks(GRID), tmp_path)
    for kind in ("summary", "jobs"):
        max((tmp_path / kind).iterdir()).unlink()
    (tmp_path / "summary" / ".part-000099.partial.parquet").write_text("being written")
    edit_manifest(tmp_path, status="interrupted")
    with pytest.warns(UserWarning, match=r"unfinished sweep \(its status is interrupted\)"):
        results = fs.open_results(tmp_path)
    assert 0 < len(results.summary()) < 18
    assert results.result(0, "drf").steps.tolist() == [5]
    with refused("scenario 8 has not been run", "Run the same `fairsched sweep` again"):
        results.scenario(8)


def test_a_sweep_that_has_written_nothing_yet_is_said_to(tmp_path):
    ran(blocks(GRID), tmp_path)
    for part in tmp_path.glob("*/*.parquet"):
        part.unlink()
    edit_manifest(tmp_path, status="running")
    results = Results(tmp_path)
    assert results.tables == ()
    assert results.columns.empty
    with refused("has no table 'summary'; there are none"):
        results.summary()


def test_a_table_that_was_left_out_is_said_to_be(tmp_path):
    ran(blocks(GRID) + "[output]\njobs = false\n", tmp_path)
    results = fs.open_results(tmp_path)
    assert results.tables == ("summary",)
    with refused("has no table 'jobs'; expected one of 'summary' (the sweep file's [output]"):
        results.jobs()


@pytest.mark.parametrize("part", ["first", "last"])
def test_a_damaged_part_is_said_to_be(tmp_path, part):
    in_small_parts(blocks(GRID), tmp_path)
    files = sorted((tmp_path / "summary").iterdir())
    torn = files[0 if part == "first" else -1]
    torn.write_bytes(torn.read_bytes()[:200])
    with refused(f"{tmp_path / 'summary'}: a part cannot be read", "Run the sweep again"):
        fs.open_results(tmp_path).summary()


def test_a_spec_that_was_edited_since_is_refused(tmp_path):
    ran(blocks(GRID), tmp_path)
    (tmp_path / "spec.toml").write_text(blocks(GRID, seed=8))
    results = fs.open_results(tmp_path)
    assert len(results.summary()) == 18
    with refused("spec.toml has been edited since the sweep was run"):
        results.scenario(0)


def test_the_jobs_table_is_found_by_its_checksum(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = drawn(tmp_path, spec("[[block]]\nrepeat = 3", jobs=TABLE))
    found = [fs.open_results(folder).scenario(1)]  # pods.csv lies here, as the spec says
    (tmp_path / "pods.csv").rename(tmp_path / "moved.csv")
    found.append(fs.open_results(folder, jobs="moved.csv").scenario(1))
    assert found[0] == found[1]
    assert len(fs.open_results(folder).summary()) == 6
    with refused("pods.csv: there is no such file", "name it with jobs= (--jobs)"):
        fs.open_results(folder).scenario(1)
    (tmp_path / "pods.csv").write_text(CSV.replace("500", "501", 1))
    with refused("pods.csv is not the table that", "its checksum is another"):
        fs.open_results(folder).scenario(1)


def test_a_jobs_table_for_a_sweep_without_one_is_refused(swept, tmp_path):
    (tmp_path / "pods.csv").write_text(CSV)
    with refused("the file has no [jobs]; leave it out"):
        fs.open_results(swept, jobs=tmp_path / "pods.csv").scenario(0)


def test_a_policy_that_is_not_defined_here_is_said(tmp_path):
    ran(blocks(GRID), tmp_path)
    text = (tmp_path / "spec.toml").read_text().replace('"drf"', '"my_own"')
    (tmp_path / "spec.toml").write_text(text)
    edit_manifest(tmp_path, spec_sha256=spec_hash(text))
    with refused("spec.toml: unknown policy 'my_own'", "(--policy-file)"):
        fs.open_results(tmp_path).scenario(0)


def test_a_part_that_is_gone_is_missed(tmp_path):
    folder = in_small_parts(blocks(GRID), tmp_path)
    next((folder / "summary").iterdir()).unlink()
    with pytest.warns(UserWarning, match=r"summary has [\d,]+ rows, and the sweep wrote [\d,]+"):
        fs.open_results(folder)


def test_steps_and_each_aggregate_are_tables_of_their_own(tmp_path):
    output = """
[output]
steps = true
[[output.aggregate]]
name = "by_policy"
by = ["policy"]
measures = ["jain"]
[[output.aggregate]]
name = "by_stop"
by = ["stop"]
measures = ["steps"]
"""
    ran(blocks(GRID) + output, tmp_path)
    results = fs.open_results(tmp_path)
    assert {"steps", "aggregates/by_policy", "aggregates/by_stop"} <= set(results.tables)
    assert set(results.aggregate("by_policy")["measure"]) == {"jain"}
    assert "stop" in results.aggregate("by_stop").columns
    assert len(results.steps()) == results.summary()["steps"].sum()
