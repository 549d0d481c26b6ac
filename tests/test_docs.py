"""The pages in docs/ are what the program says, and their code runs."""

import re
from pathlib import Path

import pytest

import fairsched_fast as fs
from fairsched_fast.dialects.__main__ import page
from fairsched_fast.sweep.reading import load_sweep
from fairsched_fast.sweep.run import run_sweep

DOCS = Path(__file__).parents[1] / "docs"
SWEEPS = Path(__file__).parents[1] / "sweeps"
README = Path(__file__).parents[1] / "README.md"


def code_of(path, language="python"):
    fenced = rf"```{language}\n(.*?)```"
    return "\n".join(re.findall(fenced, path.read_text(encoding="utf-8"), re.S))


def test_the_dialects_page_is_what_the_dialects_declare():
    """If it is not: python -m fairsched_fast.dialects > docs/dialects.md."""
    assert (DOCS / "dialects.md").read_text(encoding="utf-8") == page()


def test_policies_of_the_page_run():
    exec(compile(code_of(DOCS / "policies.md"), "policies.md", "exec"), {})
    pool = fs.Pool("p", {"cpu": 200, "mem_gb": 800}, {"cpu": 2, "mem_gb": 16})
    jobs = [fs.Job("a", usage={"cpu": 60}), fs.Job("b", min_executors=3), fs.Job("c", weight=0)]
    scenario = fs.Scenario(pool, jobs, 6)
    for name in ('memory_first(resource="cpu")', "starved_first", "squares"):
        assert fs.allocate(scenario, name).steps.tolist() == [6]


def test_the_code_of_the_page_on_the_audit_runs(capsys):
    exec(compile(code_of(DOCS / "audit.md"), "audit.md", "exec"), {})
    said = capsys.readouterr().out
    assert "sharing_incentive" in said
    assert "etl" in said


@pytest.fixture
def headroom(tmp_path, monkeypatch):
    """The first results of headroom.toml, in the folder that the page says."""
    monkeypatch.chdir(tmp_path)
    folder = Path("results") / "headroom"
    run_sweep(load_sweep(SWEEPS / "headroom.toml"), folder, limit=5000)
    return folder


def test_the_code_of_the_page_on_results_runs(headroom, capsys):
    code, _, _ = code_of(DOCS / "results.md").partition("import polars")
    exec(compile(code, "results.md", "exec"), {})
    said = capsys.readouterr().out
    assert "Jain's index of dominant share" in said
    assert "lowest dominant share wins" in said


def test_the_code_of_the_page_on_comparing_runs(capsys):
    exec(compile(code_of(DOCS / "compare.md"), "compare.md", "exec"), {})
    said = capsys.readouterr().out
    assert "better_if" in said
    assert "drf and round_robin serve different jobs in" in said


def test_columns_named_to_other_programs_are_there(headroom):
    """Neither DuckDB nor Polars is needed here: the names are looked up, not the queries run."""
    page, known = DOCS / "results.md", set(fs.open_results(headroom).columns["name"])
    sql = code_of(page, "sql")
    quoted = re.findall(r'"([^"]+)"', sql)
    selected = re.findall(r"SELECT (\w+)|avg\((\w+)\)", sql)
    polars = code_of(page).partition("import polars")[2]
    named = [*quoted, *("".join(pair) for pair in selected)]
    named += re.findall(r'"([\w.]+)"', polars)
    assert len(named) >= 6
    assert set(named) <= known


def test_the_readmes_code_runs(capsys):
    exec(compile(code_of(README), "README.md", "exec"), {})
    assert "lowest weighted dominant share wins" in capsys.readouterr().out
