"""Lockstep: a block of scenarios runs at once, a scenario a SIMD lane.

A key is packed with its place in rank order, key · places + q, so that the least packed key is the
winner, ties to the lower rank, in one `min` over the jobs' rows. Keys are 16, 32 or 64 bits wide;
how a grant is made is for `lanes` (few jobs) and `records` (more). Row operations are simple loops
over lanes with selects written as masks, which is what compilers turn into vector instructions.

    lane        0    1    2  …       one row per job, in rank order
    key of 0  [ 60   58   71 … ]     the type's largest once the job gets nothing more
    key of 1  [ 20   81   44 … ]
    chosen    [ 20   58   44 … ]     the least key of all jobs: its remainder by `places` says whose
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairsched_fast.kernels.jit import inlined, leaf
from fairsched_fast.kernels.limits import admit, fits, load_limits, longest_run, sure_steps
from fairsched_fast.kernels.outcome import BUDGET, CAPACITY, CEILINGS, USER_CAPS, Outcome
from fairsched_fast.kernels.problem import IGNORE
from fairsched_fast.kernels.whole import NO_END, Desk, WholeProblem, largest, same_slopes, spread

_FEWEST, _MOST = 128, 1024  # lanes of a block
_NEAR = 3 << 14  # bytes of rows that the first cache holds


@leaf
def places_of(J: int) -> int:
    """The least power of two that is no less than J."""
    places = 1
    while places < J:
        places *= 2
    return places


@leaf
def block_width(J: int, L: int) -> int:
    """How many scenarios a block has at most: fewer the more jobs and lines there are."""
    width = _MOST
    while width > _FEWEST and width * J * (2 * L + 2) * 2 > _NEAR:
        width //= 2
    return width


@inlined
def drive(
    whole: WholeProblem,
    on_full: int,
    first: int,
    begins: int,
    ends: int,
    desk: Desk,
    rows: Any,
    out: Outcome,
    fill: Callable[..., bool],
    set_out: Callable[..., int],
    grant: Callable[..., None],
    collect: Callable[..., None],
) -> None:
    """Run scenarios begins…ends−1, as many at a time as there are lanes on the desk.

    `rows` has a block's keys, and what `fill` puts there (slopes that all share may be there
    `again`), `grant` changes, `collect` takes back.
    """
    lanes = desk.limit.shape[0]
    for start in range(begins, ends, lanes):
        width, again = min(ends - start, lanes), start > begins and same_slopes(whole)
        run_block(
            whole, on_full, first, start, width, again, desk, rows, out, fill, set_out, grant,
            collect,
        )  # fmt: skip


@inlined
def run_block(
    whole: WholeProblem,
    on_full: int,
    first: int,
    start: int,
    width: int,
    again: bool,
    desk: Desk,
    rows: Any,
    out: Outcome,
    fill: Callable[..., bool],
    set_out: Callable[..., int],
    grant: Callable[..., None],
    collect: Callable[..., None],
) -> None:
    """Run scenarios start…start+width−1 step by step."""
    places, segments = places_of(whole.order.shape[0]), whole.ceiling.shape[0]
    key, left, chosen, column = rows.key, rows.left, rows.chosen, first + start
    tight = load_limits(whole, on_full, start, width, desk)
    begin(desk, width)
    none = start - start  # a literal would compile its callees once more
    longest, steps = longest_run(desk.limit, width), none
    together = segments == 1  # whether all lanes that run are at the same step
    at_once = together and logs_places(whole.order, out)
    if not together:
        end_log(out, column, width, steps)
    for g in range(segments):
        bounded = fill(whole, g, start, width, longest, places, again, desk, rows)
        # Steps that need no test; at 0 what is left is counted anew, below 0 each is tested.
        sure = sure_steps(whole, on_full, start, width, desk) if tight else longest
        most = sure if together else none
        begun = set_out(whole, longest, most, bounded, places, column, width, desk, rows, out)
        steps += begun
        sure -= begun
        while not together or steps < longest:
            if sure == 0:
                collect(rows, desk, width)
                sure = sure_steps(whole, on_full, start, width, desk)
            if sure < 0 and together:
                end_log(out, column, width, steps)
                count_left(desk, left, width)
                together, at_once = False, False
            taken = steps if together else none
            who = out.small[steps, column : column + width] if at_once else desk.who
            if not choose(key, left, taken, places, rows.work, chosen, who, width):
                break
            if sure < 0:
                admit(whole, on_full, start, width, places, desk, key, left, chosen)
            grant(rows, places, width, bounded)
            if not at_once:
                log(whole, start, width, places, desk, left, chosen, together, steps, first, out)
            if not together:
                count_down(left, chosen, width)
            steps += 1
            sure -= np.int64(1) if sure > 0 else np.int64(0)
        collect(rows, desk, width)
    if together:
        end_log(out, column, width, steps)
    if tight:
        sure_steps(whole, on_full, start, width, desk)  # what is left in the end
    write_ends(whole, on_full, tight, start, width, desk, first, out)


@leaf
def logs_places(order: NDArray[np.int32], out: Outcome) -> bool:
    """Whether an order is kept, and a job's place is its index."""
    by_place = out.small.shape[0] > 0 and order.shape[1] == 1
    for q in range(order.shape[0]):
        by_place &= order[q, 0] == q
    return by_place


