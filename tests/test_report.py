"""The report: what it says is what the tables say."""

import json
import re
import shutil

import numpy as np
import pytest
from html_pages import colours, contrast, read
from report_pages import (
    GRID,
    UNEVEN,
    report_of,
    section,
    table,
)
from specs import JOBS, POOL, blocks, spec, two_pools
from sweep_files import in_small_parts, ran

import fairsched_fast as fs
from fairsched_fast.report.pages import write_report

ODD_NAMES = ["<script>alert(1)</script>", "مهمة التدريب", "🚀 & <b>bold</b>", "n" * 100 + "é" * 100]


def test_the_answer_has_the_tables_figures(small_results, small_report):
    means = fs.open_results(small_results).summary().groupby("policy", observed=True).mean(True)
    said = section(small_report, "The answer").text()
    for policy in ("drf", "round_robin"):
        assert f"{100 * means.loc[policy, 'dominant_share_gap']:.1f} points" in said
        assert f"{means.loc[policy, 'jain']:.3f}" in said
    assert "drf is fairer than round_robin" in said


def test_policies_are_compared_run_by_run(small_results, small_report):
    frame = fs.open_results(small_results).summary()
    gap = frame.pivot_table("dominant_share_gap", "scenario", "policy", observed=True)
    apart = gap["drf"] - gap["round_robin"]
    told = table(section(small_report, "Policies compared"))
    assert told["measure"] == ["round_robin", "drf"]
    means = [f"{100 * gap[policy].mean():.1f}" for policy in told["measure"]]
    assert told["Gap, points: mean"][0] == means[0]
    assert told["Gap, points: mean"][1].startswith(means[1])
    assert told["Runs fairer than the first"][1] == f"{100 * (apart < -1e-12).mean():.1f}%"
    assert told["Runs as fair as the first"][1] == f"{100 * (apart.abs() <= 1e-12).mean():.1f}%"
    steps = frame.groupby("policy", observed=True)["steps"].mean()
    assert told["Executors given: mean"][0] == f"{steps['round_robin']:.2f}"
    used = 100 * frame[frame["policy"] == "drf"]["utilization_mem"].mean()
    assert told["Use of mem_gb, %: mean"][1].startswith(f"{used:.1f}")


def test_medians_are_those_of_the_table(small_results, small_report):
    frame = fs.open_results(small_results).summary()
    medians = frame.groupby("policy", observed=True)["jain"].quantile(0.5, interpolation="lower")
    told = table(section(small_report, "Policies compared"))["Jain's index: median"]
    assert abs(float(told[0]) - medians["round_robin"]) <= 0.0006  # to the width of a bin


def test_the_scenarios_that_stand_out_do(small_results, small_report):
    frame = fs.open_results(small_results).summary()
    drf = frame[frame["policy"] == "drf"].set_index("scenario")["dominant_share_gap"]
    part = section(small_report, "Scenarios that stand out")
    for at, extreme in enumerate((drf.max(), drf.min())):
        least = list(table(part, at).items())[1]
        assert least[1][1] == f"{100 * extreme:.1f}"
        assert drf[int(least[0])] == pytest.approx(extreme)


def test_the_logs_are_those_of_explain(small_results, small_report):
    part = section(small_report, "Scenarios that stand out")
    article = next(part.every("article"))
    scenario = int(re.search(r"scenario (\d+)", article.text()).group(1))
    logs = [log for log in article.every("section") if log.attrs.get("class") == "log"]
    for log, policy in zip(logs, ("round_robin", "drf"), strict=True):
        expected = fs.open_results(small_results).result(scenario, policy).step_log()
        rows = list(table(log).items())[1:]
        assert [int(step) for step, _ in rows] == expected["step"].tolist()
        assert [cells[0] for _, cells in rows] == expected["allocated_to"].tolist()
        assert [cells[1] for _, cells in rows] == expected["reason"].tolist()
        ends = {b.attrs["data-end"] for b in log.every("li")}
        final = fs.open_results(small_results).result(scenario, policy).dominant_share[0]
        assert ends == set(map(str, final.tolist()))


def test_what_was_swept_is_told_in_words(small_report):
    told = table(section(small_report, "What was swept"))
    assert told["Batch's capacity in mem_gb"] == ["350, 500, 800", "3"]
    assert told["executors to hand out"] == ["5, 15, 40", "3"]


def test_how_to_have_it_again(small_results, small_report):
    said = section(small_report, "How to have it again")
    assert (small_results / "spec.toml").read_text().split() == list(said.every("pre"))[
        1
    ].text().split()
    assert fs.open_results(small_results).manifest["spec_sha256"] in said.text()
    assert "fairsched sweep spec.toml --out results/test" in said.text()


def test_the_same_results_give_the_same_page(small_results, small_report, tmp_path):
    elsewhere = shutil.copytree(small_results, tmp_path / "elsewhere" / "results")
    pages = [write_report(fs.open_results(out)).read_bytes() for out in (small_results, elsewhere)]
    assert pages[0] == pages[1]
    assert read(pages[0].decode()) == small_report


