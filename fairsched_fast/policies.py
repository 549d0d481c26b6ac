"""Policies: each is a lowering, NumPy in, `Claims` out. Adding one touches this file alone."""

from __future__ import annotations

import inspect
import runpy
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from fairsched_fast.batch import Batch
from fairsched_fast.claims import Claims
from fairsched_fast.errors import InputError, did_you_mean

Lowering = Callable[[Batch], Claims]


@dataclass(frozen=True, slots=True)
class Policy:
    """A named lowering and the words that explain its choices.

    Parameters
    ----------
    name
        What it is called in `allocate`, sweeps and results.
    lower
        Batch → Claims. It sees any part of a batch, so it must treat each scenario by itself.
    measure
        What its key measures, in words: the step log says "lowest <measure> wins".
    reason
        A fixed sentence for the step log instead, where the key says nothing.
    weighted
        Whether the key is divided by the job's weight; the log then says so.
    formula, source
        For `fairsched policies`.
    """

    name: str
    lower: Lowering
    measure: str = "key"
    reason: str | None = None
    weighted: bool = False
    formula: str = ""
    source: str = ""
    built_in: bool = False

    def __call__(self, batch: Batch) -> Claims:
        """The claims of a batch; those of a user's policy are checked.

        Raises
        ------
        InputError
            When a user's policy returns anything but sound claims.
        """
        claims = self._checked(batch)
        scale = batch.weight_scale
        if not self.weighted or (scale == 1).all():
            return claims
        # Keys as people state them, not per unit of weight: a tick is 1e-12 whatever the unit.
        return replace(
            claims, offset=np.multiply(claims.offset, scale), slope=np.multiply(claims.slope, scale)
        )

    def _checked(self, batch: Batch) -> Claims:
        claims = self.lower(batch)
        if not self.built_in:
            if not isinstance(claims, Claims):
                given = type(claims).__name__  # type: ignore[unreachable]  # users' code is untyped
                raise InputError(f"policy {self.name!r} returned a {given}; expected fs.Claims")
            claims.check(self.name, batch.J, batch.S)
        return claims

    def __reduce__(self) -> Any:
        """Built-in policies travel to other processes by name: their function is this object."""
        return (find_policy, (self.name,)) if self.built_in else super().__reduce__()

    @property
    def description(self) -> str:
        """The first paragraph of the lowering's docstring."""
        return (inspect.getdoc(self.lower) or "").split("\n\n")[0].replace("\n", " ")


_REGISTRY: dict[str, Policy] = {}


def policy(
    name: str,
    *,
    measure: str = "key",
    reason: str | None = None,
    weighted: bool = False,
    formula: str = "",
    source: str = "",
) -> Callable[[Lowering], Policy]:
    """Make a lowering a policy, usable by name in `allocate`, sweeps and on the command line.

    >>> @policy("fewest_held", measure="executors held")
    ... def fewest_held(batch):
    ...     held = batch.executors[:, None]
    ...     return Claims(offset=held, slope=np.ones((1, 1, 1)), per=np.ones((1, 1, 1)))

    Raises
    ------
    InputError
        When the name is empty or a built-in policy's.
    """

    if callable(name):
        raise InputError('@policy needs a name; write @policy("mine") above the function')

    def register(lower: Lowering) -> Policy:
        if not isinstance(name, str) or not name.strip():
            raise InputError(f"policy name is {name!r}; expected a non-empty name")
        if name in _REGISTRY and _REGISTRY[name].built_in:
            raise InputError(f"policy {name!r} is built in; give yours another name")
        built_in = lower.__module__ == __name__
        made = Policy(name, lower, measure, reason, weighted, formula, source, built_in)
        _REGISTRY[name] = made
        return made

    return register


def known_policies() -> dict[str, Policy]:
    """All policies known by name."""
    return dict(_REGISTRY)


def load_policy_file(path: Path) -> None:
    """Run a Python file that defines policies with `@policy`.

    Raises
    ------
    InputError
        When it cannot be read or run.
    """
    try:
        runpy.run_path(str(path))
    except InputError:
        raise
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    except Exception as error:  # whatever the user's file raises
        raise InputError(f"{path}: {type(error).__name__}: {error}") from error


def find_policy(given: str | Policy) -> Policy:
    """A policy by name, or the one given.

    Raises
    ------
    InputError
        On an unknown name.
    """
    if isinstance(given, Policy):
        return given
    if not isinstance(given, str) or given not in _REGISTRY:
        raise InputError(f"unknown policy {given!r}{did_you_mean(given, _REGISTRY)}")
    return _REGISTRY[given]


@policy(
    "round_robin",
    reason="round-robin (fixed order, ignores real usage)",
    formula="executors granted in this run",
    source="the notebook's BEFORE scheduler; ties in list order",
)
def round_robin(batch: Batch) -> Claims:
    """Each job in turn, blind to what it holds: the key is the number of executors granted."""
    one = np.ones((1, 1, 1))
    return Claims(offset=0 * one, slope=one, per=one)


@policy(
    "drf",
    measure="dominant share",
    weighted=True,
    formula="max_r (usage + granted · demand) / capacity / weight",
    source="Ghodsi et al., Dominant Resource Fairness, NSDI 2011, Algorithm 1; ties by name",
)
def drf(batch: Batch) -> Claims:
    """Dominant Resource Fairness: the job whose largest share, over its weight, is lowest."""
    return Claims(
        offset=batch.usage,
        slope=batch.demand,
        per=batch.capacity * batch.weight[:, np.newaxis],
        rank=batch.name_rank,
    )
