"""Charts that set policies side by side: strips, exact distributions, fairness and utilisation."""

import numpy as np
import pytest
from chart_examples import POLICIES, crowd, orders, values
from matplotlib.colors import to_rgb
from matplotlib.patches import StepPatch
from notebook_figures import DRF_ORDER, ROUND_ROBIN_ORDER, SCENARIO
from test_charts import texts

import fairsched_fast as fs
from fairsched_fast import charts

TWO = {"round_robin": ROUND_ROBIN_ORDER, "drf": DRF_ORDER}


def legend(ax):
    return [text.get_text().replace("\u200e", "") for text in ax.get_legend().get_texts()]


def marks(ax, level):
    """Where each marker stands in a strip."""
    return [
        (float(line.get_xdata()[0]), line.get_marker())
        for line in ax.lines
        if line.get_ydata() == [level]
    ]


def test_a_strip_has_a_cell_a_step_and_a_marker_a_run():
    ax = charts.strip(TWO, title="t")
    assert [label.get_text() for label in ax.get_yticklabels()] == ["round_robin", "drf"]
    assert ax.yaxis_inverted()
    assert marks(ax, 0) == [(step + 0.5, "os^"[[0, 2, 1][step % 3]]) for step in range(15)]
    assert marks(ax, 1) == [(6.5, "s"), (13.5, "o"), (14.5, "^")]
    assert legend(ax) == ["Heaviest_Job  5 → 1", "Light_Eval_Job  5 → 13", "Medium_Job  5 → 1"]


def test_jobs_look_as_in_a_timeline():
    result = fs.allocate(SCENARIO, "drf")
    lines = charts.timeline(result.timeline(), title="t").lines
    looks = {line.get_marker(): line.get_color() for line in lines if len(line.get_xdata()) > 1}
    given = {"drf": ["Medium_Job"] * 3}
    ax = charts.strip(given, title="t", jobs=[job.name for job in SCENARIO.jobs])
    assert legend(ax) == ["Heaviest_Job  0", "Light_Eval_Job  0", "Medium_Job  3"]
    (band,) = (patch for patch in ax.patches if isinstance(patch, StepPatch))
    ((_, marker),) = marks(ax, 0)
    assert np.allclose(band.get_facecolor()[:3], to_rgb(looks[marker]))


