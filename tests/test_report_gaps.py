"""The report of what is unfinished, damaged, gone or no sweep; and its command."""

import shutil

import numpy as np
import pyarrow.parquet as pq
import pytest
from html_pages import read
from report_pages import (
    GRID,
    UNEVEN,
    edit_manifest,
    empty_picture,
    page_without,
    report_of,
    section,
    table,
)
from specs import JOBS, blocks, spec
from sweep_files import in_small_parts, ran

import fairsched_fast as fs
from fairsched_fast import charts
from fairsched_fast.report.pages import write_report


def test_measures_that_are_missing_are_left_out(small_results, small_report, tmp_path):
    out = shutil.copytree(small_results, tmp_path / "out")
    (part,) = (out / "summary").iterdir()
    summary = pq.read_table(part)
    for name in ("dominant_share_gap", "jain", "utilization_cpu"):
        values = summary[name].to_numpy().copy()
        values[: None if name == "utilization_cpu" else 8] = np.nan
        place = summary.schema.get_field_index(name)
        summary = summary.set_column(place, summary.schema.field(name), [values])
    pq.write_table(summary, part)
    html, elements = report_of(out)
    assert ">nan" not in html.lower() and " nan " not in html.lower()
    told = table(section(elements, "Policies compared"))
    gaps = summary.to_pandas().groupby("policy", observed=True)["dominant_share_gap"].mean()
    assert told["Gap, points: mean"][0] == f"{100 * gaps['round_robin']:.1f}"
    assert "Use of cpu, %: mean" not in told and "Use of mem_gb, %: mean" in told


def test_the_audits_findings_are_counted(tmp_path):
    ran(blocks(GRID, jobs=UNEVEN) + "\n[output]\naudit = true\n", tmp_path / "out")
    found = fs.open_results(tmp_path / "out").audit()
    _, elements = report_of(tmp_path / "out")
    told = table(section(elements, "What the audit found"))
    for label, at_rest in (
        ("No lie that was tried pays (strategy-proof), where nobody fits any more", True),
        ("No lie that was tried pays, where executors ran out first", False),
    ):
        of_kind = found[(found["still_fit"] == 0) == at_rest]
        lies = of_kind.pivot_table("lie_gain", "scenario", "policy", observed=True)
        for cell, policy in zip(told[label], ("round_robin", "drf"), strict=True):
            kept = lies[policy].dropna()
            assert cell.startswith(f"{100 * (kept == 0).mean():.1f}%")
            if kept.max() > 0:
                assert f"worst {kept.max():.3g}" in cell
                assert f"scenario {kept.idxmax()}" in cell
    assert "What the audit found" not in [head.text() for head in page_without(tmp_path)]


def test_an_unfinished_sweep_says_so_first(small_results, tmp_path):
    out = in_small_parts(blocks(GRID, jobs=UNEVEN), tmp_path / "out")
    parts = sorted((out / "summary").iterdir())
    parts[-1].unlink()
    edit_manifest(out, status="interrupted")
    _, elements = report_of(out)
    first = next(elements.every("section"))
    assert "was interrupted" in first.text() and "of 18 before any is filtered out" in first.text()


def test_failures_are_listed_first(small_results, tmp_path):
    out = shutil.copytree(small_results, tmp_path / "out")
    failed = [{"chunk": 3, "start": 1000, "stop": 2000, "message": "<b>boom</b>"}] * 7
    edit_manifest(out, status="failed", failed=failed)
    _, elements = report_of(out)
    said = next(elements.every("section")).text()
    assert "7 chunks failed" in said and "Scenarios 1,000 to 1,999 failed: <b>boom</b>" in said
    assert "2 more are listed in manifest.json" in said


def test_parts_that_are_gone_or_broken_are_told_of(tmp_path):
    out = in_small_parts(blocks(GRID, jobs=UNEVEN), tmp_path / "out")
    parts = sorted((out / "summary").iterdir())
    parts[0].write_bytes(b"PAR1 no more")
    _, elements = report_of(out)
    said = next(elements.every("section")).text()
    assert f"summary/{parts[0].name} cannot be read" in said
    parts[0].unlink()
    _, elements = report_of(out)
    assert "parts of it are gone" in next(elements.every("section")).text()


def test_a_sweep_without_anything_kept(small_results, tmp_path):
    out = shutil.copytree(small_results, tmp_path / "out")
    for table_folder in ("summary", "jobs"):
        shutil.rmtree(out / table_folder)
    (out / "progress.jsonl").unlink()
    edit_manifest(out, status="failed", kept=0, rows={}, failed=[])
    _, elements = report_of(out)
    assert "no scenario's figures are here" in next(elements.every("section")).text()
    assert "There is nothing to say yet" in section(elements, "The answer").text()


def test_without_a_summary_the_journal_tells_what_it_knows(small_results, small_report, tmp_path):
    ran(blocks(GRID, jobs=UNEVEN) + "\n[output]\nsummary = false\n", tmp_path / "out")
    _, elements = report_of(tmp_path / "out")
    assert "keeps no summary" in next(elements.every("section")).text()
    told, whole = (table(section(p, "Policies compared")) for p in (elements, small_report))
    for name in ("Gap, points: mean", "Jain's index: median", "Executors given: mean"):
        assert told[name] == whole[name]


