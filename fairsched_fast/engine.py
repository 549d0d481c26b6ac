"""`allocate`: lower, choose the kernel, spread over threads, hand back a `Result`."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, wait
from functools import cache
from typing import Any, Literal, get_args

import numpy as np

from fairsched_fast import kernels
from fairsched_fast.batch import Batch
from fairsched_fast.batch.capacity_checks import check_guarantees, check_overfull
from fairsched_fast.claims import Claims
from fairsched_fast.compiling import first_use
from fairsched_fast.dispatch import order_of, outcome, play_claims, play_ranges
from fairsched_fast.errors import InputError, did_you_mean, plural
from fairsched_fast.lowering import lower, make_problem
from fairsched_fast.model import Scenario
from fairsched_fast.policies.base import Policy, PolicyLike
from fairsched_fast.policies.key_functions import KeyPolicy
from fairsched_fast.policies.registry import find_policy
from fairsched_fast.result import FORMS, Result

OnFull = Literal["skip", "stop", "ignore"]
ON_FULL: dict[str, int] = {
    "skip": kernels.SKIP,
    "stop": kernels.STOP,
    "ignore": kernels.IGNORE,
}

_CHUNK_VALUES = 1 << 20  # J·R·scenarios lowered at once, at most
_LEAST_VALUES = 1 << 16  # and at least: fewer are sooner done by one worker
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
    order = int(batch.extra_executors.max()) if keep_order else None
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
    S, J = batch.S, batch.J
    choices = None if order is None else np.empty((order, S), smallest_signed(J))
    out = outcome(J, S, choices)
    rule = ON_FULL[on_full]
    rows = chunk_rows(batch, workers)
    work = _chunk_work(batch, policy, rule, out, rows)
    forms = _spread(work, range(0, max(S, 1), rows), workers)
    return Result(
        batch=batch,
        policy=policy,
        on_full=on_full,
        granted=out.granted.T,
        choices=None if choices is None else choices.T,
        steps=out.steps,
        stop=out.stop,
        keys=FORMS[max(forms)],
    )


def _spread(work: Callable[[int], int], starts: range, workers: int) -> list[int]:
    """What `work` gives for every start, on so many threads, this one among them.

    Raises
    ------
    Exception
        The one of the first start that has any, whichever thread came first.
    """
    others = min(workers, len(starts)) - 1
    if others == 0:
        return [work(start) for start in starts]
    results: dict[int, int | Exception] = {}
    turns = iter(starts)  # taking the next is one step of the interpreter, so threads can share it

    def work_along() -> None:
        for start in turns:
            try:
                results[start] = work(start)
            except Exception as error:
                results[start] = error

    helping = [_helpers(os.getpid()).submit(work_along) for _ in range(others)]
    work_along()
    wait(helping)
    forms = []
    for start in starts:
        result = results[start]
        if isinstance(result, Exception):
            raise result
        forms.append(result)
    return forms


@cache
def _helpers(process: int) -> ThreadPoolExecutor:
    """Threads that wait for work: starting one takes as long as ten thousand small scenarios.

    Those of this process: a fork has none of its parent's.
    """
    return ThreadPoolExecutor(cores(), thread_name_prefix=f"fairsched-{process}")


def _chunk_work(
    batch: Batch, policy: Policy, rule: int, out: kernels.Outcome, rows: int
) -> Callable[[int], int]:
    """Runs the `rows` scenarios from one on; the form of their keys."""
    if isinstance(policy, KeyPolicy):
        play, ranges = _play_keys, None
    else:
        one_chunk, play = batch.J * batch.R * batch.S <= _CHUNK_VALUES, play_claims
        ranges = play_ranges(batch, policy, rule, out, copies=one_chunk) if rows < batch.S else None

    def work(first: int) -> int:
        stop = min(first + rows, batch.S)
        if ranges is not None:
            return ranges(first, stop)
        part = batch if stop - first == batch.S else batch.rows(first, stop)
        return play(part, policy, rule, first, out)

    return work


def _play_keys(part: Batch, policy: Policy, rule: int, first: int, out: kernels.Outcome) -> int:
    """The same under a policy that is a key function, on the general kernel.

    Raises
    ------
    InputError
        On a key that is NaN or fell, naming scenario and job.
    """
    assert isinstance(policy, KeyPolicy)
    facts, order = policy.facts(part), order_of(out)
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
            out.granted,
            order,
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
    J, granted = batch.J, np.empty((batch.J, 1), np.int32)
    order = np.empty((J, 1), smallest_signed(J))
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
                once, facts.values, facts.columns, False, kernels.IGNORE, 0, granted, order, fault
            )
        )
    else:
        problem = lower(batch, policy)._replace(**each_once)
        kernels.steps(problem, kernels.IGNORE, 0, granted, order)
    return [int(j) for j in order[:, 0] if j >= 0]


def smallest_signed(J: int) -> np.dtype[Any]:
    """The smallest signed dtype that holds a job index."""
    return np.min_scalar_type(-max(J, 1))


def _order_bytes(batch: Batch) -> int:
    return int(batch.extra_executors.max()) * batch.S * smallest_signed(batch.J).itemsize


def chunk_rows(batch: Batch, workers: int) -> int:
    """Scenarios lowered at once: some chunks for each worker, whose planes stay near the cores."""
    size = batch.J * batch.R
    even = -(-batch.S // (4 * workers)) if workers > 1 else batch.S
    return max(1, min(_CHUNK_VALUES // size, max(even, _LEAST_VALUES // size)))


def threads(workers: int | None) -> int:
    """How many threads are meant by `workers`; None is all cores.

    Raises
    ------
    InputError
        When it is no whole number, or below 1.
    """
    if workers is None:
        return cores()
    if not isinstance(workers, int) or workers < 1:
        raise InputError(f"workers is {workers!r}; expected a whole number, 1 or more, or None")
    return workers


def cores() -> int:
    """The processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
