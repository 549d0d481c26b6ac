"""`fairsched doctor`: what to look at first when something is slow or missing."""

from __future__ import annotations

import importlib.util
import os
import platform
from pathlib import Path
from typing import Any

from fairsched_fast import kernels
from fairsched_fast.errors import InputError
from fairsched_fast.sweep.folder.store import versions
from fairsched_fast.workers import cores

EXTRAS = {
    "qmc": ("scipy", "Sobol draws in sweeps"),
    "dask": ("distributed", "sweeps on a cluster"),
}


def examine() -> dict[str, str]:
    """Finding by name."""
    extras = {
        f"extra {name}": f"there ({use})"
        if importlib.util.find_spec(module)
        else f"not installed ({use}): pip install 'fairsched-fast[{name}]'"
        for name, (module, use) in EXTRAS.items()
    }
    return {
        **versions(),
        "platform": platform.platform(),
        "cores": str(cores()),
        "kernel cache": cache_state(),
        **extras,
    }


def cache_folder() -> Path:
    """Where compiled kernels are kept.

    Raises
    ------
    InputError
        Where they are not.
    """
    stats: Any = getattr(kernels.steps, "stats", None)
    if stats is None:
        raise InputError("NUMBA_DISABLE_JIT is set, so kernels run as plain Python")
    if not stats.cache_path:
        raise InputError(
            "no folder can be written to, so kernels are compiled in every process; "
            "set NUMBA_CACHE_DIR to one that can"
        )
    return Path(stats.cache_path)


def cache_state() -> str:
    """What is kept of compiled kernels, and where."""
    try:
        path = cache_folder()
    except InputError as none:
        return f"none: {none}"
    files = list(path.glob("*.nbc")) if path.is_dir() else []
    size = sum(file.stat().st_size for file in files) / 1e6
    state = (
        f"{len(files)} compiled kernels, {size:.1f} MB"
        if files
        else "empty: the first run compiles"
    )
    writable = "" if os.access(path if path.is_dir() else path.parent, os.W_OK) else ", read-only"
    return f"{path} ({state}{writable})"
