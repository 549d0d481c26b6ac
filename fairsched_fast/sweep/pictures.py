"""The charts of a sweep, from its digest: they cost the same whatever the number of scenarios."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from fairsched_fast import charts
from fairsched_fast.charts.style import styled
from fairsched_fast.sweep.digest import CHARTED, EDGES, Digest, heat_axes
from fairsched_fast.sweep.paths import Setting
from fairsched_fast.sweep.sampling import Sweep
from fairsched_fast.sweep.store import CHARTS, Store

TITLES = {"dominant_share_gap": "Gap between dominant shares", "jain": "Jain's index"}
_PANELS = 4  # policies side by side in a heat map


def draw_charts(sweep: Sweep, digest: Digest, store: Store) -> dict[str, Any]:
    """Write the charts into the result folder; their entries in the manifest."""
    files: dict[str, Any] = {}
    for name, figure in _figures(sweep, digest):
        files |= store.write_file(f"{CHARTS}/{name}", partial(charts.save, figure))
    return files


def _figures(sweep: Sweep, digest: Digest) -> Iterator[tuple[str, Figure]]:
    for m, measure in enumerate(CHARTED):
        counts = dict(zip(sweep.policy_names, digest.histogram[:, m], strict=True))
        title = TITLES[measure]
        axes = charts.distribution(
            EDGES, counts, measure=title, title=f"{title}, {digest.pools:,} runs"
        )
        figure = axes.figure
        assert isinstance(figure, Figure)
        yield f"{measure}.png", figure
    axes_of_map = heat_axes(sweep)
    if axes_of_map is not None and digest.heat_count.any():
        yield "heatmap.png", _heat_map(sweep, digest, *axes_of_map)


@styled
def _heat_map(sweep: Sweep, digest: Digest, block: int, y: Setting, x: Setting) -> Figure:
    """Mean gap over two grid axes, a panel for each policy, one colour scale."""
    counts = np.where(digest.heat_count == 0, np.nan, digest.heat_count)
    means = (digest.heat_sum / counts)[:_PANELS]
    figure = Figure(figsize=(1.5 + 6.5 * len(means), 6), layout="constrained")
    panels = figure.subplots(1, len(means), squeeze=False)[0]
    grid = sweep.blocks[block].grid
    ticks = [grid[setting].at(np.arange(len(grid[setting]))).tolist() for setting in (x, y)]
    for ax, policy, mean in zip(panels, sweep.policy_names, means, strict=False):
        charts.heatmap(
            mean,
            *ticks,
            x_label=x.path,
            y_label=y.path,
            title=f"Mean gap between dominant shares under {policy}",
            ax=ax,
            vmin=float(np.nanmin(means)),
            vmax=float(np.nanmax(means)),
        )
    return figure
