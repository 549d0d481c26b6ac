"""The charts of a sweep, from its digest: they cost the same whatever the number of scenarios."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fairsched_fast import charts
from fairsched_fast.charts.style import short, styled
from fairsched_fast.sweep.folder.digest import CHARTED, EDGES, HEATMAP, TRADEOFF, Digest, heat_axes
from fairsched_fast.sweep.folder.store import Store, picture_name
from fairsched_fast.sweep.scenarios.paths import Setting
from fairsched_fast.sweep.scenarios.sampling import Sweep

TITLES = {
    "dominant_share_gap": "Gap between dominant shares",
    "jain": "Jain's index",
    "utilization": "Utilisation, mean over resources",
}
_MAPPED = "Mean gap between dominant shares"
_PANELS = 4  # policies side by side in a heat map
_COLUMNS = 2  # of panels, where pools have one each


def draw_charts(sweep: Sweep, digest: Digest, store: Store) -> dict[str, Any]:
    """Write the charts into the result folder; their entries in the manifest."""
    files: dict[str, Any] = {}
    for name, figure in _figures(sweep, digest):
        files |= store.write_file(picture_name(name), partial(charts.save, figure))
    return files


def _figures(sweep: Sweep, digest: Digest) -> Iterator[tuple[str, Figure]]:
    for m, measure in enumerate(CHARTED):
        yield measure, _distributions(sweep, digest, m)
    yield TRADEOFF, _tradeoffs(sweep, digest)
    axes_of_map = heat_axes(sweep)
    if axes_of_map is not None and digest.heat_count.any():
        yield HEATMAP, _heat_map(sweep, digest, *axes_of_map)


def _titles(figure: Figure, sweep: Sweep, digest: Digest, title: str) -> list[str]:
    """Of each group of pools; where there are several, what they have in common stands above."""
    if digest.groups == 1:
        return [f"{title}, {digest.runs:,} runs"]
    figure.suptitle(title, x=0.01, ha="left", fontweight="bold", fontsize=17)
    return [f"Pool {short(name)}, {digest.runs:,} runs" for name in sweep.settings.pools]


def _panels(count: int, width: float, height: float) -> tuple[Figure, list[Axes]]:
    """A figure of so many axes, each of this size in inches."""
    columns = min(count, _COLUMNS)
    rows = -(-count // columns)
    figure = Figure(figsize=(width * columns, height * rows), layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False).ravel().tolist()
    for spare in panels[count:]:
        spare.remove()
    return figure, panels[:count]


@styled
def _distributions(sweep: Sweep, digest: Digest, m: int) -> Figure:
    """A measure under each policy, a panel a pool, all over the same values."""
    measure = TITLES[CHARTED[m]]
    figure, panels = _panels(digest.groups, 9, max(5, 1.2 + 0.6 * len(sweep.policies)))
    titles = _titles(figure, sweep, digest, measure)
    for g, (ax, title) in enumerate(zip(panels, titles, strict=True)):
        counts = dict(zip(sweep.policy_names, digest.histogram[:, g, m], strict=True))
        charts.distribution(EDGES, counts, measure=measure, title=title, ax=ax)
    limits = np.array([ax.get_xlim() for ax in panels])
    for ax in panels:
        ax.set_xlim(limits[:, 0].min(), limits[:, 1].max())
    return figure


@styled
def _tradeoffs(sweep: Sweep, digest: Digest) -> Figure:
    """Where policies stand in fairness and utilisation, a panel a pool."""
    figure, panels = _panels(digest.groups, 9.5, max(5.5, 1.2 + 0.55 * len(sweep.policies)))
    titles = _titles(figure, sweep, digest, "Fairness against utilisation")
    used, fair = digest.spread("utilization"), digest.spread("jain")
    for g, (ax, title) in enumerate(zip(panels, titles, strict=True)):
        charts.tradeoff(
            dict(zip(sweep.policy_names, used[:, g], strict=True)),
            dict(zip(sweep.policy_names, fair[:, g], strict=True)),
            measure=TITLES["jain"],
            title=title,
            ax=ax,
        )
    return figure


@styled
def _heat_map(sweep: Sweep, digest: Digest, block: int, y: Setting, x: Setting) -> Figure:
    """Mean gap over two grid axes: a column a policy, a row a pool, one colour scale."""
    counts = np.where(digest.heat_count == 0, np.nan, digest.heat_count)
    means = (digest.heat_sum / counts)[:_PANELS]
    P, G = means.shape[:2]
    figure = Figure(figsize=(1.5 + 6.5 * P, 6 * G), layout="constrained")
    panels: dict[tuple[int, int], Axes] = dict(np.ndenumerate(figure.subplots(G, P, squeeze=False)))
    titles = [f"{_MAPPED} under {policy}" for policy in sweep.policy_names[:P]]
    pools = [""]
    if G > 1:
        figure.suptitle(_MAPPED, x=0.01, ha="left", fontweight="bold", fontsize=17)
        titles = [f"Under {policy}" for policy in sweep.policy_names[:P]]
        pools = [f", pool {short(name)}" for name in sweep.settings.pools]
    grid = sweep.blocks[block].grid
    ticks = [grid[setting].at(np.arange(len(grid[setting]))).tolist() for setting in (x, y)]
    for (g, p), ax in panels.items():
        charts.heatmap(
            means[p, g],
            *ticks,
            x_label=x.path,
            y_label=y.path,
            title=titles[p] + pools[g],
            ax=ax,
            vmin=float(np.nanmin(means)),
            vmax=float(np.nanmax(means)),
        )
    return figure
