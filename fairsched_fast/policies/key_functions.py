"""Policies whose keys are no claims: `KeyPolicy`, `@key_policy`. They run on the general kernel."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numba.core.errors import NumbaError
from numba.extending import register_jitable
from numpy.typing import NDArray

from fairsched_fast import kernels
from fairsched_fast.batch import Batch
from fairsched_fast.claims import Claims
from fairsched_fast.compiling import first_use
from fairsched_fast.errors import InputError
from fairsched_fast.policies.base import Policy
from fairsched_fast.policies.registry import SHIPPED, register

Floats = NDArray[np.float64]
ScalarKey = Callable[[Floats, Floats, Floats, float, int], float]


class KeyFacts(NamedTuple):
    """What a key function reads of each job, and who goes first at equal keys."""

    values: Floats  # (J', S', F)
    rank: NDArray[np.integer[Any]] | None = None  # (J, S'), None is job order
    columns: int = 1  # K, how many numbers a key has


@dataclass(frozen=True)
class KeyPolicy(Policy):
    """A policy whose key is a function of a job's facts and of the executors granted to it so far.

    Parameters
    ----------
    key
        (facts (F,), granted, row (K,)) → None: writes the key's numbers, compared from the first.
        It is compiled: plain arithmetic on its arguments.
    function
        What a user wrote, where `key` was made of it.
    shown
        Which of the K numbers the step log shows; those before it say which stage a job is in.
    stages
        What is shown in a stage, by the first number, where it is not `measure`.
    rising
        Whether the first number must never fall as executors are granted.
    """

    key: Callable[..., None] = lambda facts, granted, row: None
    function: ScalarKey | None = None
    shown: int = 0
    stages: Mapping[float, str] = field(default_factory=dict, hash=False)
    rising: bool = False

    def __call__(self, batch: Batch) -> tuple[Claims, ...]:
        """A key function has no claims."""
        raise InputError(
            f"policy {self.name!r} compares jobs by a key function and has no claims; expected a "
            "policy made of claims here, such as 'drf'"
        )

    def by_value(self) -> tuple[Any, ...]:
        """As `Policy.by_value`; the key is made again, as Numba knows it only where it was made."""
        if self.function is None:
            return super().by_value()
        state = {name: value for name, value in vars(self).items() if name not in ("key", "lower")}
        return _with_key, (type(self), state)

    def facts(self, batch: Batch) -> KeyFacts:
        """What the key function reads of each job of a batch."""
        facts = self._lowered(batch)
        values = np.require(facts.values, np.float64, ["C", "W"])
        return KeyFacts(values, facts.rank, facts.columns)

    def keys(self, batch: Batch, counts: NDArray[np.int64]) -> Floats:
        """(J, P, K): keys once each job was granted `counts` (J, P), P points of one scenario or
        one of each.
        """
        facts = self.facts(batch)
        table = np.zeros((*counts.shape, facts.columns))
        counts = np.ascontiguousarray(counts, np.int64)
        self.compiled(lambda greedy: greedy.keys(facts.values, counts, table))
        return table

    def compiled(self, call: Callable[[kernels.Greedy], None]) -> None:
        """Make a call to the general kernel for this key, which compiles it if need be.

        Raises
        ------
        InputError
            When the key function is none that Numba can compile.
        """
        try:
            with first_use(self.key):
                call(kernels.compile_greedy(self.key, on_disk=self.built_in))
        except NumbaError as error:
            raise InputError(
                f"policy {self.name!r}: its key function cannot be compiled, expected arithmetic "
                f"on its arguments: {_first_reason(error)}"
            ) from error
        except Exception as error:  # whatever a user's function raises
            if self.built_in:
                raise
            raise InputError(f"policy {self.name!r}: {type(error).__name__}: {error}") from error


def facts_policy(
    name: str, key: Callable[..., None], **words: Any
) -> Callable[[Callable[..., KeyFacts]], KeyPolicy]:
    """Make a lowering to facts, with the key function that reads them, a policy."""

    def make(lower: Callable[..., KeyFacts]) -> KeyPolicy:
        built_in = (lower.__module__ or "").startswith(SHIPPED)
        made: KeyPolicy = register(KeyPolicy(name, lower, built_in=built_in, key=key, **words))
        return made

    return make


def key_policy(
    name: str,
    *,
    measure: str = "key",
    formula: str = "",
    source: str = "",
    may_fall: bool = False,
) -> Callable[[ScalarKey], KeyPolicy]:
    """Make a scalar function a policy, for keys that are no max of lines.

    The function is compiled by Numba when it is first used. It gets what a job has at that moment:

    - usage (R,): all it holds, with what it was granted; demand (R,): what one executor takes;
      capacity (R,): what the pool has. In the units people wrote.
    - weight: a float; executors: an int, held and granted.

    and returns the key as a float; the lowest is served next, ties go by name. It must not fall as
    the job is served (a fall is refused with the counter-example), unless `may_fall`. A weight or a
    capacity may be 0: say what becomes of it. Functions that it calls are marked with `numba.njit`.

    >>> @key_policy("sum_of_squares", measure="sum of squared shares")
    ... def sum_of_squares(usage, demand, capacity, weight, executors):
    ...     return ((usage / capacity) ** 2).sum() / weight

    Raises
    ------
    InputError
        When the name is empty or a built-in policy's, or the function takes other arguments.
    """
    if callable(name):
        raise InputError('@key_policy needs a name; write @key_policy("mine") above the function')

    def make(function: ScalarKey) -> KeyPolicy:
        if len(inspect.signature(function).parameters) != 5:
            raise InputError(
                f"key policy {name!r} takes {inspect.signature(function)}; expected (usage, "
                "demand, capacity, weight, executors)"
            )
        lower, key = _lowering_for(function), _scalar(function)
        made = KeyPolicy(
            name,
            lower,
            measure,
            formula=formula,
            source=source,
            key=key,
            function=function,
            rising=not may_fall,
        )
        return register(made)

    return make


def _with_key(kind: type[KeyPolicy], state: dict[str, Any]) -> KeyPolicy:
    """The policy of a scalar function that came from another process."""
    function = state["function"]
    return kind(**state, lower=_lowering_for(function), key=_scalar(function))


def _lowering_for(function: ScalarKey) -> Callable[[Batch], KeyFacts]:
    """The lowering of a scalar function, documented and placed as the function is."""

    def lowering(batch: Batch) -> KeyFacts:
        return _moment(batch)

    lowering.__doc__, lowering.__module__ = function.__doc__, function.__module__
    return lowering


def _moment(batch: Batch) -> KeyFacts:
    """Facts for `_scalar`: usage, demand, units per quantity, then what stays as it is."""
    R = batch.R
    scale = batch.unit_scale
    capacity = batch.capacity / scale
    planes: list[NDArray[Any]] = [
        *(batch.usage[:, r] for r in range(R)),
        *(batch.demand[:, r] for r in range(R)),
        *(scale[[r]] for r in range(R)),
        *(batch.demand[:, r] / scale[r] for r in range(R)),
        *(capacity[[r]] for r in range(R)),
        batch.true_weight,
        batch.executors,
    ]
    return KeyFacts(stack_facts(batch, planes), batch.name_rank)


def stack_facts(batch: Batch, planes: Sequence[NDArray[Any]]) -> Floats:
    """Planes (J', S') as the facts (J, S', F) of jobs."""
    width = max(plane.shape[-1] for plane in planes)
    return np.stack([np.broadcast_to(plane, (batch.J, width)) for plane in planes], axis=-1)


def _scalar(function: ScalarKey) -> Callable[..., None]:
    """A key function that calls a scalar one with what its job has at that moment."""
    scalar = register_jitable(function)

    def key(facts: Floats, granted: int, row: Floats) -> None:
        R = (facts.shape[0] - 2) // 5
        usage = (facts[:R] + granted * facts[R : 2 * R]) / facts[2 * R : 3 * R]
        executors = int(facts[5 * R + 1]) + granted
        demand, capacity = facts[3 * R : 4 * R].copy(), facts[4 * R : 5 * R].copy()
        row[0] = scalar(usage, demand, capacity, facts[5 * R], executors)

    return key


_TELLING = re.compile(
    r"(Untyped global name.*|Unknown attribute.*|NameError.*|No implementation of function .*"
    r"|>>> .*|Cannot unify.*|Use of unsupported.*)"
)


def _first_reason(error: NumbaError) -> str:
    """What Numba's message says that it does not know, without the trace of its passes."""
    told = list(dict.fromkeys(match.strip() for match in _TELLING.findall(str(error))))
    return "; ".join(told[-4:]) or str(error).strip().splitlines()[0]
