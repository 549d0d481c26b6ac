"""What a pool must hold before anything is handed out: what its jobs hold, and what is promised."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fairsched_fast.batch import FLOAT_SLACK, Batch
from fairsched_fast.errors import InputError

_ROWS_AT_A_TIME = 1 << 16  # bounds what a pass over a large batch needs beside it


@dataclass(frozen=True, slots=True)
class Overfull:
    """The first pool whose jobs hold more than there is, and how many such pools there are."""

    row: int
    resource: int
    used: float
    capacity: float
    rows: int


def find_overfull(batch: Batch) -> Overfull | None:
    """The first over-full pool of a batch."""
    first: tuple[int, int] | None = None
    count = 0
    for start, part in batch.chunks(_ROWS_AT_A_TIME):
        over = part.over_capacity()
        rows = np.flatnonzero(over.any(axis=0))
        if first is None and len(rows):
            first = (start + int(rows[0]), int(over[:, rows[0]].argmax()))
        shared = over.shape[-1] == 1 < part.S
        count += len(rows) * (batch.S if shared else 1)
        if shared:
            break
    if first is None:
        return None
    row, resource = first
    part = batch.rows(row, row + 1)
    used, capacity = part.as_given(part.used_before()), part.as_given(part.capacity)
    return Overfull(row, resource, used[resource, 0], capacity[resource, 0], count)


def check_overfull(batch: Batch) -> None:
    """No pool's jobs hold more than it has.

    Raises
    ------
    InputError
        Naming the first such pool.
    """
    over = batch.overfull
    if over is None:
        return
    more = f" ({over.rows - 1:,} more such pools)" if over.rows > 1 else ""
    raise InputError(
        f"pool {batch.pool_name(over.row)!r} of scenario {batch.labels.scenario[over.row]}: its "
        f"jobs hold {over.used:g} {batch.labels.resources[over.resource]}, "
        f"{over.used - over.capacity:g} above the capacity of {over.capacity:g}{more}; lower the "
        'usage, raise the capacity, or pass on_full="ignore"'
    )


def check_guarantees(batch: Batch) -> None:
    """No job is promised more than its pool has.

    Raises
    ------
    InputError
        Naming the first such job.
    """
    if not batch.promises:
        return
    for _, part in batch.chunks(_ROWS_AT_A_TIME):
        by_count = part.min_executors[:, np.newaxis] * part.demand
        for what, promised in (("guarantee", part.guarantee), ("min_executors", by_count)):
            slack = np.where(part.decimal, 1, 1 + FLOAT_SLACK)
            over = promised > part.capacity * slack
            if over.any():
                j, r, s = (int(i) for i in np.unravel_index(int(over.argmax()), over.shape))
                raise InputError(_promise_message(part, what, promised, (j, r, s)))


def _promise_message(
    part: Batch, what: str, promised: NDArray[np.float64], place: tuple[int, int, int]
) -> str:
    j, r, s = place
    amount = part.as_given(np.broadcast_to(promised, (*promised.shape[:2], part.S)))[j, r, s]
    capacity = part.as_given(part.capacity)[r, s if part.capacity.shape[1] > 1 else 0]
    resource = part.labels.resources[r]
    means = f"{amount:g} {resource}" if what == "guarantee" else f"{amount:g} {resource} in all"
    return (
        f"{what} of job {part.job_names(s)[j]!r} in scenario {part.labels.scenario[s]} is {means}, "
        f"above the capacity of pool {part.pool_name(s)!r}, {capacity:g}; lower the one or raise "
        'the other, or pass on_full="ignore"'
    )