@leaf
def begin(desk: Desk, width: int) -> None:
    """Nothing is granted yet."""
    done = desk.done
    for lane in range(width):
        done[lane] = 0
    for q in range(desk.given.shape[0]):
        given = desk.given[q]
        for lane in range(width):
            given[lane] = 0


@leaf
def count_left(desk: Desk, left: NDArray[Any], width: int) -> None:
    """How many steps each lane has left, once what was granted is on the desk."""
    kind, limit, done = left.dtype.type, desk.limit, desk.done
    for lane in range(width):
        left[lane] = kind(limit[lane] - done[lane])


@leaf
def add_up(desk: Desk, width: int) -> None:
    """Count the executors granted in each lane."""
    done = desk.done
    for lane in range(width):
        done[lane] = 0
    for q in range(desk.given.shape[0]):
        given = desk.given[q]
        for lane in range(width):
            done[lane] += given[lane]


@leaf
def choose(
    key: NDArray[Any],
    left: NDArray[Any],
    taken: int,
    places: int,
    work: NDArray[Any],
    chosen: NDArray[Any],
    who: NDArray[np.int8],
    width: int,
) -> bool:
    """The least key and its place in every lane that has steps left, else −1; whether there is any.

    `left` counted them `taken` steps ago. Four rows at a time: what costs is loading and storing,
    not comparing.
    """
    kind, J, name = key.dtype.type, key.shape[0], who.dtype.type
    last, none, mask, taken = largest(key), kind(-1), kind(places - 1), kind(taken)
    more = key[0]  # the least beyond four rows; the first again where there are none
    if J > 4:
        more = work
        for lane in range(width):
            work[lane] = last
    for q in range(4, J, 4):
        a, b, c, d = (
            key[q],
            key[min(q + 1, J - 1)],
            key[min(q + 2, J - 1)],
            key[min(q + 3, J - 1)],
        )
        for lane in range(width):
            work[lane] = min(work[lane], a[lane], b[lane], c[lane], d[lane])
    a, b, c, d = key[0], key[min(1, J - 1)], key[min(2, J - 1)], key[min(3, J - 1)]
    for lane in range(width):
        best = min(a[lane], b[lane], c[lane], d[lane], more[lane])
        over = kind(-1) if (best == last) | (left[lane] <= taken) else kind(0)
        best = kind(best | over)
        chosen[lane] = best
        who[lane] = name(kind(best & mask) | over)
        none = kind(none & best)
    return none != kind(-1)


@leaf
def log(
    whole: WholeProblem,
    start: int,
    width: int,
    places: int,
    desk: Desk,
    left: NDArray[Any],
    chosen: NDArray[Any],
    together: bool,
    n: int,
    first: int,
    out: Outcome,
) -> None:
    """Write the job chosen in every lane: as step n, or as each lane's own next step."""
    small, column, who = out.small, first + start, desk.who
    if small.shape[0] > 0:
        name_jobs(whole.order, start, width, places, chosen, who)
        if together:
            for lane in range(width):
                small[n, column + lane] = who[lane]
        else:
            scatter(desk.limit, left, who, width, column, small)


