"""Machine code on disk, shared by processes that may compile at the same time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from numba.core.caching import FunctionCache
from numba.core.dispatcher import Dispatcher

LOCK = "kernels.lock"
_PATIENCE = 10.0  # seconds that reading or writing may take; a lock held longer is no one's


class TurnTaking(FunctionCache):
    """Processes take turns at a function's files.

    Numba keeps an index of numbered files. Two processes that save what they made for different
    types may give both the same number, and one that reads between the writing of index and file
    may find the code of an older source there: either would run the wrong machine code.
    """

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """As Numba's, once nobody writes."""
        with _turn(self.cache_path):
            return super().load_overload(sig, target_context)  # type: ignore[no-untyped-call]

    def save_overload(self, sig: Any, data: Any) -> None:
        """As Numba's, once nobody else reads or writes."""
        with _turn(self.cache_path):
            super().save_overload(sig, data)  # type: ignore[no-untyped-call]


def keep(compiled: Callable[..., Any], function: Callable[..., Any]) -> None:
    """Keep what is compiled of `function` on disk; nothing where kernels are interpreted.

    Raises
    ------
    RuntimeError
        Where there is no folder that can be written to.
    """
    if isinstance(compiled, Dispatcher):
        compiled._cache = TurnTaking(function)  # type: ignore[attr-defined, no-untyped-call]


@contextmanager
def _turn(folder: str) -> Iterator[None]:
    from filelock import FileLock, Timeout

    lock = FileLock(Path(folder) / LOCK, timeout=_PATIENCE)
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except (OSError, Timeout):  # a folder that can only be read needs no turns
        pass
    try:
        yield
    finally:
        lock.release()
