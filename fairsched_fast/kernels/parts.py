"""Code that is compiled into its callers alone.

Numba takes each function for one that Python may call: with all that it calls it is optimised and
made machine code, and then its callers do the same to it again. For what only kernels call, the
last time is the only one that counts. This leans on parts of Numba that are not public: tried with
0.61 and 0.68.
"""

from __future__ import annotations

from typing import Any

from numba.core.codegen import CPUCodeLibrary
from numba.core.compiler import Compiler


class PartCompiler(Compiler):
    """Compiles a function as far as its callers need it."""

    def define_pipelines(self) -> Any:
        codegen = self.state.targetctx.codegen()
        name = self.state.func_id.func_qualname
        self.state.library = _Part(codegen, name)  # type: ignore[no-untyped-call]
        return super().define_pipelines()  # type: ignore[no-untyped-call]


class LeafCompiler(PartCompiler):
    """The same for a function whose arrays do not overlap."""

    def define_pipelines(self) -> Any:
        self.state.flags.noalias = True
        return super().define_pipelines()


class _Part(CPUCodeLibrary):
    """A function and what it calls, for other libraries to link: no machine code of its own."""

    def _optimize_final_module(self) -> None:
        pass

    def _finalize_final_module(self) -> None:
        self._finalized = True

    def get_pointer_to_function(self, name: str) -> int:
        """None: what Python would call."""
        self._ensure_finalized()  # type: ignore[no-untyped-call]
        return 0

    @property
    def codegen(self) -> _Part:
        """Who is told the function's environment, which has no place before it is machine code."""
        return self

    def set_env(self, name: str, environment: Any) -> None:
        """Nothing: an environment is for what calls Python, which no kernel does."""
