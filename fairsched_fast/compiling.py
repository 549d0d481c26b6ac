"""Says so while a kernel is compiled: silence reads as a hang."""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Hashable, Iterator

NOTICE = "compiling kernels, some seconds; most are kept for next time …\n"
_SILENCE = 1.0  # seconds; a longer one reads as a hang
_used: set[Hashable] = set()


class _Notice:
    """Given once a process, to a terminal; to whoever reads stderr while that is `wanted`."""

    wanted = given = False

    def give(self) -> None:
        """Say it, where that is any use."""
        if not self.given and (self.wanted or sys.stderr.isatty()):
            self.given = True
            sys.stderr.write(NOTICE)
            sys.stderr.flush()


_notice = _Notice()


@contextlib.contextmanager
def first_use(kernel: Hashable) -> Iterator[None]:
    """Around a kernel's call: a notice where it is this process's first, and takes long."""
    if kernel in _used:
        yield
        return
    timer = threading.Timer(_SILENCE, _notice.give)
    timer.daemon = True
    timer.start()
    try:
        yield
        _used.add(kernel)
    finally:
        timer.cancel()


def hush() -> None:
    """No notice from this process: whoever began it tells of its own."""
    _notice.given = True


@contextlib.contextmanager
def telling() -> Iterator[None]:
    """Notices go to stderr, terminal or not."""
    before, _notice.wanted = _notice.wanted, True
    try:
        yield
    finally:
        _notice.wanted = before
