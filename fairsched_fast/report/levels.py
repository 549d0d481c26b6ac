"""A measure by the values of one setting, however many values that turns out to have."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fairsched_fast.report.streaming import Floats

_VALUES = 24  # of more, ranges are told
_RANGES = 8


@dataclass(slots=True)
class Levels:
    """Runs by the value of a setting: first value by value, then, if they are many, by range.

    `low` and `high` are the least and the largest value there is. P policies.
    """

    policies: int
    low: float
    high: float
    values: Floats = field(default_factory=lambda: np.zeros(0))  # (V,) rising; NaN is none
    counts: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))  # (V,)
    sums: Floats = field(default_factory=lambda: np.zeros((0, 0)))  # (V, P)
    edges: Floats | None = None  # of ranges, once there are too many values

    def __post_init__(self) -> None:
        self.sums = np.zeros((0, self.policies))

    def __len__(self) -> int:
        return len(self.counts)

    def add(self, values: Floats, figures: Floats) -> None:
        """Count in scenarios with these values (S,) and figures (P, S) in which none is NaN."""
        place, count = self._find(values)
        self.counts += np.bincount(place, minlength=count)
        for p, row in enumerate(figures):
            self.sums[:, p] += np.bincount(place, weights=row, minlength=count)

    def means(self) -> Floats:
        """(V, P); NaN of a range that nothing is in."""
        counted = np.where(self.counts == 0, np.nan, self.counts)
        found: Floats = self.sums / counted[:, np.newaxis]
        return found

    def places(self, values: Floats) -> NDArray[np.int64]:
        """Which of the levels each of these values, all of them seen before, is in."""
        if self.edges is not None:
            return self._range_of(values)
        codes, found = pd.factorize(values, use_na_sentinel=False)
        return _search(self.values, found)[codes]

    def labels(self) -> list[str]:
        """What each level is called."""
        if self.edges is None:
            return ["none" if np.isnan(value) else f"{value:.12g}" for value in self.values]
        told = [f"{edge:.0f}" if abs(edge) >= 1000 else f"{edge:.3g}" for edge in self.edges]
        return [f"{a} to {b}" for a, b in pairwise(told)] + ["none"]

    def _find(self, values: Floats) -> tuple[NDArray[np.int64], int]:
        """The level of each value, and how many levels there are, new ones taken in."""
        if self.edges is None:
            codes, found = pd.factorize(values, use_na_sentinel=False)
            every = np.unique(np.concatenate([self.values, found]))  # NaN once, at the end
            if len(every) <= _VALUES:
                self._spread(_search(every, self.values), len(every))
                self.values = every
                return _search(every, found)[codes], len(every)
            self.edges = np.linspace(self.low, self.high, _RANGES + 1)
            self._spread(self._range_of(self.values), _RANGES + 1)
        return self._range_of(values), _RANGES + 1

    def _range_of(self, values: Floats) -> NDArray[np.int64]:
        """The last is of those that are none."""
        assert self.edges is not None
        inside = np.searchsorted(self.edges[1:-1], values, side="right")
        return np.where(np.isnan(values), _RANGES, inside)

    def _spread(self, place: NDArray[np.int64], count: int) -> None:
        """Put what is counted to where it is now."""
        counts, sums = np.zeros(count, np.int64), np.zeros((count, self.policies))
        np.add.at(counts, place, self.counts)
        np.add.at(sums, place, self.sums)
        self.counts, self.sums = counts, sums


def _search(values: Floats, wanted: Floats) -> NDArray[np.int64]:
    """Places of values that are there; NaN, which sorts last, is found as any other."""
    return np.searchsorted(values, wanted)
