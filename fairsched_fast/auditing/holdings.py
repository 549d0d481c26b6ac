"""What jobs hold at the end of a run, and what they make of it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairsched_fast import metrics
from fairsched_fast.batch import FLOAT_SLACK, Batch
from fairsched_fast.lowering import users_left

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Holdings:
    """Jobs once each was `granted` (J, S) executors; amounts in the batch's units.

    `piece` is the least of an executor that can be given, in executors.
    """

    batch: Batch
    granted: NDArray[Any]
    piece: float

    def each(self, plane: NDArray[Any]) -> NDArray[Any]:
        """A plane (J', S') as (J, S)."""
        return np.broadcast_to(plane, self.granted.shape)

    @cached_property
    def demand(self) -> Floats:
        """(J, R, S) of one executor."""
        return np.broadcast_to(self.batch.demand, (self.batch.J, self.batch.R, self.batch.S))

    @cached_property
    def bundle(self) -> Floats:
        """(J, R, S): all that a job holds."""
        held: Floats = self.batch.usage + self.granted[:, np.newaxis] * self.demand
        return held

    @cached_property
    def real(self) -> Bools:
        """(J, S): all but padding."""
        return metrics.real_jobs(self.batch)

    @cached_property
    def judged(self) -> Bools:
        """(J, S): who can tell bundles apart: real jobs whose executors need something."""
        judged: Bools = self.real & (self.demand > 0).any(axis=1)
        return judged

    @cached_property
    def weight(self) -> Floats:
        """(J, S): as people state it; 0 for padding."""
        return np.where(self.real, self.each(self.batch.true_weight), 0.0)

    def runs(self, bundle: Floats) -> Floats:
        """(J, S): executors of each job that a bundle (J', R, S) runs; 0 of who is not judged."""
        return np.where(self.judged, metrics.executors_run(bundle, self.demand), 0.0)

    @cached_property
    def own(self) -> Floats:
        """(J, S): executors that its bundle runs."""
        own: Floats = self.runs(self.batch.usage) + self.granted
        return own

    @cached_property
    def split(self) -> Floats:
        """(J, S): executors that its own part of the pool, by weight, runs of those it can use."""
        total = np.zeros(self.batch.S)
        for weight in self.weight:
            total += weight
        part = self.weight / np.where(total > 0, total, 1.0)
        runs = self.runs(self.batch.capacity[np.newaxis]) * part
        split: Floats = np.minimum(runs, self.own + self.wanted)
        return split

    @cached_property
    def room(self) -> Floats:
        """(J, S): executors that a job could still be given below its ceiling and its limit."""
        room: Floats = np.maximum(self.batch.room - self.granted.astype(np.float64), 0)
        return room

    @cached_property
    def wanted(self) -> Floats:
        """(J, S): the same below its user's cap too."""
        batch = self.batch
        if batch.user is None or batch.user_cap is None:
            return self.room
        wanted, user = self.room.copy(), self.each(batch.user)
        for u, left in enumerate(users_left(batch).astype(np.float64)):
            mine = user == u
            given = np.zeros(batch.S)
            for j in range(batch.J):
                given += np.where(mine[j], self.granted[j], 0)
            np.minimum(wanted, np.maximum(left - given, 0), out=wanted, where=mine)
        return wanted

    @cached_property
    def free(self) -> Floats:
        """(R, S): what is left of each resource; below 0 where jobs hold more than there is."""
        batch = self.batch
        left = batch.capacity * np.where(batch.decimal, 1, 1 + FLOAT_SLACK)
        left = np.broadcast_to(left, (batch.R, batch.S)).copy()
        for bundle in self.bundle:
            left -= bundle
        if self.piece < 1:  # shares that add up to the whole do so but for rounding
            left[np.abs(left) < self.piece * batch.capacity] = 0
        return left

    @cached_property
    def overfull(self) -> Bools:
        """(S,): whether jobs hold more than there is of anything."""
        over: Bools = np.any(self.free < 0, axis=0)
        return over

    @cached_property
    def wants(self) -> Bools:
        """(J, S): who may still be given something."""
        wants: Bools = self.judged & (self.wanted >= self.piece)
        return wants

    @cached_property
    def fits(self) -> Bools:
        """(J, S): of those, for whom there is enough of everything."""
        enough = (self.free >= self.piece * self.demand) | (self.demand == 0)
        fits: Bools = self.wants & enough.all(axis=1)
        return fits

    @cached_property
    def spent(self) -> Bools:
        """(S,): whether every extra executor was given."""
        given = np.zeros(self.batch.S)
        for row in self.granted:
            given += row
        rounding = 0 if self.piece == 1 else self.piece
        budget = np.broadcast_to(self.batch.extra_executors, self.batch.S)
        spent: Bools = given >= budget - rounding
        return spent
