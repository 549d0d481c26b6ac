"""`Batch`: the arrays of many scenarios, checked once.

Letters for axes, everywhere: S scenarios, J jobs, R resources, U users, N steps. People write
scenario-first arrays, (S, J, R); a Batch keeps them scenario-fastest, as planes (J, R, S), which is
how the kernels walk them. An axis of length 1 is shared by all and never expanded; S' stands for
"S or 1", J' for "J or 1".
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fairsched_fast.batch.array_input import ArrayReader
from fairsched_fast.batch.labels import Labels
from fairsched_fast.batch.quantities import Quantities
from fairsched_fast.errors import plural
from fairsched_fast.model import Scenario
from fairsched_fast.number_rules import JOB_NUMBERS, NO_LIMIT, NumberRule

if TYPE_CHECKING:
    import pandas as pd

    from fairsched_fast.batch.capacity_checks import Overfull

Floats = NDArray[np.float64]
Counts = NDArray[np.int32]

_USER = NumberRule(least=-1)


class Batch(Quantities):
    """Many scenarios as arrays. Immutable; checked when it is made and never again.

    Any S axis may have length 1, or be left out: it is then shared by all scenarios. A J axis of
    length 1 is shared by all jobs. Quantities are finite and at least 0; counts are whole numbers
    from 0 to 2³¹−1. Ties go to the lower job index.

    Parameters
    ----------
    capacity : (S, R)
        What each scenario's pool has of each resource.
    demand : (S, J, R)
        What one executor of each job takes.
    extra_executors : (S,)
        How many executors to distribute.
    usage : (S, J, R), default 0
        What each job holds before the run.
    max_executors : (S, J), default no ceiling
        Ceiling on held + granted executors; 2³¹−1 is no ceiling.
    executors : (S, J), default 0
        Executors held before the run: a count only.
    min_executors : (S, J), default 0
        Executors (held + granted) to have before others get more, where a policy heeds it.
    guarantee, limit : (S, J, R), default none
        What a job is to hold before others get more, where a policy heeds it, and the most it may
        hold under any policy. NaN where a job states none.
    weight : (S, J), default 1
        0 or more; jobs of weight 0 come last under weighted policies.
    priority : (S, J), default 0
        Whole numbers; the higher goes first where a policy heeds it.
    submitted : (S, J), default 0
        When each job came, in any unit; the earlier goes first where a policy heeds it.
    user : (J,) or (S, J), default −1
        Index into U of the user a job belongs to; −1 is nobody.
    user_cap : (S, U), default no cap
        The most executors (held + granted) that a user's jobs may hold; 2³¹−1 is no cap.
    resources, jobs : names, default `r0, r1, …` and `0, 1, …`
        For tables.
    pool : name, default "pool"

    Attributes
    ----------
    capacity : float64 (R, S')
    demand, usage, guarantee : float64 (J', R, S')
        In whole decimal units where the quantities allow it (milli-cores, tenths), else as given.
        A guarantee is 0 where none is stated.
    limit : float64 (J', R, S')
        In the same units; infinite where none is stated.
    guaranteed, limited : bool (J', R, S')
        Where a guarantee or a limit is stated.
    asked : float64 (J', S')
        How many executors `max_executors` leaves to be given, whatever the `limit`.
    weight : float64 (J', S')
        In whole decimal units where the weights allow it.
    room : int32 (J, S')
        How many executors a job may be given before it is at its ceiling (`max_executors`, or the
        last that keeps within its `limit`); 0 for padding.
    executors, min_executors, priority : int32 (J', S')
    submitted : float64 (J', S')
    extra_executors : int32 (S',)
    user : int32 (J, S') or None
    user_cap : int32 (U, S') or None
    name_rank : int32 (J, S') or None
        Place of each job in name order where the Batch was made from Scenarios; None is job order.
    present : bool (J, S') or None
        False for padding; None where every job is real.
    labels : Labels
    overfull : Overfull or None
    longest : int
        The most executors that any scenario hands out.
    promises : bool
        Whether any job may have a guarantee or `min_executors`.

    Raises
    ------
    InputError
        Naming array, index, value and what was expected; every problem at once.
    """

    def __init__(
        self,
        *,
        capacity: ArrayLike,
        demand: ArrayLike,
        extra_executors: ArrayLike,
        usage: ArrayLike | None = None,
        max_executors: ArrayLike | None = None,
        executors: ArrayLike | None = None,
        weight: ArrayLike | None = None,
        user: ArrayLike | None = None,
        user_cap: ArrayLike | None = None,
        min_executors: ArrayLike | None = None,
        guarantee: ArrayLike | None = None,
        limit: ArrayLike | None = None,
        priority: ArrayLike | None = None,
        submitted: ArrayLike | None = None,
        resources: Sequence[str] | None = None,
        jobs: Sequence[str] | None = None,
        pool: str = "pool",
    ) -> None:
        reader = ArrayReader()
        reader.require(capacity=capacity, demand=demand, extra_executors=extra_executors)
        self._capacity = reader.quantities("capacity", "SR", capacity)
        self._demand = _once(reader.quantities("demand", "SJR", demand))
        self._usage = reader.quantities("usage", "SJR", usage)
        self._weight = reader.quantities("weight", "SJ", weight, default=1.0)
        self._guarantee = reader.quantities(
            "guarantee", "SJR", guarantee, default=np.nan, blank=True
        )
        limits = reader.quantities("limit", "SJR", limit, default=np.nan, blank=True)
        self.extra_executors = reader.counts("extra_executors", "S", extra_executors)
        ceiling = reader.counts("max_executors", "SJ", max_executors, default=NO_LIMIT)
        self.min_executors = reader.counts("min_executors", "SJ", min_executors)
        self.executors = reader.counts("executors", "SJ", executors)
        self.priority = reader.counts("priority", "SJ", priority, rule=JOB_NUMBERS["priority"])
        self.submitted = reader.quantities(
            "submitted", "SJ", submitted, rule=JOB_NUMBERS["submitted"]
        )
        users = reader.counts("user", "SJ", -1 if user is None else user, rule=_USER)
        caps = None if user_cap is None else reader.counts("user_cap", "SU", user_cap)
        reader.settle_axes()
        self.S, self.J, self.R = (reader.size[axis] for axis in "SJR")
        reader.check_names("resources", resources, "R")
        reader.check_names("jobs", jobs, "J")
        reader.check_order(
            ("executors", self.executors),
            ("max_executors", ceiling),
            "raise the ceiling or lower `executors`",
        )
        reader.check_order(
            ("min_executors", self.min_executors),
            ("max_executors", ceiling),
            "raise the ceiling or lower `min_executors`",
        )
        reader.check_order(
            ("guarantee", self._guarantee), ("limit", limits), "lower the one or raise the other"
        )
        reader.check_users(users, caps)
        reader.problems.raise_if_any("batch")

        if self._usage.shape[1] != self.R:  # the default: nothing held of any resource
            self._usage = np.zeros((1, self.R, 1))
        self._guarantee, self.guaranteed = self._where_stated(self._guarantee)
        self._limit, self.limited = self._where_stated(limits)
        capped = user is not None and caps is not None
        self.user: Counts | None = self._over_jobs(users) if capped else None
        self.user_cap: Counts | None = caps if capped else None
        self.name_rank: Counts | None = None
        self.present: NDArray[np.bool_] | None = None
        self.labels = Labels(
            scenario=np.arange(self.S),
            pool=np.array([pool], object),
            jobs=np.array(
                [list(jobs) if jobs is not None else [str(j) for j in range(self.J)]], object
            ),
            resources=tuple(resources or (f"r{r}" for r in range(self.R))),
        )
        self._find_units()
        self.remembered: Any = None  # how it was last lowered, for who lowers it again
        self.wanted = ceiling - self.executors
        self.room = self._find_room()
        for array in vars(self).values():
            if isinstance(array, np.ndarray):
                array.flags.writeable = False  # a policy must not change what it reads
        self.overfull: Overfull | None = None
        self._find_overfull()
        self._find_longest()
        self.promises = bool(self.guaranteed.any() or self.min_executors.any())

    @classmethod
    def from_scenarios(cls, scenarios: Scenario | Iterable[Scenario]) -> Batch:
        """One row for each pool of each scenario; pools with fewer jobs are padded.

        Ties then go by name where a policy says so. A resource that a pool lacks counts as one of
        zero capacity that nobody needs.

        Raises
        ------
        InputError
            When there is no scenario.
        """
        from fairsched_fast.batch.sources import batch_from_scenarios

        return batch_from_scenarios(scenarios)

    @classmethod
    def from_frame(cls, frame: pd.DataFrame) -> Batch:
        """A tidy table, one row per scenario and job, as a Batch.

        Columns: `scenario`, `job`, `extra_executors`; for every resource r `capacity_r` and
        `demand_r`, and where held `usage_r`; optionally `guarantee_r`, `limit_r` (missing: none),
        `pool`, `max_executors` (missing: none), `min_executors`, `executors`, `weight`, `priority`,
        `submitted`, `user`, `user_cap` (missing: none). Capacity and extra_executors are
        those of the row's pool, user_cap that of the row's user: the same on all their rows. Jobs
        keep the table's order, which is also the order in which ties go.

        Raises
        ------
        InputError
            Naming column, scenario and job.
        """
        from fairsched_fast.batch.sources import batch_from_frame

        return batch_from_frame(frame)

    def __getstate__(self) -> dict[str, Any]:
        return vars(self) | {"remembered": None}

    def _twin(self) -> Self:
        """A copy to be changed, which remembers nothing."""
        twin = copy.copy(self)
        twin.remembered = None
        return twin

    def rows(self, start: int, stop: int) -> Self:
        """The scenarios start…stop−1 as a Batch, nothing checked again."""
        return self._cut(slice(start, stop), stop - start)

    def picked(self, rows: NDArray[np.integer[Any]]) -> Self:
        """The scenarios at these places (n,), in this order, as `rows` gives them."""
        return self._cut(rows, len(rows))

    def _cut(self, rows: slice | NDArray[np.integer[Any]], count: int) -> Self:
        part = self._twin()
        part.S = count
        for name, array in vars(self).items():
            if isinstance(array, np.ndarray) and array.shape[-1] == self.S > 1:
                cut = np.ascontiguousarray(array[..., rows])  # as kernels take it
                cut.flags.writeable = False
                setattr(part, name, cut)
        part.labels = self.labels.cut(rows)
        if self.overfull is not None:
            part.overfull = None
            part._find_overfull()
        part._find_longest()
        return part

    def ranked_by_name(self) -> Self:
        """The same scenarios, ties by name wherever a policy breaks them so."""
        ranked = self._twin()
        # Padding ("") comes last.
        keys = [[(name == "", name) for name in row] for row in self.labels.jobs.tolist()]
        order = [sorted(range(self.J), key=row.__getitem__) for row in keys]
        ranked.name_rank = np.ascontiguousarray(np.argsort(order, axis=1).T.astype(np.int32))
        return ranked

    def with_weights(self, weight: Floats) -> Self:
        """The same scenarios with other weights (J', S'), as people give them."""
        other = self._twin()
        other._weight = weight
        return other

    @property
    def asked(self) -> Floats:
        """(J', S'): how many executors `max_executors` leaves, infinite where none is stated."""
        unlimited = self.wanted.astype(np.int64) + self.executors >= NO_LIMIT
        return np.where(unlimited, np.inf, self.wanted)

    @property
    def job_order(self) -> NDArray[np.int64]:
        """(J, 1): each job's own place."""
        return np.arange(self.J)[:, np.newaxis]

    def chunks(self, size: int) -> Iterator[tuple[int, Self]]:
        """(first row, that part) for parts of at most `size` scenarios."""
        for start in range(0, self.S, size):
            yield start, self.rows(start, min(start + size, self.S))

    def job_names(self, row: int) -> list[str]:
        """Names of the J jobs of a row, "" for padding."""
        return self.labels.jobs_of(row)

    def pool_name(self, row: int) -> str:
        """Name of a row's pool."""
        return self.labels.pool_of(row)

    def __repr__(self) -> str:
        shared = sum(a.shape[-1] == 1 for a in (self._capacity, self._demand, self._usage))
        note = f", {shared} of 3 quantities shared" if self.S > 1 and shared else ""
        return f"<Batch: {self.size} × {plural(self.R, 'resource')}{note}>"

    @property
    def size(self) -> str:
        """In words: "1 scenario × 3 jobs", "1 scenario × 2 pools × up to 3 jobs"."""
        pools = ""
        scenarios = self.S
        if self.labels.several_pools:
            scenarios = len(np.unique(self.labels.scenario))
            pools = f"{plural(len(np.unique(self.labels.pool)), 'pool')} × "
        most = "up to " if self.present is not None else ""
        return f"{plural(scenarios, 'scenario')} × {pools}{most}{plural(self.J, 'job')}"

    def _over_jobs(self, plane: Counts) -> Counts:
        return np.ascontiguousarray(np.broadcast_to(plane, (self.J, plane.shape[-1])))

    def _where_stated(self, plane: Floats) -> tuple[Floats, NDArray[np.bool_]]:
        """Quantities with 0 where none is stated (NaN), and where one is."""
        stated = ~np.isnan(plane)
        if not stated.any():
            return np.zeros((1, self.R, 1)), np.zeros((1, self.R, 1), np.bool_)
        return np.where(stated, plane, 0.0), stated

    def _find_room(self) -> Counts:
        """(J, S'): what ceilings leave, in executors."""
        room = self.wanted
        if self.limited.any():
            within = self.executors_within(self._in_units(self._limit), self.limited)
            room = np.minimum(room, np.minimum(within, NO_LIMIT).astype(np.int32))
        return self._over_jobs(room)

    def _find_overfull(self) -> None:
        from fairsched_fast.batch.capacity_checks import find_overfull

        self.overfull = find_overfull(self)

    def _find_longest(self) -> None:
        self.longest = int(self.extra_executors.max(initial=0))


def _once(demand: Floats) -> Floats:
    """Demands (1, R, S') where all jobs' are equal: capacity is then a limit on their number."""
    return demand[:1] if (demand == demand[:1]).all() else demand
