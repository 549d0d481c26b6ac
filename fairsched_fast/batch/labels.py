"""`Labels`: what the axes of a Batch are called."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

Names = NDArray[np.object_]


@dataclass(frozen=True, slots=True)
class Labels:
    """What the axes of a Batch are called."""

    scenario: NDArray[np.int64]  # (S,) ids
    pool: Names  # (S',) names
    jobs: Names  # (S', J) names, "" for padding
    resources: tuple[str, ...]  # R names
    elsewhere: tuple[str, ...] = ()  # resources of other pools, which these lack
    place: NDArray[np.int64] | None = None
    """(S', R) place of each resource in its pool's own list, R where the pool has none; None where
    all pools list `resources`."""

    def cut(self, rows: slice | NDArray[np.integer[Any]]) -> Labels:
        """Those of some scenarios."""
        return replace(
            self,
            scenario=self.scenario[rows],
            pool=self.pool if len(self.pool) == 1 else self.pool[rows],
            jobs=self.jobs if len(self.jobs) == 1 else self.jobs[rows],
            place=self.place if self.place is None or len(self.place) == 1 else self.place[rows],
        )

    def jobs_of(self, row: int) -> list[str]:
        """Names of the J jobs of a row, "" for padding."""
        names: list[str] = self.jobs[row if len(self.jobs) > 1 else 0].tolist()
        return names

    def pool_of(self, row: int) -> str:
        """Name of a row's pool."""
        return str(self.pool[row if len(self.pool) > 1 else 0])

    @property
    def several_pools(self) -> bool:
        """Whether the rows are of more than one pool."""
        return bool((self.pool != self.pool[0]).any())

    @property
    def several_scenarios(self) -> bool:
        """Whether the rows are of more than one scenario."""
        return bool((self.scenario != self.scenario[0]).any())

    @property
    def own(self) -> NDArray[np.int64]:
        """(S',): how many resources each pool has."""
        R = len(self.resources)
        return np.full(1, R) if self.place is None else (self.place < R).sum(axis=1)

    def order(self, kept: Sequence[int] | None = None) -> NDArray[np.int64]:
        """(S', n): the resources `kept` (n of them; None is all) as each pool lists them.

        Those that it lacks come last.
        """
        which = np.arange(len(self.resources)) if kept is None else np.asarray(kept, np.int64)
        if self.place is None:
            return which[np.newaxis]
        return which[np.argsort(self.place[:, which], axis=1, kind="stable")]

    def as_listed(
        self, plane: NDArray[np.float64], kept: Sequence[int] | None = None
    ) -> NDArray[np.float64]:
        """The resources `kept` of a plane (…, R, S') in the order of each pool's own list."""
        order = self.order(kept).T
        if order.shape[-1] == 1:
            return plane[..., order[:, 0], :]
        axes = (1,) * (plane.ndim - 2)
        return np.take_along_axis(plane, order.reshape(*axes, *order.shape), axis=-2)
