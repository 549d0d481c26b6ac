"""Search: between which two levels of the key the first limit is reached.

Newton's method on counts: how fast each limit is used up as the level rises (its pace) was seen at
the last two levels, or in the scenario before. Whatever is guessed, all that is kept is a bracket:
every claim up to `low` is sure to be granted, not every claim up to `high`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fairsched_fast.kernels.counting import BUDGET, Ledger, tally
from fairsched_fast.kernels.jit import inner, leaf
from fairsched_fast.kernels.problem import INTEGER, TICKS
from fairsched_fast.kernels.rows import TOP

BY_ROWS = -1  # in place of a form: INTEGER keys, in rows
MANY = 64  # claims that are settled one by one
_FEW = 8  # the same for few jobs
_PATIENCE = 10  # passes by guesses alone; then every other one halves the bracket
_INFINITE = np.int64(0x7FF0000000000000)  # bits of an infinite double: a key may be that


class Search(NamedTuple):
    """Where the search of each of B scenarios stands, and what was learnt for the next block."""

    low: NDArray[np.int64]  # (B,) all claims up to this level are granted
    high: NDArray[np.int64]  # (B,) not all claims up to this level can be
    level: NDArray[np.int64]  # (B,) at hand
    number: NDArray[np.float64]  # (B,) the same, on the keys' own scale
    above: NDArray[np.int64]  # (B,) executors granted up to `high` if nothing ran out
    passes: NDArray[np.int64]  # (B,)
    kept: NDArray[np.bool_]  # (B,) whether the last level kept all limits
    open: NDArray[np.bool_]  # (B,) whether there is anything to grant
    seeking: NDArray[np.bool_]  # (B,) whether the bracket is still too wide
    count: NDArray[np.int32]  # (B, J) executors up to the level
    upper: NDArray[np.int32]  # (B, J) executors up to `high`
    trial: NDArray[np.int64]  # (B, C) what those up to the level use of each limit
    before: NDArray[np.int64]  # (B, C) the same at the level before
    pace: NDArray[np.float64]  # (B, C) how fast limits are used up
    reach: NDArray[np.float64]  # (J,) work space
    first_level: NDArray[np.int64]  # (G,) of a segment's first limit, last time; −1 unknown
    first_pace: NDArray[np.float64]  # (G, C) how fast


@inner
def blank_search(B: int, J: int, C: int, G: int) -> Search:
    """A search for blocks of B scenarios, J jobs, C limits and G segments."""
    return Search(
        np.zeros(B, np.int64),
        np.zeros(B, np.int64),
        np.zeros(B, np.int64),
        np.zeros(B),
        np.zeros(B, np.int64),
        np.zeros(B, np.int64),
        np.zeros(B, np.bool_),
        np.zeros(B, np.bool_),
        np.zeros(B, np.bool_),
        np.zeros((B, J), np.int32),
        np.zeros((B, J), np.int32),
        np.zeros((B, C), np.int64),
        np.zeros((B, C), np.int64),
        np.zeros((B, C)),
        np.zeros(J),
        np.full(G, -1, np.int64),
        np.zeros((G, C)),
    )


@leaf
def as_number(form: int, level: int) -> float:
    """A level on the scale of the keys, where counts grow about evenly."""
    if form <= INTEGER or level < 0:
        return float(level)
    return np.int64(min(level, _INFINITE)).view(np.float64)


@leaf
def as_level(form: int, number: float, low: int, high: int) -> int:
    """The level nearest to a number that lies strictly between two levels."""
    if not number > as_number(form, low):
        return low + 1
    if not number < as_number(form, high):
        return high - 1
    if form <= INTEGER:
        level = np.int64(number)
    else:
        level = np.float64(np.floor(number) if form == TICKS else number).view(np.int64)
    return min(max(level, low + 1), high - 1)


@leaf
def one_level(form: int, low: int, high: int) -> bool:
    """Whether all keys above `low` and up to `high` are sure to be the same."""
    whole = form == TICKS and high < _INFINITE
    return high - low == 1 or (whole and as_number(form, high) - as_number(form, low) <= 1.0)


@leaf
def top_level(form: int) -> int:
    """A level above every key."""
    return TOP if form == BY_ROWS else _INFINITE + 1


@leaf
def open_brackets(
    form: int, start: int, stop: int, stop_on_full: bool, ledger: Ledger, search: Search
) -> bool:
    """Bracket all that is left, in the lanes that have anything; whether any has."""
    given, room, used, limit = ledger.given, ledger.room, ledger.used, ledger.limit
    demand, user = ledger.demand, ledger.user
    upper, trial, low = search.upper, search.trial, search.low
    J = given.shape[1]
    found = False
    for lane in range(start, stop):
        drop(lane, stop_on_full, demand, user, used, limit, given, room)
        above = np.int64(0)
        for q in range(J):
            above += np.int64(room[lane, q])
            upper[lane, q] = room[lane, q]
        full, left = used[lane, BUDGET] == limit[lane, BUDGET], above > used[lane, BUDGET]
        if used[lane, BUDGET] == ledger.budget[lane] or (full and left and stop_on_full):
            ledger.ended[lane] = True
        search.open[lane] = left and not full and not ledger.ended[lane]
        search.above[lane] = above
        search.high[lane] = top_level(form)
        search.number[lane] = as_number(form, low[lane])
        search.passes[lane] = 0
        search.kept[lane] = True
        for c in range(used.shape[1]):
            trial[lane, c] = used[lane, c]
        found = found or search.open[lane]
    return found


@leaf
def drop(
    lane: int,
    stop_on_full: bool,
    demand: NDArray[np.int64],
    user: NDArray[np.int32],
    used: NDArray[np.int64],
    limit: NDArray[np.int64],
    given: NDArray[np.int32],
    room: NDArray[np.int32],
) -> None:
    """Drop jobs that can get nothing more: what is left only shrinks.

    A job that stops the run once it is chosen stays.
    """
    _, R, J = demand.shape
    d, w = min(lane, demand.shape[0] - 1), min(lane, user.shape[0] - 1)
    for r in range(0 if stop_on_full else R):
        left = limit[lane, 1 + r] - used[lane, 1 + r]
        for q in range(J):
            now, most = given[lane, q], room[lane, q]  # loaded either way, or no vectors are made
            room[lane, q] = now if demand[d, r, q] > left else most
    for q in range(J if used.shape[1] > 1 + R else 0):
        u = 1 + R + max(user[w, q], 0)
        if user[w, q] >= 0 and used[lane, u] >= limit[lane, u]:
            room[lane, q] = given[lane, q]


@leaf
def aim(
    form: int,
    g: int,
    start: int,
    stop: int,
    J: int,
    used: NDArray[np.int64],
    limit: NDArray[np.int64],
    search: Search,
) -> bool:
    """Choose the next level of lanes whose bracket is too wide; whether there are any."""
    window = min(_FEW + J // 4, MANY)
    low, high, level = search.low, search.high, search.level
    passes, seeking, kept = search.passes, search.seeking, search.kept
    number, pace, trial, C = search.number, search.pace, search.trial, search.pace.shape[1]
    above, top, found = search.above, top_level(form), False
    opened, first_level = search.open, search.first_level
    for lane in range(start, stop):
        many = above[lane] - used[lane, BUDGET] > window
        wide = many and not one_level(form, low[lane], high[lane])
        seeking[lane] = wide and opened[lane]
        if not seeking[lane]:
            continue
        found = True
        if passes[lane] == 0 and above[lane] <= limit[lane, BUDGET]:
            target = np.inf  # perhaps all that is left
        elif passes[lane] == 0 and low[lane] < 0 and first_level[g] >= 0:
            target = as_number(form, first_level[g])
        else:
            target = np.inf
            for c in range(C):  # what is used up already is used by nobody who is left
                if pace[lane, c] > 0.0 and used[lane, c] < limit[lane, c]:
                    step = float(limit[lane, c] - trial[lane, c]) / pace[lane, c]
                    target = min(target, number[lane] + step)
            few = float(window) / 4.0 / pace[lane, BUDGET] if pace[lane, BUDGET] > 0.0 else 0.0
            bottom = as_number(form, low[lane])
            ceiling = as_number(form, high[lane]) if high[lane] < top - 1 else np.inf
            target = to_bracket(
                target, few, kept[lane], passes[lane], number[lane], bottom, ceiling
            )
            if passes[lane] > _PATIENCE and passes[lane] % 2 == 0:  # halve it, to end surely
                target = as_number(form, low[lane] + (high[lane] - low[lane]) // 2)
        level[lane] = as_level(form, target, low[lane], high[lane])
    return found


@leaf
def to_bracket(
    target: float, few: float, kept: bool, passes: int, number: float, bottom: float, top: float
) -> float:
    """Aim a few claims to the other side of where the limit is thought to be, within the bracket.

    The last level was at `number`; `few` is how far apart a few claims are.
    """
    if top == np.inf:  # stride out further each time
        if target == np.inf:  # nothing learnt yet
            return 2.0 * max(0.0, number) + 1.0
        return target + few * float(1 << min(60, 2 * max(0, passes - 1)))
    if not 2.0 * few < top - bottom:
        return (bottom + top) / 2.0
    target += few if kept else -few
    return max(bottom + few, min(target, top - few))


@leaf
def weigh(
    form: int,
    start: int,
    stop: int,
    ledger: Ledger,
    search: Search,
) -> None:
    """Narrow brackets by what was counted up to the level at hand."""
    given, used, limit = ledger.given, ledger.used, ledger.limit
    demand, largest, user = ledger.demand, ledger.largest, ledger.user
    seeking, count, upper, trial = search.seeking, search.count, search.upper, search.trial
    before, pace, number, level = search.before, search.pace, search.number, search.level
    J, C = count.shape[1], trial.shape[1]
    window = min(_FEW + J // 4, MANY)
    for lane in range(start, stop):
        if not seeking[lane]:
            continue
        for c in range(C):
            before[lane, c] = trial[lane, c]
        tally(lane, count, demand, largest, user, trial)
        kept = True
        for c in range(C):
            kept = kept and trial[lane, c] <= limit[lane, c]
        if kept:
            search.low[lane] = level[lane]
            for q in range(J):
                given[lane, q] = count[lane, q]
            for c in range(C):
                used[lane, c] = trial[lane, c]
        else:
            search.high[lane] = level[lane]
            search.above[lane] = trial[lane, BUDGET]
            for q in range(J):
                upper[lane, q] = count[lane, q]
        search.passes[lane] += 1
        if level[lane] >= top_level(form) - 1:  # says nothing of the pace
            for c in range(C):
                trial[lane, c] = before[lane, c]
            continue
        search.kept[lane] = kept
        rise = as_number(form, level[lane]) - number[lane]
        number[lane] = as_number(form, level[lane])
        change = abs(trial[lane, BUDGET] - before[lane, BUDGET])
        for c in range(C):
            if change > window and rise != 0.0:
                pace[lane, c] = max(0.0, float(trial[lane, c] - before[lane, c]) / rise)
            elif change == 0:
                pace[lane, c] *= 0.25  # a gap between keys: stride out
