"""The few scenarios that stand out: of all that come by, only so many are kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from fairsched_fast.report.streaming import Floats, Slab

_KEPT = 3
_SAME = 9  # decimals: what differs less is summation's doing


@dataclass(frozen=True, slots=True, order=True)
class Run:
    """A scenario's pool. They are ordered by `key`, then by executors given, then by id."""

    key: float
    fewer: float  # minus the executors given: of equals the run with most to tell comes first
    scenario: int
    pool: int


Ranking = tuple[Run, ...]
"""The first runs by their keys, in order."""


def merged(ranking: Ranking, slab: Slab, key: Floats) -> Ranking:
    """The first runs of those known and of a slab's with keys (Q, S), one of each key.

    What has no key (NaN) does not stand out.
    """
    kept: dict[float, Run] = {}
    for run in sorted([*ranking, *_first(slab, key.round(_SAME))]):
        kept.setdefault(run.key, run)
    return tuple(kept.values())[:_KEPT]


def _first(slab: Slab, key: Floats) -> Iterator[Run]:
    """Of each of the lowest keys of a slab the run that comes first."""
    flat, given = key.ravel(), slab.figures["steps"].sum(axis=0).ravel()
    ids = np.broadcast_to(slab.scenario, key.shape).ravel()
    for lowest in np.unique(flat[~np.isnan(flat)])[:_KEPT]:
        equal = np.flatnonzero(flat == lowest)
        place = int(equal[np.lexsort((equal, ids[equal], -given[equal]))[0]])
        pool = place // key.shape[1]
        yield Run(float(lowest), -float(given[place]), int(ids[place]), pool)


@dataclass(slots=True)
class Extremes:
    """Runs that are least fair, most fair, and differ most from the first policy, by policy."""

    least: list[Ranking]
    most: list[Ranking]
    apart: list[Ranking]

    @classmethod
    def none(cls, policies: int) -> Extremes:
        """Nothing seen yet."""
        return cls([()] * policies, [()] * policies, [()] * policies)

    def add(self, slab: Slab, unfairness: Floats) -> None:
        """Look at a slab; the higher its unfairness (P, Q, S), the less fair a run is."""
        for p, unfair in enumerate(unfairness):
            self.least[p] = merged(self.least[p], slab, -unfair)
            self.most[p] = merged(self.most[p], slab, unfair)
            self.apart[p] = merged(self.apart[p], slab, -np.abs(unfair - unfairness[0]))
