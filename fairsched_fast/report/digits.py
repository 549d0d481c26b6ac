"""Numbers for people: so many digits as tell something, and the same everywhere on the page."""

from __future__ import annotations

import math

from fairsched_fast.plain_text import percent

_MOST = 6


def decimals(value: float, places: int) -> str:
    """A number to so many decimals; what is rounded to nothing has no sign."""
    return f"{round(value, places) + 0.0:,.{places}f}"


def places_of(value: float) -> int:
    """Decimals that show two digits of a value below 1, and one of all others."""
    size = abs(value)
    if math.isnan(size) or size < 10.0**-_MOST:
        return 1
    return min(max(1, 1 - math.floor(math.log10(size))), _MOST)


def apart(gap: float) -> str:
    """A gap between shares in percentage points: 0.1483 is `14.8 points`."""
    points = 100 * gap
    return "no value" if math.isnan(gap) else f"{decimals(points, places_of(points))} points"


def share(value: float) -> str:
    """0.9305 is `93.1%`, 0.0023 is `0.23%`; NaN is `no value`."""
    if math.isnan(value):
        return "no value"
    percent = 100 * value
    return f"{percent:.{2 if 0 < abs(percent) < 0.995 else 1}f}%"


def index(value: float) -> str:
    """Jain's index, to three decimals."""
    return "no value" if math.isnan(value) else decimals(value, 3)


def part(count: int, of: int) -> str:
    """As `percent`, in words: a page's sentences have no signs."""
    told = percent(count, max(of, 1))
    return told.replace("<", "under ").replace(">", "over ")
