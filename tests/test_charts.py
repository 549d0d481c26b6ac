"""Charts: what they say, for any number of jobs and any name, and that they touch nothing else."""

import sys
from itertools import pairwise

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from chart_examples import crowd
from matplotlib.figure import Figure
from matplotlib.patches import StepPatch
from matplotlib.text import Annotation, Text
from notebook_figures import JOBS, POOL, SCENARIO, run

import fairsched_fast as fs
from fairsched_fast import charts
from fairsched_fast.charts.style import short

ODD_NAMES = [
    "_hidden",
    "costs $5 and $6",
    "<b>bold</b> & {braces} %s",
    "\\frac{a}{b}",
    "tab\there, new\nline",
    "作业",
    "🚀",
    "naïve Žluťoučký",
    "a/very/long/name/of/a/spark-application/2024-01-01-driver",
]


def texts(chart):
    """All that is written on a chart."""
    figure = chart if isinstance(chart, Figure) else chart.figure
    figure.draw_without_rendering()
    return [text.get_text() for text in figure.findobj(Text) if text.get_visible()]


def bar_widths(ax):
    return [round(bar.get_width(), 4) for bar in ax.patches]


def test_bars_follow_the_summary():
    ax = charts.dominant_shares(run("round_robin").summary(), title="BEFORE (round_robin)")
    assert bar_widths(ax) == [0.15, 0.4, 0.4]
    names = [label.get_text() for label in ax.get_yticklabels()]
    assert names == ["Light_Eval_Job", "Heaviest_Job", "Medium_Job"]
    assert ax.yaxis_inverted()
    assert {"BEFORE (round_robin)", "15%", "40%"} <= set(texts(ax))


def test_lines_follow_the_timeline_and_are_named():
    timeline = run("drf").timeline()
    ax = charts.timeline(timeline, title="AFTER (drf)")
    drawn = {tuple(line.get_ydata()) for line in ax.lines}
    for job in JOBS:
        assert tuple(timeline[job.name]) in drawn
    assert {job.name for job in JOBS} | {"AFTER (drf)"} <= set(texts(ax))


@pytest.mark.parametrize("jobs", [1, 3, 12])
def test_colour_is_never_the_only_cue(jobs):
    ax = charts.timeline(run("drf", crowd(jobs)).timeline(), title="t")
    lines = [line for line in ax.lines if len(line.get_xdata()) > 1]
    assert len(lines) == jobs
    assert len({line.get_marker() for line in lines}) == jobs
    assert len({tuple(line.get_markevery()) for line in lines}) == jobs  # seen where they coincide


def test_names_at_line_ends_do_not_overlap():
    level = fs.Scenario(POOL, [fs.Job(f"job_{j}", max_executors=2) for j in range(12)], 24)
    for ax in (
        charts.timeline(run("drf", level).timeline(), title="t"),
        charts.story(run("drf", level), run("drf", level)).axes[3],
    ):
        texts(ax)
        boxes = [text.get_window_extent() for text in ax.findobj(Annotation)]
        boxes.sort(key=lambda box: box.y0)
        assert len(boxes) == 12
        assert all(low.y1 < high.y0 + 1 for low, high in pairwise(boxes))


@pytest.mark.parametrize("jobs", [1, 2, 12, 13, 60, 300, 2000])
def test_any_number_of_jobs_is_legible(jobs):
    result = run("drf", crowd(jobs, steps=20))
    bars = charts.dominant_shares(result.summary(), title="t")
    charts.timeline(result.timeline(), title="t").figure.draw_without_rendering()
    bars.figure.draw_without_rendering()
    assert bars.figure.get_size_inches()[1] < 25
    boxes = [label.get_window_extent() for label in bars.get_yticklabels()]
    boxes.sort(key=lambda box: box.y0)
    assert all(low.y1 <= high.y0 for low, high in pairwise(boxes))
    values = sum(text.endswith("%") for text in texts(bars)) - len(bars.get_xticklabels())
    assert values == (jobs if jobs <= 30 else 0)


