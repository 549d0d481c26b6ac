"""Sweeps: from a TOML file to Parquet. `reading` understands the file, `run` runs it."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fairsched_fast.sweep.sampling import Sweep


def packaged(name: str) -> str:
    """Text of a file that ships inside the package."""
    return files(__name__).joinpath(name).read_text(encoding="utf-8")


def notebook_sweep() -> Sweep:
    """The notebook's scenario."""
    from fairsched_fast.sweep.reading import parse_sweep

    return parse_sweep(packaged("notebook.toml"), "notebook.toml")


def story_policies(sweep: Sweep, given: str | None) -> tuple[str, str]:
    """Which two policies a story compares: those given, the spec's two, or its first and last.

    Raises
    ------
    InputError
        When two are not given.
    """
    from fairsched_fast.errors import InputError
    from fairsched_fast.policies import find_policy

    names = (
        [name.strip() for name in given.split(",")] if given is not None else list(sweep.policies)
    )
    if given is not None and len(set(names)) != 2:
        raise InputError(f"--policies is {given!r}; expected two different names, before,after")
    for name in names:
        find_policy(name)
    return (names[0], names[-1]) if len(names) > 1 else ("round_robin", names[0])
