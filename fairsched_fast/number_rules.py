"""What numbers may be, wherever they are written: in code, in arrays, in files."""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Real

from fairsched_fast.errors import Problems

NO_LIMIT = 2**31 - 1
"""The largest count: as a ceiling or a user's cap it means "none"."""


LARGEST = 1e290
"""The largest quantity: a key is 1e12 times as large, and a double ends at 1.8e308."""


@dataclass(frozen=True, slots=True)
class NumberRule:
    """What a number may be."""

    whole: bool = True
    least: float = 0

    @property
    def most(self) -> float:
        """The largest it may be."""
        return NO_LIMIT if self.whole else LARGEST

    @property
    def expected(self) -> str:
        """In words."""
        if self.whole:
            return f"a whole number from {self.least:,} to {NO_LIMIT:,}"
        return "a number, 0 or more" if self.least == 0 else "a number"

    def check(self, problems: Problems, what: str, value: object) -> None:
        """Note a value that breaks the rule."""
        if isinstance(value, bool) or not isinstance(value, Real):
            problems.append(f"{what} is {value!r}; expected {self.expected}")
        elif not self.whole and not _is_finite(value):
            expected = self.expected.replace("a number", "a finite number")
            problems.append(f"{what} is {value}; expected {expected}")
        elif not self.whole and float(value) > self.most:
            problems.append(f"{what} is {value}; expected a number up to {self.most:g}")
        elif not self.whole and float(value) >= self.least:
            return  # as a float: comparing would round our bounds to the value's own precision
        elif not self.least <= value <= self.most or (self.whole and value != int(value)):  # type: ignore[operator, call-overload]
            problems.append(f"{what} is {value}; expected {self.expected}")


COUNT = NumberRule()
QUANTITY = NumberRule(whole=False)

JOB_NUMBERS = {
    "max_executors": COUNT,
    "min_executors": COUNT,
    "executors": COUNT,
    "weight": QUANTITY,
    "priority": NumberRule(least=-NO_LIMIT),
    "submitted": NumberRule(whole=False, least=-LARGEST),
}
"""A job's fields of one number, and what each may be."""

JOB_QUANTITIES = ("usage", "demand", "guarantee", "limit")
"""A job's fields of a quantity for each resource."""


def _is_finite(value: Real) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number beyond a double's range
        return False