def test_very_many_jobs_are_groups_and_a_spread():
    result = run("drf", crowd(300))
    bars = charts.dominant_shares(result.summary(), title="t")
    assert {type(patch) for patch in bars.patches} == {StepPatch}
    groups = result.summary()["dominant_share"].to_numpy().reshape(60, 5)
    lowest, highest, median = (patch.get_data() for patch in bars.patches)
    assert np.array_equal(lowest.values, groups.min(axis=1))
    assert np.array_equal(highest.values, groups.max(axis=1))
    assert np.array_equal(median.values, np.median(groups, axis=1))
    assert "300 jobs, one in 10 named" in texts(bars)
    spread = charts.timeline(result.timeline(), title="t")
    assert {"lowest", "median", "highest"} <= set(texts(spread))
    shares = result.timeline().set_index("step").median(axis=1)
    long = [line.get_data() for line in spread.lines if len(line.get_xdata()) > 1]
    assert any(drawn.tolist() == shares[steps].tolist() for steps, drawn in long)


def test_thousands_of_steps_are_thinned_to_what_can_be_seen():
    steps = 100_000
    rising = np.linspace(0, 1, steps + 1)
    table = pd.DataFrame({"step": np.arange(steps + 1), "a": rising, "b": 0.5})
    ax = charts.timeline(table, title="t")
    line = max(ax.lines, key=lambda line: len(line.get_xdata()))
    assert 300 < len(line.get_xdata()) < 1000
    assert (line.get_xdata()[[0, -1]] == [0, steps]).all()
    assert np.allclose(line.get_ydata(), line.get_xdata() / steps)


def test_tick_labels_stand_apart():
    scenario = crowd(700)
    figure = charts.story(run("round_robin", scenario), run("drf", scenario))
    texts(figure)
    for ax in figure.axes:
        boxes = [label.get_window_extent() for label in ax.get_xticklabels()]
        assert all(left.x1 < right.x0 for left, right in pairwise(boxes))


@pytest.mark.parametrize("name", ODD_NAMES)
def test_names_are_shown_literally(name):
    result = run("drf", crowd(3, ["a", name, "z"]))
    for chart in (
        charts.dominant_shares(result.summary(), title=name),
        charts.timeline(result.timeline(), title=name),
        charts.story(result, result),
    ):
        assert {short(name), short(name, 16)} & set(texts(chart))


def test_labels_are_one_line_of_what_can_be_drawn():
    assert short("_tab\there, new\nline") == "_tab here, new line"
    assert short("a\ue000b\x1b") == "a□b□"
    assert short("a/very/long/name/of/an/application/2024-driver") == "a/very/long/nam…4-driver"
    assert len(short("x" * 25)) == len(short("x" * 24)) == 24
    assert len(short("W" * 24)) < 16


def test_text_is_never_mathematics():
    name = "$\\alpha$ and $"
    ax = charts.dominant_shares(run("drf", crowd(2, ["a", name])).summary(), title=name)
    assert not any(text.get_parse_math() for text in ax.figure.findobj(Text) if text.get_text())
    assert texts(ax).count(name) == 2


def test_nothing_leaves_the_figure():
    for names in (None, ["a-name-of-exactly-24-char"] * 1 + [f"{c * 40}" for c in "WMwm"]):
        result = run("drf", crowd(5, names))
        for chart in (
            charts.dominant_shares(result.summary(), title="A title of many words " * 6),
            charts.timeline(result.timeline(), title="Wide Words " * 12),
            charts.story(result, run("round_robin", crowd(5, names))),
        ):
            figure = chart if isinstance(chart, Figure) else chart.figure
            figure.draw_without_rendering()
            left, bottom, right, top = figure.get_tightbbox().extents
            width, height = figure.get_size_inches()
            assert min(left, bottom, width - right, height - top) > -0.02


