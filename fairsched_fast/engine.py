"""`allocate`: lower, choose the kernel, spread over threads, hand back a `Result`."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Literal, TextIO, get_args

import numpy as np
from numpy.typing import NDArray

from fairsched_fast import kernels
from fairsched_fast.batch import FLOAT_SLACK, Batch
from fairsched_fast.errors import InputError, did_you_mean
from fairsched_fast.model import Scenario
from fairsched_fast.policies import Policy, find_policy
from fairsched_fast.result import FORMS, Result

OnFull = Literal["skip", "stop", "ignore"]
ON_FULL: dict[str, int] = {
    "skip": kernels.SKIP,
    "stop": kernels.STOP,
    "ignore": kernels.IGNORE,
}

_CHUNK_VALUES = 1 << 16  # J·R·scenarios lowered at once: their planes stay near the cores
_UNASKED_BYTES = 1 << 28  # what the order may take where nobody asked for it
_FIXED_POINT = 61  # bits of a capacity that is no decimal
_PROBLEM_DTYPES = (*(np.float64,) * 3, *(np.int32,) * 3, *(np.int64,) * 2, np.int32, np.int64)


def allocate(
    scenarios: Scenario | Iterable[Scenario] | Batch,
    policy: str | Policy = "drf",
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
        A policy's name, or a `Policy`.
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
        On an unknown policy or option, or a pool whose jobs hold more than its capacity (unless
        `on_full="ignore"`).
    """
    if isinstance(scenarios, Batch):
        batch, keep_order = scenarios, bool(log)
    else:
        batch = Batch.from_scenarios(scenarios)
        keep_order = _order_bytes(batch) <= _UNASKED_BYTES if log is None else log
    check_on_full(on_full)
    if workers is not None and (not isinstance(workers, int) or workers < 1):
        raise InputError(f"workers is {workers!r}; expected a whole number, 1 or more, or None")
    if batch.overfull is not None and on_full != "ignore":
        raise InputError(overfull_message(batch))
    order = int(batch.extra_executors.max()) if keep_order else None
    return run(batch, find_policy(policy), on_full, order=order, workers=workers or cores())


def check_on_full(on_full: str) -> None:
    """`on_full` is one of its three words.

    Raises
    ------
    InputError
        When it is not.
    """
    if not isinstance(on_full, str) or on_full not in ON_FULL:
        raise InputError(f"on_full is {on_full!r}{did_you_mean(on_full, get_args(OnFull))}")


def overfull_message(batch: Batch) -> str:
    """What to say of a batch's first over-full pool."""
    over = batch.overfull
    assert over is not None
    more = f" ({over.rows - 1:,} more such pools)" if over.rows > 1 else ""
    return (
        f"pool {batch.pool_name(over.row)!r} of scenario {batch.labels.scenario[over.row]}: its "
        f"jobs hold {over.used:g} {batch.labels.resources[over.resource]}, "
        f"{over.used - over.capacity:g} above the capacity of {over.capacity:g}{more}; lower the "
        'usage, raise the capacity, or pass on_full="ignore"'
    )


def run(
    batch: Batch, policy: Policy, on_full: str, *, workers: int, order: int | None = None
) -> Result:
    """`allocate` without its checks: an over-full pool simply has nothing left to give.

    `order` is how many steps to keep the order of, no fewer than any scenario takes; None is none.
    """
    S, J = batch.S, batch.J
    granted = np.empty((J, S), np.int32)
    choices = None if order is None else np.empty((order, S), smallest_signed(J))
    steps = np.empty(S, np.int32)
    stop = np.empty(S, np.int8)
    rule = ON_FULL[on_full]

    def work(chunk: tuple[int, Batch]) -> int:
        first, part = chunk
        problem = lower(part, policy)
        if choices is not None:
            form = kernels.steps(problem, rule, first, granted, choices)
        elif _prefer_totals(part):
            form = kernels.totals(problem, rule, first, granted)
        else:
            form = kernels.steps(problem, rule, first, granted, _NO_CHOICES)
        kernels.stops(problem, rule, first, granted, steps, stop)
        return int(form)

    compile_kernels()
    chunks = batch.chunks(chunk_rows(batch))
    if workers == 1 or chunk_rows(batch) >= S:
        forms = list(map(work, chunks))
    else:
        with ThreadPoolExecutor(workers) as pool:
            forms = list(pool.map(work, chunks))
    return Result(
        batch=batch,
        policy=policy,
        on_full=on_full,
        granted=granted.T,
        choices=None if choices is None else choices.T,
        steps=steps,
        stop=stop,
        keys=FORMS[max(forms)],
    )


def lower(batch: Batch, policy: str | Policy = "drf") -> kernels.Problem:
    """A batch under a policy as the kernels take it, for your own compiled code.

    Raises
    ------
    InputError
        On an unknown policy, or a user's policy that makes no sound claims.
    """
    claims = find_policy(policy)(batch)
    offset, slope, per = claims.lines(batch.J)
    if claims.rank is None:
        order = np.arange(batch.J)[:, np.newaxis]
    else:
        order = np.argsort(claims.rank, axis=0, kind="stable")
    free, demand = capacity_units(batch)
    if batch.user is None or batch.user_cap is None:
        user, user_left = np.full((batch.J, 1), -1, np.int32), np.empty((0, 1), np.int64)
    else:
        user, user_left = batch.user, _users_left(batch)
    arrays: tuple[NDArray[Any], ...] = (
        offset,
        slope,
        per,
        order,
        batch.room,
        np.broadcast_to(batch.extra_executors, batch.S),  # all S, whatever the policy reads
        free,
        demand,
        user,
        user_left,
    )
    plain = [_plain(array, dtype) for array, dtype in zip(arrays, _PROBLEM_DTYPES, strict=True)]
    return kernels.Problem(*plain)


