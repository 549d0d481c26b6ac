"""Decimal units: finding the whole numbers behind quantities such as 0.1 cores or 16.5 GB.

Shares are compared as the rational numbers they are. A quantity that a person wrote as a decimal is
a whole number of some power of ten (milli-cores, tenths); once all quantities of a resource are in
that unit, keys are integers and ties are real ties. Quantities that are no decimals of at most
`MAX_EXPONENT` places (0.1 + 0.2, π) stay floats.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Group = Sequence[Floats]

MAX_EXPONENT = 9
NOT_DECIMAL = -1
_POWERS: Floats = np.array([10.0**places for places in range(MAX_EXPONENT + 1)])
_TINY = 1e-300  # one over less than this may pass a double's range
_AT_ONCE = 1 << 13  # scenarios
EXACT = 2.0**53  # whole numbers below are exact as float64


def near_the_core(S: int) -> Iterator[slice]:
    """Scenarios some thousands at a time: what is made of them is still in the cache when read."""
    return (slice(start, start + _AT_ONCE) for start in range(0, S, _AT_ONCE))


def find_exponents(quantities: Sequence[Group], weight: Floats) -> NDArray[np.int8]:
    """In how many decimal places each resource's quantities, and the weights, are whole numbers.

    A scenario's keys must not depend on its neighbours. One answer serves all scenarios where all
    their numbers stay exact in it, for then keys are the same whatever the unit; elsewhere each
    scenario is answered by itself, and one with true floats keeps its weights as given.

    Parameters
    ----------
    quantities
        R groups of arrays (…, S'), whose last axis is 1 or S.
    weight : (J', S')

    Returns
    -------
    int8 (R + 1, 1) or (R + 1, S)
        Decimal places 0…9, or `NOT_DECIMAL`; the weights' come last.
    """
    groups = [*quantities, [weight]]
    shared = [_least_exponent(group) for group in groups]
    if NOT_DECIMAL not in shared and _exact_together(groups, shared):
        return np.array(shared, np.int8)[:, np.newaxis]
    own = np.stack(np.broadcast_arrays(*map(_own_exponents, groups)))
    own[-1, (own[:-1] == NOT_DECIMAL).any(axis=0)] = NOT_DECIMAL
    return own[:, :1] if (own == own[:, :1]).all() else own


def _least_exponent(group: Group) -> int:
    """The least number of decimal places in which all quantities of a group are whole numbers."""
    for exponent in range(MAX_EXPONENT + 1):
        if all(_all_decimal(plane, exponent) for plane in group):
            return exponent
    return NOT_DECIMAL


def _own_exponents(group: Group) -> NDArray[np.int8]:
    """(1,) or (S,): the same for each scenario by itself."""
    width = max(plane.shape[-1] for plane in group)
    exponents = np.full(width, NOT_DECIMAL, np.int8)
    for exponent in range(MAX_EXPONENT, -1, -1):
        whole = np.ones(width, np.bool_)
        for plane in group:
            whole &= _is_decimal(plane, exponent).all(axis=tuple(range(plane.ndim - 1)))
        exponents[whole] = exponent
    return exponents


def _exact_together(groups: Sequence[Group], exponents: Sequence[int]) -> bool:
    """Whether a quantity times a weight, both in units, is exact as float64."""
    *quantities, weight = (
        max(float(plane.max()) for plane in group) * 10.0**exponent
        for group, exponent in zip(groups, exponents, strict=True)
    )
    return max(quantities) * max(weight, 10.0 ** exponents[-1]) < EXACT


def compact(units: Floats) -> NDArray[Any]:
    """int32 where every unit is a whole number below 2³¹, else unchanged: half the memory."""
    if units.size and units.max() < 2**31:
        whole = units.astype(np.int32)
        if (whole == units).all():
            return whole
    return units


def to_units(values: Floats, exponents: NDArray[np.int8]) -> Floats:
    """Quantities as whole numbers of 10^-exponent; unchanged where there is no such unit."""
    if not exponents.any():
        return values
    scaled = np.rint(values * _power(exponents))
    return np.where(exponents == NOT_DECIMAL, values, scaled)


def from_units(units: NDArray[Any], exponents: NDArray[np.int8]) -> NDArray[Any]:
    """The quantities that `to_units` was given, to the last bit."""
    return units if not exponents.any() else units / _power(exponents)


def _power(exponents: NDArray[np.int8]) -> Floats:
    powers: Floats = _POWERS[np.maximum(exponents, 0)]
    return powers


def _all_decimal(plane: Floats, exponent: int) -> bool:
    return all(_is_decimal(plane[..., p], exponent).all() for p in near_the_core(plane.shape[-1]))


def _is_decimal(values: Floats, exponent: int) -> NDArray[np.bool_]:
    power = 10.0**exponent
    with np.errstate(over="ignore"):  # beyond a double's range, and so beyond EXACT
        units = np.rint(values * power)
    decimal: NDArray[np.bool_] = (units / power == values) & (units < EXACT)
    return decimal


def common_denominator(capacity: Floats) -> tuple[Floats, Floats]:
    """Factors that bring the shares of several resources over one denominator.

    Parameters
    ----------
    capacity : (R, S')
        In units.

    Returns
    -------
    times : (R, S'), over : (S',)
        amount_r / capacity_r = amount_r · times_r / over; times_r is 0 where there is no capacity.
        Whole numbers where the capacities are, and their least common multiple is exact; else
        `over` is 1, or a power of two that keeps the factors of tiny capacities finite.
    """
    some = np.where(capacity == 0, 1.0, capacity)
    whole = ((some == np.rint(some)) & (some < EXACT)).all(axis=0)
    over = np.ones(capacity.shape[-1])
    for row in some:
        step = np.gcd(over.astype(np.int64), np.where(whole, row, 1).astype(np.int64))
        over = np.where(whole, over * (row / step), 1.0)
        whole &= over < EXACT
        over = np.where(whole, over, 1.0)
    tiny = (some < _TINY).any(axis=0)
    over = np.where(whole, over, np.where(tiny, 2.0**-52, 1.0))
    return np.where(capacity == 0, 0.0, over / some), over