def test_a_flat_or_empty_run_can_be_drawn():
    for scenario in (
        fs.Scenario(POOL, JOBS, 0),
        fs.Scenario(POOL, [fs.Job("a"), fs.Job("b")], 0),
        fs.Scenario(fs.Pool("none", {"cpu": 0}, {"cpu": 0}), [fs.Job("a")], 3),
    ):
        result = run("drf", scenario)
        charts.dominant_shares(result.summary(), title="t").figure.draw_without_rendering()
        charts.timeline(result.timeline(), title="t").figure.draw_without_rendering()
        charts.story(result, result).draw_without_rendering()


def test_story_shares_its_axes_and_says_its_message():
    figure = charts.story(run("round_robin"), run("drf"))
    (upper_left, upper_right), (lower_left, lower_right) = np.reshape(figure.axes, (2, 2))
    assert upper_left.get_xlim() == upper_right.get_xlim()
    assert upper_left.get_ylim() == upper_right.get_ylim()
    for left, right in ((upper_left, upper_right), (lower_left, lower_right)):
        assert left.get_shared_x_axes().joined(left, right)
        assert left.get_shared_y_axes().joined(left, right)
    assert lower_left.get_xlim() == lower_right.get_xlim() == (0, 15)
    assert lower_left.get_ylim() == lower_right.get_ylim() == upper_left.get_xlim()
    assert bar_widths(upper_left) == [0.15, 0.4, 0.4]
    assert bar_widths(upper_right) == [0.31, 0.32, 0.32]
    message = "The gap between dominant shares closes from 25 points to 1 under drf"
    assert {message, "BEFORE: round_robin", "AFTER: drf"} <= set(texts(figure))
    width, height = figure.get_size_inches()
    assert width / height == pytest.approx(16 / 9)
    assert all(text.get_fontsize() >= 12 for text in figure.findobj(Text) if text.get_text())


def test_story_keeps_one_order_of_jobs():
    scenario = crowd(8)
    before, after = run("round_robin", scenario), run("drf", scenario)
    figure = charts.story(before, after)
    order = list(before.summary()["job"])
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == order
    ended = after.summary().set_index("job")["dominant_share"]
    assert bar_widths(figure.axes[1]) == [ended[job] for job in order]


def test_story_says_that_nothing_differs():
    message = "Nothing differs: drf and drf give every job the same executors"
    assert message in texts(charts.story(run("drf"), run("drf")))
    nothing = run("drf", fs.Scenario(POOL, JOBS, 0))
    assert "Nothing differs: no executors were given" in texts(charts.story(nothing, nothing))


def test_story_names_weights():
    scenario = fs.Scenario(POOL, [fs.Job("a", weight=2), fs.Job("b")], 9)
    figure = charts.story(run("round_robin", scenario), run("drf", scenario))
    assert {"a (weight 2)", "b (weight 1)"} <= set(texts(figure))
    assert any("weighted dominant shares" in text for text in texts(figure))


def test_story_is_of_one_pool_of_one_scenario():
    many = run("drf", [SCENARIO, SCENARIO])
    with pytest.raises(fs.InputError, match="holds 2 scenarios; expected one"):
        charts.story(many, many)
    other = fs.Pool("Other", {"cpu": 1}, {"cpu": 1})
    jobs = [fs.Job("a", pool="Batch"), fs.Job("b", pool="Other")]
    two = run("drf", fs.Scenario([POOL, other], jobs, {"Batch": 1, "Other": 1}))
    with pytest.raises(fs.InputError, match=r"expected one of \['Batch', 'Other'\]"):
        charts.story(two, two)
    assert any("Pool Other" in text for text in texts(charts.story(two, two, pool="Other")))
    with pytest.raises(fs.InputError, match=r"differ in the jobs \['a', 'z'\]"):
        charts.story(two, run("drf", fs.Scenario(POOL, [fs.Job("z")], 1)), pool="Batch")


EDGES = np.linspace(0, 1, 11)


