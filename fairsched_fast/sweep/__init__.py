"""Sweeps: from a TOML file to Parquet. `reading` understands the file, `run` runs it."""

from __future__ import annotations

import re
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fairsched_fast.policy_base import Policy
    from fairsched_fast.sweep.sampling import Sweep


_BETWEEN = re.compile(r",(?![^(]*\))")  # a comma outside parentheses


def packaged(name: str) -> str:
    """Text of a file that ships inside the package."""
    return files(__name__).joinpath(name).read_text(encoding="utf-8")


def notebook_sweep() -> Sweep:
    """The notebook's scenario."""
    from fairsched_fast.sweep.reading import parse_sweep

    return parse_sweep(packaged("notebook.toml"), "notebook.toml")


def story_policies(sweep: Sweep, given: str | None) -> tuple[Policy, Policy]:
    """Which two policies a story compares: those given, the spec's two, or its first and last.

    Raises
    ------
    InputError
        When two are not given.
    """
    from fairsched_fast.errors import InputError
    from fairsched_fast.registry import find_policy

    policies = sweep.policies
    if given is not None:
        labels = {policy.name: policy for policy in sweep.policies}
        names = [name.strip() for name in _BETWEEN.split(given)]
        policies = tuple(labels.get(name) or find_policy(name) for name in names)
        if len({policy.name for policy in policies}) != 2:
            raise InputError(f"--policies is {given!r}; expected two different names, before,after")
    if len(policies) == 1:
        return find_policy("round_robin"), policies[0]
    return policies[0], policies[-1]
