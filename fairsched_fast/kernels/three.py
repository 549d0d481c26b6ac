"""Up to three jobs with one or two lines: a head start, in which nothing leaves the registers.

Rows are loaded and stored once for two steps, and lines move on with each grant instead of being
worked out anew: half the work of `lanes`, which goes on from there. Jobs and lines that nobody has
make up the number.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fairsched_fast.kernels.jit import leaf
from fairsched_fast.kernels.outcome import Outcome
from fairsched_fast.kernels.whole import Desk, largest

JOBS, LINES = 3, 2


class Job(NamedTuple):
    """A job's rows, all of one integer type."""

    line: NDArray[Any]  # (lanes,) where the first line stands; the largest key once it has ended
    other: NDArray[Any]  # (lanes,) where the second line stands
    given: NDArray[Any]  # (lanes,) executors granted
    rise: NDArray[Any]  # (lanes,) what a grant adds to the first line
    slower: NDArray[Any]  # (lanes,) and to the second
    room: NDArray[Any]  # (lanes,) executors up to which it goes
    name: Any  # its index


class Stand(NamedTuple):
    """What a step changes of a job, in one lane."""

    line: Any
    other: Any
    given: Any


class Terms(NamedTuple):
    """What a step does not change."""

    rise: Any
    slower: Any
    room: Any
    name: Any


@leaf
def take_steps(
    line: NDArray[Any],
    rise: NDArray[Any],
    given: NDArray[Any],
    room: NDArray[Any],
    left: NDArray[Any],
    order: NDArray[np.int32],
    most: int,
    bounded: bool,
    column: int,
    width: int,
    desk: Desk,
    out: Outcome,
) -> int:
    """Take the first steps of a block, two by two, until `most` are; how many were taken.

    Rows (JOBS, LINES, lanes) and (JOBS, lanes) are as in `lanes`; lines stand, in the end, where
    they have moved to. All lanes share the `order`. Where no job is `bounded` none ends.
    """
    kind, J = left.dtype.type, order.shape[0]
    first, second, third = order[0, 0], order[min(1, J - 1), 0], order[min(2, J - 1), 0]
    x = Job(line[0, 0], line[0, 1], given[0], rise[0, 0], rise[0, 1], room[0], kind(first))
    y = Job(line[1, 0], line[1, 1], given[1], rise[1, 0], rise[1, 1], room[1], kind(second))
    z = Job(line[2, 0], line[2, 1], given[2], rise[2, 0], rise[2, 1], room[2], kind(third))
    taken, going, kept = np.int64(0), True, out.small.shape[0]
    while going and taken < most:
        who, then = desk.who, desk.then
        if taken < kept:
            who = out.small[taken, column : column + width]
        if taken + 1 < kept:
            then = out.small[taken + 1, column : column + width]
        if bounded:  # a literal compiles a version for each
            going = take_two(x, y, z, left, taken, True, who, then, width)
        else:
            going = take_two(x, y, z, left, taken, False, who, then, width)
        taken += 2
    if not bounded:
        count_third(x.given, y.given, z.given, left, taken, width)
    return taken


@leaf
def count_third(
    x: NDArray[Any],
    y: NDArray[Any],
    z: NDArray[Any],
    left: NDArray[Any],
    taken: int,
    width: int,
) -> None:
    """The third job was given what the others were not, nothing where there is none.

    A step is a grant where no job ends.
    """
    kind, steps = left.dtype.type, left.dtype.type(taken)
    for lane in range(width):
        z[lane] = kind(min(left[lane], steps) - kind(x[lane] + y[lane]))


@leaf
def take_two(
    x: Job,
    y: Job,
    z: Job,
    left: NDArray[Any],
    taken: int,
    bounded: bool,
    who: NDArray[np.int8],
    then: NDArray[np.int8],
    width: int,
) -> bool:
    """Take two steps in each lane that has them left; whether any lane took the second.

    `left` counted them `taken` steps ago.
    """
    kind, name, last, none = left.dtype.type, who.dtype.type, largest(left), np.int8(-1)
    first, second = kind(taken), kind(taken + 1)
    for lane in range(width):
        terms = (
            Terms(x.rise[lane], x.slower[lane], x.room[lane], x.name),
            Terms(y.rise[lane], y.slower[lane], y.room[lane], y.name),
            Terms(z.rise[lane], z.slower[lane], z.room[lane], z.name),
        )
        stand = (
            Stand(x.line[lane], x.other[lane], x.given[lane]),
            Stand(y.line[lane], y.other[lane], y.given[lane]),
            Stand(z.line[lane], z.other[lane], z.given[lane]),
        )
        one, stand = step(stand, terms, left[lane] > first, bounded, last, kind)
        who[lane] = name(one)
        two, stand = step(stand, terms, left[lane] > second, bounded, last, kind)
        then[lane] = name(two)
        none = name(none & name(two))
        x.line[lane], x.other[lane], x.given[lane] = stand[0]
        y.line[lane], y.other[lane], y.given[lane] = stand[1]
        z.line[lane], z.other[lane] = stand[2].line, stand[2].other
        if bounded:
            z.given[lane] = stand[2].given
    return none != name(-1)


@leaf
def step(
    stand: tuple[Stand, Stand, Stand],
    terms: tuple[Terms, Terms, Terms],
    live: bool,
    bounded: bool,
    last: Any,
    kind: Any,
) -> tuple[Any, tuple[Stand, Stand, Stand]]:
    """Grant to the job of the least key, if the lane is live: its index or −1; how all stand."""
    a, b, c = stand
    i, j, k = max(a.line, a.other), max(b.line, b.other), max(c.line, c.other)
    best = min(i, j, k)
    best = best if live & ((best != last) | (not bounded)) else kind(-1)
    first, second, third = terms
    who = first.name if i == best else kind(-1)
    who = second.name if j == best else who
    who = third.name if k == best else who
    now = (
        served(a, first, i == best, bounded, last, kind),
        served(b, second, j == best, bounded, last, kind),
        served(c, third, k == best, bounded, last, kind),
    )
    return who, now


@leaf
def served(stand: Stand, terms: Terms, mine: bool, bounded: bool, last: Any, kind: Any) -> Stand:
    """How a job stands after a step that was its own or not."""
    line = kind(stand.line + terms.rise) if mine else stand.line
    other = kind(stand.other + terms.slower) if mine else stand.other
    given = kind(stand.given + kind(1)) if mine else stand.given
    ends = bounded & (given >= terms.room)
    return Stand(last if ends else line, other, given)