def test_however_the_summary_is_cut_up_the_figures_are_the_same(
    small_results, small_report, tmp_path
):
    cut = in_small_parts(blocks(GRID, jobs=UNEVEN), tmp_path / "out")
    _, elements = report_of(cut)
    for heading in ("The answer", "Policies compared", "When it matters, setting by setting"):
        assert section(elements, heading).text() == section(small_report, heading).text()


def test_the_page_needs_nothing_but_itself(small_results, small_report):
    html, elements = report_of(small_results, drawn=True)
    assert str(small_results) not in html
    for element in elements.every():
        for name in ("src", "href", "xlink:href", "action"):
            assert element.attrs.get(name, "#").startswith(("#", "data:image/png;base64,"))
    assert "url(http" not in html and "@import" not in html
    assert not list(elements.every("link", "iframe", "img", "object"))


def test_colours_can_be_told_from_what_is_behind_them(small_report):
    css = next(small_report.every("style")).text()
    known = colours(css)
    for ink in ("ink", "quiet", "accent", "warn"):
        for paper in ("#ffffff", known["soft"], "#fff6ec", "#fff1d6"):
            if (ink, paper) not in {("quiet", "#fff6ec"), ("accent", "#fff1d6")}:  # never meet
                assert contrast(known[ink], paper) >= 4.5, (ink, paper)


def test_settings_of_many_values_are_told_in_ranges(tmp_path):
    text = blocks("random = { n = 300, extra_executors = { min = 1, max = 60 } }", jobs=UNEVEN)
    ran(text, tmp_path / "out")
    frame = fs.open_results(tmp_path / "out").summary()
    gap = frame.pivot_table("dominant_share_gap", "scenario", "policy", observed=True)
    gain = gap["round_robin"] - gap["drf"]
    given = frame.drop_duplicates("scenario").set_index("scenario")["extra_executors"]
    edges = np.linspace(given.min(), given.max(), 9)
    means = gain.groupby(np.searchsorted(edges[1:-1], given, side="right")).mean()
    _, elements = report_of(tmp_path / "out")
    told = table(section(elements, "When it matters, setting by setting"))
    least, most = told["executors to hand out"]
    assert least.split()[0] == f"{100 * means.min():.1f}"
    assert most.split()[0] == f"{100 * means.max():.1f}"


def test_a_policy_alone(tmp_path):
    ran(blocks(GRID, policies='["drf"]', jobs=UNEVEN), tmp_path / "out")
    _, elements = report_of(tmp_path / "out")
    said = section(elements, "The answer").text()
    assert said.startswith("The answer Under drf, the largest and the smallest dominant share")


def test_many_policies_are_in_tables_that_fit(tmp_path):
    names = ["round_robin", "drf", "asset", "fifo", "slots", "kueue", "mesos"]
    ran(blocks(GRID, policies=json.dumps(names), jobs=UNEVEN), tmp_path / "out")
    _, elements = report_of(tmp_path / "out")
    compared = section(elements, "Policies compared")
    assert [table(compared, at)["measure"] for at in (0, 1)] == [names[:6], names[6:]]
    assert "the fairest of the 7 policies" in section(elements, "The answer").text()


def test_policies_that_do_not_differ_are_said_not_to(tmp_path):
    tight = JOBS.replace("max_executors = 30", "max_executors = 3")
    ran(blocks("grid = { extra_executors = [10, 20] }", jobs=tight), tmp_path / "out")
    _, elements = report_of(tmp_path / "out")
    said = section(elements, "The answer").text()
    assert "The policies do not differ here" in said
    assert "nothing to decide" in said


def test_a_single_scenario(tmp_path):
    ran(spec(jobs=UNEVEN), tmp_path / "out")
    html, elements = report_of(tmp_path / "out")
    assert "1 scenario, each under 2 policies" in html.replace("\n", "")
    assert "Nothing is swept over" in section(elements, "What was swept").text()
    said = elements.text()
    assert "1 runs" not in said and "on average" not in section(elements, "The answer").text()
    assert len(list(elements.every("article"))) == 1


def test_several_pools_are_told_apart(tmp_path):
    ran(two_pools("grid = { 'extra_executors.Batch' = [3, 15] }"), tmp_path / "out")
    _, elements = report_of(tmp_path / "out")
    frame = fs.open_results(tmp_path / "out").summary()
    means = frame.groupby(["pool", "policy"], observed=True)["jain"].mean()
    told = table(section(elements, "Policies compared"), 1)
    for pool in ("Batch", "Night"):
        assert told[pool] == [f"{means[pool, policy]:.3f}" for policy in ("round_robin", "drf")]


def test_hundreds_of_jobs(tmp_path):
    jobs = "".join(
        f'[[job]]\nname = "job {i:03}"\nusage = {{ cpu = {i % 7} }}\n' for i in range(300)
    )
    pool = POOL.replace("cpu = 200, mem_gb = 800", "cpu = 3000, mem_gb = 9000")
    text = blocks("grid = { extra_executors = [50, 400] }", jobs=jobs, pools=pool)
    ran(text, tmp_path / "out")
    _, elements = report_of(tmp_path / "out", drawn=True)
    log = next(e for e in elements.every("section") if e.attrs.get("class") == "log")
    assert len(list(log.every("li"))) == 12
    assert "288 more jobs have no bar" in log.text()
    assert "the first 60 of 400" in section(elements, "Scenarios that stand out").text()
    assert "280 more jobs are in the sweep file" in section(elements, "What was swept").text()