@leaf
def count_down(left: NDArray[Any], chosen: NDArray[Any], width: int) -> None:
    """A step less for every lane that took one."""
    kind = left.dtype.type
    for lane in range(width):
        left[lane] = kind(left[lane] - (kind(1) if chosen[lane] >= kind(0) else kind(0)))


@leaf
def name_jobs(
    order: NDArray[np.int32],
    start: int,
    width: int,
    places: int,
    chosen: NDArray[Any],
    who: NDArray[np.int8],
) -> None:
    """The job at the place of each chosen key, −1 where there is none."""
    wide, mask = order.shape[1] > 1, np.int64(places - 1)
    for lane in range(width):
        q = np.int64(chosen[lane]) & mask
        who[lane] = order[q, start + lane if wide else 0] if chosen[lane] >= 0 else -1


@leaf
def scatter(
    limit: NDArray[np.int32],
    left: NDArray[Any],
    who: NDArray[np.int8],
    width: int,
    column: int,
    out: NDArray[np.int8],
) -> None:
    """Write the job chosen in every lane as that lane's own next step."""
    for lane in range(width):
        if who[lane] >= 0:
            out[np.int64(limit[lane]) - np.int64(left[lane]), column + lane] = who[lane]


@leaf
def end_log(out: Outcome, column: int, width: int, taken: int) -> None:
    """Nothing chosen beyond the steps taken."""
    for n in range(taken, out.small.shape[0]):
        out.small[n, column : column + width] = -1


@leaf
def write_ends(
    whole: WholeProblem,
    on_full: int,
    tight: bool,
    start: int,
    width: int,
    desk: Desk,
    first: int,
    out: Outcome,
) -> None:
    """What each job was given, how many steps there were, and why the runs ended."""
    order, column, budget, most = whole.order, first + start, desk.row, desk.other
    steps, stop = out.steps[column : column + width], out.stop[column : column + width]
    for q in range(desk.given.shape[0]):
        given = desk.given[q]
        if order.shape[1] > 1:
            for lane in range(width):
                out.granted[order[q, start + lane], column + lane] = given[lane]
        else:
            row = out.granted[order[q, 0], column : column + width]
            for lane in range(width):
                row[lane] = given[lane]
    spread(whole.budget, start, width, budget)
    most_steps(whole.room, start, width, most)
    done, limit = desk.done, desk.limit
    for lane in range(width):
        taken = done[lane]
        waits = (taken >= limit[lane]) & (taken < most[lane])
        early = np.int32(CAPACITY) if waits else np.int32(CEILINGS)
        steps[lane] = taken
        stop[lane] = early if taken != budget[lane] else np.int32(BUDGET)
    if tight:
        for lane in range(width):
            if stop[lane] != BUDGET:
                stop[lane] = why(whole, on_full, start, lane, desk)


@leaf
def most_steps(room: NDArray[np.int32], start: int, width: int, out: NDArray[np.int32]) -> None:
    """How many executors the jobs of each lane may be given together; NO_END where no fewer."""
    everyone = np.int64(0)
    for j in range(room.shape[0]):
        everyone += np.int64(room[j, 0])
    for lane in range(width):
        out[lane] = min(everyone, np.int64(NO_END)) if room.shape[1] == 1 else np.int64(0)
    for j in range(room.shape[0] if room.shape[1] > 1 else 0):
        part = room[j, start : start + width]
        for lane in range(width):
            out[lane] = min(np.int64(out[lane]) + np.int64(part[lane]), np.int64(NO_END))


@leaf
def why(whole: WholeProblem, on_full: int, start: int, lane: int, desk: Desk) -> int:
    """Why a lane ended early where single jobs may have been stopped."""
    order, user, capped, reason = whole.order, whole.user, desk.user_left.shape[0] > 0, CEILINGS
    for q in range(desk.given.shape[0]):
        j = order[q, start + lane if order.shape[1] > 1 else 0]
        if desk.given[q, lane] >= whole.room[j, start + lane if whole.room.shape[1] > 1 else 0]:
            continue
        u = user[j, start + lane if user.shape[1] > 1 else 0] if capped else -1
        if u >= 0 and desk.user_left[u, lane] <= 0:
            reason = USER_CAPS
        elif on_full != IGNORE and not fits(whole.demand, desk.free, j, start, lane):
            return CAPACITY
    return reason
