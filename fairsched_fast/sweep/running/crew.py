"""Who runs the chunks of a sweep: what `run.py` asks of them, and the threads of this process."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Protocol

from fairsched_fast.sweep.folder.journal import ChunkRecord
from fairsched_fast.sweep.running.compute import attempt
from fairsched_fast.sweep.scenarios.chunks import Chunk
from fairsched_fast.sweep.scenarios.sampling import Sweep

_AHEAD = 2  # chunks waiting beside those that run: bounds memory


class Crew(Protocol):
    """Runs chunks, a bounded window of them at a time; one thread calls it."""

    def __len__(self) -> int:
        """Chunks under way."""

    def is_full(self) -> bool:
        """Whether some are to settle before more are submitted."""

    def submit(self, chunk: Chunk) -> None:
        """Have a chunk run."""

    def settled(self) -> Iterator[ChunkRecord]:
        """Wait until some are done; what became of them."""

    def close(self) -> Iterable[ChunkRecord]:
        """Begin no more; what became of those under way that are still finished."""


class Threads:
    """This process's: kernels, NumPy and Parquet encoding all leave Python's lock."""

    def __init__(self, sweep: Sweep, folder: Path, workers: int) -> None:
        self._sweep, self._folder, self._window = sweep, folder, workers + _AHEAD
        self._pool = ThreadPoolExecutor(workers)
        self._running: set[Future[ChunkRecord]] = set()

    def __len__(self) -> int:
        return len(self._running)

    def is_full(self) -> bool:
        """See `Crew`."""
        return len(self._running) >= self._window

    def submit(self, chunk: Chunk) -> None:
        """See `Crew`."""
        self._running.add(self._pool.submit(attempt, self._sweep, chunk, self._folder))

    def settled(self) -> Iterator[ChunkRecord]:
        """See `Crew`."""
        done, _ = wait(self._running, return_when=FIRST_COMPLETED)
        for future in done:
            yield future.result()
            self._running.remove(future)  # known by now: else `close` tells of it

    def close(self) -> list[ChunkRecord]:
        """See `Crew`: those that run are waited for."""
        self._pool.shutdown(cancel_futures=True)
        ended = [future for future in self._running if not future.cancelled()]
        return [future.result() for future in ended if future.exception() is None]
