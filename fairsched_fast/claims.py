"""Claims: a policy's decisions for every job, as arrays that one kernel family serves.

A job takes executors one at a time. Its k-th possible grant is a claim with a key; the lowest key
is served next, ties go to the lower rank. Where a job's key depends on that job alone and never
falls, the whole schedule is the merge of the jobs' claim sequences in (key, rank) order, and
nothing else has to be simulated. Nearly every such policy is, job by job, a max of lines:

    key_j(k) = max_l ( offset_jl + k · slope_jl ) / per_jl           k = 0, 1, 2 …

(This is apportionment: divisor methods are exactly such keys. Selecting the N smallest of J
monotone sequences: Frederickson & Johnson 1982; Cheng & Eppstein, arXiv:1409.2603.)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fairsched_fast.errors import Problems

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Claims:
    """What a policy lowers a Batch to.

    Parameters
    ----------
    offset, slope, per : (J', L, S') of numbers ≥ 0
        The L lines of each job; axes of length 1 are shared. A line whose `per` is 0 adds nothing
        (a resource of zero capacity). Whole numbers, as the Batch's quantities are in their units,
        keep keys exact; fractions are compared in ticks of 1e-12.
    rank : int (J, S') or None
        Who goes first at equal keys: the lower. None is job order.
    """

    offset: ArrayLike
    slope: ArrayLike
    per: ArrayLike
    rank: NDArray[np.integer[Any]] | None = None

    def lines(self, J: int) -> tuple[Floats, Floats, Floats]:
        """Offset, slope and per as contiguous float64 (J, L, S'), one L for the three."""
        arrays = [np.asarray(a, np.float64) for a in (self.offset, self.slope, self.per)]
        L = max(a.shape[1] for a in arrays)
        offset, slope, per = (
            np.ascontiguousarray(np.broadcast_to(a, (J, L, a.shape[-1]))) for a in arrays
        )
        return offset, slope, per

    def key(self, granted: NDArray[np.integer[Any]]) -> Floats:
        """The definition, for people: keys (J, S) of jobs that were given `granted` (J, S) so far.

        Kernels compare the same numbers exactly, without this division's rounding.
        """
        offset, slope, per = (
            np.asarray(a, np.float64) for a in (self.offset, self.slope, self.per)
        )
        lines = (offset + granted[:, np.newaxis] * slope) / np.where(per == 0, np.inf, per)
        key: Floats = lines.max(axis=1)
        return key

    def check(self, policy: str, J: int, S: int) -> None:
        """What a kernel takes for granted, of claims that a user's policy made.

        Raises
        ------
        InputError
            On wrong shapes, NaN, infinities, negative numbers or a falling key.
        """
        problems = Problems()
        for name, given in (("offset", self.offset), ("slope", self.slope), ("per", self.per)):
            array = np.asarray(given)
            fits = array.ndim == 3 and array.shape[0] in (1, J) and array.shape[2] in (1, S)
            if array.dtype.kind not in "iuf" or not fits:
                problems.append(
                    f"{name} is {array.dtype} of shape {array.shape}; expected numbers of shape "
                    f"({J} or 1, lines, {S} or 1)"
                )
                continue
            wrong = ~np.isfinite(array) | (array < 0)
            if wrong.any():
                j, line, s = np.unravel_index(int(wrong.argmax()), wrong.shape)
                problems.append(
                    f"{name} of job {j}, line {line}, scenario {s} is {array[j, line, s]}; "
                    "expected finite numbers, 0 or more (a negative slope would make the key fall)"
                )
        if not problems:
            lines = {np.asarray(a).shape[1] for a in (self.offset, self.slope, self.per)} - {1}
            if len(lines) > 1:
                problems.append(
                    f"offset, slope and per have {sorted(lines)} lines; expected one number"
                )
        if self.rank is not None:
            rank = np.asarray(self.rank)
            if (
                rank.dtype.kind not in "iu"
                or rank.ndim != 2
                or rank.shape[0] != J
                or rank.shape[1] not in (1, S)
            ):
                problems.append(
                    f"rank is {rank.dtype} of shape {rank.shape}; expected integers ({J}, {S} or 1)"
                )
        problems.raise_if_any(f"policy {policy!r}")
