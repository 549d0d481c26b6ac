"""The pages in docs/ are what the program says, and their code runs."""

import re
import runpy
from pathlib import Path

import pytest
from pages import Page

import fairsched_fast as fs
from fairsched_fast.dialects.__main__ import page as dialects_page
from fairsched_fast.sweep.running.run import run_sweep
from fairsched_fast.sweep.scenarios.reading import load_sweep

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("*/*.md"), *ROOT.glob("docs/api/*.rst")])


def code_of(path, language="python"):
    fenced = rf"```{language}\n(.*?)```"
    return "\n".join(re.findall(fenced, path.read_text(encoding="utf-8"), re.S))


def test_the_dialects_page_is_what_the_dialects_declare():
    """If it is not: python -m fairsched_fast.dialects > docs/dialects.md."""
    assert (DOCS / "dialects.md").read_text(encoding="utf-8") == dialects_page()


def anchors_of(path):
    """What a page's headings are called in links, on GitHub and on the site."""
    headings = re.findall(r"^#+ (.*)$", path.read_text(encoding="utf-8"), re.M)
    return {re.sub(r"[^\w\- ]", "", heading).lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_between_pages_lead_somewhere(path):
    for target in re.findall(r"\]\(([^)\s]+)\)", path.read_text(encoding="utf-8")):
        there, _, anchor = target.partition("#")
        if "://" in target or there == "story.py":  # that page is made when the site is
            continue
        page = (path.parent / there).resolve() if there else path
        assert page.exists(), target
        assert not anchor or anchor in anchors_of(page), target


def test_every_public_name_is_in_the_reference():
    reference = "\n".join(path.read_text() for path in DOCS.glob("api/*.rst"))
    documented = set(re.findall(r"^\.\. auto\w+:: (?:\w+\.)*(\w+)$", reference, re.M))
    assert set(fs.__all__) <= documented


@pytest.mark.parametrize("name", ["tutorial", "schedulers", "own-kernels", "measures"])
def test_the_page_runs_and_prints_what_it_says(name, fairsched):
    assert Page(DOCS / f"{name}.md", fairsched).run() > 1


def test_the_notebook_finds_what_it_tells(capsys):
    names = runpy.run_path(str(ROOT / "examples" / "story.py"))
    said = capsys.readouterr().out
    assert "the same allocation: 16.9%" in said
    assert "a smaller gap under round-robin: 0.15%" in said
    assert "last job better off under round-robin: 0 scenarios" in said
    assert "mesos: [20  0]" in said and "kueue: [16  4]" in said
    level = [(names["gap"](names[result]) <= 0.1).mean() for result in ("drf", "rr")]
    assert level == pytest.approx([0.38, 0.05], abs=0.005)
    assert (-names["saved"] / names["weighs"]).max() < 1


def test_the_picture_of_claims_numbers_every_grant():
    figure = runpy.run_path(str(DOCS / "draw_claims.py"))["draw"]()
    for ax in figure.axes:
        assert sorted(int(text.get_text()) for text in ax.texts) == list(range(1, 13))


def test_policies_of_the_page_run(fairsched):
    Page(DOCS / "policies.md", fairsched).run()
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
    run_sweep(load_sweep(ROOT / "sweeps" / "headroom.toml"), folder, limit=5000)
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


def test_the_readmes_code_runs(fairsched, capsys):
    page = Page(ROOT / "README.md", fairsched)
    page.run_python(code_of(page.path))
    assert "lowest weighted dominant share wins" in page.printed