def test_distribution_is_the_share_at_or_below():
    counts = [0, 2, 0, 1, 1, 0, 0, 0, 0, 0]
    ax = charts.distribution(EDGES, {"drf": counts}, measure="Gap")
    curve = ax.lines[0]
    assert curve.get_drawstyle() == "steps-post"
    assert np.allclose(curve.get_xdata()[:-1], [0.1, 0.2, 0.3, 0.4, 0.5])
    assert curve.get_ydata().tolist() == [0, 0.5, 0.5, 0.75, 1, 1]
    assert "drf\nmedian ≤ 0.2" in texts(ax)
    assert ax.get_xlim()[1] < 0.6


def test_equal_curves_both_stay_visible():
    row = np.arange(10)
    ax = charts.distribution(EDGES, {"_a": row, "b": row}, measure="Gap")
    first, second = (line for line in ax.lines if line.get_drawstyle() == "steps-post")
    assert first.get_linewidth() > second.get_linewidth()
    assert first.get_zorder() < second.get_zorder()
    assert first.get_linestyle() != second.get_linestyle()
    assert [text.get_text().split("\n")[0] for text in ax.get_legend().get_texts()] == ["_a", "b"]


def test_distribution_of_nothing_and_of_wrong_bins():
    ax = charts.distribution(EDGES, {"drf": np.zeros(10)}, measure="Gap")
    assert "drf\nno scenarios" in texts(ax)
    with pytest.raises(fs.InputError, match=r"counts\['drf'\] has shape \(3,\); expected \(10,\)"):
        charts.distribution(EDGES, {"drf": [1, 2, 3]}, measure="Gap")


def heat(values, x, y, **options):
    return charts.heatmap(values, x, y, x_label="x", y_label="y", title="t", **options)


def test_heatmap_has_a_cell_a_value_and_a_colour_bar():
    values = np.array([[0.1, 0.25], [np.nan, 0.5]])
    ax = heat(values, [1, 2], ["_low", "$high$"], vmin=0, vmax=1)
    assert {"0.10", "0.25", "0.50", "_low", "$high$", "x\n(hatched: no value)"} <= set(texts(ax))
    assert len(ax.figure.axes) == 2
    assert ax.collections[0].get_clim() == (0, 1)
    assert ax.patch.get_hatch()


def test_heatmap_thins_its_labels():
    ax = heat(np.ones((40, 200)), np.linspace(0, 1, 200), range(40))
    texts(ax)
    assert len(ax.get_xticklabels()) <= 12
    assert len(ax.get_yticklabels()) <= 12
    boxes = sorted(label.get_window_extent().x1 for label in ax.get_xticklabels())
    assert boxes == sorted(set(boxes))


def test_heatmap_of_nothing_and_of_wrong_shapes():
    texts(heat([[np.nan]], [1], [1]))
    with pytest.raises(fs.InputError, match=r"has shape \(1, 2\); expected \(2, 1\)"):
        heat([[1, 2]], [1], [1, 2])
    with pytest.raises(fs.InputError, match="not empty"):
        heat(np.ones((0, 0)), [], [])


def test_drawing_leaves_matplotlib_alone():
    with mpl.rc_context({"font.size": 31, "text.parse_math": True}):
        before = dict(mpl.rcParams)
        charts.story(run("round_robin"), run("drf"))
        assert dict(mpl.rcParams) == before
    assert "matplotlib.pyplot" not in sys.modules or not mpl.pyplot.get_fignums()


def test_a_chart_can_be_drawn_on_axes_of_the_caller():
    ax = Figure().subplots()
    summary = pd.DataFrame({"job": ["a"], "dominant_share": [0.5]})
    assert charts.dominant_shares(summary, title="t", ax=ax, top=1) is ax
    assert ax.get_xlim() == (0, 1)
    timeline = pd.DataFrame({"step": [0, 1], "a": [0.1, 0.2]})
    ax = Figure().subplots()
    assert charts.timeline(timeline, title="t", ax=ax, top=0.5) is ax
    assert ax.get_ylim() == (0, 0.5)
    assert charts.share_top(timeline) == pytest.approx(0.224)
