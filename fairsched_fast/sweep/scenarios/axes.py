"""Axes of a sweep: what values a setting takes, each computed from its index alone.

Values are decimals where people write decimals: `{ range = [0, 1, 0.1] }` is 0, 0.1, 0.2 … exactly
as written, never sums of rounded steps.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

_LARGEST = 2**53  # beyond, a double no longer holds every whole number


class Axis(Protocol):
    """A finite sequence of numbers, known by index."""

    def __len__(self) -> int:
        """How many values there are."""

    def at(self, index: NDArray[np.int64]) -> NDArray[Any]:
        """The values at these indices: int64 where all are whole numbers, else float64."""


@dataclass(frozen=True, slots=True)
class Listed:
    """Values written one by one."""

    values: NDArray[Any]

    def __len__(self) -> int:
        return len(self.values)

    def at(self, index: NDArray[np.int64]) -> NDArray[Any]:
        """See `Axis.at`."""
        return self.values[index]


@dataclass(frozen=True, slots=True)
class Stepped:
    """first, first + step, … : `count` values, whole multiples of 10^-places."""

    first: int
    step: int
    count: int
    places: int

    def __len__(self) -> int:
        return self.count

    def at(self, index: NDArray[np.int64]) -> NDArray[Any]:
        """See `Axis.at`."""
        units = self.first + index * self.step
        return units / 10.0**self.places if self.places else units


@dataclass(frozen=True, slots=True)
class Uniform:
    """Any number from `low` to `high`; drawn, not enumerated."""

    low: float
    high: float

    def draw(self, unit: NDArray[np.float64]) -> NDArray[Any]:
        """Numbers for draws in [0, 1)."""
        return self.low + unit * (self.high - self.low)


@dataclass(frozen=True, slots=True)
class Choice:
    """One of an axis' values, each as likely; drawn, not enumerated."""

    axis: Axis

    def draw(self, unit: NDArray[np.float64]) -> NDArray[Any]:
        """Values for draws in [0, 1)."""
        count = len(self.axis)
        return self.axis.at(np.minimum((unit * count).astype(np.int64), count - 1))


Draw = Uniform | Choice


def read_axis(given: object) -> Axis:
    """An axis as written: a list of numbers, or `{ range = [start, stop, step] }`.

    A range leaves out its end.

    Raises
    ------
    ValueError
        Saying what was expected.
    """
    if isinstance(given, Mapping):
        if set(given) != {"range"}:
            raise ValueError(
                f"is {dict(given)}; expected a list or {{ range = [start, stop, step] }}"
            )
        return _read_range(given["range"])
    if not isinstance(given, Sequence) or isinstance(given, str):
        raise ValueError(
            f"is {given!r}; expected a list of numbers or {{ range = [start, stop, step] }}"
        )
    if not given:
        raise ValueError("is empty; expected at least one value")
    for value in given:
        if not _is_number(value):
            raise ValueError(f"holds {value!r}; expected finite numbers")
    whole = all(isinstance(value, int) and abs(value) <= _LARGEST for value in given)
    return Listed(np.array(given, np.int64 if whole else np.float64))


def read_draw(given: object, *, whole: bool) -> Draw:
    """A drawn axis: `{ min, max }`, `{ min, max, step }`, or `{ choice = axis }`.

    With a step both ends can be drawn. Without one, whole numbers are drawn where the setting is a
    count, else any number.

    Raises
    ------
    ValueError
        Saying what was expected.
    """
    expected = "expected { min = …, max = … }, with step = … for a grid, or { choice = [ … ] }"
    if not isinstance(given, Mapping):
        raise ValueError(f"is {given!r}; {expected}")
    if set(given) == {"choice"}:
        return Choice(read_axis(given["choice"]))
    if not {"min", "max"} <= set(given) <= {"min", "max", "step"}:
        raise ValueError(f"is {dict(given)}; {expected}")
    for name, value in given.items():
        if not _is_number(value):
            raise ValueError(f"has {name} = {value!r}; expected a finite number")
    low, high = given["min"], given["max"]
    if high < low:
        raise ValueError(f"has max = {high}, below min = {low}")
    step = given.get("step", 1 if whole else None)
    if step is None:
        return Uniform(float(low), float(high))
    if step <= 0:
        raise ValueError(f"has step = {step}; expected a number above 0")
    return Choice(_stepped(low, high, step, end_included=True))


def extremes(axis: Axis | Draw) -> list[float]:
    """All values where they are listed; of regular steps the first and last, and one fraction."""
    if isinstance(axis, Uniform):
        return [axis.low, axis.high]
    if isinstance(axis, Choice):
        return extremes(axis.axis)
    last = len(axis) - 1
    ends = np.arange(len(axis)) if isinstance(axis, Listed) else np.array([0, min(1, last), last])
    return list(axis.at(ends).tolist())


def _read_range(given: object) -> Axis:
    if (
        not isinstance(given, Sequence)
        or not 2 <= len(given) <= 3
        or not all(map(_is_number, given))
    ):
        raise ValueError(f"has range = {given!r}; expected [start, stop] or [start, stop, step]")
    start, stop, step = (*given, 1)[:3]
    if step == 0:
        raise ValueError("has a range of step 0; expected another step")
    axis = _stepped(start, stop, step, end_included=False)
    if not len(axis):
        raise ValueError(f"has the empty range {list(given)}; expected at least one value")
    return axis


def _stepped(start: Any, stop: Any, step: Any, *, end_included: bool) -> Stepped:
    first, last, by = (Decimal(str(x)) for x in (start, stop, step))
    steps = (last - first) / by
    count = math.floor(steps) + 1 if end_included else math.ceil(steps)
    places = max(0, *(-int(x.normalize().as_tuple().exponent) for x in (first, by)))
    scale = Decimal(10) ** places
    if max(abs(first), abs(last), abs(by)) * scale >= _LARGEST:
        raise ValueError(f"reaches {stop} in steps of {step}; expected at most 15 digits")
    return Stepped(int(first * scale), int(by * scale), max(0, count), places)


def _is_number(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) < 1e300  # neither NaN nor infinite, nor a whole number no double can hold
