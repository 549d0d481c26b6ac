"""Jobs drawn from a CSV file: how it is read, and what is answered when it is wrong."""

import pytest
from complaints import refused
from specs import CSV, TABLE, drawn_from, spec

from fairsched_fast.sweep.running.run import run_sweep
from fairsched_fast.sweep.scenarios.reading import parse_sweep

WRONG_CELLS = {
    "-500": "'-500' × 0.001; expected a number, 0 or more",
    "nan": "'nan' × 0.001; expected a finite number, 0 or more",
    "inf": "'inf' × 0.001; expected a finite number, 0 or more",
    "many": "'many' × 0.001; expected a finite number, 0 or more",
    "": "'' × 0.001; expected a finite number, 0 or more",
}
WRONG_FILES = {
    "": "line 1 is empty; expected a header",
    "\n" + CSV: "line 1 is empty; expected a header",
    "name,cores,mib,slots\n": "there are no rows below the header",
    CSV + "pod-x,1,2\n": "line 14: 3 cells; expected 4, as in line 1",
    CSV + "pod-3,1,2,3\n": "line 14, column 'name': 'pod-3' is in line 5 already",
    CSV + ",1,2,3\n": "line 14, column 'name': empty; expected a name",
    CSV + '"pod-x,1,2,3\n': "line 14: no valid CSV",
    CSV.replace("cores", "cors"): "line 1: there is no column 'cores'; did you mean 'cors'?",
    CSV.replace("cores", "mib"): "line 1: the column 'mib' is there 2 times",
}


@pytest.mark.parametrize(("cell", "words"), WRONG_CELLS.items())
def test_a_wrong_cell_is_named_by_line_and_column(tmp_path, cell, words):
    with refused(str(tmp_path / "pods.csv"), f"line 4, column 'cores': {words}"):
        drawn_from(tmp_path, csv=CSV.replace("pod-2,1500", f"pod-2,{cell}"))


@pytest.mark.parametrize(("text", "words"), WRONG_FILES.items(), ids=WRONG_FILES.values())
def test_a_malformed_file_is_refused(tmp_path, text, words):
    with refused("pods.csv: ", words):
        drawn_from(tmp_path, csv=text)


def test_a_count_from_a_column_is_a_whole_number(tmp_path):
    with refused("line 2, column 'slots': '1.5'; expected a whole number from 0"):
        drawn_from(tmp_path, csv=CSV.replace("0,1\n", "0,1.5\n"))


def test_a_weight_from_a_column_is_0_or_more(tmp_path):
    lines = CSV.splitlines()
    csv = "\n".join([lines[0] + ",tier", *(f"{line},{i - 1}" for i, line in enumerate(lines[1:]))])
    table = TABLE + 'weight = "tier"\n'
    with refused("line 2, column 'tier': '-1'; expected a number, 0 or more"):
        drawn_from(tmp_path, table=table, csv=csv)
    assert drawn_from(tmp_path, table=table, csv=csv.replace(",-1", ",0"))


def test_all_wrong_cells_are_told_at_once_up_to_a_number(tmp_path):
    with refused("3 problems", "line 2, column 'cores'", "line 2, column 'slots'", "line 3, "):
        drawn_from(tmp_path, csv=CSV.replace("pod-0,500,0,1", "pod-0,x,0,y").replace("1000,", "z,"))
    with refused("line 2, column 'cores'", "… and perhaps more below"):
        drawn_from(tmp_path, csv=CSV.replace("00,", "x,"))


@pytest.mark.parametrize("name", ["nowhere.csv", "."])
def test_a_missing_file_or_a_folder_is_refused(tmp_path, name):
    with refused("there is no such file" if name == "nowhere.csv" else "cannot be read as CSV"):
        parse_sweep(spec(jobs=TABLE.replace("pods.csv", name)), "spec", tmp_path)


def test_a_file_that_is_no_text_is_refused(tmp_path):
    (tmp_path / "pods.csv").write_bytes(b"name,cores\n\xff\xfe,1\n")
    with refused("pods.csv: cannot be read as CSV"):
        parse_sweep(spec(jobs=TABLE), "spec", tmp_path)


def test_a_sample_larger_than_the_table_is_refused(tmp_path):
    with refused("jobs.sample is 13, and the table has 12 jobs; draw fewer, or set jobs.replace"):
        drawn_from(tmp_path, table=TABLE.replace("= 3", "= 13"))


def test_a_demand_names_a_column_for_every_resource_and_no_other(tmp_path):
    lacking = TABLE.replace("mem_gb =", "mem =")
    with refused("jobs.demand lacks the resource 'mem_gb'", "jobs.demand.mem is no resource"):
        drawn_from(tmp_path, table=lacking)


def test_an_axis_over_one_job_of_a_table_is_refused(tmp_path):
    with refused("names a job, and jobs are drawn from a table; expected jobs.<field>"):
        drawn_from(tmp_path, "[[block]]\ngrid = { 'job.pod-1.weight' = [1] }")


def test_columns_are_read_in_our_units_and_others_left_alone(tmp_path):
    table = TABLE.replace("= 3", "= 12") + 'usage = { cpu = "cores" }\n'
    text = CSV.replace("\n", ",?\n").replace("\n", "\n\n").replace("name", "\ufeffname", 1)
    jobs = drawn_from(tmp_path, table=table, csv=text).scenario(0).jobs
    assert [job.name for job in jobs] == [f"pod-{i}" for i in range(12)]
    assert jobs[2].demand == {"cpu": 1.5, "mem_gb": 2.048}
    assert jobs[2].usage == {"cpu": 1500, "mem_gb": 0}
    assert jobs[2].max_executors == 3


def test_another_file_can_stand_in_for_the_one_named(tmp_path):
    (tmp_path / "mine.csv").write_text(CSV.replace("pod", "mine"), encoding="utf-8")
    sweep = parse_sweep(spec(jobs=TABLE), "spec", tmp_path / "elsewhere", tmp_path / "mine.csv")
    assert all(job.name.startswith("mine-") for job in sweep.scenario(0).jobs)


def test_a_factor_keeps_decimals_as_they_are_written(tmp_path):
    """13 × 0.001 is 0.013; the product of the two floats is not."""
    rows = "".join(f"pod-{i},{i},1,0\n" for i in range(1, 200))
    table = drawn_from(tmp_path, csv="name,cores,mib,slots\n" + rows).table
    assert table.demand[:, 0].tolist() == [i / 1000 for i in range(1, 200)]


def test_results_over_one_table_are_not_replaced_by_those_over_another(tmp_path):
    run_sweep(drawn_from(tmp_path), tmp_path / "out")
    run_sweep(drawn_from(tmp_path), tmp_path / "out")
    with refused("holds the sweep of another jobs table", "it is left as it was"):
        run_sweep(drawn_from(tmp_path, csv=CSV.replace("1500", "1501")), tmp_path / "out")
