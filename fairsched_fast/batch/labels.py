"""What the axes of a Batch are called."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Labels:
    """Names along the axes of a Batch; S' is "S or 1"."""

    scenario: NDArray[np.int64]  # (S,) ids
    pool: NDArray[np.object_]  # (S',) names
    jobs: NDArray[np.object_]  # (S', J) names, "" for padding
    resources: tuple[str, ...]  # R names
    elsewhere: tuple[str, ...] = ()  # resources of other pools, which these lack

    def cut(self, rows: slice | NDArray[np.integer[Any]]) -> Labels:
        """Of some of the scenarios."""
        return replace(
            self,
            scenario=self.scenario[rows],
            pool=self.pool if len(self.pool) == 1 else self.pool[rows],
            jobs=self.jobs if len(self.jobs) == 1 else self.jobs[rows],
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
