"""How scenarios are served, once and again: by the engine in whole executors, or divisible."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fairsched_fast import engine
from fairsched_fast.batch import Batch
from fairsched_fast.policies.base import Policy, PolicyLike
from fairsched_fast.water_filling import fluid

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Whole:
    """The engine, on one more Batch: nothing is given but whole executors."""

    policy: Policy
    on_full: str
    workers: int
    piece: float = 1.0
    """The least of an executor that can be given."""
    noise: float = 1e-9
    """What rounding may make of nothing, in executors."""

    def __call__(self, batch: Batch) -> NDArray[np.int32]:
        """(J, S): executors each job is given."""
        return engine.run(batch, self.policy, self.on_full, workers=self.workers).granted.T

    def usable(self, executors: Floats) -> Floats:
        """Executors that can be run of so many: whole ones."""
        whole: Floats = np.floor(executors + self.noise)
        return whole


@dataclass(frozen=True)
class Divisible:
    """Water filling, or CEEI: an executor can be given in part."""

    policy: PolicyLike
    piece: float = 1e-6
    noise: float = 1e-6

    def __call__(self, batch: Batch) -> Floats:
        """(J, S): executors each job is given."""
        return fluid(batch, self.policy).T

    def usable(self, executors: Floats) -> Floats:
        """Executors that can be run of so many: all."""
        return executors


Allocator = Whole | Divisible
