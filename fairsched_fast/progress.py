"""Progress of long work: a bar on a terminal, a line every few seconds elsewhere; always stderr."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol


class Advance(Protocol):
    """To be called with how many more are done; `already` if they were before work began."""

    def __call__(self, done: int, *, already: bool = False) -> None: ...


_EVERY = 3.0  # seconds between lines where there is no terminal


@contextmanager
def progress(total: int, what: str) -> Iterator[Advance]:
    """Yields what is to be told of progress."""
    if sys.stderr.isatty():
        yield from _bar(total, what)
    else:
        yield from _lines(total, what)


def _bar(total: int, what: str) -> Iterator[Advance]:
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
        TextColumn("so far,"),
        TimeRemainingColumn(),
        TextColumn("left"),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=total)

        def advance(done: int, *, already: bool = False) -> None:
            if already:  # counts for nothing in the pace
                bar.reset(task, completed=done)
            else:
                bar.advance(task, done)

        yield advance


def _lines(total: int, what: str) -> Iterator[Advance]:
    spoken = time.monotonic()
    began = 0.0  # when the first of them was done, of which much was making ready
    finished = before = 0

    def advance(done: int, *, already: bool = False) -> None:
        nonlocal finished, spoken, began, before
        finished += done
        if already or not began:
            before = finished
            began = began if already else time.monotonic()
            return
        now = time.monotonic()
        if now - spoken >= _EVERY and finished < total:
            spoken = now
            left = (now - began) * (total - finished) / (finished - before)
            print(
                f"{finished:,} of {total:,} {what}, about {left:,.0f} s left",
                file=sys.stderr,
                flush=True,
            )

    yield advance