def test_odd_names_are_shown_as_they_are(tmp_path):
    jobs = "".join(
        f'[[job]]\nname = "{name}"\nusage = {{ cpu = {10 + 20 * i} }}\n'
        for i, name in enumerate(ODD_NAMES)
    )
    pool = POOL.replace('"Batch"', '"<i>pool</i>"')
    ran(spec(jobs=jobs, pools=pool, name='"<u>ميزان</u>"'), tmp_path / "out")
    html, elements = report_of(tmp_path / "out", drawn=True)
    assert "<script>alert" not in html and len(list(elements.every("script"))) == 1
    assert (
        not list(elements.every("i", "u")) and "<u>ميزان</u>" in next(elements.every("h1")).text()
    )
    shown = [element for element in elements.every("bdi") if "title" in element.attrs]
    assert {element.attrs["title"] for element in shown} >= {ODD_NAMES[3]}
    assert all(len(element.text()) <= 42 for element in shown)


def test_policies_that_are_level_are_said_to_be_alike(tmp_path):
    names = '["round_robin", "drf", "yarn"]'
    ran(blocks(GRID, policies=names, jobs=UNEVEN), tmp_path / "out")
    frame = fs.open_results(tmp_path / "out").summary()
    gap = frame.pivot_table("dominant_share_gap", "scenario", "policy", observed=True)
    assert (gap["drf"] - gap["yarn"]).abs().max() < 1e-12
    said = section(report_of(tmp_path / "out")[1], "The answer").text()
    assert "drf and yarn are the fairest of the 3 policies" in said
    assert "They are alike: each run is as fair under one as under another" in said


def test_the_next_fairest_is_told_of_with_what_it_is_ahead_in(tmp_path):
    names = '["round_robin", "drf", "fifo", "asset"]'
    jobs = UNEVEN.replace('"Light"', '"Light"\ndemand = { cpu = 8, mem_gb = 8 }')
    ran(blocks(GRID, policies=names, jobs=jobs), tmp_path / "out")
    means = fs.open_results(tmp_path / "out").summary().groupby("policy", observed=True).mean(True)
    order = means["dominant_share_gap"].sort_values()
    assert order.index[0] != "round_robin" != order.index[1]
    said = section(report_of(tmp_path / "out")[1], "The answer").text()
    assert f"{order.index[0]} is the fairest of the 4 policies" in said
    after = order.index[1]
    assert f"Next comes {after} (a gap of {100 * order.iloc[1]:.1f} points" in said
    steps = means["steps"][[after, order.index[0]]]
    assert ("more executors" in said.partition("Next comes")[2]) == (steps.iloc[0] > steps.iloc[1])


def test_where_weights_differ_the_answer_leads_with_jains_index(tmp_path):
    jobs = UNEVEN.replace('"Light"', '"Light"\nweight = 3')
    ran(blocks(GRID, jobs=jobs), tmp_path / "out")
    means = fs.open_results(tmp_path / "out").summary().groupby("policy", observed=True)["jain"]
    said = section(report_of(tmp_path / "out")[1], "The answer").text()
    first = said.partition(". ")[0]
    assert "because weights may differ" in said and f"{means.mean().max():.3f}" in first
    assert said.index("Jain's index") < said.index("points")


def test_who_gains_and_who_loses(small_results, small_report):
    jobs = fs.open_results(small_results).jobs()
    means = jobs.pivot_table("granted", "job", "policy", observed=True)
    part = section(small_report, "Who gains and who loses")
    told = table(part)
    for job, row in means.iterrows():
        assert told[job][0] == f"{row['round_robin']:.2f}"
        assert told[job][1].startswith(f"{row['drf']:.2f}")
    change = means["drf"] - means["round_robin"]
    assert f"{change.idxmax()} gains most ({change.max():+.2f})" in part.text()
    assert f"{change.idxmin()} loses most (−{-change.min():.2f})" in part.text()


def test_of_many_jobs_those_that_change_most_are_told_of(tmp_path):
    jobs = "".join(f'[[job]]\nname = "{i:02}"\nusage = {{ cpu = {i} }}\n' for i in range(30))
    pool = POOL.replace("cpu = 200, mem_gb = 800", "cpu = 3000, mem_gb = 9000")
    ran(spec(jobs=jobs, pools=pool), tmp_path / "out")
    means = (
        fs.open_results(tmp_path / "out")
        .jobs()
        .pivot_table("granted", "job", "policy", observed=True)
    )
    change = (means["drf"] - means["round_robin"]).abs()
    part = section(report_of(tmp_path / "out")[1], "Who gains and who loses")
    shown = change[list(table(part))[1:]]
    assert len(shown) == 20 and shown.min() >= change.drop(shown.index).max()
    assert "10 more are in the tables" in part.text()
