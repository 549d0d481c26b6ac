"""Decimal units: finding the whole numbers behind quantities such as 0.1 cores or 16.5 GB.

Shares are compared as the rational numbers they are. A quantity that a person wrote as a decimal is
a whole number of some power of ten (milli-cores, tenths); once all quantities of a resource are in
that unit, keys are integers and ties are real ties. Quantities that are no decimals of at most
`MAX_EXPONENT` places (0.1 + 0.2, π) stay floats.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MAX_EXPONENT = 9
NOT_DECIMAL = -1
EXACT = 2.0**53  # whole numbers below are exact as float64


def decimal_exponents(planes: Sequence[Floats]) -> NDArray[np.int8]:
    """The least number of decimal places in which a group's quantities are whole numbers.

    Parameters
    ----------
    planes
        Arrays (…, S') whose last axis is 1 or S; all their other axes form one group.

    Returns
    -------
    int8 (1,) or (S,)
        Decimal places 0…9, or `NOT_DECIMAL`. (1,) where one answer serves every scenario.
    """
    for exponent in range(MAX_EXPONENT + 1):
        if all(_is_decimal(plane, exponent).all() for plane in planes):
            return np.full(1, exponent, np.int8)
    # What is decimal in a scenario must not depend on its neighbours: decide each by itself.
    width = max(plane.shape[-1] for plane in planes)
    exponents = np.full(width, NOT_DECIMAL, np.int8)
    for exponent in range(MAX_EXPONENT, -1, -1):
        whole = np.ones(width, np.bool_)
        for plane in planes:
            whole &= _is_decimal(plane, exponent).all(axis=tuple(range(plane.ndim - 1)))
        exponents[whole] = exponent
    return exponents[:1] if (exponents == NOT_DECIMAL).all() else exponents


def common_exponents(groups: Sequence[NDArray[np.int8]]) -> NDArray[np.int8]:
    """The answers of `decimal_exponents` for R groups as one array (R, 1), or (R, S)."""
    width = max(len(group) for group in groups)
    return np.stack([np.broadcast_to(group, width) for group in groups])


def compact(units: Floats) -> NDArray[Any]:
    """int32 where every unit is a whole number below 2³¹, else unchanged: half the memory."""
    if units.size and units.max() < 2**31 and (units == np.rint(units)).all():
        return units.astype(np.int32)
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
    powers: Floats = 10.0 ** np.maximum(exponents, 0)
    return powers


def _is_decimal(values: Floats, exponent: int) -> NDArray[np.bool_]:
    power = 10.0**exponent
    units = np.rint(values * power)
    decimal: NDArray[np.bool_] = (units / power == values) & (units < EXACT)
    return decimal
