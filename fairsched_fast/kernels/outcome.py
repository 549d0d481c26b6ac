"""What kernels write, and how the order of one scenario gets there."""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fairsched_fast.kernels.jit import inner, leaf

BUDGET, CAPACITY, USER_CAPS, CEILINGS = 0, 1, 2, 3  # why a run ended
_CACHE_LINE = 64  # scenarios whose single bytes share one
_TILE = 1 << 23  # bytes at most


class Outcome(NamedTuple):
    """What a run writes. The order is in one of the last three, or in none.

    Single bytes lie as lockstep writes them, a step of all scenarios together; wider ones, of more
    jobs than lockstep takes, as a scenario's order together.
    """

    granted: NDArray[np.int32]  # (J, S) executors given to each job
    steps: NDArray[np.int32]  # (S,) executors given
    stop: NDArray[np.int8]  # (S,) BUDGET, CAPACITY, USER_CAPS or CEILINGS
    small: NDArray[np.int8]  # (N, S) the job chosen at each step, −1 where none
    medium: NDArray[np.int16]  # (S, N)
    large: NDArray[np.int32]  # (S, N)


_NONE = {kind.itemsize: np.empty((0, 0), kind) for kind in map(np.dtype, "bhi")}


def blank_outcome(J: int, S: int, N: int = 0) -> Outcome:
    """Arrays for S scenarios of J jobs, and for N steps of their order in the type it takes.

    Of Python, not for compiled code.
    """
    kind = smallest_signed(J)
    order = np.empty((N, S) if kind.itemsize == 1 else (S, N), kind)
    return Outcome(
        np.empty((J, S), np.int32),
        np.empty(S, np.int32),
        np.empty(S, np.int8),
        *(_NONE | {kind.itemsize: order}).values(),
    )


def choices_of(out: Outcome) -> NDArray[Any]:
    """(S, N) the order that a `blank_outcome` has, or that was written to it."""
    orders: dict[int, NDArray[Any]] = {1: out.small.T, 2: out.medium, 4: out.large}
    return orders[smallest_signed(len(out.granted)).itemsize]


@cache
def smallest_signed(J: int) -> np.dtype[Any]:
    """The smallest signed dtype that holds a job index."""
    return np.min_scalar_type(-max(J, 1))


@inner
def blank_log(out: Outcome) -> NDArray[np.int32]:
    """Room for one scenario's order, (N,); N = 0 where none is kept."""
    N = max(out.small.shape[0], out.medium.shape[1], out.large.shape[1])
    return np.empty(N, np.int32)


@inner
def blank_tile(out: Outcome) -> NDArray[np.int8]:
    """Rows for the single bytes of as many scenarios as share a cache line; of one, no row."""
    N, S = out.small.shape
    rows = min(S, _CACHE_LINE, _TILE // max(1, N))
    return np.empty((rows if rows > 1 else 0, N), np.int8)


@leaf
def write_order(
    log: NDArray[np.int32], s: int, last: int, first: int, tile: NDArray[np.int8], out: Outcome
) -> None:
    """Write the order of scenario s of 0…last to the outputs' scenario `first` + s.

    Single bytes are gathered in a tile: a cache line of them is written once.
    """
    if out.medium.shape[1] > 0:
        cast(log, out.medium[first + s])
    if out.large.shape[1] > 0:
        cast(log, out.large[first + s])
    if out.small.shape[0] > 0 and tile.shape[0] == 0:
        cast(log, out.small[:, first + s])
    elif out.small.shape[0] > 0:
        row = s % tile.shape[0]
        cast(log, tile[row])
        if row == tile.shape[0] - 1 or s == last:
            transpose(tile, row + 1, first + s - row, out.small)


@leaf
def cast(log: NDArray[np.int32], row: NDArray[Any]) -> None:
    """Copy an order into a row of the type that is kept."""
    kind = row.dtype.type
    for n in range(row.shape[0]):
        row[n] = kind(log[n])


@leaf
def transpose(tile: NDArray[np.int8], rows: int, column: int, small: NDArray[np.int8]) -> None:
    """Copy rows of a tile into as many columns."""
    columns = small[:, column : column + rows]
    for n in range(columns.shape[0]):
        for row in range(rows):
            columns[n, row] = tile[row, n]
