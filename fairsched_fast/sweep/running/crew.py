"""Who runs the chunks of a sweep: what `run.py` asks of them, and this process's threads."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Generic, Protocol, TypeVar

from fairsched_fast.sweep.folder.journal import ChunkRecord
from fairsched_fast.sweep.scenarios.chunks import Chunk

Found = TypeVar("Found")

_AHEAD = 2  # chunks waiting beside those that run


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


class Threads(Generic[Found]):
    """This process's, as a `Crew`: kernels, NumPy and Parquet encoding all leave Python's lock.

    Parameters
    ----------
    work
        What is made of a chunk.
    workers
        How many threads; a few chunks more are taken on, and no more than that: it bounds memory.
    """

    def __init__(self, work: Callable[[Chunk], Found], workers: int) -> None:
        self._work, self._window = work, workers + _AHEAD
        self._pool = ThreadPoolExecutor(workers)
        self._running: deque[Future[Found]] = deque()

    def __len__(self) -> int:
        return len(self._running)

    def is_full(self) -> bool:
        """See `Crew`."""
        return len(self._running) >= self._window

    def submit(self, chunk: Chunk) -> None:
        """See `Crew`."""
        self._running.append(self._pool.submit(self._work, chunk))

    def settled(self) -> Iterator[Found]:
        """See `Crew`."""
        done, _ = wait(self._running, return_when=FIRST_COMPLETED)
        for future in done:
            yield future.result()
            self._running.remove(future)  # known by now: else `close` tells of it

    def close(self) -> list[Found]:
        """See `Crew`: those that run are waited for."""
        self._pool.shutdown(cancel_futures=True)
        ended = [future for future in self._running if not future.cancelled()]
        return [future.result() for future in ended if future.exception() is None]

    def in_order(self, chunks: Iterable[Chunk]) -> Iterator[Found]:
        """What is made of each chunk, in their order; closed at the end."""
        try:
            for chunk in chunks:
                self.submit(chunk)
                if self.is_full():
                    yield self._running.popleft().result()
            while self._running:
                yield self._running.popleft().result()
        finally:
            self.close()
