"""How kernels are compiled: lazily, cached on disk, without the GIL, never with fast maths."""

from __future__ import annotations

import contextlib
import platform
from collections.abc import Callable
from typing import Any, TypeVar

import llvmlite.binding
import numba

from fairsched_fast.kernels.disk_cache import keep
from fairsched_fast.kernels.parts import LeafCompiler, PartCompiler

if platform.machine().lower() in ("x86_64", "amd64"):
    # LLVM turns some selects back into branches. Which of two keys is less no processor predicts:
    # orders of 32 jobs took twice as long. This is for all that the process compiles from now on.
    llvmlite.binding.set_option("fairsched_fast", "-x86-cmov-converter=0")

Function = TypeVar("Function", bound=Callable[..., Any])

# Nobody calls a kernel from C: what that needs takes time to compile.
_ALL: dict[str, Any] = {"nogil": True, "error_model": "numpy", "no_cfunc_wrapper": True}
_PART = _ALL | {"no_cpython_wrapper": True, "pipeline_class": PartCompiler}
_LEAF = _PART | {"_nrt": False, "pipeline_class": LeafCompiler}


def jit(function: Function) -> Function:
    """Compile `function` when it is first called, and keep the result on disk where that can be.

    Numba's cache notices an edited file, not an edited callee in another one: kernels live in few
    modules, and the tests drop caches older than any of them.
    """
    compiled = jit_uncached(function)
    with contextlib.suppress(RuntimeError):  # no folder that can be written to
        keep(compiled, function)
    return compiled


def jit_uncached(function: Function, *, checked: bool = False) -> Function:
    """Compile `function` when it is first called, in this process alone.

    `checked` is for what users write: an index out of bounds is then an error, not a crash.
    """
    compiled: Function = numba.njit(boundscheck=checked, **_ALL)(function)
    return compiled


def inlined(function: Function) -> Function:
    """Compile `function` into each of its callers, as Numba must what is given functions to call.

    It takes longer to compile than a `leaf`.
    """
    compiled: Function = numba.njit(inline="always", **_ALL)(function)
    return compiled


def inner(function: Function) -> Function:
    """Compile `function` for other kernels alone: called from Python it crashes."""
    compiled: Function = numba.njit(**_PART)(function)
    return compiled


def leaf(function: Function) -> Function:
    """An `inner` function under two promises that make its loops a third faster.

    It allocates nothing, and so need not count references to arrays (5 ns an array and call, more
    than a block's work on a row): it returns numbers, and calls what is a leaf or inlined. And no
    array that it writes overlaps another of its arguments.
    """
    compiled: Function = numba.njit(**_LEAF)(function)
    return compiled
