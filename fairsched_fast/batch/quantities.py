"""What a batch has of its resources, in whole decimal units where that can be."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fairsched_fast.batch.units import NOT_DECIMAL, compact, find_exponents, from_units, to_units

Floats = NDArray[np.float64]


FLOAT_SLACK = 1e-12
"""How far true floats may pass a capacity, relative to it; decimal quantities may not at all."""


class Kept(NamedTuple):
    """Planes in units as they are kept: int32 where all are whole and below 2³¹, else float64."""

    capacity: NDArray[Any]  # (R, S')
    demand: NDArray[Any]  # (J', R, S')
    usage: NDArray[Any]  # (J', R, S')


class Quantities:
    """The planes that policies read: kept as given, or in units where all scenarios share them."""

    _capacity: NDArray[Any]  # (R, S')
    _demand: NDArray[Any]  # (J', R, S')
    _usage: NDArray[Any]  # (J', R, S')
    _guarantee: NDArray[Any]  # (J', R, S')
    _limit: NDArray[Any]  # (J', R, S')
    _weight: Floats  # (J', S')
    limited: NDArray[np.bool_]  # (J', R, S')
    J: int
    R: int

    @property
    def capacity(self) -> Floats:
        """(R, S'), in units."""
        return self._in_units(self._capacity)

    @property
    def demand(self) -> Floats:
        """(J', R, S'), in units."""
        return self._in_units(self._demand)

    @property
    def usage(self) -> Floats:
        """(J', R, S'), in units."""
        return self._in_units(self._usage)

    @property
    def kept(self) -> Kept:
        """Capacity, demand and usage in units, not copied, for who only hands them on.

        Sums and products of int32 may overflow: calculate with `capacity`, `demand`, `usage`.
        """
        if self._stored_in_units:
            return Kept(self._capacity, self._demand, self._usage)
        return Kept(self.capacity, self.demand, self.usage)

    @property
    def guarantee(self) -> Floats:
        """(J', R, S'), in units; 0 where none is stated."""
        return self._in_units(self._guarantee)

    @property
    def limit(self) -> Floats:
        """(J', R, S'), in units; infinite where none is stated."""
        return np.where(self.limited, self._in_units(self._limit), np.inf)

    @property
    def weight(self) -> Floats:
        """(J', S'), in units."""
        return to_units(self._weight, self._weight_exponents)

    @property
    def true_weight(self) -> Floats:
        """(J', S'), as given."""
        return self._weight

    @property
    def weight_scale(self) -> Floats:
        """(S',): a weight of 1, in units of `weight`."""
        return to_units(np.ones(1), self._weight_exponents)

    @property
    def whole(self) -> NDArray[np.bool_]:
        """(R,): whether all quantities of a resource are whole numbers as given."""
        whole: NDArray[np.bool_] = (self._exponents == 0).all(axis=1)
        return whole

    @property
    def decimal(self) -> NDArray[np.bool_]:
        """(R, S'): whether a resource's quantities are whole numbers of a decimal unit."""
        decimal: NDArray[np.bool_] = self._exponents != NOT_DECIMAL
        return decimal

    @property
    def unit_scale(self) -> Floats:
        """(R, S'): a quantity of 1, in units."""
        return to_units(np.ones((self.R, 1)), self._exponents)

    def as_given(self, units: Floats) -> Floats:
        """(…, R, S) from units to the quantities people wrote."""
        return from_units(units, self._exponents)

    def over_capacity(self) -> NDArray[np.bool_]:
        """(R, S'): whether the jobs hold more than there is before the run."""
        limit = self.capacity * np.where(self.decimal, 1, 1 + FLOAT_SLACK)
        over: NDArray[np.bool_] = self.used_before() > limit
        return over

    def used_before(self) -> Floats:
        """(R, S'): what all jobs together hold before the run, in units."""
        usage = self.kept.usage
        times = self.J if len(usage) == 1 else 1
        total: Floats = usage.sum(axis=0, dtype=np.float64) * times
        return total

    def executors_within(self, amount: Floats, stated: NDArray[np.bool_]) -> Floats:
        """(J', S'): how many executors more keep what each job holds within an amount.

        Parameters
        ----------
        amount : (J', R, S'), in units
        stated : bool (J', R, S')
            Where the amount counts. With none that an executor needs, there is no limit (inf).
        """
        demand = self.demand
        slack = np.where(self.decimal, 1, 1 + FLOAT_SLACK)
        need = np.where(demand == 0, 1, demand)
        fit = np.floor_divide(np.maximum(amount * slack - self.usage, 0), need)
        count: Floats = np.where(stated & (demand > 0), fit, np.inf).min(axis=1)
        return count

    def _in_units(self, stored: NDArray[Any]) -> Floats:
        plane: Floats = stored.astype(np.float64, copy=False)
        return plane if self._stored_in_units else to_units(plane, self._exponents)

    def _find_units(self) -> None:
        planes: tuple[NDArray[Any], ...] = (
            self._capacity,
            self._demand,
            self._usage,
            self._guarantee,
            self._limit,
        )
        exponents = find_exponents(
            [[plane[..., r, :] for plane in planes] for r in range(self.R)], self._weight
        )
        self._exponents = exponents[:-1]  # (R, 1), or (R, S) where scenarios differ
        self._weight_exponents = exponents[-1]
        self._stored_in_units = self._exponents.shape[-1] == 1
        if self._stored_in_units:
            planes = tuple(compact(to_units(plane, self._exponents)) for plane in planes)
        self._capacity, self._demand, self._usage, self._guarantee, self._limit = planes
