"""The pages in docs/ are what the program says, and their code runs."""

import re
from pathlib import Path

import fairsched_fast as fs
from fairsched_fast.dialects.__main__ import page

DOCS = Path(__file__).parents[1] / "docs"
README = Path(__file__).parents[1] / "README.md"


def code_of(path):
    return "\n".join(re.findall(r"```python\n(.*?)```", path.read_text(encoding="utf-8"), re.S))


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


def test_the_readmes_code_runs(capsys):
    exec(compile(code_of(README), "README.md", "exec"), {})
    assert "lowest weighted dominant share wins" in capsys.readouterr().out