def _plain(array: NDArray[Any], dtype: Any) -> NDArray[Any]:
    """Contiguous, writable, of one dtype: Numba compiles anew for every other kind of array."""
    return np.require(array, dtype, ["C", "W"])


def capacity_units(batch: Batch) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """What is free (R, S') and demanded (J', R, S') as integers on which capacity is decided.

    Decimal quantities are in their own units. True floats become fixed-point numbers in which a
    capacity has 61 bits, and may pass it by 1e-12 of it.
    """
    capacity, demand, decimal = batch.capacity, batch.demand, batch.decimal
    if decimal.all():
        free = np.maximum(capacity - batch.used_before(), -1)
        return free.astype(np.int64), demand.astype(np.int64)
    scale = np.where(decimal, 0, _FIXED_POINT - np.frexp(capacity)[1])
    limit = np.ldexp(capacity, scale)
    limit += np.where(decimal, 0, np.floor(limit * FLOAT_SLACK))
    usage = _fixed(batch.usage, scale)
    held = np.broadcast_to(usage, (batch.J, *usage.shape[1:]))
    overfull = batch.over_capacity()
    free_fixed = np.where(overfull, -1, limit.astype(np.int64) - held.sum(axis=0))
    need = _fixed(demand, scale, np.ceil)  # rounded up: no number of grants over-allocates
    return free_fixed, need


def _fixed(
    quantity: NDArray[np.float64], scale: NDArray[Any], rounded: np.ufunc = np.rint
) -> NDArray[np.int64]:
    with np.errstate(over="ignore"):  # far beyond the capacity, and no more than 2^62 here
        scaled = np.minimum(np.ldexp(quantity, scale), 2.0**62)
    fixed: NDArray[np.int64] = rounded(scaled).astype(np.int64)
    return fixed


def _users_left(batch: Batch) -> NDArray[np.int64]:
    """(U, S') executors that each user may be given below its cap."""
    assert batch.user is not None and batch.user_cap is not None
    width = max(a.shape[-1] for a in (batch.user, batch.user_cap, batch.executors))
    left = np.array(np.broadcast_to(batch.user_cap, (len(batch.user_cap), width)), np.int64)
    held = np.broadcast_to(batch.executors, (batch.J, width))
    user = np.broadcast_to(batch.user, (batch.J, width))
    columns = np.arange(width)
    for j in range(batch.J):
        capped = user[j] >= 0
        left[user[j][capped], columns[capped]] -= held[j][capped]
    return left


def smallest_signed(J: int) -> np.dtype[Any]:
    """The smallest signed dtype that holds a job index."""
    return np.min_scalar_type(-max(J, 1))


def _order_bytes(batch: Batch) -> int:
    return int(batch.extra_executors.max()) * batch.S * smallest_signed(batch.J).itemsize


def chunk_rows(batch: Batch) -> int:
    """Scenarios lowered at once: a function of the batch's shape alone."""
    return max(1, _CHUNK_VALUES // (batch.J * batch.R))


def cores() -> int:
    """The processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _prefer_totals(batch: Batch) -> bool:
    """Whether counting claims beats granting them one by one where no order is asked for.

    Measured: steps cost 2 (few jobs, in lockstep) to 60 ns a grant, counting 2 µs a job. They meet
    at 1,600 grants for 3 jobs, 1,500 for 32, 6,000 for 200, 28,000 for 1,000.
    """
    grants = max(1600, 30 * batch.J)
    if not batch.decimal.all():  # keys in ticks are counted by bisection
        grants *= 8
    return int(batch.extra_executors.max()) > grants


_NO_CHOICES = np.empty((0, 0), np.int8)
_SILENCE = 1.0  # seconds; a longer one reads as a hang


def compile_kernels(stream: TextIO | None = None) -> None:
    """Compile the kernels, or load them from the cache, and say so on `stream` if that takes long.

    `allocate` does so by itself when first called; its notice goes to stderr where that is a
    terminal.
    """
    if getattr(kernels.stops, "signatures", True):  # there already, or NUMBA_DISABLE_JIT is set
        return
    if stream is None and sys.stderr.isatty():
        stream = sys.stderr
    notice = threading.Timer(_SILENCE, _say_compiling, [stream])
    notice.daemon = True
    notice.start()
    try:
        one = Batch(capacity=[1], demand=[[1]], extra_executors=1)
        problem = lower(one, find_policy("round_robin"))
        granted, steps, stop = (
            np.empty((1, 1), np.int32),
            np.empty(1, np.int32),
            np.empty(1, np.int8),
        )
        kernels.steps(problem, kernels.SKIP, 0, granted, _NO_CHOICES)
        kernels.totals(problem, kernels.SKIP, 0, granted)
        kernels.stops(problem, kernels.SKIP, 0, granted, steps, stop)
    finally:
        notice.cancel()


def _say_compiling(stream: TextIO | None) -> None:
    if stream is not None:
        print("compiling kernels (once) …", file=stream, flush=True)
