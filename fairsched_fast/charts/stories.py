"""Before and after on one slide."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from fairsched_fast.charts import parts
from fairsched_fast.charts.bars import NAMES, draw_bars, name_bars
from fairsched_fast.charts.style import QUIET, literal, short, styled
from fairsched_fast.charts.timelines import draw_shares
from fairsched_fast.comparing.before_after import BeforeAfter, before_and_after, headline
from fairsched_fast.result import Result


@styled
def story(before: Result, after: Result, *, pool: str | None = None) -> Figure:
    """The whole story as one slide (16:9): BEFORE left, AFTER right, on the same axes.

    Above, the final dominant share of each job, in both in BEFORE's order; below, how they got
    there. The title is the message, from the figures.

    Raises
    ------
    InputError
        On several scenarios, or several pools and none named.
    """
    compared = before_and_after(before, after, pool)
    layout = ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.12, wspace=0.04)
    figure = Figure(figsize=(40 / 3, 7.5), layout=layout)
    axes = figure.subplots(2, 2, sharex="row", sharey="row")
    timelines = [result.timeline(pool=compared.pool) for result in (before, after)]
    top = parts.share_top(*timelines)
    ordered = compared.before.shares
    if len(ordered) > NAMES:  # the summary's order is of rounded shares
        ordered = ordered.sort_values(kind="stable")
    jobs = list(ordered.index)
    for column, side in enumerate((compared.before, compared.after)):
        shares = side.shares[jobs]  # not rounded: those of thousands of jobs are small
        summary = pd.DataFrame({"job": jobs, "dominant_share": shares.to_numpy()})
        draw_bars(axes[0, column], summary, top)
        draw_shares(axes[1, column], timelines[column], top)
    axes[1, 0].set_ylabel(parts.SHARE.capitalize())
    weights = [f" (weight {compared.weight[job]:.3g})" for job in jobs]
    name_bars(axes[0, 0], jobs, weights if compared.weighted else None)
    _caption(figure, axes[0], compared)
    return figure


def _caption(figure: Figure, heads: Sequence[Axes], compared: BeforeAfter) -> None:
    """The message above, what is left and right, what was run below."""
    message = literal(headline(compared))
    lines = -(-len(message) // 76)
    message = textwrap.fill(message, min(76, len(message) // lines + 8))
    figure.suptitle(message, fontsize=19, fontweight="bold", x=0.012, ha="left")
    parts.set_title(heads[0], f"BEFORE: {compared.before.policy}", size=16)
    parts.set_title(heads[1], f"AFTER: {compared.after.policy}", size=16)
    jobs, budget = len(compared.start), compared.before.budget
    run = f"Pool {short(compared.pool, 60)}; jobs: {jobs:,}; executors to give: {budget:,}"
    figure.supxlabel(run, fontsize=12, color=QUIET)
