"""Dialects: the orders of production schedulers, each a small declaration and a lowering.

One file a scheduler. What fits claims is claims; what does not (ties by counts that change, keys
that fall) runs on the general kernel. Usable wherever a policy can be named.
"""

from __future__ import annotations

from typing import Any

from fairsched_fast.dialects import armada, kai, kueue, mesos, spark, volcano, yarn, yunikorn
from fairsched_fast.errors import InputError, did_you_mean
from fairsched_fast.policies.base import Policy
from fairsched_fast.policies.registry import find_policy

_MODULES = (armada, kai, kueue, mesos, spark, volcano, yarn, yunikorn)
NAMES = tuple(module.__name__.rpartition(".")[2] for module in _MODULES)


def dialect(name: str, **parameters: Any) -> Policy:
    """A production scheduler's order, as a policy.

    >>> dialect("mesos", exclude=["gpu"]).name
    'mesos(exclude=["gpu"])'

    Its `about` says what is modelled and what is not; `share(state)`, `order(state)` and, where the
    scheduler has one, `fair_share(state)` answer for a moment.

    Raises
    ------
    InputError
        On an unknown name or parameter.
    """
    if name not in NAMES:
        raise InputError(f"unknown dialect {name!r}{did_you_mean(name, NAMES)}")
    return find_policy(name, **parameters)
