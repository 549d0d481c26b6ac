"""Sweeps: from a TOML file to Parquet. `reading` understands the file, `run` runs it."""

from __future__ import annotations

import re
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fairsched_fast.policies.base import Policy, PolicyLike
    from fairsched_fast.sweep.scenarios.sampling import Sweep


_BETWEEN = re.compile(r",(?![^(]*\))")  # a comma outside parentheses


def packaged(name: str) -> str:
    """Text of a file that ships inside the package."""
    return files(__name__).joinpath(name).read_text(encoding="utf-8")


def notebook_sweep() -> Sweep:
    """The notebook's scenario."""
    from fairsched_fast.sweep.scenarios.reading import parse_sweep

    return parse_sweep(packaged("notebook.toml"), "notebook.toml")


def policy_of(sweep: Sweep, given: PolicyLike) -> Policy:
    """One of the sweep's policies by its label there, or any other.

    Raises
    ------
    InputError
        On an unknown policy.
    """
    from fairsched_fast.policies.registry import find_policy

    labelled = (policy for policy in sweep.policies if policy.name == given)
    return next(labelled, None) or find_policy(given)


def listed_policies(sweep: Sweep, given: str) -> tuple[Policy, ...]:
    """Policies by their labels with commas between, as `--policies` takes them.

    Raises
    ------
    InputError
        On an unknown policy, an empty name or one given twice.
    """
    from fairsched_fast.errors import InputError

    names = [name.strip() for name in _BETWEEN.split(given)]
    if "" in names:
        raise InputError(f"--policies is {given!r}, with an empty name; expected a,b,c")
    found = tuple(policy_of(sweep, name) for name in names)
    for policy in found:
        if sum(policy.name == other.name for other in found) > 1:
            raise InputError(
                f"--policies is {given!r}, with {policy.name} more than once; expected each once, "
                f"or a label, as in '{policy.name}(label=\"ours\")'"
            )
    return found


def story_policies(sweep: Sweep, given: str | None) -> tuple[Policy, Policy]:
    """Which two policies a story compares: those given, the spec's two, or its first and last.

    Raises
    ------
    InputError
        When two are not given.
    """
    from fairsched_fast.errors import InputError
    from fairsched_fast.policies.registry import find_policy

    policies = sweep.policies
    if given is not None:
        policies = listed_policies(sweep, given)
        if len(policies) != 2:
            raise InputError(f"--policies is {given!r}; expected two different names, before,after")
    if len(policies) == 1:
        return find_policy("round_robin"), policies[0]
    return policies[0], policies[-1]
