"""Progress of long work: a bar on a terminal, a line every few seconds elsewhere; always stderr."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_EVERY = 3.0  # seconds between lines where there is no terminal


@contextmanager
def progress(total: int, what: str) -> Iterator[Callable[[int], None]]:
    """Yields a function to be called with how many more are done."""
    if sys.stderr.isatty():
        yield from _bar(total, what)
    else:
        yield from _lines(total, what)


def _bar(total: int, what: str) -> Iterator[Callable[[int], None]]:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.completed:,.0f} of {task.total:,.0f} " + what),
        BarColumn(),
        TextColumn("{task.percentage:.0f}%"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda done: bar.advance(task, done)


def _lines(total: int, what: str) -> Iterator[Callable[[int], None]]:
    began = spoken = time.monotonic()
    finished = 0

    def advance(done: int) -> None:
        nonlocal finished, spoken
        finished += done
        now = time.monotonic()
        if now - spoken >= _EVERY and finished < total:
            spoken = now
            left = (now - began) * (total - finished) / finished
            print(
                f"{finished:,} of {total:,} {what}, about {left:,.0f} s left",
                file=sys.stderr,
                flush=True,
            )

    yield advance
