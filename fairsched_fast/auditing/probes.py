"""Probes: scenarios run again with one thing changed, to find who gains by a lie or loses by luck.

All variants of a part of a batch are rows of one Batch, which the same allocator serves.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from fairsched_fast import metrics
from fairsched_fast.auditing.allocators import Allocator
from fairsched_fast.auditing.changes import false_demand, growing, leaving, lying
from fairsched_fast.auditing.holdings import Floats, Holdings
from fairsched_fast.auditing.verdicts import Findings, most
from fairsched_fast.batch import Batch

Index = NDArray[np.integer[Any]]

LEAST_LIES = 20
"""Of each job, at least so many."""
LIES = (0.5, 2, 0.9, 1.1, 0.1, 10, 0.7, 1.5, 0.8, 1.2, 0.3, 3, 0.6, 1.3, 0.4, 4, 0.2, 5, 1.4, 8)
"""Factors of lies, in turn below and above the truth; the fewer resources, the more are told."""
GROWTHS = (1.1, 2.0)

_CHUNK_VALUES = 1 << 20  # J·R·variants run at once


def lies(R: int) -> tuple[Index, Floats]:
    """(L,) what each lie of a job is about, of R resources, and its factor; R is all at once.

    Of each as many factors, in pairs, as make the least lies.
    """
    targets = R + 1 if R > 1 else 1
    factors = LIES[: 2 * -(-LEAST_LIES // (2 * targets))]
    return np.repeat(np.arange(targets), len(factors)), np.tile(factors, targets)


def ways(J: int, R: int) -> int:
    """How many times probes run a scenario of a pool of R resources."""
    return J * len(lies(R)[0]) + R * len(GROWTHS) + J


class Probe(Protocol):
    """V ways to change each scenario, and what each is worth."""

    def __len__(self) -> int:
        """V."""

    def changed(self, rows: Index, which: Index) -> Batch:
        """Scenarios `rows` (n,), each changed in the way `which` (n,)."""

    def worth(self, given: NDArray[Any], rows: Index, which: Index) -> tuple[Floats, Index]:
        """Executors gained or lost (n,) once jobs were `given` (J, n), and by whom.

        -inf where the change is none, or concerns nobody.
        """

    def told(self, value: Floats, which: Index, who: Index) -> Findings:
        """The worst of each scenario, by column: `which` and `who` are -1 where it is nothing."""


def probe(held: Holdings, allocator: Allocator) -> Findings:
    """Strategy-proofness and monotonicity of each scenario, by column."""
    found: Findings = {}
    for kind in (Lies, Growth, Leaving):
        parts = []
        size = max(1, _CHUNK_VALUES // (len(kind(held, allocator)) * _values(held)))
        for first, some in held.batch.chunks(size):
            part = Holdings(some, held.granted[:, first : first + some.S], held.piece)
            parts.append(_worst(kind(part, allocator), part, allocator))
        found |= {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    return found


def _values(held: Holdings) -> int:
    return held.batch.J * held.batch.R


def _worst(way: Probe, held: Holdings, allocator: Allocator) -> Findings:
    """Of all ways to change each scenario, the one worth most; the first of several."""
    S = held.batch.S
    value, which, who = np.full(S, -np.inf), np.full(S, -1), np.full(S, -1)
    width = max(1, _CHUNK_VALUES // (S * _values(held)))
    for first in range(0, len(way), width):
        some = np.arange(first, min(first + width, len(way)))
        rows, ways = np.repeat(np.arange(S), len(some)), np.tile(some, S)
        given = allocator(way.changed(rows, ways))
        worth, whose = (a.reshape(S, -1) for a in way.worth(given, rows, ways))
        best = worth.argmax(axis=1)
        top, its = worth[np.arange(S), best], whose[np.arange(S), best]
        more = top > value
        value = np.where(more, top, value)
        which, who = np.where(more, some[best], which), np.where(more, its, who)
    nothing = ~(value > allocator.noise)
    value = np.where(np.isneginf(value), np.nan, np.where(nothing, 0.0, value))
    return way.told(value, np.where(nothing, -1, which), np.where(nothing, -1, who))


class Lies:
    """Strategy-proofness: each job misreports its demand."""

    def __init__(self, held: Holdings, allocator: Allocator) -> None:
        self.held, self.allocator = held, allocator
        own, self._pool = np.unique(held.batch.labels.own, return_inverse=True)
        told = [lies(int(R)) for R in own]
        most = max(len(factors) for _, factors in told)
        # Where pools have more resources, the last lies of the others are about nothing.
        self._target, self._factor = np.full((len(own), most), -1), np.ones((len(own), most))
        for R, target, factor, (targets, factors) in zip(
            own, self._target, self._factor, told, strict=True
        ):
            target[: len(targets)] = np.where(targets == R, held.batch.R, targets)
            factor[: len(factors)] = factors

    def __len__(self) -> int:
        return self.held.batch.J * self._factor.shape[1]

    def _lie(self, rows: Index, which: Index) -> tuple[Index, Index, Floats]:
        """(n,) each: who lies, about which resource (R: all, -1: none), and the factor.

        A pool tells the lies that it tells alone, about its resources in its own order.
        """
        batch, (job, lie) = self.held.batch, np.divmod(which, self._factor.shape[1])
        pool = np.broadcast_to(self._pool, batch.S)[rows]
        target = self._target[pool, lie]
        one = (target >= 0) & (target < batch.R)
        return (
            job,
            np.where(one, _listed(batch, rows, target * one), target),
            self._factor[pool, lie],
        )

    def _said(self, rows: Index, which: Index) -> Floats:
        """(n, R)."""
        return false_demand(self.held.batch, rows, *self._lie(rows, which))

    def changed(self, rows: Index, which: Index) -> Batch:
        """Each with one job's lie."""
        job, *_ = self._lie(rows, which)
        return lying(self.held.batch, rows, job, self._said(rows, which))

    def worth(self, given: NDArray[Any], rows: Index, which: Index) -> tuple[Floats, Index]:
        """True executors under the lie, less those of the truth; whose is the liar."""
        held, (job, resource, _) = self.held, self._lie(rows, which)
        batch = held.batch

        def of(plane: Floats) -> Floats:
            """(n, R) of the liars."""
            shape = (batch.J, batch.R, batch.S)
            mine: Floats = np.broadcast_to(batch.as_given(plane), shape)[job, :, rows]
            return mine

        got = given[job, np.arange(len(job))][:, np.newaxis]
        bundle = of(batch.usage) + got * self._said(rows, which)
        run = metrics.executors_run(bundle.T[np.newaxis], of(batch.demand).T[np.newaxis])[0]
        own = held.own[job, rows]
        useful = self.allocator.usable(np.minimum(run, own + held.room[job, rows]))
        judged = held.judged[job, rows] & (resource >= 0)
        honest = self.allocator.usable(np.where(judged, own, 0.0))
        gain = np.where(judged, useful, -np.inf) - honest
        return gain, job

    def told(self, value: Floats, which: Index, who: Index) -> Findings:
        """The best lie."""
        none, (_, resource, factor) = which < 0, self._lie(np.arange(len(which)), which)
        return {
            "lie_gain": value,
            "liar": who,
            "lie_resource": np.where(none, -1, resource),
            "lie_factor": np.where(none, np.nan, factor),
        }


