"""The pictures of the page, as SVG that is read on a phone: small figures, legends below."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.text import Text
from matplotlib.transforms import ScaledTranslation
from numpy.typing import NDArray

from fairsched_fast import charts
from fairsched_fast.charts.style import new_axes, styled
from fairsched_fast.measures import LOWER
from fairsched_fast.plain_text import visible
from fairsched_fast.report.digits import apart, index, share
from fairsched_fast.report.effects import Map, effect_of, map_of
from fairsched_fast.report.facts import Facts
from fairsched_fast.report.naming import plain
from fairsched_fast.report.scenes import Scene
from fairsched_fast.report.streaming import Floats
from fairsched_fast.report.swept import setting_words
from fairsched_fast.report.tally import USE, Figures
from fairsched_fast.sweep.folder.digest import EDGES

_POLICIES = 12  # curves in a picture
_LINE = 0.28  # inches, of a line of a legend
_BINS = 300  # of a curve: finer than can be seen at this size
SCALES = {  # what values are shown in, and of what
    "dominant_share_gap": (100, "Gap between dominant shares, points"),
    "jain": (1, "Jain's index"),
}

_NARROW = 0.02  # of the pool
_CLIPPED = " Lines end at 100%, though pools that hold more than they have are above it."


@dataclass(frozen=True, slots=True)
class Picture:
    """A chart and what is said below it."""

    svg: Markup
    caption: str


def spreads(facts: Facts) -> Iterator[Picture]:
    """How fair runs are: a curve for each policy, of the gap and of Jain's index."""
    figures = facts.figures
    if figures is None or figures.runs == 1:  # which has no spread
        return
    for name in SCALES:
        if figures.histograms[name].any():
            yield _spread(figures, name)


@styled
def _spread(figures: Figures, name: str) -> Picture:
    counts = figures.histograms[name][:_POLICIES]
    edges, coarse = _coarser(counts)
    ax = new_axes(5.2, 3.1 + _LINE * len(coarse))
    by_policy = dict(zip(map(visible, figures.policies), coarse, strict=False))
    scale, measure = SCALES[name]
    title = measure.partition(",")[0]
    charts.distribution(edges * scale, by_policy, measure=measure, title=title, ax=ax)
    ax.set_ylabel("Runs at or below")
    for p, text in enumerate(_legend_below(ax)):  # not to the width of a coarse bin
        median = scale * figures.quantile(name, p, 0.5)
        text.set_text(f"{text.get_text().partition(':')[0]}: median {median:.3g}")
    told = apart if name == "dominant_share_gap" else index
    medians = [told(figures.quantile(name, p, 0.5)) for p in range(len(coarse))]
    halves = [
        f"under {plain(policy)} half of the runs end at {median} or less"
        for policy, median in zip(by_policy, medians, strict=True)
    ]
    way = "further left is fairer" if name == "dominant_share_gap" else "further right is fairer"
    alt = f"{title}, share of runs at or below each value: {'; '.join(halves)}."
    caption = f"How many runs end at or below each value; {way}. The mark is the median."
    return Picture(_svg(ax, alt), caption)


