"""`allocate`: lower, choose the kernel, spread over threads, hand back a `Result`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Literal, get_args

import numpy as np

from fairsched_fast import kernels
from fairsched_fast.batch import Batch
from fairsched_fast.batch.capacity_checks import check_guarantees, check_overfull
from fairsched_fast.claims import Claims
from fairsched_fast.compiling import first_use
from fairsched_fast.dispatch import play_claims, play_ranges
from fairsched_fast.errors import InputError, did_you_mean, plural
from fairsched_fast.lowering import lower, make_problem
from fairsched_fast.model import Scenario
from fairsched_fast.policies.base import Policy, PolicyLike
from fairsched_fast.policies.key_functions import KeyPolicy
from fairsched_fast.policies.registry import find_policy
from fairsched_fast.result import FORMS, Result
from fairsched_fast.workers import share_out, threads

OnFull = Literal["skip", "stop", "ignore"]
ON_FULL: dict[str, int] = {
    "skip": kernels.SKIP,
    "stop": kernels.STOP,
    "ignore": kernels.IGNORE,
}

_CHUNK_VALUES = 1 << 20  # J·R·scenarios lowered at once, at most
_LEAST_VALUES = 1 << 16  # and at least: fewer are sooner done by one worker
_TURNS = 4  # of each worker, where they share what was lowered
_UNASKED_BYTES = 1 << 28  # what the order may take where nobody asked for it
_NO_CLAIMS = (Claims(*np.zeros((3, 1, 1, 1))),)


def allocate(
    scenarios: Scenario | Iterable[Scenario] | Batch,
    policy: PolicyLike = "drf",
    *,
    on_full: OnFull | str = "skip",
    log: bool | None = None,
    workers: int | None = None,
) -> Result:
    """Distribute each scenario's executors under a policy.

    Parameters
    ----------
    scenarios
        One `Scenario`, several, or a `Batch`.
    policy
        A policy's or a dialect's name, with parameters where it has any (`drf(exclude=["gpu"])`), a
        table as in a sweep file (`{"policy": "drf", "exclude": ["gpu"]}`), or a `Policy`.
    on_full
        What happens when the chosen job's next executor does not fit: "skip" the job for good
        (what is free only shrinks), "stop" the run (Algorithm 1 of the DRF paper), or "ignore"
        capacity (the notebook's rule).
    log
        Whether to keep the order of grants (`Result.choices`). None: for Scenarios (unless it
        would take more than 256 MB), not for a Batch. Step logs can be had either way; without it
        they are recomputed.
    workers
        Threads; None is all cores. The result does not depend on it.

    Returns
    -------
    Result

    Raises
    ------
    InputError
        On an unknown policy or option; a pool whose jobs hold more than its capacity, or a job that
        is promised more (unless `on_full="ignore"`); whatever a policy finds wrong.
    """
    if isinstance(scenarios, Batch):
        batch, keep_order = scenarios, bool(log)
    else:
        batch = Batch.from_scenarios(scenarios)
        keep_order = _order_bytes(batch) <= _UNASKED_BYTES if log is None else log
    check_on_full(on_full)
    many = threads(workers)
    if on_full != "ignore":
        check_overfull(batch)
        check_guarantees(batch)
    order = batch.longest if keep_order else None
    return run(batch, find_policy(policy), on_full, order=order, workers=many)


def prepare(batch: Batch, policy: Policy) -> None:
    """See that a policy makes sense of a batch.

    Raises
    ------
    InputError
        When its parameters do not fit the batch, its claims are unsound, or its key function cannot
        be compiled, is NaN or falls.
    """
    if isinstance(policy, KeyPolicy):
        run(batch, policy, "skip", workers=1)
    else:
        policy(batch)


def check_on_full(on_full: str) -> None:
    """`on_full` is one of its three words.

    Raises
    ------
    InputError
        When it is not.
    """
    if not isinstance(on_full, str) or on_full not in ON_FULL:
        raise InputError(f"on_full is {on_full!r}{did_you_mean(on_full, get_args(OnFull))}")


def run(
    batch: Batch, policy: Policy, on_full: str, *, workers: int, order: int | None = None
) -> Result:
    """`allocate` without its checks: an over-full pool simply has nothing left to give.

    `order` is how many steps to keep the order of, no fewer than any scenario takes; None is none.
    """
    out = kernels.blank_outcome(batch.J, batch.S, order or 0)
    rule = ON_FULL[on_full]
    work, starts = _chunks(batch, policy, rule, out, workers)
    forms = share_out(work, starts, workers)
    return Result(
        batch=batch,
        policy=policy,
        on_full=on_full,
        granted=out.granted.T,
        choices=None if order is None else kernels.choices_of(out),
        steps=out.steps,
        stop=out.stop,
        keys=FORMS[max(forms)],
    )


def _chunks(
    batch: Batch, policy: Policy, rule: int, out: kernels.Outcome, workers: int
) -> tuple[Callable[[int], int], range]:
    """What runs the scenarios from one on, giving the form of their keys, and where each starts."""
    rows, ranges = chunk_rows(batch, _TURNS * workers if workers > 1 else 1), None
    if rows < batch.S and not isinstance(policy, KeyPolicy):
        one_chunk = batch.J * batch.R * batch.S <= _CHUNK_VALUES
        ranges = play_ranges(batch, policy, rule, out, copies=one_chunk)
    if ranges is None:  # each is lowered by itself
        rows = chunk_rows(batch, workers)
    play = _play_keys if isinstance(policy, KeyPolicy) else play_claims

    def work(first: int) -> int:
        stop = min(first + rows, batch.S)
        if ranges is not None:
            return ranges(first, stop)
        part = batch if stop - first == batch.S else batch.rows(first, stop)
        return play(part, policy, rule, first, out)

    return work, range(0, max(batch.S, 1), rows)


def _play_keys(part: Batch, policy: Policy, rule: int, first: int, out: kernels.Outcome) -> int:
    """The same under a policy that is a key function, on the general kernel.

    Raises
    ------
    InputError
        On a key that is NaN or fell, naming scenario and job.
    """
    assert isinstance(policy, KeyPolicy)
    facts = policy.facts(part)
    problem = make_problem(part, _NO_CLAIMS, facts.rank)
    fault = kernels.blank_fault()
    policy.compiled(
        lambda greedy: greedy.run(
            problem,
            facts.values,
            facts.columns,
            policy.rising,
            rule,
            first,
            out,
            fault,
        )
    )
    if fault.where[0] >= 0:
        raise InputError(_fault_message(part, policy, fault))
    with first_use("stops"):
        kernels.stops(problem, rule, first, out.granted, out.steps, out.stop)
    return kernels.KEYS


def _fault_message(batch: Batch, policy: KeyPolicy, fault: kernels.Fault) -> str:
    s, j, k = fault.where.tolist()
    job, scenario = batch.job_names(s)[j], batch.labels.scenario[s]
    was, now = fault.keys.tolist()
    if np.isnan(now):
        what, remedy = "is not a number", "; expected one, infinity for who comes last"
    else:
        what = f"falls from {was!r} to {now!r}"
        remedy = "; expected a key that never falls, or @key_policy(…, may_fall=True)"
    return (
        f"policy {policy.name!r}: the key of job {job!r} in scenario {scenario} {what} once it was "
        f"granted {plural(k, 'executor')}{remedy}"
    )


def next_in_line(batch: Batch, policy: Policy) -> list[int]:
    """Jobs of a single scenario in the order of their next claims, whatever stops them."""
    J, out = batch.J, kernels.blank_outcome(batch.J, 1, batch.J)
    each_once: dict[str, Any] = {
        "room": np.ones((J, 1), np.int32),
        "budget": np.full(1, J, np.int32),
        "user": np.full((J, 1), -1, np.int32),
        "user_left": np.empty((0, 1), np.int64),
    }
    if isinstance(policy, KeyPolicy):
        facts = policy.facts(batch)
        problem = make_problem(batch, _NO_CLAIMS, facts.rank)._replace(**each_once)
        once, fault = problem, kernels.blank_fault()
        policy.compiled(
            lambda greedy: greedy.run(
                once, facts.values, facts.columns, False, kernels.IGNORE, 0, out, fault
            )
        )
    else:
        problem = lower(batch, policy)._replace(**each_once)
        kernels.steps(problem, kernels.IGNORE, 0, out)
    return [int(j) for j in kernels.choices_of(out)[0] if j >= 0]


def _order_bytes(batch: Batch) -> int:
    each = batch.S * kernels.smallest_signed(batch.J).itemsize + 4  # one scenario's, in 32 bits
    return batch.longest * each


def chunk_rows(batch: Batch, parts: int) -> int:
    """Scenarios run at once: about so many parts of them, whose planes stay near the cores."""
    size = batch.J * batch.R
    even = -(-batch.S // parts)
    return max(1, min(_CHUNK_VALUES // size, max(even, _LEAST_VALUES // size)))
