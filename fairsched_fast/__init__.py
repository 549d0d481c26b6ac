"""Fair cluster scheduling, vectorized: DRF, round-robin and your own policy over many scenarios."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fairsched_fast.auditing.report import audit, audit_fluid, misreport
    from fairsched_fast.batch import Batch
    from fairsched_fast.claims import Claims
    from fairsched_fast.comparing.compare import compare
    from fairsched_fast.comparing.divergence import divergence
    from fairsched_fast.comparing.divergence_summary import divergences
    from fairsched_fast.dialects import dialect
    from fairsched_fast.engine import allocate
    from fairsched_fast.errors import InputError
    from fairsched_fast.lowering import lower
    from fairsched_fast.model import Job, Pool, Scenario
    from fairsched_fast.number_rules import NO_LIMIT
    from fairsched_fast.policies.base import Policy
    from fairsched_fast.policies.key_functions import key_policy
    from fairsched_fast.policies.registry import find_policy, policy
    from fairsched_fast.result import Result, StopReason
    from fairsched_fast.sweep.results.opened import open_results
    from fairsched_fast.sweep.running.run import run_sweep
    from fairsched_fast.tables import difference
    from fairsched_fast.water_filling import fluid

__version__ = "0.1.0"

_HOME = {
    "Batch": "batch",
    "Claims": "claims",
    "InputError": "errors",
    "Job": "model",
    "NO_LIMIT": "number_rules",
    "Policy": "policies.base",
    "Pool": "model",
    "Result": "result",
    "Scenario": "model",
    "StopReason": "result",
    "allocate": "engine",
    "audit": "auditing.report",
    "audit_fluid": "auditing.report",
    "compare": "comparing.compare",
    "dialect": "dialects",
    "difference": "tables",
    "divergence": "comparing.divergence",
    "divergences": "comparing.divergence_summary",
    "find_policy": "policies.registry",
    "fluid": "water_filling",
    "key_policy": "policies.key_functions",
    "lower": "lowering",
    "misreport": "auditing.report",
    "open_results": "sweep.results.opened",
    "policy": "policies.registry",
    "run_sweep": "sweep.running.run",
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
    "audit",
    "audit_fluid",
    "compare",
    "dialect",
    "difference",
    "divergence",
    "divergences",
    "find_policy",
    "fluid",
    "key_policy",
    "lower",
    "misreport",
    "open_results",
    "policy",
    "run_sweep",
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