def _coarser(counts: NDArray[np.int64]) -> tuple[Floats, NDArray[np.int64]]:
    """Bins (P, B) put together until there are few where there is anything; their edges."""
    filled = np.flatnonzero(counts.any(axis=0))
    size = max(1, -(-(int(filled[-1]) - int(filled[0]) + 1) // _BINS))
    starts = np.arange(0, counts.shape[1], size)
    return EDGES[np.append(starts, counts.shape[1])], np.add.reduceat(counts, starts, axis=1)


@styled
def tradeoff(facts: Facts) -> Picture | None:
    """Fairness against use of the pool, a mark for each policy."""
    figures, lead = facts.figures, facts.lead.name
    if figures is None or figures.runs == 1:
        return None
    if not figures.histograms[USE].any() or not figures.histograms[lead].any():
        return None
    used, fair = dict[str, Floats](), dict[str, Floats]()
    for p, policy in enumerate(map(visible, figures.policies[:_POLICIES])):
        for name, found in ((USE, used), (lead, fair)):
            low, high = (figures.quantile(name, p, fraction) for fraction in (0.25, 0.75))
            found[policy] = np.array([low, figures.centre(name, p), high])
    ax = new_axes(5.2, 3.4 + _LINE * len(used))
    title = "Fairness against utilisation"
    lower = facts.lead.better == LOWER
    scale, measure = SCALES[lead]
    scaled = {policy: scale * values for policy, values in fair.items()}
    charts.tradeoff(used, scaled, measure=measure, title=title, lower_is_fairer=lower, ax=ax)
    ax.set_title(title)
    ax.set_xlabel("Utilisation of the pool")
    low, high = ax.get_xlim()
    if high - low < _NARROW:  # policies that use as much are not to look apart
        ax.set_xlim((low + high - _NARROW) / 2, (low + high + _NARROW) / 2)
    _legend_below(ax)
    told = apart if lower else index
    marks = [
        f"{plain(name)}: {told(fair[name][1])} at {share(used[name][1])} in use" for name in used
    ]
    caption = (
        "Means, with lines over the middle half of the runs; utilisation is the mean over a pool's "
        "resources. Policies that no other outdoes in both are filled and joined."
        + (_CLIPPED if facts.results.manifest.get("overfull", 0) else "")
    )
    return Picture(_svg(ax, f"{title}. {measure}, mean: {'; '.join(marks)}."), caption)


def maps(facts: Facts) -> list[Picture]:
    """The lead measure over the two settings that matter most, and what the choice is worth."""
    found = map_of(facts)
    return [] if found is None else list(_maps(facts, found))


def _maps(facts: Facts, found: Map) -> Iterator[Picture]:
    shown = sorted({facts.beside, facts.best})
    scale, measure = SCALES[facts.lead.name]
    found = replace(found, means=scale * found.means)
    means = found.means[shown]
    low, high = float(np.nanmin(means)), float(np.nanmax(means))
    for p, values in zip(shown, means, strict=True):
        yield _map(found, values, f"{measure}, under {visible(facts.policies[p])}", (low, high))
    if len(shown) > 1:
        best, other = (visible(facts.policies[p]) for p in (facts.best, facts.beside))
        gain = f"How much fairer {best} is than {other}"
        yield _map(found, effect_of(facts, found.means), gain, None)


@styled
def _map(found: Map, values: Floats, title: str, ends: tuple[float, float] | None) -> Picture:
    ax = new_axes(5.2, 4.4)
    x, y = (visible(setting_words(path)) for path in (found.x, found.y))
    low, high = ends or (None, None)
    charts.heatmap(
        values,
        found.x_labels,
        found.y_labels,
        x_label=x,
        y_label=y,
        title=title,
        ax=ax,
        vmin=low,
        vmax=high,
    )
    for text in ax.texts:
        text.set_fontsize(8.5)  # ten columns have room for it
    least, most = (np.unravel_index(f(values), values.shape) for f in (np.nanargmin, np.nanargmax))
    told = [
        f"{end} ({values[place]:.3g}) where {plain(y)} is {found.y_labels[place[0]]} and "
        f"{plain(x)} is {found.x_labels[place[1]]}"
        for end, place in (("lowest", least), ("highest", most))
    ]
    return Picture(_svg(ax, f"{title}, mean: {'; '.join(told)}."), "")


@styled
def strip(scene: Scene) -> Picture:
    """Who was given each executor, policy by policy."""
    orders = {visible(log.policy): log.order for log in scene.logs}
    ax = new_axes(5.8, 1.9 + 0.5 * len(orders) + _LINE * min(len(scene.jobs), 12))
    charts.strip(orders, title="Who was given each executor", jobs=scene.jobs, ax=ax)
    label, _, binned = ax.get_xlabel().partition("; ")
    ax.set_xlabel(label)
    _legend_below(ax)
    told = []
    for policy, order in orders.items():
        names, counts = np.unique(order.astype(str), return_counts=True)
        most = sorted(zip(-counts, names, strict=True))[:6]
        given = ", ".join(f"{-count:,} to {plain(name)}" for count, name in most)
        told.append(f"under {plain(policy)} {given or 'none'}")
    return Picture(_svg(ax, f"Who was given each executor: {'; '.join(told)}."), binned)


def _legend_below(ax: Axes) -> Sequence[Text]:
    """A legend beside the axes leaves them no room on a phone; its texts, of a line each."""
    legend = ax.get_legend()
    if legend is None:
        return ()
    legend.set_loc("upper left")
    below = ScaledTranslation(0, -0.55, ax.figure.dpi_scale_trans)  # the x axis and its label
    legend.set_bbox_to_anchor((0, 0), ax.transAxes + below)
    texts = legend.get_texts()
    for text in texts:
        text.set(text=": ".join(text.get_text().splitlines()), fontsize=11)
    return texts


def _svg(ax: Axes, alt: str) -> Markup:
    return Markup(charts.svg(ax, alt=alt))
