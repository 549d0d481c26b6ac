"""What each job of a run was given beside what would be its fair share, by name."""

from __future__ import annotations

import numpy as np
import pandas as pd

from fairsched_fast.auditing.holdings import Holdings
from fairsched_fast.policies.key_functions import KeyPolicy
from fairsched_fast.result import Result
from fairsched_fast.water_filling import fluid


def fair_shares(result: Result) -> pd.DataFrame:
    """A row for each pool and job; everything in executors of the job.

    Columns: pool; job; granted (in this run); fluid (what the policy would give of executors that
    can be divided, see `fluid`; NaN where its key is a function); runs (what all that the job holds
    at the end runs); own_part (what its own part of the pool would run: capacity times weight /
    Σ weight, and no more than it could use, as for the audit's `sharing_incentive`).
    """
    batch, labels = result.batch, result.batch.labels
    held, shape = Holdings(batch, result.granted.T, piece=1.0), (batch.S, batch.J)
    divided = np.full(shape, np.nan)
    if not isinstance(result.policy, KeyPolicy):
        divided = fluid(batch, result.policy)
    frame = pd.DataFrame(
        {
            "pool": np.repeat(np.broadcast_to(labels.pool, batch.S), batch.J),
            "job": np.broadcast_to(labels.jobs, shape).ravel(),
            "granted": result.granted.ravel(),
            "fluid": divided.ravel(),
            "runs": held.own.T.ravel(),
            "own_part": held.split.T.ravel(),
        }
    )
    return frame[held.real.T.ravel()].reset_index(drop=True)
