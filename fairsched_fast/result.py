"""`Result`: what a run gave, and what its arrays mean."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fairsched_fast import kernels, metrics
from fairsched_fast.batch import Batch
from fairsched_fast.errors import plural
from fairsched_fast.policies.base import Policy

if TYPE_CHECKING:
    import pandas as pd

FORMS = {
    kernels.INTEGER: "integer",
    kernels.QUOTIENT: "quotient",
    kernels.TICKS: "ticks",
    kernels.KEYS: "function",
}


class StopReason(IntEnum):
    """Why a run ended, read off its final state."""

    BUDGET = kernels.BUDGET
    """Every extra executor was given."""
    CAPACITY = kernels.CAPACITY
    """A job below its ceiling and its user's cap does not fit into the pool any more."""
    USER_CAPS = kernels.USER_CAPS
    """Every job below its ceiling has a user at its cap."""
    CEILINGS = kernels.CEILINGS
    """Every job is at its ceiling."""

    def __str__(self) -> str:
        return self.name


STOP_SENTENCES = {
    StopReason.BUDGET: "every extra executor was given",
    StopReason.CAPACITY: "the pool is full: a job below its ceiling no longer fits",
    StopReason.USER_CAPS: "every job below its ceiling has a user at its cap",
    StopReason.CEILINGS: "every job is at its ceiling",
}


@dataclass(frozen=True, eq=False, repr=False)
class Result:
    """What `allocate` returns. S scenarios (a pool is one), J jobs, N steps.

    Attributes
    ----------
    granted : int32 (S, J)
        Executors each job was given in this run.
    choices : smallest signed int (S, N), or None
        The job chosen at each step, −1 where nothing was granted; None without `log`.
    steps : int32 (S,)
        Executors given.
    stop : int8 (S,)
        Why each run ended, a `StopReason`.
    keys : str
        The least exact form of keys used: "integer", "quotient", "ticks" or, of a key
        function's own numbers, "function".
    batch, policy, on_full
        What was run.
    """

    batch: Batch
    policy: Policy
    on_full: str
    granted: NDArray[np.int32]
    choices: NDArray[Any] | None
    steps: NDArray[np.int32]
    stop: NDArray[np.int8]
    keys: str

    @cached_property
    def executors(self) -> NDArray[np.int32]:
        """(S, J) executors held + granted."""
        return self.granted + self.batch.executors.T

    @cached_property
    def dominant_share(self) -> NDArray[np.float64]:
        """(S, J) largest share over the resources, at the end."""
        return metrics.dominant_share(self.batch, self.granted.T).T

    def stop_reason(self, row: int = 0) -> StopReason:
        """Why a row's run ended."""
        return StopReason(int(self.stop[row]))

    def step_log(
        self, scenario: int | None = None, pool: str | None = None, detail: bool = False
    ) -> pd.DataFrame:
        """One row per grant, with the reason: see `step_log.step_log`."""
        from fairsched_fast.why.step_log import step_log

        return step_log(self, scenario, pool, detail)

    def summary(self, scenario: int | None = None, pool: str | None = None) -> pd.DataFrame:
        """Final allocation of each job: see `tables.summary`."""
        from fairsched_fast import tables

        return tables.summary(self, scenario, pool)

    def timeline(self, scenario: int | None = None, pool: str | None = None) -> pd.DataFrame:
        """Dominant share of each job after 0…N steps: see `tables.timeline`."""
        from fairsched_fast import tables

        return tables.timeline(self, scenario, pool)

    def to_frame(self) -> pd.DataFrame:
        """Tidy: one row per scenario and job: see `tables.to_frame`."""
        from fairsched_fast import tables

        return tables.to_frame(self)

    def __repr__(self) -> str:
        batch = self.batch
        ends = ", ".join(
            f"{reason.name} {count:,}"
            for reason in StopReason
            if (count := int((self.stop == reason).sum()))
        )
        logged = "" if self.choices is None else ", order kept"
        return (
            f"<Result of {self.policy.name}: {batch.size}, "
            f"{plural(int(self.steps.sum(dtype=np.int64)), 'executor')} given, ended by {ends}, "
            f"{self.keys} keys{logged}>"
        )

    def _repr_html_(self) -> str:
        from fairsched_fast import tables

        return tables.result_html(self)
