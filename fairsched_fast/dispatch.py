"""Which kernel runs a chunk of scenarios: chosen by shape, here and nowhere else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairsched_fast import kernels
from fairsched_fast.batch import Batch
from fairsched_fast.claims import Claims
from fairsched_fast.compiling import first_use
from fairsched_fast.lowering import make_problem, make_whole
from fairsched_fast.policies.base import Policy

FEW_JOBS = {"h": 20, "i": 8, "q": 0}
"""Jobs up to which a grant is masked over all rows of a block, not made lane by lane: keys' widths.

Measured, two resources, 30 and 200 executors, ns a grant. Keys of 16 bits: masked 1.6 and 1.2 at 8
jobs, 4.1 and 3.0 at 20, 5.3 and 3.6 at 24 (with ceilings 5.9 and 4.2); lane by lane 4.5 and 2.9 at
8, 6.8 and 3.6 at 20, 7.5 and 3.8 at 24. Of 32 bits masked takes twice as long: 4.7 and 4.0 at 12,
where lane by lane takes 5.0 and 3.2. Up to three jobs `three` takes 0.2 to 0.3.
"""
LOCKSTEP_JOBS = 128
"""Jobs up to which scenarios run in lockstep, not one by one: what a byte can name."""
LOCKSTEP_STEPS = 1 << 15
"""Jobs times executors up to which they do so beyond 32 jobs: long orders are sooner merged.

Measured on 80 to 400 scenarios, ns a grant in lockstep and by merging, where grants are tested at
the end: 24 jobs, 5,000 executors 4.2 and 5.1; 32 jobs 5.1 and 5.7; 48 jobs, 1,000 and 2,000
executors 7.0 and 6.6, 6.1 and 4.9; 64 jobs, 500 and 2,000: 11 and 11, 8.4 and 5.6; 128 jobs, 200
and 1,000: 18 and 32, 15 and 10. With fewer scenarios merging wins a little sooner.
"""
_ANY_STEPS = 32  # jobs up to which lockstep runs however many
LEVEL_JOBS = 64
"""Jobs up to which scenarios that block no job are counted in lockstep, by `run_levels`.

