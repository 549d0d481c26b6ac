"""Fair cluster scheduling, vectorized: DRF, round-robin and your own policy over many scenarios."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fairsched_fast.batch import Batch
    from fairsched_fast.claims import Claims
    from fairsched_fast.engine import allocate, lower
    from fairsched_fast.errors import InputError
    from fairsched_fast.model import NO_LIMIT, Job, Pool, Scenario
    from fairsched_fast.policies import Policy, policy
    from fairsched_fast.result import Result, StopReason
    from fairsched_fast.tables import difference

__version__ = "0.1.0"

_HOME = {
    "Batch": "batch",
    "Claims": "claims",
    "InputError": "errors",
    "Job": "model",
    "NO_LIMIT": "model",
    "Policy": "policies",
    "Pool": "model",
    "Result": "result",
    "Scenario": "model",
    "StopReason": "result",
    "allocate": "engine",
    "difference": "tables",
    "lower": "engine",
    "policy": "policies",
}

__all__ = [
    "NO_LIMIT",
    "Batch",
    "Claims",
    "InputError",
    "Job",
    "Policy",
    "Pool",
    "Result",
    "Scenario",
    "StopReason",
    "allocate",
    "difference",
    "lower",
    "policy",
]


def __getattr__(name: str) -> Any:
    """Public names load when first used, so that `fairsched --help` need not wait for Numba."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOME])
