"""Whether two results can be put side by side: of the same scenarios, under the same rules."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairsched_fast.batch import Batch
from fairsched_fast.errors import InputError
from fairsched_fast.number_rules import JOB_QUANTITIES
from fairsched_fast.result import Result

_AMOUNTS = ("capacity", *JOB_QUANTITIES)  # which a batch keeps in units of its own
_NUMBERS = (
    "true_weight",
    "executors",
    "wanted",
    "min_executors",
    "extra_executors",
    "priority",
    "submitted",
    "user",
    "user_cap",
)


def check_same_scenarios(a: Result, b: Result) -> None:
    """Two results can be put side by side.

    Raises
    ------
    InputError
        When one is no Result, or they are of different scenarios or `on_full`.
    """
    for result in (a, b):
        if not isinstance(result, Result):
            raise InputError(f"divergence of a {type(result).__name__}; expected two Results")
    if a.on_full != b.on_full:
        raise InputError(
            f'a was run with on_full="{a.on_full}" and b with "{b.on_full}"; expected the same'
        )
    if a.batch is not b.batch:
        wrong = next(_differences(a.batch, b.batch), None)
        if wrong is not None:
            raise InputError(f"a and b {wrong}; expected two results of the same scenarios")


def _differences(a: Batch, b: Batch) -> Iterator[str]:
    """What two batches do not share, in words."""
    if a.S != b.S:
        yield f"have {a.size} and {b.size}"
        return
    jobs = [set(batch.labels.jobs.ravel().tolist()) - {""} for batch in (a, b)]
    if jobs[0] != jobs[1]:
        yield f"differ in the jobs {sorted(jobs[0] ^ jobs[1])[:5]}"
    for name in ("scenario", "pool", "jobs", "resources"):
        first, second = (np.asarray(getattr(batch.labels, name)) for batch in (a, b))
        if not _equal(first, second):
            yield f"differ in the order or names of their {name.rstrip('s')}s"
            return
    for name in (*_AMOUNTS, *_NUMBERS):
        if not _equal(*(_as_given(batch, name) for batch in (a, b))):
            stated = {"wanted": "max_executors", "true_weight": "weight"}.get(name, name)
            yield f"differ in {stated}"


def _as_given(batch: Batch, name: str) -> NDArray[Any] | None:
    """A plane of a batch as people wrote it."""
    plane: NDArray[Any] | None = getattr(batch, name)
    return batch.as_given(plane) if name in _AMOUNTS and plane is not None else plane


def _equal(first: NDArray[Any] | None, second: NDArray[Any] | None) -> bool:
    """Whether arrays are the same once axes of length 1 are spread."""
    if first is None or second is None:
        return first is second
    try:
        return bool((first == second).all())
    except ValueError:  # shapes that do not go together
        return False