Measured, µs a scenario, equal demands: 0.03 for 3 jobs, 0.5 for 32, 1.2 to 4 for 80, where one by
one takes 1.1, 1.4 and 2.1.
"""
LEVEL_KEYS = 2.0**50
"""Keys up to which that is exact."""
_ALWAYS_GRANTED = 15  # executors that are hardly ever sooner counted: asked first, in no time
_SMALL = 1 << 12  # values: to remember so many is no matter
_LARGEST = {kind: 2.0 ** (bits - 1) for kind, bits in (("h", 16), ("i", 32))} | {"q": 2.0**62}
_KIND = {kind: np.empty(0, kind) for kind in _LARGEST}


Made = tuple[kernels.WholeProblem, float]
Lowered = tuple[Sequence[Claims], Made | None]
Ranges = Callable[[int, int], int]
"""(first scenario, the one after the last): runs them; the form of their keys."""


def keeps_order(out: kernels.Outcome) -> bool:
    """Whether a run is to keep the order."""
    return max(out.small.size, out.medium.size, out.large.size) > 0


def play_claims(part: Batch, policy: Policy, rule: int, first: int, out: kernels.Outcome) -> int:
    """Run a chunk under a policy made of claims, scenario `first` and on; the form of its keys."""
    segments, made = _lowered(part, policy)
    counts = not keeps_order(out) and prefer_totals(part)
    lockstep = _lockstep(part, made, rule, first, out)
    if lockstep is not None:
        return lockstep(0, part.S)
    problem = make_problem(part, segments, segments[0].rank)
    with first_use("totals" if counts else "steps"):
        if counts:
            form = kernels.totals(problem, rule, first, out.granted)
        else:
            form = kernels.steps(problem, rule, first, out)
        kernels.stops(problem, rule, first, out.granted, out.steps, out.stop)
    return form


def play_ranges(
    batch: Batch, policy: Policy, rule: int, out: kernels.Outcome, *, copies: bool
) -> Ranges | None:
    """What runs ranges of a batch's scenarios, for threads to share one lowering of it.

    None where chunks should be lowered instead: unless lockstep runs it, and, unless `copies` are
    welcome, on the batch's own planes.
    """
    if not copies:
        few = batch.rows(0, 2)
        tried = _lowered(few, policy)[1]
        if tried is None or any(array.shape[-1] > 1 for array in _own_arrays(tried[0], few)):
            return None
    return _lockstep(batch, _lowered(batch, policy)[1], rule, 0, out)


def _lockstep(
    part: Batch, made: Made | None, rule: int, first: int, out: kernels.Outcome
) -> Ranges | None:
    """What runs scenarios begins…ends−1 of a problem in whole numbers; the form of their keys."""
    if made is None:
        return None
    whole, bound = made
    if not keeps_order(out) and prefer_totals(part):
        blocks = len(whole.user_left) > 0 or (len(whole.demand) > 1 and rule != kernels.IGNORE)
        if blocks or bound >= LEVEL_KEYS or part.J > LEVEL_JOBS:
            return None
        return _levels(whole, rule, first, out)
    chosen = lockstep_kernel(part, bound)
    if chosen is None:
        return None
    run, kind = chosen
    like = _KIND[kind]

    def play(begins: int, ends: int) -> int:
        with first_use(chosen):
            run(whole, rule, first, begins, ends, like, out)
        return kernels.INTEGER

    return play


def _levels(whole: kernels.WholeProblem, rule: int, first: int, out: kernels.Outcome) -> Ranges:
    """The same where only the end is asked for, and jobs are not blocked one by one."""

    def play(begins: int, ends: int) -> int:
        with first_use("levels"):
            kernels.run_levels(whole, rule, first, begins, ends, out)
        return kernels.INTEGER

    return play


def _lowered(part: Batch, policy: Policy) -> Lowered:
    """A policy's claims, and the same in whole numbers; remembered where that takes no space.

    Few scenarios are run in less time than it takes to lower them, and a batch is often run again:
    with another `on_full`, or for a step log. Only what depends on the batch alone is remembered,
    which is not known of users' policies.
    """
    known: tuple[Policy, Lowered] | None = part.remembered
    if known is not None and known[0] is policy:
        return known[1]
    segments = policy(part)
    made = segments, make_whole(part, segments) if part.J <= LOCKSTEP_JOBS else None
    pure = policy.built_in and "then" not in policy.given
    small = part.S * part.J * part.R <= _SMALL
    if pure and (
        small or (made[1] and sum(a.size for a in _own_arrays(made[1][0], part)) <= _SMALL)
    ):
        part.remembered = (policy, made)
    return made


def _own_arrays(whole: kernels.WholeProblem, part: Batch) -> list[NDArray[Any]]:
    """Those of a problem that are not the batch's own planes."""
    planes = (*part.kept, part.room, part.extra_executors)
    return [
        array for array in whole if not any(np.may_share_memory(array, plane) for plane in planes)
    ]


def lockstep_kernel(batch: Batch, bound: float) -> tuple[Callable[..., None], str] | None:
    """What runs orders in lockstep, and the type of its keys, which are below `bound`.

    None where scenarios run one by one.
    """
    kind, J = narrowest(bound), batch.J
    if kind is None or J > LOCKSTEP_JOBS:
        return None
    if J > _ANY_STEPS and J * batch.longest > LOCKSTEP_STEPS:
        return None
    if FEW_JOBS[kind] >= J:
        return kernels.run_lanes, kind
    # Records of 16 bits are no faster, and one kernel more to compile.
    return kernels.run_records, "i" if kind == "h" else kind


def narrowest(bound: float) -> str | None:
    """The narrowest type that holds packed keys, as a dtype's character."""
    return next((kind for kind, largest in _LARGEST.items() if bound < largest - 1), None)


def prefer_totals(batch: Batch) -> bool:
    """Whether counting claims beats granting them one by one where no order is asked for.

    Measured, in grants at which they meet: equal demands 15, 45 and 60 for 1, 2 and 3 jobs; 35 to
    45 for 4, 45 to 55 for 8, 70 to 80 for 16, 80 to 130 for 32, 100 to 200 for 64. Where single
    jobs may not fit, counting costs 0.6 µs a scenario and 25 ns a job, a grant 12 to 30 ns: 50 to
    80. Beyond lockstep counting is always sooner. Keys in ticks are counted at 0.3 to 2 µs a job:
    90 grants for 3 jobs, 200 for 32, 30,000 for 1,000.
    """
    J, lockstep = batch.J, batch.J <= LOCKSTEP_JOBS
    if lockstep and batch.longest <= _ALWAYS_GRANTED:
        return False
    if not batch.decimal.all():
        meet = max(100.0, 6.0 * J if J < 100 else 30.0 * J)
    elif not lockstep:
        meet = 0.0
    elif len(batch.kept.demand) > 1:
        meet = 60.0
    else:
        meet = 20.0 * J if J <= 3 else 35.0 + 2.5 * J
    return batch.longest > meet