def test_a_policy_that_is_unknown_here_leaves_out_the_logs(small_results, tmp_path):
    @fs.policy("of the report's own", measure="executors held")
    def own(batch):
        """Fewest executors."""
        return fs.find_policy("slots").lower(batch)

    text = blocks(GRID, policies='["round_robin", "of the report\'s own"]', jobs=UNEVEN)
    ran(text, tmp_path / "out")
    spec_file = tmp_path / "out" / "spec.toml"
    spec_file.write_text(spec_file.read_text() + "\n# edited\n")
    _, elements = report_of(tmp_path / "out")
    said = next(elements.every("section")).text()
    assert "Step logs are missing" in said and str(tmp_path) not in said
    assert table(section(elements, "Policies compared"))["measure"][1] == "of the report's own"
    assert not list(elements.every("article"))


def test_the_command_writes_the_page(fairsched, small_results, tmp_path, monkeypatch):
    monkeypatch.setattr(charts, "svg", empty_picture)
    code, out, _ = fairsched("report", small_results, "--out", tmp_path / "mail.html")
    assert (code, out) == (0, f"wrote {tmp_path / 'mail.html'}\n")
    assert read((tmp_path / "mail.html").read_text(encoding="utf-8"))
    code, out, _ = fairsched("report", small_results)
    assert code == 0 and (small_results / "report.html").is_file()


def test_what_cannot_be_reported_on_ends_with_one_message(
    fairsched, small_results, tmp_path, monkeypatch
):
    monkeypatch.setattr(charts, "svg", empty_picture)
    (tmp_path / "other").mkdir()
    for words, message in (
        (["report", tmp_path / "other"], "holds no sweep"),
        (["report", tmp_path / "none"], "is not there"),
        (["report", small_results, "--out", tmp_path], "is a folder"),
        (
            ["report", small_results, "--out", tmp_path / "no" / "page.html"],
            "there is no such folder",
        ),
    ):
        code, out, err = fairsched(*words)
        assert (code, out) == (2, "") and message in err and err.startswith("error: ")
    code, out, err = fairsched("report", small_results, "--out", tmp_path / ("x" * 300))
    assert (code, out) == (1, "") and "cannot be written" in err


def test_a_corner_of_a_sweep_says_so_first_and_what_it_reached(fairsched, tmp_path, monkeypatch):
    (tmp_path / "a.toml").write_text(blocks(GRID, jobs=UNEVEN))
    fairsched("sweep", tmp_path / "a.toml", "--out", tmp_path / "out", "--limit", 5)
    _, elements = report_of(tmp_path / "out")
    assert "Only the first 5 of 18 scenarios" in section(elements, "Before you read on").text()
    told = table(section(elements, "What was swept"))
    assert told["Batch's capacity in mem_gb"][0] == "350 (the sweep file: 350, 500, 800)"
    monkeypatch.setattr(charts, "svg", empty_picture)
    code, _, err = fairsched("report", tmp_path / "out")
    assert code == 0 and "note: Only the first 5 of 18 scenarios" in err


def test_what_is_gone_is_told_on_the_page_and_beside_it(fairsched, tmp_path, monkeypatch):
    ran(spec(jobs=UNEVEN) + "\n[output]\naudit = true\n", tmp_path / "out")
    for lost in ("audit", "jobs"):
        shutil.rmtree(tmp_path / "out" / lost)
    said = section(report_of(tmp_path / "out")[1], "Before you read on").text()
    assert "audit/ has 0 rows" in said and "jobs/ has 0 rows" in said
    monkeypatch.setattr(charts, "svg", empty_picture)
    _, _, err = fairsched("report", tmp_path / "out")
    assert err.count("note: ") == 2 and "what the audit found is not on this page" in err


def test_a_table_that_is_named_in_vain_leaves_the_page_as_it_is(fairsched, small_results):
    before = write_report(small_results).read_bytes()
    code, out, err = fairsched("report", small_results, "--jobs", "nosuch.csv")
    assert (code, out) == (2, "") and "nosuch.csv" in err
    assert (small_results / "report.html").read_bytes() == before


@pytest.mark.parametrize("given", [None, 7])
def test_what_is_no_folder_is_refused(given):
    with pytest.raises(fs.InputError, match="or the path of a folder"):
        write_report(given)


def test_what_turns_or_hides_text_is_shown_as_its_escape(tmp_path):
    jobs = JOBS.replace("Light", "\\u001b[31mred\\u202Eevil", 1)
    ran(spec(jobs=jobs, name='"\\u001b]0;evil\\u0007n"'), tmp_path / "out")
    html, _ = report_of(tmp_path / "out", drawn=True)
    body = html.partition('<h2 id="again">')[0]
    assert not {"\x1b", "\x07", "\u202e"} & set(body)
    assert "\\x1b[31mred\\u202eevil" in body
