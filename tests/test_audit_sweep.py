"""Audits in sweeps: the rows are those of `fs.audit`, of the share asked for, always the same."""

from pathlib import Path

import numpy as np
import pytest
from complaints import refused
from specs import TABLE, blocks, drawn_from, two_pools
from sweep_files import parts_in, ran, read

import fairsched_fast as fs
from fairsched_fast.auditing.words import COLUMNS, table
from fairsched_fast.sweep.results.explain import explain
from fairsched_fast.sweep.results.opened import Results
from fairsched_fast.sweep.running import compute
from fairsched_fast.sweep.running.plan import make_plan
from fairsched_fast.sweep.running.run import run_sweep
from fairsched_fast.sweep.scenarios import chunks
from fairsched_fast.sweep.scenarios.reading import parse_sweep

DOCS = Path(__file__).parents[1] / "docs"
NAMES = {column.name for column in COLUMNS if column.kind in ("job", "resource")}


@pytest.fixture
def small_slices(monkeypatch):
    """A small sweep has several chunks."""
    monkeypatch.setattr(chunks, "SLICE_ROWS", 1000)
    monkeypatch.setattr(chunks, "_SMALLEST_SLICE", 8)


def assert_same(mine, wanted):
    """A row of a file and one of `fs.audit`, column by column."""
    for name in wanted.index.drop(["scenario", "pool"], errors="ignore"):
        if name not in mine.index:
            assert np.isnan(wanted[name]), name  # another pool's resource, in one table with it
        elif name in NAMES:
            assert str(mine[name]) == str(wanted[name]), name
        else:
            assert mine[name] == pytest.approx(wanted[name], abs=1e-9, nan_ok=True), name


def assert_audits(sweep, audit, scenarios):
    for i in scenarios:
        for policy in sweep.policy_names:
            result = fs.allocate(sweep.scenario(i), policy, on_full=sweep.on_full)
            wanted = fs.audit(result)
            mine = audit[(audit["scenario"] == i) & (audit["policy"] == policy)]
            assert len(mine) == len(wanted)
            for (_, row), (_, other) in zip(mine.iterrows(), wanted.iterrows(), strict=True):
                assert_same(row, other)


def test_rows_are_those_of_the_audit(tmp_path):
    text = two_pools(
        "grid = { 'extra_executors.Night' = [0, 3, 9], 'extra_executors.Batch' = [4, 99] }",
        policies="['drf', 'mesos']",
    )
    sweep = ran(text + "[output]\naudit = true", tmp_path).sweep
    audit = fs.open_results(tmp_path).audit()
    assert len(audit) == 6 * 2 * 2
    assert_audits(sweep, audit, range(6))


def test_jobs_that_are_drawn_are_told_by_name(tmp_path):
    body = "[[block]]\nrepeat = 4\n[output]\naudit = true"
    sweep = drawn_from(tmp_path, body, table=TABLE)
    run_sweep(sweep, tmp_path / "out")
    assert_audits(sweep, read(tmp_path / "out", "audit").to_pandas(), range(4))


@pytest.mark.usefixtures("small_slices")
def test_files_are_the_same_for_any_number_of_workers_and_when_gone_on_from(tmp_path):
    text = two_pools("[block.random]\nn = 40\n'pool.Batch.capacity.cpu' = { min = 80, max = 100 }")
    text += "[output]\naudit = { share = 0.5 }"
    for workers in (1, 3):
        ran(text, tmp_path / str(workers), workers=workers)
    ran(text, tmp_path / "again", limit=20)
    ran(text, tmp_path / "again")
    one, three, again = (parts_in(tmp_path / name) for name in ("1", "3", "again"))
    assert sum(name.startswith("audit/") for name in one) > 1
    assert one == three == again


def test_a_share_is_audited_without_probes(tmp_path):
    text = blocks("repeat = 400") + "[output]\naudit = { share = 0.1, probes = false }"
    ran(text, tmp_path)
    results = fs.open_results(tmp_path)
    found = results.audit(["scenario", "envy"], "policy == 'drf' and envy >= 0")
    assert 20 < len(found) < 60
    columns = results.columns[results.columns["table"] == "audit"]
    assert "lie_gain" not in set(columns["name"])
    assert (columns["description"] != "").all()


def test_what_does_not_apply_is_empty_in_the_file(tmp_path):
    ran(blocks("repeat = 1") + "[output]\naudit = true", tmp_path)  # the budget ends it
    row = read(tmp_path, "audit").to_pylist()[0]
    assert row["sharing_incentive"] is row["short"] is row["stranded_cpu"] is None
    assert row["envy"] > 0


def test_where_all_is_audited_nothing_is_allocated_twice(tmp_path, monkeypatch):
    run, audited = compute.run_pool, []

    def counted(sweep, batch, policy, **words):
        audited.append(batch.S)
        return run(sweep, batch, policy, **words)

    monkeypatch.setattr(compute, "run_pool", counted)
    for share, runs in (("1", 2 * 50), ("0.5", 2 * (50 + 24))):
        text = blocks("repeat = 50") + f"[output]\naudit = {{ share = {share}, probes = false }}"
        ran(text, tmp_path / share)
        assert sum(audited) == runs
        audited.clear()


def test_a_plan_counts_audits():
    text = blocks("repeat = 100") + "[output]\njobs = false\naudit = { probes = false }"
    assert make_plan(parse_sweep(text)).rows == {"summary": 200, "audit": 200}


def test_a_sweep_without_audits_has_no_such_table(tmp_path):
    ran(blocks("repeat = 1"), tmp_path)
    with refused("has no table 'audit'", "[output] may leave it out"):
        fs.open_results(tmp_path).audit()


@pytest.mark.parametrize("audit", ["1", "{ share = 0 }", "{ share = 2 }", "{ probe = true }"])
def test_audits_that_make_no_sense_are_refused(audit):
    with refused("output.audit is", "expected true, false, or the share of scenarios"):
        parse_sweep(blocks("repeat = 1") + f"[output]\naudit = {audit}")


def test_an_explanation_ends_with_the_audit(tmp_path):
    ran(two_pools("grid = { 'extra_executors.Batch' = [4, 99] }"), tmp_path)
    said = explain(Results(tmp_path), 1).partition("\nAUDIT\n")[2]
    headings = [line for line in said.splitlines()[1:] if not line.startswith("  ")]
    assert [heading.removesuffix(":") for heading in headings] == [
        "round_robin in Batch",
        "round_robin in Night",
        "drf in Batch",
        "drf in Night",
    ]


def test_the_page_says_what_the_columns_are():
    """If it does not: fairsched_fast.auditing.words.table() is what it lacks."""
    assert table() in (DOCS / "audit.md").read_text(encoding="utf-8")
