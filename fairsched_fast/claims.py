"""Claims: a policy's decisions for every job, as arrays that one kernel family serves.

A job takes executors one at a time. Its k-th possible grant is a claim with a key; the lowest key
is served next, ties go to the lower rank. Where a job's key depends on that job alone and never
falls, the whole schedule is the merge of the jobs' claim sequences in (key, rank) order, and
nothing else has to be simulated. Nearly every such policy is, job by job, a max of lines:

    key_j(k) = max_l ( offset_jl + k · slope_jl ) / per_jl           k = 0, 1, 2 …

"Needy first", guarantees, priority tiers: a job's claims come in segments, each with its ceiling,
and all jobs' claims of one segment go before any of the next. A policy then returns several Claims.

(This is apportionment: divisor methods are exactly such keys. Selecting the N smallest of J
monotone sequences: Frederickson & Johnson 1982; Cheng & Eppstein, arXiv:1409.2603.)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fairsched_fast.batch import Batch
from fairsched_fast.errors import Problems
from fairsched_fast.number_rules import NO_LIMIT

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Claims:
    """What a policy lowers a Batch to.

    Parameters
    ----------
    offset, slope, per : (J', L, S') of numbers; slope and per ≥ 0
        The L lines of each job; axes of length 1 are shared. A key is never below 0: where all
        lines are, it is 0. A line whose `per` is 0 adds nothing (a resource of zero capacity).
        Whole numbers, as the Batch's quantities are in their units, keep keys exact; fractions are
        compared in ticks of 1e-12.
    rank : int (J, S') or None
        Who goes first at equal keys: the lower. None is job order. Of several segments, the
        first's counts for all.
    ceiling : (J', S') of counts, or None
        Up to how many executors, granted in this run, these claims go; None is no end. What comes
        beyond is for the next segment.
    measure, reason : str
        What the key measures, in words, or a sentence in its stead; "" is the policy's own.
    """

    offset: ArrayLike
    slope: ArrayLike
    per: ArrayLike
    rank: NDArray[np.integer[Any]] | None = None
    ceiling: ArrayLike | None = None
    measure: str = ""
    reason: str = ""

    def lines(self, J: int) -> tuple[Floats, Floats, Floats]:
        """Offset, slope and per as float64 (J, L, S'), one L for the three."""
        arrays = [np.asarray(a, np.float64) for a in (self.offset, self.slope, self.per)]
        L = max(a.shape[1] for a in arrays)
        offset, slope, per = (
            a if a.shape[:2] == (J, L) else np.broadcast_to(a, (J, L, a.shape[-1])).copy()
            for a in arrays
        )
        return offset, slope, per

    def key(self, granted: NDArray[np.integer[Any]]) -> Floats:
        """The definition, for people: keys (J, S) of jobs that were given `granted` (J, S) so far.

        Kernels compare the same numbers exactly, without this division's rounding.
        """
        lines = [np.asarray(a, np.float64) for a in (self.offset, self.slope, self.per)]
        key: Floats = np.zeros(granted.shape)
        for line in range(max(a.shape[1] for a in lines)):
            offset, slope, per = (a[:, line if a.shape[1] > 1 else 0] for a in lines)
            key = np.maximum(key, (offset + granted * slope) / np.where(per == 0, np.inf, per))
        return key

    def up_to(self, ceiling: Floats) -> Claims:
        """The same claims, ending at a ceiling (J', S') unless they end before."""
        own = np.inf if self.ceiling is None else self.ceiling
        return replace(self, ceiling=np.minimum(own, ceiling))

    def times(self, scale: Floats) -> Claims:
        """The same claims, keys times a scale (S',)."""
        return replace(
            self, offset=np.multiply(self.offset, scale), slope=np.multiply(self.slope, scale)
        )

    def ends(self, J: int) -> NDArray[np.int32]:
        """The ceiling as int32 (J, S')."""
        if self.ceiling is None:
            return np.full((J, 1), NO_LIMIT, np.int32)
        plane = np.clip(np.asarray(self.ceiling, np.float64), 0, NO_LIMIT).astype(np.int32)
        return np.broadcast_to(plane, (J, plane.shape[-1]))

    def check(self, policy: str, batch: Batch) -> None:
        """What a kernel takes for granted, of claims that a user's policy made.

        Raises
        ------
        InputError
            On wrong shapes, NaN, infinities, negative numbers or a falling key.
        """
        J, S, problems = batch.J, batch.S, Problems()
        for name, given in (("offset", self.offset), ("slope", self.slope), ("per", self.per)):
            array = np.asarray(given)
            fits = (
                array.ndim == 3
                and array.shape[0] in (1, J)
                and array.shape[1] > 0
                and array.shape[2] in (1, S)
            )
            if array.dtype.kind not in "iuf" or not fits:
                problems.append(
                    f"{name} is {array.dtype} of shape {array.shape}; expected numbers of shape "
                    f"({J} or 1, 1 line or more, {S} or 1)"
                )
                continue
            wrong = ~np.isfinite(array) | ((array < 0) & (name != "offset"))
            if wrong.any():
                j, line, s = np.unravel_index(int(wrong.argmax()), wrong.shape)
                rule = "" if name == "offset" else ", 0 or more"
                why = " (a negative slope would make the key fall)" if name == "slope" else ""
                job = _job_at(batch, len(array), j, s)
                problems.append(
                    f"{name} of {job}, line {line}, scenario {s} is {array[j, line, s]}; "
                    f"expected finite numbers{rule}{why}"
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
        self._check_ceiling(problems, batch)
        problems.raise_if_any(f"policy {policy!r}")

    def _check_ceiling(self, problems: Problems, batch: Batch) -> None:
        if self.ceiling is None:
            return
        J, S = batch.J, batch.S
        ceiling = np.asarray(self.ceiling)
        fits = ceiling.ndim == 2 and ceiling.shape[0] in (1, J) and ceiling.shape[1] in (1, S)
        if ceiling.dtype.kind not in "iuf" or not fits:
            problems.append(
                f"ceiling is {ceiling.dtype} of shape {ceiling.shape}; expected numbers of shape "
                f"({J} or 1, {S} or 1)"
            )
        elif not (ceiling >= 0).all():
            j, s = np.unravel_index(int((~(ceiling >= 0)).argmax()), ceiling.shape)
            problems.append(
                f"ceiling of {_job_at(batch, len(ceiling), j, s)}, scenario {s} is "
                f"{ceiling[j, s]}; expected counts, 0 or more"
            )


def rank_by_age(batch: Batch) -> NDArray[np.int64]:
    """Ranks (J, S'): the job submitted first, then by name where jobs have names."""
    by_name = batch.job_order if batch.name_rank is None else batch.name_rank
    return rank_by(batch, batch.submitted, by_name)


def same_lines(segments: Sequence[Claims]) -> bool:
    """Whether segments differ in their ceilings alone, as priority tiers do."""
    first = segments[0]
    return all(
        c.offset is first.offset and c.slope is first.slope and c.per is first.per for c in segments
    )


def _job_at(batch: Batch, rows: int, j: np.integer[Any], s: np.integer[Any]) -> str:
    """A job by name, "each job" where an array has one row for all."""
    return "each job" if rows < batch.J else f"job {batch.job_names(int(s))[j]!r}"


def rank_by(batch: Batch, *columns: NDArray[Any]) -> NDArray[np.int64]:
    """Ranks (J, S') by several columns (J', S'), the first decides first, job order last."""
    width = max(column.shape[-1] for column in columns)
    wide = [np.broadcast_to(column, (batch.J, width)) for column in columns]
    return np.argsort(np.lexsort(wide[::-1], axis=0), axis=0)
