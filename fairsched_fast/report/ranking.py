"""The few scenarios that stand out: of all that come by, only so many are kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from fairsched_fast.measures import Measure
from fairsched_fast.report.streaming import Floats, Slab

_KEPT = 3
_SAME = 9  # decimals: what differs less is summation's doing


@dataclass(frozen=True, slots=True, order=True)
class Run:
    """A scenario's pool. They are ordered by `key`, then by executors given, then by id.

    `lead` has the measure by which it is called fair, and `given` the executors, by policy.
    """

    key: float
    fewer: float  # minus the executors given: of equals the run with most to tell comes first
    scenario: int
    pool: int
    lead: tuple[float, ...] = field(compare=False)
    given: tuple[int, ...] = field(compare=False)


Ranking = tuple[Run, ...]
"""The first runs by their keys, in order."""


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

    def add(self, slab: Slab, lead: Measure) -> None:
        """Look at a slab, whose runs are called fair by a measure."""
        values = slab.figures[lead.name]
        unfairness = -lead.better * values
        for p, unfair in enumerate(unfairness):
            self.least[p] = _merged(self.least[p], slab, values, -unfair)
            self.most[p] = _merged(self.most[p], slab, values, unfair)
            self.apart[p] = _merged(self.apart[p], slab, values, -np.abs(unfair - unfairness[0]))


def _merged(ranking: Ranking, slab: Slab, lead: Floats, key: Floats) -> Ranking:
    """The first runs of those known and of a slab's with keys (Q, S), one of each key.

    What has no key (NaN) does not stand out.
    """
    kept: dict[float, Run] = {}
    for run in sorted([*ranking, *_first(slab, lead, key.round(_SAME))]):
        kept.setdefault(run.key, run)
    return tuple(kept.values())[:_KEPT]


def _first(slab: Slab, lead: Floats, key: Floats) -> Iterator[Run]:
    """Of each of the lowest keys of a slab the run that comes first."""
    flat, steps = key.ravel(), slab.figures["steps"]
    given = steps.sum(axis=0).ravel()
    ids = np.broadcast_to(slab.scenario, key.shape).ravel()
    for lowest in np.unique(flat[~np.isnan(flat)])[:_KEPT]:
        equal = np.flatnonzero(flat == lowest)
        place = int(equal[np.lexsort((equal, ids[equal], -given[equal]))[0]])
        pool, row = divmod(place, key.shape[1])
        yield Run(
            float(lowest),
            -float(given[place]),
            int(ids[place]),
            pool,
            tuple(lead[:, pool, row].tolist()),
            tuple(steps[:, pool, row].astype(np.int64).tolist()),
        )
