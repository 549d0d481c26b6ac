"""Says so while a kernel is compiled: silence reads as a hang."""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Hashable, Iterator
from typing import TextIO

_SILENCE = 1.0  # seconds; a longer one reads as a hang
_used: set[Hashable] = set()
_told: list[TextIO] = []  # who is told besides a terminal
_was_told: list[TextIO] = []  # once is enough


@contextlib.contextmanager
def first_use(kernel: Hashable) -> Iterator[None]:
    """Around a kernel's call: a notice where it is this process's first, and takes long.

    It goes to stderr where that is a terminal, or where `telling` says.
    """
    if kernel in _used:
        yield
        return
    notice = threading.Timer(_SILENCE, _tell)
    notice.daemon = True
    notice.start()
    try:
        yield
        _used.add(kernel)
    finally:
        notice.cancel()


@contextlib.contextmanager
def telling(stream: TextIO) -> Iterator[None]:
    """Notices go to `stream`, terminal or not."""
    _told.append(stream)
    try:
        yield
    finally:
        _told.remove(stream)


def _tell() -> None:
    stream = _told[-1] if _told else sys.stderr if sys.stderr.isatty() else None
    if stream is not None and stream not in _was_told:
        _was_told.append(stream)
        print("compiling kernels (once) …", file=stream, flush=True)