def test_many_steps_are_binned_and_hatched():
    names = np.array(["a", "b", "c"], object)
    ax = charts.strip({"drf": names[np.arange(100_000) // 50_000]}, title="t", jobs=names.tolist())
    bands = [patch for patch in ax.patches if isinstance(patch, StepPatch)]
    assert len(bands) == 2
    assert len({band.get_hatch() for band in bands}) == 2
    assert "of every 1,667 executors" in ax.get_xlabel()
    thick = [np.subtract(band.get_data().values, band.get_data().baseline) for band in bands]
    assert len(thick[0]) == 60
    assert np.ptp(np.sum(thick, axis=0)) < 1e-12
    share = thick[0] / np.sum(thick, axis=0)
    assert np.allclose(share[[0, 29, 30, -1]], [1, 1, 0, 0], atol=0.02)


def test_of_many_jobs_those_given_most_are_shown():
    order = [f"job_{j:02}" for j in range(30) for _ in range(j + 1)]
    ax = charts.strip({"a": order, "b": order[::-1][:20]}, title="t")
    said = legend(ax)
    assert len(said) == 12
    assert said[-2] == "job_29  30 → 20"
    assert said[-1] == f"19 others  {sum(range(1, 20))} → 0"


def test_a_strip_of_nothing():
    for given in ({}, {"drf": []}, {"drf": [], "fifo": ["a"]}):
        ax = charts.strip(given, title="t")
        assert any("xecutors" in text for text in texts(ax))


@pytest.mark.parametrize("jobs", [1, 12, 13, 300])
def test_a_strip_of_any_number_of_jobs_is_drawn(jobs):
    ax = charts.strip(orders(crowd(jobs)), title="t")
    assert len(legend(ax)) == min(jobs, 12)
    texts(ax)


def test_an_ecdf_is_exact():
    measured = [0.5, np.nan, 0.1, 0.5, 0.3, np.inf]
    ax = charts.ecdf({"drf": measured, "none": [np.nan], "empty": []}, measure="Gap")
    line = ax.lines[0]
    assert line.get_drawstyle() == "steps-post"
    assert line.get_xdata()[:-1].tolist() == [0.1, 0.1, 0.3, 0.5]
    assert line.get_ydata().tolist() == [0, 0.25, 0.5, 1, 1]
    assert legend(ax) == [
        "drf\nmedian 0.3\n2 without a value",
        "none\nno scenarios\n1 without a value",
        "empty\nno scenarios",
    ]


def test_an_ecdf_of_very_many_values_keeps_its_shape():
    measured = np.random.default_rng(0).random(100_000)
    ax = charts.ecdf({"drf": measured}, measure="Gap")
    x, y = ax.lines[0].get_data()
    assert len(x) < 500
    assert np.allclose(y[1:-1], [(measured <= at).mean() for at in x[1:-1]])
    assert {x[0], x[-2]} == {measured.min(), measured.max()}


def test_ecdf_and_distribution_agree():
    counted = values(POLICIES)
    edges = np.linspace(0, 1, 101)
    bins = {name: np.histogram(row - 0.005, edges)[0] for name, row in counted.items()}
    exact = charts.ecdf(counted, measure="Gap")
    binned = charts.distribution(edges, bins, measure="Gap")
    for one, other in zip(legend(exact), legend(binned), strict=True):
        assert one == other.replace("≤ ", "")


@pytest.mark.parametrize(
    ("x", "y", "front"),
    [
        ([1, 2, 3], [3, 2, 1], [True, True, True]),
        ([1, 2, 3], [1, 2, 3], [False, False, True]),
        ([1, 1], [1, 1], [True, True]),
        ([1, 1], [1, 2], [False, True]),
        ([1, np.nan], [1, 2], [True, False]),
        ([0.1 + 0.2, 0.3], [1, 1], [True, True]),
        ([], [], []),
    ],
)
def test_pareto_front(x, y, front):
    assert charts.pareto_front(x, y).tolist() == front


def test_spread_is_quartiles_about_the_mean():
    assert charts.spread([1, 2, 3, 4, 10, np.nan]).tolist() == [2, 4, 4]
    assert np.isnan(charts.spread([np.nan])).all()
    assert charts.spread([0.5]).tolist() == [0.5] * 3


def trade(fairness, **options):
    used = {"a": [0.7, 0.8, 0.9], "b": [0.6, 0.7, 0.8], "c": [0.5, 0.6, 0.7]}
    return charts.tradeoff(used, fairness, measure="m", title="t", **options)


FAIR = {"a": [0.1, 0.2, 0.3], "b": [0.4, 0.5, 0.6], "c": [0.3, 0.4, 0.5]}


def test_the_front_is_filled_and_the_dominated_hollow():
    ax = trade(FAIR)
    assert legend(ax) == ["a\n80% used, 0.2", "b\n70% used, 0.5", "c\n60% used, 0.4, dominated"]
    fills = {
        line.get_marker(): line.get_markerfacecolor() == "white"
        for line in ax.lines
        if line.get_marker() != "None"
    }
    assert fills == {"o": False, "s": False, "^": True}
    assert sorted(ax.lines[0].get_xdata()) == [0.7, 0.8]


def test_where_low_is_fair_the_axis_runs_downwards():
    ax = trade(FAIR, lower_is_fairer=True)
    assert ax.yaxis_inverted()
    assert [("dominated" in text) for text in legend(ax)] == [False, True, True]


def test_policies_that_coincide_are_both_seen():
    ax = charts.tradeoff(
        {"a": [0.5] * 3, "b": [0.5] * 3}, {"a": [1.0] * 3, "b": [1.0] * 3}, measure="m", title="t"
    )
    first, second = (line for line in ax.lines if line.get_marker() != "None")
    assert first.get_markersize() > second.get_markersize()
    assert first.get_zorder() < second.get_zorder()


def test_tradeoff_of_nothing_and_of_wrong_shapes():
    nothing = {"a": [np.nan] * 3}
    assert legend(charts.tradeoff(nothing, nothing, measure="m", title="t")) == ["a\nno scenarios"]
    texts(charts.tradeoff({}, {}, measure="m", title="t"))
    with pytest.raises(fs.InputError, match=r"fairness\['a'\] has shape \(2,\); expected \(3,\)"):
        trade({"a": [1, 2]})
    with pytest.raises(fs.InputError, match="expected the same policies in the same order"):
        trade({"b": [1, 2, 3]})
