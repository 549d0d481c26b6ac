"""How many scenarios a sweep's filters keep, before any is run."""

from __future__ import annotations

from fairsched_fast.errors import InputError
from fairsched_fast.sweep.scenarios.sampling import Block, Sweep

NOTHING_KEPT = "`where` keeps no scenario; expected at least one. Loosen it"

_COUNTED = 1 << 22  # a block up to here has its filter applied to every row
_AT_ONCE = 1 << 14
_WINDOWS, _WINDOW = 256, 256  # beyond, to evenly spread windows of rows


def count_kept(sweep: Sweep, end: int) -> tuple[int, bool]:
    """How many of the first `end` scenarios pass their `where`, and whether that is exact.

    Raises
    ------
    InputError
        Where none does, for certain.
    """
    kept, exact = 0, True
    for first, block in sweep.block_starts():
        size = max(0, min(block.size, end - first))
        if block.where is None or size == 0:
            kept += size
        else:
            share, counted = _kept_share(sweep, block, first, size)
            kept += min(size, round(share * size))
            exact &= counted
    if kept == 0 and exact:
        raise InputError(NOTHING_KEPT)
    return kept, exact


def _kept_share(sweep: Sweep, block: Block, first: int, size: int) -> tuple[float, bool]:
    if size <= _COUNTED:
        spans = [(start, min(start + _AT_ONCE, size)) for start in range(0, size, _AT_ONCE)]
    else:
        starts = (k * (size - _WINDOW) // (_WINDOWS - 1) for k in range(_WINDOWS))
        spans = [(start, start + _WINDOW) for start in starts]
    kept = sum(len(sweep.rows(first + start, first + stop)) for start, stop in spans)
    return kept / sum(stop - start for start, stop in spans), size <= _COUNTED
