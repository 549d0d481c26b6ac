"""All that the audit finds of a run, as arrays: what tables and files are made of."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairsched_fast.auditing.allocators import Allocator, Divisible, Whole
from fairsched_fast.auditing.holdings import Holdings
from fairsched_fast.auditing.probes import probe
from fairsched_fast.auditing.verdicts import Findings, fluid_distance, measure
from fairsched_fast.batch import Batch
from fairsched_fast.policies.base import PolicyLike
from fairsched_fast.policies.key_functions import KeyPolicy
from fairsched_fast.result import Result
from fairsched_fast.water_filling import fluid
from fairsched_fast.workers import threads

_CHUNK_VALUES = 1 << 20  # J·R·scenarios measured at once


def of_result(result: Result, probes: bool, workers: int | None = None) -> Findings:
    """What there is to say of each row of a result, by the names of `words.COLUMNS`.

    Numbers are float64 (S,), `stranded` (R, S); jobs and resources are indices (S,), -1 for none,
    R for all resources.
    """
    allocator = Whole(result.policy, result.on_full, threads(workers))
    return _found(result.batch, result.granted.T, allocator, probes)


def of_fluid(batch: Batch, policy: PolicyLike, probes: bool) -> Findings:
    """The same of divisible executors."""
    allocator = Divisible(policy)
    return _found(batch, allocator(batch), allocator, probes)


def _found(batch: Batch, granted: NDArray[Any], allocator: Allocator, probes: bool) -> Findings:
    parts = []
    for first, part in batch.chunks(max(1, _CHUNK_VALUES // (batch.J * batch.R))):
        held = Holdings(part, granted[:, first : first + part.S], allocator.piece)
        with np.errstate(over="ignore", invalid="ignore"):  # amounts beyond all measure: NaN
            found = measure(held, allocator.noise)
            found |= fluid_distance(held, _optimum(part, allocator), allocator.noise)
            if probes:
                found |= probe(held, allocator)
        parts.append(found)
    return {name: np.concatenate([part[name] for part in parts], axis=-1) for name in parts[0]}


def _optimum(batch: Batch, allocator: Allocator) -> NDArray[np.float64] | None:
    """(J, S): the policy's fluid allocation, where it has one that the run can be held to."""
    if isinstance(allocator, Divisible) or isinstance(allocator.policy, KeyPolicy):
        return None
    return fluid(batch, allocator.policy).T
