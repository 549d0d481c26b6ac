"""What a summary comes to: figures of each policy, paired with the first one's, and spreads."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairsched_fast.columns import ResourceColumns
from fairsched_fast.comparing.compare import Pairs, comparison_rows, pairs_of
from fairsched_fast.measures import FAIRNESS, Measure, all_measures
from fairsched_fast.report.levels import Levels
from fairsched_fast.report.ranking import Extremes
from fairsched_fast.report.streaming import Floats, Layout, Slab
from fairsched_fast.result import StopReason
from fairsched_fast.sweep.folder.digest import CHARTED, EDGES, Digest, histogram_of

USE = "utilization"
"""Mean use of a pool's resources, those of zero capacity left out."""

Rows = Mapping[str, Mapping[str, Any]]
"""Measure → its row of `compare`'s table, of a policy and the first."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What is known of all runs (scenario × pool). P policies, B bins of `digest.EDGES`."""

    policies: tuple[str, ...]
    runs: int
    paired: tuple[Rows, ...]  # of each policy and the first
    pools: Mapping[str, tuple[Rows, ...]]  # the same pool by pool, where there are several
    histograms: Mapping[str, NDArray[np.int64]]  # of `CHARTED` → (P, B)
    stops: NDArray[np.int64]  # (P, 4)

    def mean(self, measure: str, policy: int) -> float:
        """Of a policy, over the runs that have it; NaN where none has, or it is not known."""
        row = self.paired[policy].get(measure)
        return float("nan") if row is None else float(row["policy_mean"])

    def centre(self, spread: str, policy: int) -> float:
        """Mean of what a spread is kept of: that of the bins where nothing else is known."""
        known = self.mean(spread, policy)
        counts = self.histograms[spread][policy]
        if not math.isnan(known) or not counts.any():
            return known
        return float((EDGES[:-1] + EDGES[1:]) @ counts / (2 * counts.sum()))

    def quantile(self, measure: str, policy: int, fraction: float) -> float:
        """To the width of a bin; NaN of no runs."""
        counts = self.histograms[measure][policy]
        if not counts.any():
            return float("nan")
        return float(EDGES[1:][(counts.cumsum() >= fraction * counts.sum()).argmax()])


class Tally:
    """Adds slabs up. `lead` is the measure by which a run is called fair."""

    def __init__(
        self,
        layout: Layout,
        resources: Sequence[ResourceColumns],
        lead: Measure,
        spans: Mapping[str, tuple[float, float]],
    ) -> None:
        P, B = len(layout.policies), len(EDGES) - 1
        self.layout, self.lead = layout, lead
        self.measures = tuple(m for m in all_measures(resources) if m.name in layout.measures)
        self.scenarios = 0
        self.histograms = {name: np.zeros((P, B), np.int64) for name in CHARTED}
        self.stops = np.zeros((P, len(StopReason)), np.int64)
        self.levels = {path: Levels(P, *span) for path, span in spans.items()}
        self.extremes = Extremes.none(P)
        self._pairs: list[list[Pairs]] = []  # [policy][pool]

    def add(self, slab: Slab) -> None:
        """Count in what comes next."""
        self.scenarios += len(slab.scenario)
        found = list(self._pairs_of(slab))
        known = self._pairs or found
        self._pairs = found if known is found else [
            [*map(add, mine, more)] for mine, more in zip(known, found, strict=True)
        ]  # fmt: skip
        used = [slab.figures[m.name] for m in self.measures if m.name not in _NAMED]
        spread = {**slab.figures, USE: _mean(used) if used else np.empty((0, 0, 0))}
        for name, counts in self.histograms.items():
            for p, values in enumerate(spread[name]):
                counts[p] += histogram_of(values[~np.isnan(values)])
        for p, stops in enumerate(slab.stop):
            self.stops[p] += np.bincount(stops.ravel(), minlength=len(StopReason))
        lead = slab.figures[self.lead.name]
        self.extremes.add(slab, self.lead)
        self._by_setting(slab, lead)

    def _pairs_of(self, slab: Slab) -> Iterator[list[Pairs]]:
        for p in range(len(self.layout.policies)):
            yield [
                pairs_of(*({m.name: slab.figures[m.name][of, q] for m in self.measures}
                           for of in (0, p)))
                for q in range(len(self.layout.pools))
            ]  # fmt: skip

    def _by_setting(self, slab: Slab, lead: Floats) -> None:
        """The lead measure of each scenario, mean over its pools, by what the scenario has."""
        each = _mean(list(lead.transpose(1, 0, 2)))
        real = ~np.isnan(each).any(axis=0)
        for path, levels in self.levels.items():
            levels.add(slab.settings[path][real], each[:, real])

    def figures(self) -> Figures:
        """What all slabs come to."""
        layout = self.layout
        by_pool = [*zip(*self._pairs, strict=True)] if len(layout.pools) > 1 else []
        return Figures(
            layout.policies,
            self.scenarios * len(layout.pools),
            tuple(self._rows(reduce(add, pairs)) for pairs in self._pairs),
            {
                pool: tuple(map(self._rows, pairs))
                for pool, pairs in zip(layout.pools, by_pool, strict=False)
            },
            self.histograms,
            self.stops,
        )

    def _rows(self, pairs: Pairs) -> Rows:
        return {row["measure"]: row for row in comparison_rows(self.measures, pairs)}


_NAMED = {"steps", *(measure.name for measure in FAIRNESS)}


def _mean(values: Sequence[Floats]) -> Floats:
    """Of arrays of one shape, of what is there; NaN where nothing is."""
    total, count = np.zeros(values[0].shape), np.zeros(values[0].shape)
    for array in values:
        there = ~np.isnan(array)
        total += np.where(there, array, 0.0)
        count += there
    found: Floats = total / np.where(count == 0, np.nan, count)
    return found


def of_digest(digest: Digest, policies: Sequence[str]) -> Figures:
    """What the folder's journal says, where it has no summary: less, and nothing paired."""
    P, runs = len(policies), digest.pools
    means = dict(zip(CHARTED, digest.means().T, strict=True))
    means["steps"] = digest.executors / max(runs, 1)

    def row(name: str, p: int) -> dict[str, Any]:
        first, mine = (float(means[name][of]) for of in (0, p))
        unknown = dict.fromkeys(("better", "worse", "equal"))
        return {"baseline_mean": first, "policy_mean": mine, "difference": mine - first} | {
            **unknown,
            "pairs": runs,
        }

    histograms = dict(zip(CHARTED, digest.histogram.sum(axis=1).transpose(1, 0, 2), strict=True))
    return Figures(
        tuple(policies),
        runs,
        tuple({name: row(name, p) for name in means} for p in range(P)),
        {},
        histograms,
        digest.stops,
    )
