"""Charts: tables and arrays in, matplotlib Axes out.

Every function draws on the `ax` it is given, or on a figure of its own (`ax.figure`). None touches
pyplot, so nothing has to be closed; `save` writes the same bytes for the same figure. All text is
shown literally. Shares are labelled in percent of the pool.
"""

from fairsched_fast.charts.bars import dominant_shares
from fairsched_fast.charts.distributions import distribution, ecdf
from fairsched_fast.charts.heatmaps import heatmap
from fairsched_fast.charts.parts import share_top
from fairsched_fast.charts.saving import save, svg
from fairsched_fast.charts.stories import story
from fairsched_fast.charts.strips import strip
from fairsched_fast.charts.timelines import timeline
from fairsched_fast.charts.tradeoffs import pareto_front, spread, tradeoff

__all__ = [
    "distribution",
    "dominant_shares",
    "ecdf",
    "heatmap",
    "pareto_front",
    "save",
    "share_top",
    "spread",
    "story",
    "strip",
    "svg",
    "timeline",
    "tradeoff",
]