def _listed(batch: Batch, rows: Index, place: Index) -> Index:
    """(n,): the resource at a place (n,) of its pool's own list."""
    order: Index = np.broadcast_to(batch.labels.order(), (batch.S, batch.R))[rows, place]
    return order


class Growth:
    """Resource monotonicity: the pool has more of one resource."""

    def __init__(self, held: Holdings, allocator: Allocator) -> None:
        self.held = held

    def __len__(self) -> int:
        return self.held.batch.R * len(GROWTHS)

    def _more(self, rows: Index, which: Index) -> tuple[Index, Floats]:
        """(n,) each: the resource that grows, in the order of each pool's own, and how much."""
        place, growth = np.divmod(which, len(GROWTHS))
        return _listed(self.held.batch, rows, place), np.array(GROWTHS)[growth]

    def changed(self, rows: Index, which: Index) -> Batch:
        """Each with more of a resource."""
        return growing(self.held.batch, rows, *self._more(rows, which))

    def worth(self, given: NDArray[Any], rows: Index, which: Index) -> tuple[Floats, Index]:
        """The most executors that a job has lost."""
        held, (resource, _) = self.held, self._more(rows, which)
        capacity = np.broadcast_to(held.batch.capacity, (held.batch.R, held.batch.S))
        return _lost(held, given, rows, held.real[:, rows] & (capacity[resource, rows] > 0))

    def told(self, value: Floats, which: Index, who: Index) -> Findings:
        """What grew, and who lost."""
        none, (resource, factor) = which < 0, self._more(np.arange(len(which)), which)
        return {
            "growth_loss": value,
            "growth_loser": who,
            "growth_resource": np.where(none, -1, resource),
            "growth_factor": np.where(none, np.nan, factor),
        }


class Leaving:
    """Population monotonicity: a job leaves, and what it held is free."""

    def __init__(self, held: Holdings, allocator: Allocator) -> None:
        self.held = held

    def __len__(self) -> int:
        return self.held.batch.J

    def changed(self, rows: Index, which: Index) -> Batch:
        """Each with one job less."""
        return leaving(self.held.batch, rows, which)

    def worth(self, given: NDArray[Any], rows: Index, which: Index) -> tuple[Floats, Index]:
        """The most executors that one of the others has lost."""
        real = self.held.real[:, rows]
        others = real & real[which, np.arange(len(rows))]
        others[which, np.arange(len(rows))] = False
        return _lost(self.held, given, rows, others)

    def told(self, value: Floats, which: Index, who: Index) -> Findings:
        """Who left, and who lost."""
        return {"leaving_loss": value, "leaving_loser": who, "leaver": which}


def _lost(
    held: Holdings, given: NDArray[Any], rows: Index, counted: NDArray[np.bool_]
) -> tuple[Floats, Index]:
    """(n,): the most that any job that counts (J, n) has lost, and who; -inf where none counts."""
    lost, who = most(held.granted[:, rows] - given.astype(np.float64), counted)
    return np.where(np.isnan(lost), -np.inf, lost), who
