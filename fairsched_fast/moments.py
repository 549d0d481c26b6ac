"""Moments of many values at once: count, mean, spread, least and most, merged slice by slice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Moments:
    """Of G groups and M measures, (G, M): count int64, all else float64.

    Where nothing was counted (every value NaN), count is 0, mean and squares are 0, least is inf
    and most −inf, so that they can be merged: look at count before these are shown.

    Merged as Chan, Golub & LeVeque (Updating formulae and a pairwise algorithm for computing sample
    variances, 1979) do it, which cancels nothing. Merged in one order, they are the same to the
    last bit however the work was spread.
    """

    count: NDArray[np.int64]
    mean: Floats
    squares: Floats  # sum of squared distances from the mean
    least: Floats
    most: Floats

    def __add__(self, other: Moments) -> Moments:
        count = self.count + other.count
        share = other.count / np.maximum(count, 1)
        apart = other.mean - self.mean
        return Moments(
            count,
            self.mean + apart * share,
            self.squares + other.squares + apart * apart * self.count * share,
            np.minimum(self.least, other.least),
            np.maximum(self.most, other.most),
        )

    @property
    def std(self) -> Floats:
        """Standard deviation of a sample (count − 1); NaN of fewer than two values."""
        spread = np.sqrt(self.squares / np.maximum(self.count - 1, 1))
        return np.where(self.count < 2, np.nan, spread)

    def arrays(self) -> tuple[NDArray[Any], ...]:
        """All there is, to be stored."""
        return self.count, self.mean, self.squares, self.least, self.most


def no_moments(groups: int, measures: int) -> Moments:
    """Nothing counted yet."""
    shape = groups, measures
    zero = np.zeros(shape)
    return Moments(
        np.zeros(shape, np.int64), zero, zero, np.full(shape, np.inf), np.full(shape, -np.inf)
    )


def moments_of(columns: Sequence[Floats], group: NDArray[np.integer[Any]], groups: int) -> Moments:
    """Of M columns of n values each, by the group (n,) of each row. NaN is not counted."""
    found = no_moments(groups, len(columns))
    out = tuple(array.copy() for array in found.arrays())
    for m, values in enumerate(columns):
        real = ~np.isnan(values)
        of, x = group[real], values[real]
        np.minimum.at(out[3][:, m], of, x)
        np.maximum.at(out[4][:, m], of, x)
        count = np.bincount(of, minlength=groups)
        base = np.where(count > 0, out[3][:, m], 0.0)  # so that equal values have no spread
        above = np.bincount(of, weights=x - base[of], minlength=groups)
        mean = base + above / np.maximum(count, 1)
        out[0][:, m], out[1][:, m] = count, mean
        out[2][:, m] = np.bincount(of, weights=(x - mean[of]) ** 2, minlength=groups)
    return Moments(*out)
