"""What a sweep's charts are made of: each pool by itself, the same however the work was cut up."""

import numpy as np
import pytest
from matplotlib.image import imread
from specs import BUDGETS, TWO_POOLS, spec
from sweep_files import ran, rows

from fairsched_fast import charts
from fairsched_fast.sweep.folder.digest import CHARTED
from fairsched_fast.sweep.scenarios import chunks

GRID = """
[[block]]
grid = { "job.reports.usage.cpu" = { range = [0, 60] }, "pool.Night.capacity.gpu" = [4, 8, 16] }
"""
TWO = spec(GRID, pools=TWO_POOLS, jobs="", extra_executors=BUDGETS)


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    """The outcome of a sweep of two pools."""
    return ran(TWO, tmp_path_factory.mktemp("two"))


def measured(folder, policy, pool, name):
    """A measure of each run, from the summary."""
    wanted = (policy, pool)
    kept = [row for row in rows(folder, "summary") if (row["policy"], row["pool"]) == wanted]
    if name != "utilization":
        return np.array([row[name] for row in kept])
    used = [[row[f"utilization_{r}"] for r in ("cpu", "mem", "gpu")] for row in kept]
    return np.array([np.mean([share for share in run if share is not None]) for run in used])


def test_each_pool_is_charted_by_itself(two):
    digest = two.digest
    assert (digest.groups, digest.runs) == (2, 180)
    for name in CHARTED:
        spread = digest.spread(name)
        for p, policy in enumerate(("round_robin", "drf")):
            for g, pool in enumerate(("Batch", "Night")):
                low, mean, high = spread[p, g]
                values = measured(two.folder, policy, pool, name)
                assert mean == pytest.approx(values.mean())
                quartiles = np.quantile(values, [0.25, 0.75], method="inverted_cdf")
                assert [low, high] == pytest.approx(quartiles, abs=2e-4)


def test_a_panel_a_pool(two, tmp_path):
    one, both = (
        {path.stem: imread(path).shape for path in outcome.files}
        for outcome in (ran(spec(), tmp_path), two)
    )
    for name in ("dominant_share_gap", "jain", "utilization", "fairness_utilization"):
        assert both[name][:2] == (one[name][0], 2 * one[name][1])


def test_very_many_pools_are_charted_as_one(tmp_path):
    pool = '[[pool]]\nname = "p{0}"\ncapacity = {{ cpu = {1} }}\nexecutor = {{ cpu = 1 }}\n'
    job = '[[job]]\nname = "j{0}"\npool = "p{0}"\nmax_executors = {1}\n'
    texts = [part.format(i, i + 1) for i in range(7) for part in (pool, job)]
    budgets = "{ " + ", ".join(f"p{i} = 9" for i in range(7)) + " }"
    outcome = ran(spec(pools="\n".join(texts), jobs="", extra_executors=budgets), tmp_path)
    assert (outcome.digest.groups, outcome.digest.runs) == (1, 7)
    assert outcome.digest.spread("utilization")[:, 0].tolist() == [[1, 1, 1]] * 2
    assert imread(tmp_path / "charts" / "jain.png").ndim == 3


def test_charts_are_the_same_however_a_sweep_is_cut_up(tmp_path, monkeypatch):
    whole = ran(TWO + "repeat = 8\n", tmp_path / "whole")
    monkeypatch.setattr(chunks, "SLICE_ROWS", 1000)
    parts = ran(TWO + "repeat = 8\n", tmp_path / "parts", workers=3)
    assert parts.manifest["parts"] > whole.manifest["parts"]
    assert len(whole.files) == 5
    for one, other in zip(whole.files, parts.files, strict=True):
        assert one.read_bytes() == other.read_bytes()


def test_the_front_of_a_sweep_is_that_of_its_summary(two):
    for g, pool in enumerate(("Batch", "Night")):
        found = [
            [measured(two.folder, policy, pool, name).mean() for policy in ("round_robin", "drf")]
            for name in ("utilization", "jain")
        ]
        kept = [two.digest.spread(name)[:, g, 1] for name in ("utilization", "jain")]
        assert charts.pareto_front(*kept).tolist() == charts.pareto_front(*found).tolist()
